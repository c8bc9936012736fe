"""The operator's desk for accounts that two mailboxes say are theirs: whom to ask, what is written down, and their word."""

from __future__ import annotations

import pytest

from neighbour.accounts import hooks
from neighbour.core import clock
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


# What silence has decided ------------------------------------------------------------------------------------------------


@pytest.fixture
def silenced(desk, owner):
    """Nobody objected, and the older mailbox has the account back; gives the account and its public id."""
    tim = desk.resident("tim")
    owner.execute(
        "INSERT INTO dispute (person_id, old_email, new_email, since, begun_at, due_at, ended_at, state, is_by_silence)"
        " VALUES (%s, 'tim@example.org', 'neu@altenbrueck.example', %s, %s, %s, %s, 'old', true)",
        [tim, *[clock.now()] * 4],
    )
    return tim, owner.execute("SELECT public_id FROM person WHERE id = %s", [tim]).fetchone()[0]


def test_what_silence_decided_stands_on_the_desk_for_thirty_days(desk: Desk, silenced, frozen_clock):
    olga, (_tim, account) = desk.operator("olga"), silenced
    desks = []
    for wait in (0, 30 * 86_400 - 1, 1):
        frozen_clock.tick(wait)
        browser = desk.browser(olga)
        desks.append(
            (
                "Entschieden am 12. Mai" in text_of(browser.get("/desk/disputes")),
                browser.get(f"/desk/disputes/{account}/silence").status_code,
            )
        )
    assert desks == [(True, 200), (True, 200), (False, 404)]
    assert "tim@example.org" not in text_of(desk.browser(olga).get("/desk/disputes")), "addresses stand on its own page"


def test_the_desk_turns_it_round_with_a_reason_once(desk: Desk, silenced, owner, jobs, mailbox):
    olga, (tim, account) = desk.operator("olga"), silenced
    browser, page = desk.browser(olga), f"/desk/disputes/{account}/silence"
    for typed in ({}, {"reason": ""}, {"reason": "because"}, {"reason": "letter; DROP"}):
        answer = browser.post(page, data=typed)
        assert answer.status_code == 422 and ("Sag, warum" in text_of(answer) or "Bitte wähl" in text_of(answer))
    assert owner.execute("SELECT email FROM person WHERE id = %s", [tim]).fetchone() == ("tim@example.org",)
    assert browser.post(page, data={"reason": "knows"}).status_code == 303
    assert owner.execute("SELECT email FROM person WHERE id = %s", [tim]).fetchone() == ("neu@altenbrueck.example",)
    noted = owner.execute(
        "SELECT actor_id, subject_id, object, result, route FROM security_event WHERE kind = 'account.dispute_decided'"
    ).fetchall()
    assert noted == [(olga, tim, "knows", "new", "accounts.turn_round")]
    jobs.run()
    told = {m.recipients[0]: " ".join(m.text.split()) for m in mailbox.messages()}
    assert {"tim@example.org", "neu@altenbrueck.example"} <= set(told)
    assert all(
        "was nur wissen kann, wem es gehört" in told[to] for to in ("tim@example.org", "neu@altenbrueck.example")
    )
    assert browser.post(page, data={"reason": "knows"}).status_code == 404


@pytest.mark.parametrize("why", ["quarrel", "taken"])
def test_what_cannot_be_turned_round_says_so_where_the_reason_was_given(desk: Desk, silenced, owner, why):
    olga, (tim, account) = desk.operator("olga"), silenced
    if why == "quarrel":
        owner.execute(
            "INSERT INTO dispute (person_id, old_email, new_email, since, begun_at, due_at, state)"
            " VALUES (%s, 'tim@example.org', 'dritte@altenbrueck.example', now(), now(), now(), 'waiting')", [tim]
        )  # fmt: skip
    else:
        owner.execute(
            "UPDATE person SET email = 'neu@altenbrueck.example', email_key = 'neu@altenbrueck.example' WHERE id = %s",
            [desk.resident("nora")],
        )
    answer = desk.browser(olga).post(f"/desk/disputes/{account}/silence", data={"reason": "paper"})
    assert answer.status_code == 409
    assert {"quarrel": "einen neuen Streit", "taken": "gehört inzwischen zu einem anderen"}[why] in text_of(answer)
    assert "checked" in answer.get_data(as_text=True), "what was chosen is still there"
    assert owner.execute("SELECT email FROM person WHERE id = %s", [tim]).fetchone() == ("tim@example.org",)


def test_of_two_the_operator_chooses_the_mailbox(desk: Desk, silenced, owner):
    olga, (tim, account) = desk.operator("olga"), silenced
    owner.execute(
        "INSERT INTO dispute (person_id, old_email, new_email, since, begun_at, due_at, ended_at, state, is_by_silence)"
        " SELECT person_id, old_email, 'dieb@altenbrueck.example', since, begun_at, due_at, ended_at, 'old', true FROM dispute"
    )
    browser, page = desk.browser(olga), f"/desk/disputes/{account}/silence"
    assert browser.post(page, data={"reason": "paper"}).status_code == 422, "it is not guessed"
    assert browser.post(page, data={"reason": "paper", "mailbox": "fremd@altenbrueck.example"}).status_code == 422
    assert browser.post(page, data={"reason": "paper", "mailbox": "neu@altenbrueck.example"}).status_code == 303
    assert owner.execute("SELECT email FROM person WHERE id = %s", [tim]).fetchone() == ("neu@altenbrueck.example",)
    assert browser.get(page).status_code == 404, "that ends the other one, too"


def test_nobody_turns_round_what_they_are_party_to_nor_who_is_no_operator(desk: Desk, silenced, owner):
    (tim, account), olga = silenced, desk.operator("olga")
    page = f"/desk/disputes/{account}/silence"
    others = [desk.verifier("vera"), desk.resident("nora")]
    owner.execute("UPDATE person SET is_operator = true WHERE id = %s", [tim])
    owner.execute("UPDATE person SET email_key = 'neu@altenbrueck.example' WHERE id = %s", [olga])
    for who in (tim, olga, *others):
        browser = desk.browser(who)
        assert browser.get(page).status_code == 404
        assert browser.post(page, data={"reason": "admitted"}).status_code == 404
        assert "Entschieden am" not in text_of(browser.get("/desk/disputes"))
