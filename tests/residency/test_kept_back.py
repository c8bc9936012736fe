"""Letters to whoever wants none look printed, to the day and to the line, and are in no file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from neighbour.core import scope
from neighbour.core.db import as_owner
from neighbour.policy import Level
from neighbour.residency import grading, letters, print_runs, printing
from tests.residency.helpers import Town

pytestmark = pytest.mark.usefixtures("frozen_clock")
DAY = 86_400
HERS = "7"


def say_never_again(town: Town, folder: Path, house: int, *, whole_house: bool = True) -> None:
    """Somebody ordered a card to this house, and whoever got it refuses all further ones."""
    town.resident("early", house, "Anna Kowalczyk")
    refusal = town.print_letters(folder).cards["Anna Kowalczyk"][1]
    with town.app.app_context(), scope.use(scope.PUBLIC):
        assert letters.refuse(refusal, whole_house=whole_house)


def prints(town: Town, folder: Path) -> int:
    """The operator prints what is due; gives how many cards."""
    folder = folder / f"day-{len(list(folder.iterdir()))}"
    folder.mkdir()
    with town.app.app_context(), as_owner():
        try:
            return printing.print_due(town.app.extensions["config"], printing.Wish(folder)).letters
        except printing.NothingToPrint:
            return 0


def told(owner, person: int) -> list[tuple[object, ...]]:
    """What somebody's archive and pages say of their card: its columns there, and each opening of the address."""
    said = "SELECT requested_at, printed_at, used_at, expires_at, batch FROM letter WHERE person_id = %s ORDER BY id"
    looks = "SELECT at, purpose FROM address_access WHERE person_id = %s ORDER BY id"
    return [tuple(owner.execute(query, [person]).fetchall()) for query in (said, looks)]


@pytest.mark.parametrize("is_refused", [False, True])
def test_behind_a_backlog_each_card_comes_on_its_day_whoever_refused(
    town: Town, tmp_path: Path, owner, frozen_clock, monkeypatch, is_refused: bool
):
    """Two cards a day; hers is ordered third: the days are the same for all of them, whether she refused or not."""
    config = town.app.extensions["config"]
    monkeypatch.setitem(town.app.extensions, "config", replace(config, letters_per_day=2))
    hers = town.address(HERS)
    if is_refused:
        say_never_again(town, tmp_path, hers)
        frozen_clock.tick(40 * DAY)
    people = [town.resident(f"p{house}", town.address(house)) for house in ("1", "2")]
    people += [town.resident("ex", hers, "Anna Kowalczyk")]
    people += [town.resident(f"p{house}", town.address(house)) for house in ("3", "4", "5")]
    days = {}
    for day in range(4):
        prints(town, tmp_path)
        query = "SELECT person_id FROM letter WHERE printed_at IS NOT NULL AND person_id = ANY(%s)"
        for (person,) in owner.execute(query, [people]):
            days.setdefault(person, day)
        frozen_clock.tick(DAY)
    assert [days[person] for person in people] == [0, 0, 1, 1, 2, 2]


def test_where_nothing_else_is_due_it_has_its_turn_all_the_same(town: Town, tmp_path: Path, owner, frozen_clock):
    hers = town.address(HERS)
    say_never_again(town, tmp_path, hers)
    frozen_clock.tick(40 * DAY)
    ex = town.resident("ex", hers, "Anna Kowalczyk")
    assert prints(town, tmp_path) == 0
    (((_asked, printed_at, _used, expires_at, batch),), looks) = told(owner, ex)
    assert printed_at and expires_at == printed_at + letters.LIFE
    assert looks == ((printed_at, f"letter {batch}"),)
    with town.app.app_context(), as_owner():
        assert batch not in {line.batch for line in printing.batches()}, "the operator's list is of paper"


def test_the_desks_run_ends_with_nothing_and_keeps_it_marked(town: Town, tmp_path: Path, owner, frozen_clock, jobs):
    hers, operator = town.address(HERS), town.person("olga", is_operator=True)
    say_never_again(town, tmp_path, hers)
    frozen_clock.tick(40 * DAY)
    ex = town.resident("ex", hers, "Anna Kowalczyk")
    with town.as_person(operator):
        print_runs.ask(operator, "a6", wants_table=False)
    jobs.run()
    assert owner.execute("SELECT state, letters FROM print_run").fetchall() == [("nothing", 0)]
    letter, looks = told(owner, ex)
    assert letter[0][4] and len(looks) == 1


def test_one_that_waited_while_she_refused_is_told_like_the_others(town: Town, tmp_path: Path, owner, frozen_clock):
    """Two cards are ordered to each of two houses; with the first she refuses all. A month later both second ones "come"."""
    for house in ("1", HERS):
        address = town.address(house)
        for number in (1, 2):
            town.resident(f"ex{house}-{number}", address, f"Anna Kowalczyk-{house}")
    cards = town.print_letters(tmp_path).cards
    with town.app.app_context(), scope.use(scope.PUBLIC):
        assert letters.refuse(cards[f"Anna Kowalczyk-{HERS}"][1], whole_house=True)
    frozen_clock.tick(31 * DAY)
    assert prints(town, tmp_path) == 1
    for number in (1, 2):
        one, other = (told(owner, number_of(owner, f"ex{house}-{number}")) for house in ("1", HERS))
        assert one == other and one[0][0][1] is not None, number


def test_a_batch_printed_once_more_tells_of_it_once_more(town: Town, tmp_path: Path, owner, frozen_clock):
    hers = town.address(HERS)
    say_never_again(town, tmp_path, hers)
    frozen_clock.tick(40 * DAY)
    both = [town.resident("ex", hers, "Anna Kowalczyk"), town.resident("control", town.address("1"))]
    batch = town.print_letters(tmp_path).done.batch
    for _jam in range(2):
        again = town.print_letters(tmp_path, again=batch)
        assert list(again.cards) == ["Control Kowalczyk"]
        one, other = (told(owner, person) for person in both)
        assert one == other
    assert len(one[1]) == 3, "three prints are three looks"
    with pytest.raises(printing.NothingToPrint):
        town.print_letters(tmp_path, again=batch)
    assert told(owner, both[0]) == one
    with town.app.app_context(), as_owner():
        assert {line.batch: line.letters for line in printing.batches()}[batch] == 1


def test_a_batch_printed_once_more_leaves_out_who_asked_anew(town: Town, tmp_path: Path, owner, frozen_clock):
    hers = town.address(HERS)
    say_never_again(town, tmp_path, hers)
    frozen_clock.tick(40 * DAY)
    both = [town.resident("ex", hers, "Anna Kowalczyk"), town.resident("control", town.address("1"))]
    batch = town.print_letters(tmp_path).done.batch
    frozen_clock.tick(21 * DAY)
    for person in both:
        with town.as_person(person):
            letters.request(person)
    with pytest.raises(printing.NothingToPrint):
        town.print_letters(tmp_path, again=batch)
    one, other = (told(owner, person) for person in both)
    assert one == other and len(one[1]) == 1


def test_the_operator_reads_how_many_will_be_in_no_file(town: Town, tmp_path: Path, owner, frozen_clock):
    hers = town.address(HERS)
    say_never_again(town, tmp_path, hers)
    frozen_clock.tick(40 * DAY)
    town.resident("ex", hers, "Anna Kowalczyk")
    town.resident("control", town.address("1"))
    with town.app.app_context(), as_owner():
        queue = printing.queue(town.app.extensions["config"])
    assert (queue.today, queue.count, queue.refused) == (2, 2, 1)


def number_of(owner, name: str) -> int:
    return owner.execute("SELECT id FROM person WHERE email = %s", [f"{name}@example.org"]).fetchone()[0]


def test_who_is_verified_meanwhile_has_no_card_waiting_whoever_refused(town: Town, tmp_path: Path, owner, frozen_clock):
    both = []
    for house in ("1", HERS):
        address = town.address(house)
        town.resident(f"first{house}", address, f"Anna Kowalczyk-{house}")
        both.append(town.resident(f"ex{house}", address, f"Anna Kowalczyk-{house}"))
    cards = town.print_letters(tmp_path).cards
    with town.app.app_context(), scope.use(scope.PUBLIC):
        assert letters.refuse(cards[f"Anna Kowalczyk-{HERS}"][1], whole_house=False)
    for person in both:
        with town.as_person(person):
            grading.grant(person, "document", Level.VERIFIED, None)
            assert letters.status(person).state == ""
