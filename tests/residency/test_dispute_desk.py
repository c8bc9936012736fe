"""The operator's desk for accounts that two mailboxes say are theirs: whom to ask, what is written down, and their word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from neighbour.accounts import hooks
from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.mydata import erasing
from neighbour.mydata.retention import forget_all
from neighbour.residency.models import HomeBefore
from neighbour.residency.personal import own_before
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
            assert hooks.letterbox_of(ines, olga) is None
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == (1,)


def test_the_letterbox_of_a_quarrel_is_shut_to_everybody_but_operators(desk: Desk, quarrel, ines):
    for person in (desk.verifier("vera"), desk.proven("nora")):
        with desk.eyes(person):
            assert hooks.letterbox_of(ines, person) is None
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


# Whose letterbox ---------------------------------------------------------------------------------------------------------

DAY = 86_400


@pytest.fixture
def quarrels(owner):
    """Both mailboxes have spoken about an account; gives its page at the desk. The quarrel began now."""

    def begin(person: int) -> str:
        owner.execute(
            "INSERT INTO dispute (person_id, old_email, new_email, since, begun_at, due_at, objected_at, state)"
            " VALUES (%s, 'alt@altenbrueck.example', 'neu@altenbrueck.example', %s, %s, %s, %s, 'objected')",
            [person, *[clock.now()] * 4],
        )
        return f"/desk/disputes/{owner.execute('SELECT public_id FROM person WHERE id = %s', [person]).fetchone()[0]}"

    return begin


@pytest.fixture
def looks(desk: Desk):
    """An operator opens the letterbox of this quarrel; gives what the page says."""
    olga = desk.operator("olga")
    return lambda page: text_of(desk.browser(olga).post(f"{page}/letterbox"))


@pytest.fixture
def own_house(owner):
    """The number of the register entry a resident was settled at first."""
    return owner.execute("SELECT id FROM address WHERE number = '101'").fetchone()[0]


def kept(owner) -> int:
    return owner.execute("SELECT count(*) FROM home_before").fetchone()[0]


def test_a_letterbox_renamed_before_the_quarrel_is_shown_as_it_was_proven(
    desk: Desk, ines, own_house, quarrels, looks, frozen_clock, owner
):
    """However often the name is changed: what was never proven takes nobody's place."""
    for name in ("Tom Dieb", "Theo Dieb", "Tom Dieb"):
        frozen_clock.tick(5 * DAY)
        desk.town.settle(ines, own_house, name)
    frozen_clock.tick(DAY)
    page = looks(quarrels(ines))
    assert "Ines Wolf" in page and "Dieb" not in page and kept(owner) == 1
    assert "Nachgewiesen am 12. Mai 2026: eine Postkarte in den Briefkasten" in page
    assert "Stand im Konto bis Sonntag, 17. Mai 2026" in page and "am 27. Mai 2026 geändert" in page


def test_who_moves_before_they_move_the_mail_address_gets_no_letter(
    desk: Desk, ines, quarrels, looks, frozen_clock, owner
):
    frozen_clock.tick(5 * DAY)
    desk.town.settle(ines, desk.town.address("99"), "Tom Dieb")
    frozen_clock.tick(DAY)
    page = looks(quarrels(ines))
    assert "Ines Wolf" in page and "Tom Dieb" not in page and "Kettfadenstraße 99" not in page
    assert "am 17. Mai 2026 geändert" in page
    seen = owner.execute("SELECT person_id, purpose FROM address_access WHERE purpose = 'dispute'").fetchall()
    assert seen == [(ines, "dispute")], "one look is one line"


def test_two_homes_that_were_proven_are_both_shown(desk: Desk, ines, quarrels, looks, frozen_clock):
    frozen_clock.tick(5 * DAY)
    desk.town.settle(ines, desk.town.address("99"), "Ines Wolf-Reuter")
    frozen_clock.tick(DAY)
    desk.prove(ines, "document")
    frozen_clock.tick(DAY)
    page = looks(quarrels(ines))
    assert page.index("Ines Wolf ") < page.index("Ines Wolf-Reuter") and "ein Dokument" in page
    assert "geändert." not in page and "zeigen wir nicht" not in page, "nothing is wrong with the present one"


def test_what_was_proven_after_the_quarrel_began_proves_nothing(desk: Desk, quarrels, looks, frozen_clock):
    nora = desk.resident("nora", bell="Nora Neumann")
    page = quarrels(nora)
    assert "war nie nachgewiesen" in (never := looks(page)) and "Neumann" not in never
    frozen_clock.tick(DAY)
    desk.prove(nora)
    assert "erst am 13. Mai 2026 nachgewiesen" in (later := looks(page)) and "Neumann" not in later


def test_a_proof_that_waits_or_was_taken_back_proves_nothing(desk: Desk, ines, quarrels, looks, owner):
    page = quarrels(ines)
    owner.execute("UPDATE dispute SET since = since + interval '1 day'")
    assert "Ines Wolf" in looks(page)
    owner.execute("UPDATE proof SET held_at = created_at")
    assert "war nie nachgewiesen" in looks(page)
    owner.execute("UPDATE proof SET held_at = NULL, ended_at = created_at + interval '1 hour'")
    assert "war nie nachgewiesen" in looks(page)
    owner.execute("UPDATE proof SET expires_at = created_at + interval '1 hour'")
    assert "Ines Wolf" in looks(page), "its day has come since, as everybody's does"


def test_a_card_proves_the_name_it_was_printed_with(desk: Desk, quarrels, looks, frozen_clock, owner):
    """Whoever renames the letterbox while the card is on its way does not make their own name a proven one."""
    nora = desk.resident("nora", bell="Nora Neumann")
    (card,) = owner.execute(
        "INSERT INTO letter (person_id, address_hash, name_hashes, code_hashes, refusal_hashes, state, tries, requested_at,"
        " printed_at) VALUES (%s, 'x', '{}', '{}', '{}', 'used', 1, %s, %s) RETURNING id", [nora, clock.now(), clock.now()]
    ).fetchone()  # fmt: skip
    frozen_clock.tick(DAY)
    desk.town.settle(nora, owner.execute("SELECT id FROM address").fetchone()[0], "Tom Dieb")
    frozen_clock.tick(DAY)
    desk.prove(nora)
    owner.execute("UPDATE proof SET source = %s WHERE person_id = %s", [f"letter {card}", nora])
    frozen_clock.tick(DAY)
    page = looks(quarrels(nora))
    assert (
        "Glaub dem Haus, nicht dem Namen" in page and "Der Name am Briefkasten wurde am 13. Mai 2026 geändert" in page
    )


def test_after_thirty_days_it_says_what_was_changed_and_that_the_rest_is_gone(
    desk: Desk, ines, own_house, quarrels, looks, frozen_clock, owner
):
    mira = desk.proven("mira", bell="Mira Hansen")
    frozen_clock.tick(DAY)
    desk.town.settle(ines, own_house, "Ines Wolff")
    desk.town.settle(mira, desk.town.address("99"), "Tom Dieb")
    assert kept(owner) == 2
    frozen_clock.tick(30 * DAY + 60)
    with desk.town.app.app_context(), scope.use(scope.NOBODY):
        forget_all(clock.now().date())
    assert kept(owner) == 0
    renamed, moved = looks(quarrels(ines)), looks(quarrels(mira))
    assert "Ines Wolff" in renamed and "Glaub dem Haus" in renamed and "am 13. Mai 2026 geändert" in renamed
    assert "Tom Dieb" not in moved and "nicht mehr aufgehoben" in moved and "am 13. Mai 2026 geändert" in moved


@pytest.mark.parametrize("state", ["waiting", "objected", "new"])
def test_it_is_kept_as_long_as_the_quarrel_lasts(desk: Desk, ines, own_house, quarrels, frozen_clock, owner, state):
    desk.town.settle(ines, own_house, "Tom Dieb")
    quarrels(ines)
    owner.execute("UPDATE dispute SET state = %s", [state])
    frozen_clock.tick(40 * DAY)
    with desk.town.app.app_context(), scope.use(scope.NOBODY):
        forget_all(clock.now().date())
    assert kept(owner) == (0 if state == "new" else 1)


def test_a_home_that_was_never_proven_is_not_kept_and_a_corrected_spelling_changes_nothing(
    desk: Desk, ines, own_house, owner, frozen_clock
):
    nora = desk.resident("nora", bell="Nora Neumann")
    frozen_clock.tick(DAY)
    desk.town.settle(nora, desk.town.address("99"), "Nora Neumann")
    desk.town.settle(ines, own_house, "Wolf, Ines")
    assert kept(owner) == 0


def test_an_account_without_a_home_says_so(desk: Desk, quarrels, looks):
    assert "hat keine Anschrift" in looks(quarrels(desk.town.person("nora")))


def test_what_is_kept_is_seen_by_its_person_and_in_a_quarrel_by_operators(
    desk: Desk, ines, own_house, quarrels, frozen_clock, owner
):
    frozen_clock.tick(DAY)
    desk.town.settle(ines, own_house, "Tom Dieb")
    eyes = {"ines": ines, "olga": desk.operator("olga"), "vera": desk.verifier("vera"), "nora": desk.proven("nora")}

    def seen() -> set[str]:
        found = set()
        for name, person in eyes.items():
            with desk.eyes(person):
                rows = db.session.scalar(select(func.count()).select_from(HomeBefore))
                told = db.session.execute(text("SELECT * FROM homes_of_dispute(:who)"), {"who": ines}).all()
                found |= {name} if rows else set()
                found |= {f"{name} is told"} if told else set()
        return found

    assert seen() == {"ines"}
    quarrels(ines)
    assert seen() == {"ines", "olga", "olga is told"}
    owner.execute("UPDATE dispute SET state = 'new'")
    assert seen() == {"ines"}
    with desk.eyes(ines), pytest.raises(ProgrammingError), atomic():
        db.session.execute(text("SELECT * FROM proof_of_home(1, NULL, NULL, now())"))


def test_the_archive_holds_what_is_kept_and_erasing_takes_it(desk: Desk, ines, own_house, frozen_clock, owner):
    frozen_clock.tick(DAY)
    desk.town.settle(ines, own_house, "Ines Wolff")
    with desk.eyes(ines), atomic():
        assert [home["recipient"] for home in own_before(ines)] == ["Ines Wolf"]
    with desk.town.app.app_context():
        erasure = erasing.begin(ines, keeps_texts=False, grace=timedelta())
        with scope.use(scope.NOBODY):
            assert erasing.run(erasure.id)
    assert kept(owner) == 0
