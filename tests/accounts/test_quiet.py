"""How much mail somebody can cause: none to an address that nobody has confirmed, and a few an hour to any."""

from __future__ import annotations

import pytest

from neighbour.accounts import factors, notices
from neighbour.core import scope
from neighbour.core.db import atomic
from neighbour.mydata import notices as of_mydata
from neighbour.notices import ledger
from tests.accounts.factor_helpers import GOOD, MAIL, link_of, with_app
from tests.accounts.signing_helpers import sign_up
from tests.factories import make_person, make_quarter, sign_in
from tests.residency.helpers import Town

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
STRANGER = "fremd@anderswo.example"


def subjects(mailbox, to):
    return [str(mail.message["Subject"]) for mail in mailbox.messages() if mail.recipients == (to,)]


def test_whoever_signs_up_with_a_strangers_address_causes_the_mail_that_asks_for_it_and_no_other(
    app, client, visitor, mailbox, jobs, owner
):
    town = Town(app)
    town.street("1", "3")
    sign_up(client, STRANGER)
    for number in ("1", "3") * 5:
        given = {"street": "Kettfadenstraße", "number": number, "postcode": "04873", "recipient": "Uwe Probe"}
        assert client.post("/signup/address", data=given).status_code == 303
    for data in ({"alias": "Lastenrad"}, {"end": "1"}) * 2:
        assert client.post("/me/protection", data=data).status_code == 303
    for now, then in ((GOOD, GOOD + "!"), (GOOD + "!", GOOD)):
        assert client.post("/me/password", data={"p-current": now, "p-password": then}).status_code == 303
    assert client.post("/me/data").status_code == 303
    assert visitor().post("/signin", data={"email": STRANGER, "password": GOOD}).status_code == 303
    jobs.run()
    assert subjects(mailbox, STRANGER) == [] and owner.execute("SELECT count(*) FROM delivery").fetchone() == (0,)
    client.post("/signup/confirm/again")
    jobs.run()
    assert client.post("/me/leave", data={"texts": "keep", "word": "delete"}).status_code == 303
    jobs.run()
    assert subjects(mailbox, STRANGER) == ["Bitte bestätige deine E-Mail-Adresse"]


@pytest.mark.parametrize("is_confirmed_first", [True, False])
def test_it_is_asked_when_a_mail_is_promised_and_again_when_it_is_sent(mailbox, jobs, owner, is_confirmed_first):
    person = make_person(make_quarter(), email=STRANGER, email_key=STRANGER)
    confirm = "UPDATE person SET confirmed_at = CASE WHEN %s THEN now() END"
    owner.execute(confirm, [is_confirmed_first])
    with scope.use(scope.NOBODY), atomic():
        assert notices.PasswordChanged.send(person.id, subject_key="one") is is_confirmed_first
    owner.execute(confirm, [not is_confirmed_first])
    jobs.run()
    assert subjects(mailbox, STRANGER) == []


def test_the_first_few_of_an_hour_go_at_once_and_the_rest_is_one_mail_that_takes_all_of_it_back(
    client, visitor, person, mailbox, jobs, frozen_clock
):
    with_app(person)
    sign_in(client, person)
    for _time in range(9):
        client.post("/me/recovery-codes")
        frozen_clock.tick(60)
    with scope.use(scope.Viewer(person.id)), atomic():
        notices.ProtectionEnded.send(person.id, subject_key="another kind waits for nothing")
    jobs.run()
    assert subjects(mailbox, MAIL) == ["Deine Anmeldung wurde geändert"] * 4 + ["An deinem Konto wurde etwas geändert"]
    assert "mehrmals" not in "".join(mail.text for mail in mailbox.messages())
    mailbox.clear()
    frozen_clock.tick(3600)
    for _again in range(2):
        with scope.use(scope.NOBODY):
            ledger.sweep()
        jobs.run()
    (mail,) = mailbox.messages()
    assert all(
        "steht diese eine Mail für alle weiteren Male" in " ".join(said.split()) for said in (mail.text, mail.html)
    )
    to_set = visitor().post(link_of(mailbox, "undo-factor", MAIL))
    assert to_set.status_code == 303 and factors.of(person.id).codes_left == 0, "what came with the last is gone, too"


def test_a_folded_mail_about_an_archive_speaks_of_the_last_one(person, owner):
    first, last = (
        owner.execute(
            "INSERT INTO data_export (id, person_id, state, done, parts, asked_at, attempts, ready_at, expires_at)"
            " VALUES (gen_random_uuid(), %s, %s, 1, 1, now(), 1, now(), '2026-06-01') RETURNING id",
            [person.id, state],
        ).fetchone()[0]
        for state in ("failed", "ready")
    )
    assert first != last
    with scope.use(scope.NOBODY), atomic():
        told = of_mydata.ExportReady().context(person.id, {"export": str(first), "folded": True})
    assert f"{told['until']:%d.%m.}" == "01.06."
