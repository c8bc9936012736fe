"""Cards once more, the operator's print queue at the desk, and limits that hold whatever a hundred accounts do."""

from __future__ import annotations

import os
import random
import re
import tempfile
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from neighbour.accounts.models import Person
from neighbour.core import clock, scope
from neighbour.core.crypto import CannotOpen
from neighbour.core.db import as_owner, db
from neighbour.core.sealed_files import HEAD, Opened
from neighbour.residency import letters, print_runs, printing
from neighbour.residency.letters import NoLetter, Reason
from neighbour.residency.proofs.method import Outcome
from tests.factories import sign_in
from tests.residency.breaking import breaks_at_each_point
from tests.residency.helpers import Town, crowd, invited, looked_at, proven, types

pytestmark = pytest.mark.usefixtures("frozen_clock")
DAY = 86_400


@pytest.fixture
def operator(town: Town) -> int:
    return town.person("olga", is_operator=True)


@pytest.fixture
def desk(town: Town, operator: int, client):
    """The operator's browser."""
    for file in files(town):  # of the test before
        file.unlink()
    visit(town, client, operator)
    return client


def visit(town: Town, client, person: int) -> None:
    with town.app.app_context():
        with as_owner():
            row = db.session.get_one(Person, person)
        sign_in(client, row)


def asks(town: Town, person: int) -> Reason | None:
    """Ask for a card; the reason against it."""
    try:
        with town.as_person(person):
            letters.request(person)
    except NoLetter as no:
        return no.reason
    return None


def prints(town: Town) -> int:
    """The operator prints what is due; gives how many cards."""
    with town.app.app_context(), as_owner():
        try:
            return printing.print_due(town.app.extensions["config"], printing.Wish(_place(town))).letters
        except printing.NothingToPrint:
            return 0


def _place(town: Town) -> Path:
    return Path(tempfile.mkdtemp(dir=town.app.extensions["config"].instance_dir))


def files(town: Town) -> list[Path]:
    return sorted((town.app.extensions["config"].instance_dir / "letters").glob("desk-*"))


# -- once more ------------------------------------------------------------------------------------------------


def test_a_card_that_did_not_come_in_three_weeks_is_asked_for_once_more(
    town: Town, tmp_path: Path, frozen_clock, owner
):
    anna = town.resident("anna", town.address("1"))
    first = town.print_letters(tmp_path).cards["Anna Kowalczyk"][0]
    frozen_clock.tick(21 * DAY - 1)
    assert asks(town, anna) is Reason.UNDER_WAY
    frozen_clock.tick(1)
    assert asks(town, anna) is None
    with pytest.raises(printing.NothingToPrint):
        town.print_letters(tmp_path)  # the house rests
    frozen_clock.tick(9 * DAY)
    second = town.print_letters(tmp_path).cards["Anna Kowalczyk"][0]
    assert types(town, anna, first) is Outcome.WRONG
    assert types(town, anna, second) is Outcome.PROVEN


def test_the_first_card_is_good_should_it_still_come(town: Town, tmp_path: Path, frozen_clock, owner):
    anna = town.resident("anna", town.address("1"))
    first = town.print_letters(tmp_path).cards["Anna Kowalczyk"][0]
    frozen_clock.tick(21 * DAY)
    assert asks(town, anna) is None
    assert types(town, anna, first) is Outcome.PROVEN
    states = owner.execute("SELECT state FROM letter ORDER BY id").fetchall()
    assert states == [("used",), ("withdrawn",)], "the second is not printed any more"


def test_a_refusal_stops_the_card_that_was_asked_for_once_more(town: Town, tmp_path: Path, frozen_clock, owner):
    anna = town.resident("anna", town.address("1"))
    first, refusal = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    frozen_clock.tick(21 * DAY)
    asks(town, anna)
    with town.app.app_context(), scope.use(scope.NOBODY):
        assert letters.refuse(refusal, whole_house=False)
    assert types(town, anna, first) in (Outcome.NO_LETTER, Outcome.WRONG)
    assert {row[0] for row in owner.execute("SELECT state FROM letter")} == {"refused"}


def test_the_page_offers_it_in_words(town: Town, tmp_path: Path, frozen_clock, client):
    anna = town.resident("anna", town.address("1"))
    town.print_letters(tmp_path)
    frozen_clock.tick(20 * DAY)
    visit(town, client, anna)
    assert "noch nicht da?" in client.get("/waiting").text
    frozen_clock.tick(1 * DAY)
    assert "Ist sie nicht gekommen?" in client.get("/waiting").text
    assert client.post("/waiting/letter").status_code == 303
    assert "bestellt (heute)" in client.get("/waiting").text and "nicht gekommen" not in client.get("/waiting").text


def test_nothing_half_done_is_left_when_answering_a_card_breaks(town: Town, tmp_path: Path, owner, monkeypatch):
    anna = town.resident("anna", town.address("1"))
    code = town.print_letters(tmp_path).cards["Anna Kowalczyk"][0]
    query = "SELECT (SELECT (state, tries)::text FROM letter), (SELECT count(*) FROM proof), (SELECT level FROM membership), (SELECT count(*) FROM delivery WHERE notice = 'residency.welcome')"

    def state() -> object:
        return owner.execute(query).fetchone()

    assert breaks_at_each_point(monkeypatch, lambda: types(town, anna, code), state) >= 3
    assert state() == ("(used,1)", 1, "verified", 1)


# -- limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accounts", [12, pytest.param(100, marks=pytest.mark.thorough)])
def test_a_crowd_at_one_house_never_gets_more_than_one_card_in_thirty_days(town: Town, frozen_clock, owner, accounts):
    """Half a year of asking, printing, leaving, coming back, and refusing at the end: a random walk with a fixed beginning."""
    people = crowd(town, accounts, "7", opens=True)
    dice, day = random.Random(4), 0
    while day < 180:
        for person in dice.sample(people, min(len(people), 12)):
            asks(town, person)
        if dice.random() < 0.2 and len(people) > 4:  # an account goes; what was printed for it stays printed
            owner.execute("DELETE FROM person WHERE id = %s", [people.pop()])
        prints(town)
        step = dice.choice((1, 3, 7))
        day += step
        frozen_clock.tick(step * DAY)
    printed = "SELECT printed_at FROM letter WHERE printed_at IS NOT NULL AND address_hash = (SELECT address_hash FROM home WHERE person_id = %s) ORDER BY 1"
    days_ = [row[0] for row in owner.execute(printed, [people[0]])]
    assert 5 <= len(days_) <= 6
    assert min(later - earlier for earlier, later in pairwise(days_)) >= timedelta(days=30)


def test_never_again_outlives_every_account(town: Town, tmp_path: Path, frozen_clock, owner):
    anna = town.resident("anna", town.address("1"))
    _code, refusal = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    with town.app.app_context(), scope.use(scope.NOBODY):
        assert letters.refuse(refusal, whole_house=True)
    owner.execute("DELETE FROM person WHERE id = %s", [anna])
    frozen_clock.tick(400 * DAY)
    house = owner.execute("SELECT id FROM address WHERE number = '1'").fetchone()[0]
    for name in ("anna", "zeno"):
        person = town.person(f"{name}2")
        town.settle(person, house, f"{name.title()} Kowalczyk")
        assert asks(town, person) is None, "nobody is told"
    assert prints(town) == 0


# -- the desk -------------------------------------------------------------------------------------------------


def test_from_the_button_to_the_files_fetched_once(town: Town, desk, operator, jobs, owner):
    town.resident("anna", town.address("1"))
    town.resident("bert", town.address("2"))
    page = desk.get("/desk/letters").text
    assert "2 Postkarten sind heute fällig" in page
    desk.post("/desk/letters", data={"paper": "c6", "wants_table": "1"})
    assert "wird gemacht" in desk.get("/desk/letters").text
    jobs.run()
    run, count = owner.execute("SELECT public_id, letters FROM print_run").fetchone()
    assert count == 2 and len(files(town)) == 2
    folder = files(town)[0].parent
    assert os.stat(folder).st_mode & 0o777 == 0o700 and {os.stat(file).st_mode & 0o777 for file in files(town)} == {
        0o600
    }
    got = desk.post(f"/desk/letters/{run}/pdf")
    name = got.headers["Content-Disposition"]
    assert got.data.startswith(b"%PDF") and re.fullmatch(r'attachment; filename="karten-[\w-]+\.pdf"', name), name
    assert got.headers["Cache-Control"] == "no-store"
    assert desk.post(f"/desk/letters/{run}/pdf").status_code == 404, "once"
    assert "Kettfadenstraße 1" in desk.post(f"/desk/letters/{run}/csv").text
    assert files(town) == []
    opened = owner.execute(
        "SELECT count(*), count(DISTINCT person_id) FROM address_access WHERE purpose LIKE 'letter %'"
    )
    assert opened.fetchone() == (2, 2)
    told = owner.execute("SELECT kind, actor_id, object FROM security_event WHERE kind LIKE 'letter.%' ORDER BY id")
    batch = owner.execute("SELECT batch FROM print_run").fetchone()[0]
    assert told.fetchall() == [
        ("letter.printed", operator, batch),
        ("letter.fetched", operator, f"{batch} pdf"),
        ("letter.fetched", operator, f"{batch} csv"),
    ]


def test_what_waits_on_the_disk_to_be_fetched_shows_no_address_and_opens_nowhere_else(town: Town, desk, jobs, owner):
    for number in "12":
        town.resident(f"p{number}", town.address(number), f"Kanarienvogel {number}")
    desk.post("/desk/letters", data={"paper": "c6", "wants_table": "1"})
    jobs.run()
    table, pdf = files(town)
    assert [file.suffix for file in (table, pdf)] == [".csv", ".pdf"]
    for file in (table, pdf):
        lying = file.read_bytes()
        assert lying.startswith(HEAD)
        for told in (b"Kettfaden", b"Kanarienvogel", b"%PDF", b"code_url", b"FlateDecode"):
            assert told not in lying
    with town.app.app_context():
        with Opened(table, table.name) as opened:
            assert "Kanarienvogel 2" in opened.read().decode()
        with pytest.raises(CannotOpen):
            Opened(table, pdf.name)


def test_what_waits_is_told_with_its_reason_and_without_names(town: Town, desk, operator, tmp_path: Path, owner, jobs):
    rests = town.resident("anna", town.address("1"))
    town.print_letters(tmp_path)
    owner.execute("UPDATE letter SET state = 'dead' WHERE person_id = %s", [rests])
    asks(town, rests)
    for name in ("bert", "carla", "dora"):
        person = town.person(name)
        town.settle(person, owner.execute("SELECT id FROM address LIMIT 1").fetchone()[0], f"{name.title()} Geheim")
        asks(town, person)
    away = town.resident("emil", town.address("5"))
    owner.execute("UPDATE person SET status = 'suspended' WHERE id = %s", [away])
    town.resident("fred", town.address("6"))
    page = desk.get("/desk/letters").text
    assert "1 Postkarte ist heute fällig" in page and "umgezogen, gesperrt" in page
    assert "in den letzten 30 Tagen eine Postkarte" in page and "Für ein Haus warten 4 Postkarten" in page
    for secret in ("Geheim", "Kettfadenstraße", "Kowalczyk"):
        assert secret not in page


def test_a_jammed_batch_is_printed_once_more_with_further_codes(
    town: Town, desk, operator, jobs, tmp_path: Path, owner
):
    town.resident("anna", town.address("1"))
    batch = town.print_letters(tmp_path).done.batch
    desk.post("/desk/letters", data={"paper": "a6", "again": batch})
    jobs.run()
    assert owner.execute("SELECT state, batch, letters FROM print_run").fetchone() == ("ready", batch, 1)
    assert owner.execute("SELECT cardinality(code_hashes) FROM letter").fetchone() == (2,)
    told = owner.execute("SELECT actor_id, object FROM security_event WHERE kind = 'letter.printed_again'").fetchall()
    assert told == [(operator, batch)]


def test_nothing_due_is_said_and_a_second_click_makes_no_second_run(town: Town, desk, jobs, owner):
    for _click in range(2):
        desk.post("/desk/letters", data={"paper": "a6"})
    assert owner.execute("SELECT count(*) FROM print_run").fetchone() == (1,)
    jobs.run()
    assert "nichts war fällig" in desk.get("/desk/letters").text


def test_another_wish_while_one_is_being_made_is_not_swallowed(town: Town, desk, jobs, tmp_path: Path, owner):
    town.resident("anna", town.address("1"))
    batch = town.print_letters(tmp_path).done.batch
    told = desk.post("/desk/letters", data={"paper": "a6"}, follow_redirects=True).text
    assert "Der Stapel wird gemacht" in told
    told = desk.post("/desk/letters", data={"paper": "a6", "again": batch}, follow_redirects=True).text
    assert "Gerade wird ein anderer Stapel gemacht" in told and "Der Stapel wird gemacht" not in told
    jobs.run()
    desk.post("/desk/letters", data={"paper": "a6", "again": batch})
    jobs.run()
    states = owner.execute("SELECT state, again FROM print_run ORDER BY id").fetchall()
    assert states == [("nothing", None), ("ready", batch)]


def test_a_batch_nobody_could_name_is_no_error(town: Town, desk, jobs, owner):
    assert desk.post("/desk/letters", data={"paper": "a6", "again": "2026\x00-05"}).status_code == 303
    jobs.run()
    assert owner.execute("SELECT state, again FROM print_run").fetchall() == [("nothing", "2026-05")]


def test_a_run_that_breaks_marks_nothing_and_leaves_no_file(town: Town, desk, jobs, owner, monkeypatch):
    town.resident("anna", town.address("1"))
    desk.post("/desk/letters", data={"paper": "a6", "wants_table": "1"})
    monkeypatch.setattr(printing, "_write_table", lambda *given: 1 / 0)
    jobs.run()
    assert owner.execute("SELECT state FROM letter").fetchone() == ("requested",)
    assert owner.execute("SELECT state FROM print_run").fetchone() == ("failed",) and files(town) == []
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == (0,)


def test_a_run_that_the_database_breaks_says_what_broke(town: Town, desk, jobs, owner, caplog):
    town.resident("anna", town.address("1"))
    desk.post("/desk/letters", data={"paper": "a6"})
    owner.execute(
        "CREATE FUNCTION pg_temp.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no paper'; END $$;"
        " CREATE TRIGGER no BEFORE UPDATE ON letter FOR EACH ROW EXECUTE FUNCTION pg_temp.no()"
    )
    try:
        jobs.run()
    finally:
        owner.execute("DROP TRIGGER no ON letter")
    assert owner.execute("SELECT state FROM print_run").fetchone() == ("failed",) and files(town) == []
    assert owner.execute("SELECT state, batch FROM letter").fetchone() == ("requested", None)
    assert "RaiseException" in caplog.text and "PendingRollbackError" not in caplog.text


def test_how_far_a_run_is_is_said_with_the_first_and_each_tenth_card_and_no_more_at_the_end(
    town: Town, desk, jobs, monkeypatch
):
    for number in range(1, 13):
        town.resident(f"p{number}", town.address(str(number)))
    desk.post("/desk/letters", data={"paper": "a6"})
    config, compose, said = town.app.extensions["config"], printing.compose, []

    def composing(*given):
        said.append((print_runs.shown(config)[0].done, print_runs.shown(config)[0].of))
        return compose(*given)

    monkeypatch.setattr(printing, "compose", composing)
    jobs.run()
    assert said == [(0, 0), *[(1, 12)] * 10, (11, 12)]
    assert len(files(town)) == 1, "nothing but the cards"


def test_a_home_that_goes_while_its_card_is_printed_lets_nothing_be_half_printed(
    town: Town, tmp_path: Path, owner, overtaken
):
    """An account is erased in that very moment: the batch is made again, without it."""
    anna = town.resident("anna", town.address("1"))
    town.resident("bert", town.address("2"))
    with pytest.raises(LookupError, match="a letter without a home"):
        overtaken(
            lambda: town.print_letters(tmp_path),
            anna,
            "DELETE FROM home WHERE person_id = %s",
            holds="SELECT 1 FROM letter WHERE person_id = %s FOR UPDATE",
        )
    assert list(tmp_path.iterdir()) == []
    assert owner.execute("SELECT state, cardinality(code_hashes) FROM letter").fetchall() == [("requested", 0)] * 2
    assert list(town.print_letters(tmp_path).cards) == ["Bert Kowalczyk"]


def test_files_that_nobody_fetches_are_taken_away_after_seven_days(town: Town, desk, jobs, owner):
    town.resident("anna", town.address("1"))
    desk.post("/desk/letters", data={"paper": "a6"})
    jobs.run()
    (file,) = files(town)
    config = town.app.extensions["config"]
    for age, left in ((timedelta(days=6), 1), (timedelta(days=8), 0)):
        then = (clock.now() - age).timestamp()
        os.utime(file, (then, then))
        print_runs.tidy(config, clock.now() - print_runs.KEPT)
        assert len(files(town)) == left
    assert "abgeholt oder weggeräumt" in desk.get("/desk/letters").text


def test_for_everybody_else_there_is_no_print_queue(town: Town, client, owner, operator):
    anna = proven(town, "anna", "1")
    owner.execute("UPDATE membership SET role = 'steward' WHERE person_id = %s", [anna])
    visit(town, client, anna)
    for path in ("/desk/letters", "/desk/nothing"):
        assert client.get(path).status_code == 404
    assert client.post("/desk/letters", data={"paper": "a6"}).status_code == 404
    assert client.post("/desk/letters/abc/pdf").status_code == 404


def test_the_printing_transaction_opens_letters_to_operators_only(town: Town, raw, operator, owner):
    """Whoever says that they print sees nothing unless they run the instance, and nobody sees more outside of it."""
    anna = town.resident("anna", town.address("1"))
    bert = proven(town, "bert", "2")
    owner.execute("UPDATE membership SET role = 'steward' WHERE person_id = %s", [bert])
    seen = {}
    for name, eyes, says in (
        ("operator", operator, ""),
        ("prints", operator, "1"),
        ("steward", bert, "1"),
        ("nobody", "", "1"),
    ):
        with raw() as connection:
            connection.execute(
                "SELECT set_config('app.person', %s, true), set_config('app.prints', %s, true)", [str(eyes), says]
            )
            theirs = "SELECT (SELECT count(*) FROM letter WHERE person_id = %s), (SELECT count(*) FROM home WHERE person_id = %s)"
            seen[name] = connection.execute(theirs, [anna, anna]).fetchone()
    assert seen == {"operator": (0, 0), "prints": (1, 1), "steward": (0, 0), "nobody": (0, 0)}


def test_who_is_verified_meanwhile_gets_no_card(town: Town, owner, tmp_path: Path):
    carla = town.resident("carla", town.address("3"))
    for neighbour in (proven(town, "anna", "1"), proven(town, "bert", "2")):
        types(town, carla, invited(town, neighbour))
    assert looked_at(town, carla) == "verified" and prints(town) == 0
