"""Every kind of security event, each by what causes it: written down once, with the time, who, whom and how it ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from neighbour.accounts import care, choosing, dispute_deciding, disputes, factors, service
from neighbour.accounts.cli import person as people_command
from neighbour.cli_keys import keys
from neighbour.contributions.cli import board
from neighbour.core import clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import as_owner, atomic
from neighbour.core.tokens import to_uid
from neighbour.mydata import erasing, exports
from neighbour.mydata.models import ErasureReason
from neighbour.policy import Role
from neighbour.quarters import plans
from neighbour.residency import homes, invitations, letters
from tests.accounts.factor_helpers import (
    GOOD,
    MAIL,
    add_passkey,
    link_of,
    make_member,
    options,
    type_password,
    with_app,
    with_codes,
)
from tests.accounts.signing_helpers import sign_up
from tests.factories import make_person, make_post, make_quarter, sign_in
from tests.residency.helpers import Town, invited, newcomer, proven, types
from tests.residency.papers import Desk
from tests.residency.patchwork import Patchwork
from tests.support import ROOT

pytestmark = pytest.mark.usefixtures("context", "frozen_clock", "instance_dir")
NEW = "neu@altenbrueck.example"
#: filled by ``tells``: kinds that a test of this file causes
TOLD: set[Event] = set()
FIELDS = "at, actor_id, subject_id, result, object, route"


def tells(*events: Event) -> Callable[[Any], Any]:
    """The test causes these, each inside ``log.once``; it fails where one is left out."""
    TOLD.update(events)

    def mark(test: Any) -> Any:
        return pytest.mark.usefixtures("log")(pytest.mark.told(events)(test))

    return mark


class Log:
    """What is written into the log of events while something happens."""

    def __init__(self, owner: Any):
        self.owner, self.seen = owner, set[Event]()

    @contextmanager
    def once(
        self, event: Event, subject: int | None, *, actor: int | None = None, result: str = "done"
    ) -> Iterator[None]:
        """Inside the block the event is written down exactly once, about these people and with this result."""
        (last,) = self.owner.execute("SELECT coalesce(max(id), 0) FROM security_event").fetchone()
        yield
        rows = self.owner.execute(
            f"SELECT {FIELDS} FROM security_event WHERE id > %s AND kind = %s", [last, event.value]
        ).fetchall()
        assert [row[1:4] for row in rows] == [(actor, subject, result)], event
        assert rows[0][0].astimezone(UTC) == clock.now()
        self.seen.add(event)


@pytest.fixture
def log(owner: Any, request: pytest.FixtureRequest) -> Iterator[Log]:
    made = Log(owner)
    yield made
    assert made.seen == set(request.node.get_closest_marker("told").args[0])


@pytest.fixture
def town(app: Any) -> Town:
    return Town(app)


@tells(Event.SIGNED_UP, Event.CONFIRMED, Event.SIGN_IN_REFUSED, Event.SIGNED_IN, Event.SIGNED_OUT, Event.SESSION_ENDED)
def test_coming_and_going(log, client, visitor, mailbox, jobs, owner):
    (number,) = owner.execute("SELECT nextval('person_id_seq') + 1").fetchone()
    with log.once(Event.SIGNED_UP, number, actor=number):
        sign_up(client, NEW)
    client.post("/signup/confirm/again")
    jobs.run()
    with log.once(Event.CONFIRMED, number, actor=number):
        client.post(link_of(mailbox, "signup/confirm"))
    with log.once(Event.SIGNED_OUT, number, actor=number):
        client.post("/signout")
    with log.once(Event.SIGN_IN_REFUSED, number, result="refused"):
        type_password(client, NEW, "falsch und lang")
    with log.once(Event.SIGN_IN_REFUSED, None, result="refused"):
        type_password(client, "niemand@altenbrueck.example", "falsch und lang")
    with log.once(Event.SIGNED_IN, number, actor=number):
        type_password(client, NEW)
    other = visitor()
    type_password(other, NEW)
    with log.once(Event.SESSION_ENDED, number):
        client.post("/me/devices/end", data={"device": "others"})
    type_password(other, NEW)
    (key,) = re.findall(r'name="device" value="([0-9a-f]{20})"', client.get("/me/access").text)
    with log.once(Event.SESSION_ENDED, number):
        client.post("/me/devices/end", data={"device": key})


@tells(
    Event.REAUTHENTICATED, Event.REAUTHENTICATION_REFUSED, Event.PASSWORD_RESET_ASKED, Event.PASSWORD_CHANGED,
    Event.EMAIL_CHANGE_ASKED, Event.EMAIL_CHANGED, Event.EMAIL_CHANGE_UNDONE, Event.DISPUTED, Event.DISPUTE_LINKS_SENT,
    Event.DISPUTE_SETTLED,
)  # fmt: skip
def test_password_and_address_of_mail(log, client, visitor, mailbox, jobs, frozen_clock):
    me = make_member().id
    type_password(client)
    with log.once(Event.REAUTHENTICATED, me, actor=me):
        client.post("/me/again", data={"again-password": GOOD})
    with log.once(Event.REAUTHENTICATION_REFUSED, me, result="refused"):
        client.post("/me/again", data={"again-password": "falsch und lang"})
    with log.once(Event.PASSWORD_CHANGED, me, actor=me):
        client.post("/me/password", data={"p-current": GOOD, "p-password": "neun alte Fahrräder"})
    with log.once(Event.PASSWORD_RESET_ASKED, None):
        visitor().post("/forgot", data={"email": "niemand@altenbrueck.example"})
    with log.once(Event.PASSWORD_RESET_ASKED, me):
        visitor().post("/forgot", data={"email": MAIL})
    jobs.run()
    with log.once(Event.PASSWORD_CHANGED, me, actor=me):
        visitor().post(link_of(mailbox, "reset"), data={"password": GOOD})
    type_password(client)
    with log.once(Event.EMAIL_CHANGE_ASKED, me, actor=me):
        client.post("/me/email", data={"e-email": NEW})
    jobs.run()
    with log.once(Event.EMAIL_CHANGED, me, actor=me):
        visitor().post(link_of(mailbox, "signup/confirm", NEW))
    jobs.run()
    with log.once(Event.DISPUTED, me):
        visitor().post(link_of(mailbox, "undo-email", MAIL))
    with log.once(Event.DISPUTE_LINKS_SENT, me), scope.use(scope.NOBODY):
        dispute_deciding.send_links(dispute_deciding.of_email(MAIL))
    with (
        log.once(Event.EMAIL_CHANGE_UNDONE, me),
        log.once(Event.DISPUTE_SETTLED, me, result="old"),
        scope.use(scope.NOBODY),
    ):
        dispute_deciding.decide(dispute_deciding.of_email(MAIL), disputes.OLD)


@tells(
    Event.FACTOR_ADDED, Event.FACTOR_REMOVED, Event.FACTOR_REFUSED, Event.RECOVERY_CODE_USED, Event.FACTORS_RESET,
    Event.FACTORS_RESET_STOPPED, Event.FACTORS_TAKEN_BACK,
)  # fmt: skip
def test_second_factors(log, client, visitor, operate, mailbox, jobs):
    person = make_member()
    me = person.id
    sign_in(client, person)
    with log.once(Event.FACTOR_ADDED, me):
        device = add_passkey(client)
    with factors.eyes_of(me):
        number = factors.of(me).passkeys[0].id
    with log.once(Event.FACTOR_REMOVED, me), factors.eyes_of(me):
        factors.remove_passkey(me, number, token="")
    browser = visitor()
    with log.once(Event.FACTOR_REFUSED, None, result="refused"):
        browser.post("/signin/passkey", data={"k-answer": device.sign(options(browser, "/signin/passkey/options"))})
    with_app(person)
    with log.once(Event.FACTOR_ADDED, me), factors.eyes_of(me):
        factors.renew_codes(me)
    codes = with_codes(person)
    browser = visitor()
    type_password(browser)
    with log.once(Event.FACTOR_REFUSED, me, result="refused"):
        browser.post("/signin/second", data={"code": "nicht-der-richtige"})
    with log.once(Event.RECOVERY_CODE_USED, me):
        browser.post("/signin/second", data={"code": codes[0]})
    operate(people_command, "reset-factors", MAIL)
    with log.once(Event.FACTORS_RESET_STOPPED, me, actor=me), scope.use(scope.Viewer(me)), atomic():
        care.stop_waiting(me)
    operate(people_command, "reset-factors", MAIL)
    clock.tick(73 * 3600)
    with log.once(Event.FACTORS_RESET, me), scope.use(scope.NOBODY):
        care.due_resets()
    sign_in(client, person)
    add_passkey(client)
    jobs.run()
    with log.once(Event.FACTORS_TAKEN_BACK, me):
        visitor().post(link_of(mailbox, "undo-factor", MAIL))


@tells(Event.ADDRESS_CHOSEN, Event.MOVED, Event.ADDRESS_OPENED, Event.PROTECTED)
def test_homes(log, town, owner):
    me = town.person("anna", first_name="Anna", last_name="Probe")
    first, second = town.address("1"), town.address("2")
    with log.once(Event.ADDRESS_CHOSEN, me, actor=me):
        town.settle(me, first)
    with log.once(Event.MOVED, me, actor=me):
        town.settle(me, second)
    with log.once(Event.ADDRESS_OPENED, me, actor=me), town.as_person(me), atomic():
        assert homes.open_for_owner(me)
    with log.once(Event.PROTECTED, me, actor=me), town.as_person(me), atomic():
        choosing.protect(service.find(me), alias="Die vom Eck")
    with log.once(Event.PROTECTED, me, actor=me, result="ended"), town.as_person(me), atomic():
        choosing.unprotect(service.find(me))


@tells(
    Event.PROOF_ASKED, Event.LETTERS_PRINTED, Event.CODE_WRONG, Event.PROOF_GRANTED, Event.LETTERS_REFUSED,
    Event.INVITED, Event.INVITATION_USED, Event.PROOF_WITHDRAWN,
)  # fmt: skip
def test_proofs_by_codes(log, town, tmp_path, owner):
    me = newcomer(town, "anna", "1")
    with log.once(Event.PROOF_ASKED, me, actor=me), town.as_person(me):
        letters.request(me)
    with log.once(Event.LETTERS_PRINTED, None):
        ((code, refusal),) = town.print_letters(tmp_path).cards.values()
    with log.once(Event.CODE_WRONG, me, actor=me, result="refused"):
        types(town, me, "2222-2222")
    with log.once(Event.PROOF_GRANTED, me):
        types(town, me, code)
    with log.once(Event.LETTERS_REFUSED, None), town.app.app_context(), scope.use(scope.NOBODY):
        letters.refuse(refusal, whole_house=False)
    with log.once(Event.INVITED, me, actor=me):
        invitation = invited(town, me)
    guest = newcomer(town, "carla", "3")
    with log.once(Event.INVITATION_USED, me, actor=guest):
        types(town, guest, invitation)
    with town.as_person(me):
        (use,) = invitations.of_person(me)[0].uses
    with log.once(Event.PROOF_WITHDRAWN, guest), town.as_person(me):
        assert invitations.take_back(me, use.public_id)


@tells(Event.PROOF_REFUSED, Event.ROLE_GIVEN, Event.ROLE_TAKEN)
def test_the_desk(log, town, visitor, operate):
    desk = Desk(town, visitor)
    me, team = desk.resident("anna"), (desk.verifier("vera"), desk.verifier("wim", Role.STEWARD))
    desk.deposit(me)
    case = desk.case_of(me)
    desk.says(team[0], case, "address")
    with log.once(Event.PROOF_REFUSED, me):
        desk.says(team[1], case, "address")
    ben = proven(town, "ben", "7")
    with log.once(Event.ROLE_GIVEN, ben):
        assert operate(people_command, "promote", "ben@example.org", "--steward", "weber").exit_code == 0
    with log.once(Event.ROLE_TAKEN, ben):
        assert operate(people_command, "dismiss", "ben@example.org", "weber").exit_code == 0


@tells(
    Event.ROLE_GIVEN, Event.SUSPENDED, Event.RESTORED, Event.TAKEN_DOWN, Event.PUT_BACK, Event.KEYS_ROTATED
)  # fmt: skip
def test_what_operators_do(log, operate):
    quarter = make_quarter()
    person = make_person(quarter, email=MAIL, email_key=MAIL)
    address = f"/c/{to_uid(make_post(person, quarter).id)}"
    with log.once(Event.ROLE_GIVEN, person.id):
        operate(people_command, "promote", MAIL, "--operator")
    with log.once(Event.SUSPENDED, person.id):
        operate(people_command, "suspend", MAIL, "--reason", "Werbung, dreimal")
    with log.once(Event.RESTORED, person.id):
        operate(people_command, "restore", MAIL)
    with log.once(Event.TAKEN_DOWN, person.id):
        operate(board, "hide", address)
    with log.once(Event.PUT_BACK, person.id):
        operate(board, "show", address)
    with log.once(Event.KEYS_ROTATED, None):
        operate(keys, "rotate")


@tells(
    Event.EXPORT_ASKED, Event.EXPORT_MADE, Event.EXPORT_FETCHED, Event.EXPORT_REFUSED, Event.ERASURE_ASKED,
    Event.ERASURE_TAKEN_BACK, Event.ERASURE_DONE, Event.ERASURE_REPLAYED,
)  # fmt: skip
def test_data_taken_along_and_forgotten(log, client, jobs, mailbox):
    person = make_person(make_quarter())
    me = person.id
    with log.once(Event.EXPORT_ASKED, me, actor=me), scope.use(scope.Viewer(me)):
        wish = exports.ask(me)
    with log.once(Event.EXPORT_MADE, me), scope.use(scope.NOBODY):
        assert exports.build(wish.id)
    with log.once(Event.EXPORT_FETCHED, me, actor=me), scope.use(scope.Viewer(me)):
        exports.fetch(wish.id, "this session")
    with log.once(Event.EXPORT_REFUSED, me, actor=me, result="other session"), scope.use(scope.Viewer(me)):
        exports.fetch(wish.id, "another session")
    with log.once(Event.ERASURE_ASKED, me, actor=me):
        erasing.begin(me, keeps_texts=True)
    jobs.run()
    path = re.search(r"/back/\S+", mailbox.messages()[-1].text)[0]
    with log.once(Event.ERASURE_TAKEN_BACK, me, actor=me):
        assert client.post(path).status_code == 303
    with log.once(Event.ERASURE_REPLAYED, me):
        again = erasing.begin(me, keeps_texts=True, reason=ErasureReason.RESTORED, grace=erasing.timedelta())
    with log.once(Event.ERASURE_DONE, me), scope.use(scope.NOBODY):
        assert erasing.run(again.id)


@tells(Event.QUARTERS_IMPORTED, Event.QUARTERS_PLANNED, Event.QUARTERS_CANCELLED)
def test_quarters_that_change(log):
    row = {(column, 0): key for column, key in enumerate("aab")}
    with log.once(Event.QUARTERS_IMPORTED, None):
        city = Patchwork(row)
    with log.once(Event.QUARTERS_PLANNED, None):
        city.plan({**row, (1, 0): "n"}, clock.now().date() + timedelta(days=60))
    with log.once(Event.QUARTERS_CANCELLED, None), as_owner():
        assert plans.cancel()


def written(event: Event) -> tuple[str, str, str]:
    """How a test may name it."""
    return f"Event.{event.name}", f'"{event.value}"', f"'{event.value}'"


def test_every_kind_there_is_is_caused_here_or_by_a_test_of_its_room():
    others = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py") if path.name != Path(__file__).name
    )
    elsewhere = {event for event in Event if any(name in others for name in written(event))}
    assert set(Event) - TOLD - elsewhere == set()
    assert len(TOLD) >= 40
