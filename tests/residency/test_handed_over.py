"""An account that goes to another mailbox says nothing about where its owner may have fled to."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from neighbour.accounts import dispute_deciding, dispute_notices, disputes
from neighbour.accounts.models import Dispute, Person
from neighbour.contributions.models import Bookmark, ReadMark
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.mydata import archive, exports
from neighbour.policy import Level
from neighbour.quarters.models import Quarter
from neighbour.residency import homes, letters
from neighbour.residency.cases import visits
from neighbour.search import saved
from neighbour.search.service import Wish
from neighbour.search.words import Called
from tests.accounts.factor_helpers import link_of, type_password
from tests.factories import make_comment, make_post, viewer_of
from tests.residency.papers import Desk, text_of

pytestmark = pytest.mark.usefixtures("frozen_clock")
DAY = 86_400
OLD, NEW, PASSWORD = "ines@example.org", "ines.neu@altenbrueck.example", "zehn frische Brötchen"


@pytest.fixture
def own_house(desk: Desk) -> int:
    return desk.town.address("40")


@pytest.fixture
def ines(desk: Desk, own_house) -> int:
    """Ines, proven at number 40, where he lives, too."""
    return desk.proven("ines", bell="Ines Wolf", house=own_house)


@pytest.fixture
def quarrels(owner):
    """Her account has another mailbox now, and both say that it is theirs; gives the account's public id."""

    def begin(person: int) -> str:
        (change,) = owner.execute(
            "INSERT INTO email_change (person_id, old_email, old_key, new_email, changed_at, undo_until)"
            " VALUES (%s, %s, %s, %s, now(), now() + interval '3 days') RETURNING id", [person, OLD, OLD, NEW]
        ).fetchone()  # fmt: skip
        owner.execute("UPDATE person SET email = %s, email_key = %s WHERE id = %s", [NEW, NEW, person])
        owner.execute(
            "INSERT INTO dispute (person_id, change_id, old_email, new_email, new_key, since, begun_at, due_at, objected_at, state)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'objected')",
            [person, change, OLD, NEW, NEW, *[clock.now()] * 4],
        )
        return owner.execute("SELECT public_id FROM person WHERE id = %s", [person]).fetchone()[0]

    return begin


@pytest.fixture
def decided(desk: Desk, quarrels, owner):
    """The quarrel begins now, or goes back to a moment, and the operator gives the account to the older mailbox."""

    def decide(person: int, since: datetime | None = None) -> None:
        quarrels(person)
        if since is not None:
            owner.execute("UPDATE dispute SET since = %s", [since])
        with desk.town.app.app_context(), scope.use(scope.NOBODY):
            (row,) = dispute_deciding.listed()
            dispute_deciding.decide(row.id, disputes.OLD)

    return decide


def flees(desk: Desk, person: int) -> None:
    desk.town.settle(person, desk.town.address("96", quarter="ufer"), "Ines Zuflucht")


def read_by_him(visitor: Any, mailbox: Any) -> str:
    """Whoever reads the older mailbox sets a password and presses "Show my address"."""
    him = visitor()
    assert him.post(link_of(mailbox, "reset", OLD), data={"password": PASSWORD}).status_code == 303
    assert type_password(him, OLD, PASSWORD).status_code == 303
    pages = [him.post("/settings/address", follow_redirects=True), *(him.get(page) for page in ("/me", "/me/data"))]
    assert [page.status_code for page in pages] == [200] * 3
    return " ".join(map(text_of, pages))


def archived(desk: Desk, person: int) -> str:
    """Everything an archive of this account holds."""
    target = io.BytesIO()
    with desk.eyes(person):
        archive.write(target, person, "de", lambda _step: None)
    with zipfile.ZipFile(target) as papers:
        return " ".join(papers.read(name).decode(errors="replace") for name in papers.namelist())


def bell(desk: Desk, person: int) -> str | None:
    with desk.eyes(person), atomic():
        exact = homes.open_for_owner(person)
    return " ".join(exact.envelope()[:2]) if exact else None


def count(owner: Any, table: str) -> int:
    return owner.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


# Who flees ---------------------------------------------------------------------------------------------------------------


def test_whoever_gets_it_by_a_letter_to_the_home_she_left_does_not_read_where_she_went(
    desk: Desk, ines, quarrels, jobs, mailbox, visitor, frozen_clock
):
    frozen_clock.tick(DAY)
    flees(desk, ines)
    account = quarrels(ines)
    olga = desk.browser(desk.operator("olga"))
    shown = text_of(olga.post(f"/desk/disputes/{account}/letterbox"))
    assert "Ines Wolf" in shown and "Zuflucht" not in shown
    olga.post(f"/desk/disputes/{account}", data={"side": "old", "has_proof": "y"})
    jobs.run()
    read = read_by_him(visitor, mailbox)
    for word in ("Zuflucht", "Kettfadenstraße 96", "Am Ufer"):
        assert word not in read, word


def test_nor_does_he_by_her_silence_of_three_days(desk: Desk, quarrels, owner, jobs, mailbox, visitor, frozen_clock):
    ines = desk.resident("ines", bell="Ines Wolf")
    flees(desk, ines)
    quarrels(ines)
    owner.execute("UPDATE dispute SET state = 'waiting', objected_at = NULL")
    with desk.town.app.app_context(), scope.use(scope.NOBODY):
        with atomic():
            disputes.tell(dispute_notices.Begun, db.session.scalars(select(Dispute)).one())
        jobs.run()
        frozen_clock.tick(3 * DAY + 60)
        assert disputes.due() == 1
    jobs.run()
    read = read_by_him(visitor, mailbox)
    for word in ("Zuflucht", "Kettfadenstraße 96", "Am Ufer"):
        assert word not in read, word


def test_a_home_proven_after_the_change_of_mailboxes_does_not_go_with_it_either(
    desk: Desk, ines, decided, owner, frozen_clock
):
    """Neither the present one nor one that was left meanwhile, and was kept for the operator."""
    frozen_clock.tick(DAY)
    since = clock.now()
    for number in ("96", "97"):
        frozen_clock.tick(DAY)
        desk.town.settle(ines, desk.town.address(number, quarter="ufer"), "Ines Zuflucht")
        desk.prove(ines)
        owner.execute("UPDATE membership SET ended_at = ended_at - interval '200 days'")  # who moves rests for 180
    assert count(owner, "home_before") == 2
    decided(ines, since)
    assert bell(desk, ines) is None and count(owner, "membership") == 1
    with desk.eyes(ines), atomic():
        assert [" ".join(exact.envelope()[:2]) for exact in homes.kept_for_owner(ines)] == [
            "Ines Wolf Kettfadenstraße 40"
        ]


def test_nothing_she_did_where_she_lives_now_goes_with_it(desk: Desk, ines, decided, owner, frozen_clock):
    """She flees, proves it by a neighbour's word and takes part there; her neighbours' words stay."""
    frozen_clock.tick(DAY)
    since = clock.now()
    frozen_clock.tick(DAY)
    flees(desk, ines)
    desk.prove(ines, "invitation", Level.VOUCHED)
    hers, nora = at_home_there(desk, ines)
    owner.execute("UPDATE person SET street_shown = 'Uferweg' WHERE id = %s", [ines])
    assert "Am Ufer" in archived(desk, ines) and "Klingel Zuflucht" in archived(desk, ines)
    export = asked_archive(desk, ines)
    decided(ines, since)
    read = archived(desk, ines)
    for word in ("Zuflucht", "Am Ufer", "Ufer", "Sommerfest", "Bootshaus"):
        assert word not in read, word
    assert owner.execute("SELECT state, file FROM data_export WHERE id = %s", [export]).fetchone() == ("gone", None)
    for table in ("home", "letter WHERE person_id IS NOT NULL", "visit", "case_page", "saved_search", "read_mark"):
        assert count(owner, table) == (1 if table == "home" else 0), table  # Nora's
    told = "SELECT state FROM delivery WHERE person_id = %s AND notice = 'residency.welcome' ORDER BY id"
    assert owner.execute(told, [ines]).fetchall() == [("pending",), ("skipped",)]
    assert owner.execute("SELECT author_id, title FROM contribution").fetchall() == [(nora, "Sommerfest am Wasser")]
    assert owner.execute("SELECT state, body_md FROM comment WHERE author_id = %s", [ines]).fetchall() == [
        ("withdrawn", "")
    ]
    assert hers not in [row[0] for row in owner.execute("SELECT contribution_id FROM search_entry").fetchall()]
    assert owner.execute("SELECT street_shown FROM person WHERE id = %s", [ines]).fetchone() == (None,)


def at_home_there(desk: Desk, ines: int) -> tuple[Any, int]:
    """She writes, answers, reads, keeps and looks for things; gives the number of her post, and Nora's, who lives there, too."""
    nora = desk.proven("nora", quarter="ufer")
    with desk.town.app.app_context():
        with as_owner():
            me, they = (db.session.get_one(Person, each) for each in (ines, nora))
            ufer = db.session.get_one(Quarter, desk.town.quarters["ufer"])
        theirs = make_post(they, ufer, title="Sommerfest am Wasser")
        made = make_post(me, ufer, title="Neu am Bootshaus")
        make_comment(they, ufer, made, "Willkommen!")
        make_comment(me, ufer, theirs, "Ich komme zum Bootshaus.")
        _keeps(me, ufer, theirs)
        desk.deposit(ines)
        return made.id, nora


def _keeps(me: Person, ufer: Quarter, theirs: Any) -> None:
    with scope.use(viewer_of(me, ufer)), atomic():
        letters.request(me.id)
        homes.report_missing(me.id, "Bootshaus, Klingel Zuflucht")
        db.session.add(Bookmark(person_id=me.id, contribution_id=theirs.id))
        db.session.add(ReadMark(person_id=me.id, quarter_id=ufer.id, seen_up_to=theirs.id))
        saved.save(me.id, Wish("Fest", home=ufer.id), lambda _stems: Called())
        visits.show(me.id)


def asked_archive(desk: Desk, person: int) -> Any:
    """An archive that lies ready; gives its number."""
    with desk.eyes(person):
        wish = exports.ask(person).id
        assert exports.build(wish)
    return wish


# Who was robbed ----------------------------------------------------------------------------------------------------------


def test_whose_account_was_moved_by_a_thief_loses_only_what_the_thief_wrote(
    desk: Desk, ines, own_house, decided, owner, frozen_clock
):
    frozen_clock.tick(DAY)
    desk.town.settle(ines, desk.town.address("99"), "Tom Dieb")
    frozen_clock.tick(DAY)
    decided(ines)
    assert bell(desk, ines) is None and "Dieb" not in archived(desk, ines)
    assert owner.execute("SELECT level, ended_at IS NULL FROM membership").fetchall() == [("verified", False)]
    desk.town.settle(ines, own_house, "Ines Wolf")
    desk.prove(ines)
    assert bell(desk, ines) == "Ines Wolf Kettfadenstraße 40" and desk.level(ines) is Level.VERIFIED


def test_a_name_at_the_proven_house_goes_back_to_the_one_that_was_proven(
    desk: Desk, ines, own_house, decided, owner, frozen_clock
):
    words = owner.execute("SELECT word_hashes, family_hashes FROM home").fetchone()
    frozen_clock.tick(DAY)
    desk.town.settle(ines, own_house, "Ines Zuflucht")
    frozen_clock.tick(DAY)
    decided(ines)
    assert bell(desk, ines) == "Ines Wolf Kettfadenstraße 40" and desk.level(ines) is Level.VERIFIED
    assert owner.execute("SELECT word_hashes, family_hashes, renamed_at FROM home").fetchone() == (*words, None)
    assert count(owner, "home_before") == 0 and "Zuflucht" not in archived(desk, ines)


def test_looks_under_way_at_the_name_that_goes_begin_anew(desk: Desk, own_house, decided, owner, frozen_clock):
    ines = desk.resident("ines", bell="Ines Wolf", house=own_house)
    desk.prove(ines, "invitation", Level.VOUCHED)
    frozen_clock.tick(DAY)
    since = clock.now()
    desk.deposit(ines)
    owner.execute("UPDATE proof_case SET created_at = created_at - interval '1 hour'")
    frozen_clock.tick(DAY)
    desk.town.settle(ines, own_house, "Tom Dieb")
    owner.execute("UPDATE proof_case SET anew_at = NULL")
    case = desk.case_of(ines)
    desk.says(desk.verifier("vera"), case, "doubts")
    frozen_clock.tick(60)
    decided(ines, since)
    assert bell(desk, ines) == "Ines Wolf Kettfadenstraße 40"
    assert owner.execute("SELECT state, anew_at FROM proof_case").fetchall() == [("open", clock.now())]
    assert owner.execute("SELECT says, voided_at FROM case_half").fetchall() == [("no", clock.now())]


def test_what_was_proven_before_stays_whole(desk: Desk, ines, decided, owner, frozen_clock):
    """Both homes, if both were: nobody wrote them but who lived there."""
    frozen_clock.tick(5 * DAY)
    desk.town.settle(ines, desk.town.address("99"), "Ines Wolf-Reuter")
    desk.prove(ines, "document")
    frozen_clock.tick(DAY)
    decided(ines)
    assert bell(desk, ines) == "Ines Wolf-Reuter Kettfadenstraße 99" and desk.level(ines) is Level.VERIFIED
    assert count(owner, "home_before") == 1


def test_a_name_at_the_proven_house_of_which_nothing_earlier_is_kept_stays(
    desk: Desk, ines, own_house, decided, owner, frozen_clock
):
    frozen_clock.tick(DAY)
    desk.town.settle(ines, own_house, "Ines Wolff")
    owner.execute("DELETE FROM home_before")
    frozen_clock.tick(DAY)
    decided(ines)
    assert bell(desk, ines) == "Ines Wolff Kettfadenstraße 40" and desk.level(ines) is Level.VERIFIED


def test_who_wins_with_the_newer_mailbox_keeps_the_home(desk: Desk, ines, quarrels):
    flees(desk, ines)
    quarrels(ines)
    with desk.town.app.app_context(), scope.use(scope.NOBODY):
        (row,) = dispute_deciding.listed()
        dispute_deciding.decide(row.id, disputes.NEW)
    assert bell(desk, ines) == "Ines Zuflucht Kettfadenstraße 96"


def test_turned_round_it_leaves_what_was_written_since_silence_behind(desk: Desk, quarrels, owner, frozen_clock):
    """Whoever had it meanwhile may be the one who fled."""
    ines = desk.resident("ines")
    quarrels(ines)
    owner.execute("UPDATE dispute SET state = 'old', is_by_silence = true, ended_at = %s", [clock.now()])
    frozen_clock.tick(DAY)
    flees(desk, ines)
    with desk.town.app.app_context(), scope.use(scope.NOBODY):
        dispute_deciding.decide(dispute_deciding.silent()[0].id, disputes.NEW, reason="letter")
    assert bell(desk, ines) is None


def test_the_database_forgets_no_home_while_a_quarrel_goes_on_nor_without_one(desk: Desk, ines, quarrels):
    for begin in (lambda _person: None, quarrels):
        begin(ines)
        with desk.eyes(ines), pytest.raises(DBAPIError, match="no quarrel"), atomic():
            db.session.execute(text("SELECT forget_unproven_homes(:who, now(), now())"), {"who": ines})
    assert bell(desk, ines) == "Ines Wolf Kettfadenstraße 40"
    with desk.eyes(ines), pytest.raises(DBAPIError, match="permission denied"), atomic():
        db.session.execute(text("SELECT forget_quarter_of(1, 1, now(), now())"))
