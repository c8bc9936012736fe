"""The operator's desk for accounts that two mailboxes say are theirs: whom to ask, what is written down, and their word."""

from __future__ import annotations

import pytest

from neighbour.accounts import hooks
from tests.residency.papers import Desk, text_of

pytestmark = pytest.mark.usefixtures("frozen_clock")
PROOF = {"has_proof": "y"}


@pytest.fixture
def ines(desk: Desk):
    return desk.proven("ines", bell="Ines Wolf")


@pytest.fixture
def quarrel(owner, ines):
    """Both mailboxes have spoken; gives the public id of the account."""
    mailboxes = "alt@altenbrueck.example", "neu@altenbrueck.example"
    (change,) = owner.execute(
        "INSERT INTO email_change (person_id, old_email, old_key, new_email, changed_at, undo_until)"
        " VALUES (%s, %s, 'alt@altenbrueck.example', %s, now(), now() + interval '3 days') RETURNING id",
        [ines, *mailboxes],
    ).fetchone()
    owner.execute(
        "INSERT INTO dispute (person_id, change_id, old_email, new_email, since, begun_at, due_at, objected_at, state)"
        " VALUES (%s, %s, %s, %s, now(), now(), now(), now(), 'objected')",
        [ines, change, *mailboxes],
    )
    return owner.execute("SELECT public_id FROM person WHERE id = %s", [ines]).fetchone()[0]


def test_the_desk_names_both_mailboxes_and_waits_for_a_word(desk: Desk, quarrel, owner):
    olga = desk.browser(desk.operator("olga"))
    assert "Wem gehört das Konto?" in text_of(olga.get("/desk"))
    assert "wartet auf deine Entscheidung" in text_of(olga.get("/desk/disputes"))
    page = text_of(olga.get(f"/desk/disputes/{quarrel}"))
    assert "alt@altenbrueck.example" in page and "neu@altenbrueck.example" in page and "Wolf" not in page
    owner.execute("UPDATE dispute SET state = 'new', ended_at = now()")
    assert "gestritten" in text_of(olga.get("/desk/disputes"))
    assert olga.get(f"/desk/disputes/{quarrel}").status_code == 404


def test_the_letterbox_opens_for_a_quarrel_only_and_is_written_down(desk: Desk, quarrel, ines, owner):
    olga = desk.operator("olga")
    browser = desk.browser(olga)
    assert "Ines Wolf" in text_of(browser.post(f"/desk/disputes/{quarrel}/letterbox"))
    looks = owner.execute("SELECT person_id, by_person_id, purpose FROM address_access").fetchall()
    assert looks == [(ines, olga, "dispute")]
    for state in ("waiting", "old"):
        owner.execute("UPDATE dispute SET state = %s", [state])
        assert browser.post(f"/desk/disputes/{quarrel}/letterbox").status_code == 404
        with desk.eyes(olga):
            assert hooks.letterbox_of(ines, olga) == ()
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == (1,)


def test_the_letterbox_of_a_quarrel_is_shut_to_everybody_but_operators(desk: Desk, quarrel, ines):
    for person in (desk.verifier("vera"), desk.proven("nora")):
        with desk.eyes(person):
            assert hooks.letterbox_of(ines, person) == ()
        browser = desk.browser(person)
        for answer in (
            browser.get("/desk/disputes"),
            browser.get(f"/desk/disputes/{quarrel}"),
            browser.post(f"/desk/disputes/{quarrel}/letterbox"),
            browser.post(f"/desk/disputes/{quarrel}", data={"side": "new", **PROOF}),
        ):
            assert answer.status_code == 404


def test_nothing_is_decided_without_a_side_and_a_proof(desk: Desk, quarrel, owner):
    olga = desk.browser(desk.operator("olga"))
    for typed, said in (({"side": "new"}, "beweist nichts"), (PROOF, "Wem gehört es?"), ({"side": "both"}, "")):
        answer = olga.post(f"/desk/disputes/{quarrel}", data=typed)
        assert answer.status_code == 422 and said in text_of(answer)
    assert owner.execute("SELECT state FROM dispute").fetchone() == ("objected",)


def test_the_operators_word_settles_it_once_and_bears_their_name_in_the_record(
    desk: Desk, quarrel, ines, owner, jobs, mailbox
):
    olga = desk.operator("olga")
    browser = desk.browser(olga)
    assert browser.post(f"/desk/disputes/{quarrel}", data={"side": "new", **PROOF}).status_code == 303
    assert owner.execute("SELECT state FROM dispute").fetchone() == ("new",)
    decided = owner.execute(
        "SELECT actor_id, subject_id, result FROM security_event WHERE kind = 'account.dispute_decided'"
    ).fetchall()
    assert decided == [(olga, ines, "new")]
    assert browser.post(f"/desk/disputes/{quarrel}", data={"side": "old", **PROOF}).status_code == 404
    jobs.run()
    assert {mail.recipients[0] for mail in mailbox.messages()} >= {"alt@altenbrueck.example", "neu@altenbrueck.example"}
