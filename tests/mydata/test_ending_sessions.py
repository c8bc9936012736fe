"""What ends sessions ends them on the server, at once: the cookie that was copied before opens nothing any more."""

from __future__ import annotations

import pytest

from neighbour.accounts import care, factors
from neighbour.accounts.cli import person as command
from neighbour.core import clock, scope
from neighbour.mydata import erasing
from tests.accounts.factor_helpers import (
    GOOD,
    MAIL,
    add_passkey,
    digits,
    is_in,
    link_of,
    make_member,
    with_app,
)
from tests.factories import sign_in

pytestmark = pytest.mark.usefixtures("context", "frozen_clock", "instance_dir")
NEW, BETTER = "neu@altenbrueck.example", "neun alte Fahrräder"


def sign_out(here):
    here.client.post("/signout")


def sign_everybody_out(here):
    here.client.post("/me/devices/end", data={"device": "all"})


def sign_the_others_out(here):
    here.client.post("/me/devices/end", data={"device": "others"})


def change_the_password(here):
    here.client.post("/me/password", data={"p-current": GOOD, "p-password": BETTER})


def set_a_password_by_mail(here):
    here.visitor().post("/forgot", data={"email": MAIL})
    here.jobs.run()
    here.visitor().post(link_of(here.mailbox, "reset"), data={"password": BETTER})


def take_the_address_back(here):
    here.client.post("/me/email", data={"e-email": NEW})
    here.jobs.run()
    here.visitor().post(link_of(here.mailbox, "signup/confirm", NEW))
    here.jobs.run()
    here.visitor().post(link_of(here.mailbox, "undo-email", MAIL))


def take_a_passkey_back(here):
    add_passkey(here.client)
    sign_in(here.other, here.person)
    here.jobs.run()
    here.visitor().post(link_of(here.mailbox, "undo-factor", MAIL))


def add_a_passkey(here):
    add_passkey(here.client)


def remove_the_app(here):
    with_app(here.person)
    with factors.eyes_of(here.person.id):
        factors.remove_app(here.person.id, token="")


def have_the_factors_reset(here):
    with_app(here.person)
    here.operate(command, "reset-factors", MAIL)
    clock.tick(73 * 3600)
    sign_in(here.other, here.person)
    with scope.use(scope.NOBODY):
        care.due_resets()


def show_a_second_factor_again(here):
    """The session goes on under another id; the one before is worth nothing."""
    seed = with_app(here.person)
    copied = {"cookie": here.client.get_cookie("nachbar").value}
    here.client.post("/me/again", data={"again-code": digits(seed)})
    assert is_in(here.client)
    here.other.set_cookie("nachbar", copied["cookie"])


def get_a_role(here):
    here.operate(command, "promote", MAIL, "--operator")


def leave_for_good(here):
    erasing.begin(here.person.id, keeps_texts=True)


WAYS = [
    sign_out, sign_everybody_out, sign_the_others_out, change_the_password, set_a_password_by_mail, take_the_address_back,
    take_a_passkey_back, add_a_passkey, remove_the_app, have_the_factors_reset, show_a_second_factor_again, get_a_role, leave_for_good,
]  # fmt: skip


class Here:
    """Somebody at their own browser, and another browser with the cookie that was copied from it."""


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_copied_cookie_opens_nothing_any_more(client, visitor, operate, mailbox, jobs, way):
    here = Here()
    here.client, here.visitor, here.operate, here.mailbox, here.jobs = client, visitor, operate, mailbox, jobs
    here.person, here.other = make_member(), visitor()
    sign_in(client, here.person)
    if way in (sign_out, show_a_second_factor_again):  # of this session itself
        here.other.set_cookie("nachbar", client.get_cookie("nachbar").value)
    else:
        sign_in(here.other, here.person)
    assert is_in(here.other)
    way(here)
    answer = here.other.get("/me")
    assert (answer.status_code, "/signin" in answer.location) == (303, True)
