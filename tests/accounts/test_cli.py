"""``neighbour person`` as the operator uses it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from neighbour.accounts.cli import person
from neighbour.core.db import as_owner, db
from neighbour.policy import Level, Role
from neighbour.residency.models import Membership
from tests.factories import make_person, make_quarter


@pytest.fixture
def run(operate):
    return lambda *words: operate(person, *words)


def test_a_person_is_created_listed_and_promoted(run, context, client):
    made = run("create", "ola@example.org", "--name", "Ola Per")
    assert made.exit_code == 0
    password = made.stdout.split()[-1]
    assert "ola@example.org\tOla P.\tconfirmed\n" in run("list").stdout
    assert run("promote", "ola@example.org", "--operator").stdout == "ola@example.org: operator\n"
    assert "confirmed, operator" in run("list", "--operators").stdout
    assert client.post("/signin", data={"email": "ola@example.org", "password": password}).status_code == 303


@pytest.mark.parametrize("email", ["", "notanaddress", "a@b@example.org", "a" * 300 + "@example.org", "x@", "@x.org"])
def test_what_is_no_mail_address_is_one_clear_line(run, email):
    refused = run("create", email)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "is no e-mail address" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_letters_before_the_at_that_mail_does_not_know_are_named_as_the_reason(run):
    refused = run("create", "müller@example.org")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "'müller@example.org'" in refused.stderr and "before the @ mail knows only plain letters" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_verified_member_joins_the_quartiersteam_of_their_own_quarter_only(run, context):
    quarter, other = make_quarter(), make_quarter()
    somebody, unproven = make_person(quarter), make_person(quarter, level=Level.UNPROVEN)
    for email, key in ((somebody.email, other.key), (unproven.email, quarter.key)):
        assert f"{email} is no verified member of quarter {key}" in run("promote", email, "--steward", key).stderr
    done = run("promote", somebody.email, "--steward", quarter.key, "--operator")
    assert done.stdout == f"{somebody.email}: operator and Quartiersteam of {quarter.key}\n"
    with as_owner():
        stewards = db.session.scalars(select(Membership.person_id).where(Membership.role == Role.STEWARD)).all()
    assert stewards == [somebody.id]


def test_people_and_quarters_that_do_not_exist_are_one_clear_line(run, context):
    somebody = make_person(make_quarter())
    for words, complaint in (
        (["create", somebody.email], "has an account already"),
        (["create", "ola@example.org", "--name", "x" * 500], "a name has 120 characters at most"),
        (["promote", "nobody@example.org", "--operator"], "nobody has the address nobody@example.org"),
        (["promote", somebody.email], "say what to"),
        (["promote", somebody.email, "--steward", "nowhere"], "is no verified member of quarter nowhere"),
    ):
        refused = run(*words)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert complaint in refused.stderr
        assert refused.stderr.count("\n") == 1
