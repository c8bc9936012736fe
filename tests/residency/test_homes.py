"""Exact homes: sealed, moved only with their person, found by hashes; places, moves, cells, borders."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from neighbour.accounts.models import Person
from neighbour.core import clock, scope
from neighbour.core.crypto import CannotOpen
from neighbour.core.db import as_owner, atomic, db
from neighbour.notices.models import Subscription
from neighbour.policy import Level
from neighbour.quarters.models import Quarter
from neighbour.residency import borders, cells, grading, homes, letters, service
from neighbour.residency.models import Address, Home, Membership
from tests.factories import make_post
from tests.residency.helpers import Town

DAY = 86_400
pytestmark = pytest.mark.usefixtures("frozen_clock")


def own(town: Town, person: int) -> homes.ExactHome | None:
    with town.as_person(person), atomic():
        return homes.open_for_owner(person)


def test_the_owner_reads_their_own_address_and_it_is_written_down(town: Town, owner):
    person = town.person("anna")
    town.settle(person, town.address("17", suffix="I"), "Anna Kowalczyk", "Schulz")
    assert own(town, person).envelope() == ("Anna Kowalczyk", "c/o Schulz", "Kettfadenstraße 17 I", "04873 Altenbrück")
    rows = owner.execute("SELECT person_id, by_person_id, purpose FROM address_access").fetchall()
    assert rows == [(person, person, "own page")]
    with town.as_person(person):
        assert [access.purpose for access in homes.accesses(person)] == ["own page"]


def test_nobody_else_opens_it(town: Town):
    anna, bela = town.person("anna"), town.person("bela")
    town.settle(anna, town.address())
    with town.as_person(bela), atomic():
        assert homes.open_for_owner(anna) is None
    with town.as_person(bela):
        assert homes.accesses(anna) == []


def test_a_sealed_home_moved_to_another_person_does_not_open(town: Town, owner):
    anna, bela = town.person("anna"), town.person("bela")
    town.settle(anna, town.address("1"))
    town.settle(bela, town.address("2"))
    swap = "UPDATE home SET sealed = other.sealed FROM home other WHERE other.person_id <> home.person_id"
    assert owner.execute(swap).rowcount == 2
    for person in (anna, bela):
        with pytest.raises(CannotOpen):
            own(town, person)


def test_equal_homes_look_different(town: Town, owner):
    house = town.address()
    for name in ("anna", "bela"):
        town.settle(town.person(name), house, "Familie Kowalczyk")
    rows = owner.execute("SELECT sealed, address_hash FROM home").fetchall()
    assert rows[0][0] != rows[1][0] and rows[0][1] == rows[1][1]
    assert b"Kettfaden" not in rows[0][0]
    assert repr(homes.ExactHome("a", "b", "c", "d", "e", "f")) == "ExactHome()"


def test_choosing_an_address_places_the_person_unproven(town: Town):
    person = town.person("anna")
    with town.as_person(person):
        quarter = service.choose_address(person, town.address(), "Anna Kowalczyk")
        place = service.place_of(person)
    assert (quarter.name, place.quarter.name, place.membership.level) == (
        "Weberviertel",
        "Weberviertel",
        Level.UNPROVEN,
    )
    assert town.seat(person).level == Level.UNPROVEN


def test_an_address_outside_every_quarter_is_no_place(town: Town, owner):
    person = town.person("anna")
    with pytest.raises(service.NoQuarter):
        town.settle(person, town.address(quarter=None))
    with pytest.raises(LookupError):
        town.settle(person, 999_999)
    assert owner.execute("SELECT count(*) FROM home").fetchone() == (0,)
    assert owner.execute("SELECT count(*) FROM membership").fetchone() == (0,)


def prove(town: Town, person: int, level: Level = Level.VERIFIED) -> None:
    with town.as_person(person):
        grading.grant(person, "postcard", level, timedelta(days=730))


def test_another_address_is_a_new_unproven_place_and_the_old_is_closed_at_once(town: Town, owner):
    person = town.person("anna")
    town.settle(person, town.address("1"))
    prove(town, person)
    town.settle(person, town.address("2", quarter="ufer"))
    seat = town.seat(person)
    assert (seat.quarter_id, seat.level) == (town.quarters["ufer"], Level.UNPROVEN)
    assert owner.execute("SELECT count(*) FROM membership WHERE ended_at IS NULL").fetchone() == (1,)
    assert owner.execute("SELECT count(*) FROM subscription").fetchone() == (0,)


def test_a_proven_neighbour_moves_once_in_180_days(town: Town, frozen_clock):
    person = town.person("anna")
    town.settle(person, town.address("1"))
    prove(town, person)
    town.settle(person, town.address("2", quarter="ufer"))
    prove(town, person)
    third = town.address("3")
    with pytest.raises(service.MovedRecently) as no:
        town.settle(person, third)
    assert no.value.again_at == clock.now() + timedelta(days=180)
    frozen_clock.tick(180 * DAY)
    town.settle(person, third)
    assert town.seat(person).quarter_id == town.quarters["weber"]


def test_who_has_proven_nothing_may_correct_the_address(town: Town):
    person = town.person("anna")
    for number in "12345":
        town.settle(person, town.address(number, quarter="ufer" if number in "24" else "weber"))
    assert town.seat(person).quarter_id == town.quarters["weber"]


def test_the_same_house_with_a_corrected_name_keeps_the_proof(town: Town, owner):
    person, house = town.person("anna"), town.address()
    town.settle(person, house, "Ana Kowalczik")
    prove(town, person)
    town.settle(person, house, "Anna Kowalczyk")
    assert town.seat(person).level == Level.VERIFIED
    assert own(town, person).recipient == "Anna Kowalczyk"


def test_households_are_counted_by_house_and_family_name(town: Town, owner):
    house = town.address()
    for name, bell in (
        ("anna", "Anna Kowalczyk"),
        ("jan", "J. Kowalczyk"),
        ("bela", "Bela Bartók"),
        ("cem", "Cem Yıldız-Öz"),
    ):
        person = town.person(name)
        town.settle(person, house, bell)
        prove(town, person)
    stat = owner.execute("SELECT households_on_board, members, readers FROM quarter_stat WHERE members > 0").fetchall()
    assert stat == [(3, 4, 4)]


def test_a_lower_proof_never_lowers_the_level(town: Town, owner):
    person = town.person("anna")
    town.settle(person, town.address())
    prove(town, person, Level.VOUCHED)
    prove(town, person, Level.VERIFIED)
    prove(town, person, Level.VOUCHED)
    assert town.seat(person).level == Level.VERIFIED
    assert owner.execute("SELECT count(*) FROM proof").fetchone() == (3,)


def test_who_left_the_digest_is_not_put_on_it_again(town: Town, owner):
    person = town.person("anna")
    town.settle(person, town.address("1"))
    prove(town, person)
    owner.execute("UPDATE subscription SET is_on = false")
    town.settle(person, town.address("2", quarter="ufer"))
    prove(town, person)
    rows = owner.execute("SELECT DISTINCT quarter_id, is_on FROM subscription").fetchall()
    assert rows == [(town.quarters["ufer"], False)]


def test_nothing_is_proven_without_an_address(town: Town):
    person = town.person("anna")
    with pytest.raises(LookupError):
        prove(town, person)


# -- the public grid ---------------------------------------------------------------------------------------------


def scattered(count: int, seed: int = 7) -> list[tuple[float, float]]:
    dice = random.Random(seed)
    return [(13.4 + dice.gauss(0, 0.012), 52.5 + dice.gauss(0, 0.008)) for _ in range(count)]


@pytest.mark.parametrize("count", [30, 31, 75, 400, 2_000])
def test_every_cell_holds_thirty_households_and_every_home_has_one(count: int):
    points = scattered(count, seed=count)
    grid = cells.divide(points)
    held = Counter(grid[cells.hexagon(point)] for point in points)
    assert min(held.values()) >= 30 and held.total() == count


def test_too_few_households_have_no_cell():
    assert cells.divide(scattered(29)) == {} and cells.divide([]) == {}


def test_cells_do_not_depend_on_the_order_of_the_register():
    points = scattered(500)
    assert cells.divide(points) == cells.divide(points[::-1])


def test_two_homes_in_one_cell_are_one_place(town: Town, owner):
    """What is stored for all eyes does not tell two houses of one cell apart."""
    points = scattered(60)
    ids = [town.address(str(number), lon=lon, lat=lat) for number, (lon, lat) in enumerate(points)]
    grid = cells.divide(points)
    for number in (0, 1, 2):
        town.settle(town.person(f"p{number}"), ids[number])
    stored = owner.execute("SELECT cell FROM home ORDER BY person_id").fetchall()
    assert stored == [(grid[cells.hexagon(points[number])],) for number in (0, 1, 2)]


def test_without_coordinates_the_public_place_is_the_quarter(town: Town, owner):
    town.settle(town.person("anna"), town.address())
    assert owner.execute("SELECT cell FROM home").fetchall() == [(None,)]


# -- borders ------------------------------------------------------------------------------------------------------


def test_homes_follow_when_borders_are_redrawn(town: Town, tmp_path: Path, owner):
    points = scattered(80)
    ids = [town.address(str(number), lon=lon, lat=lat) for number, (lon, lat) in enumerate(points)]
    people = [town.person(f"p{number}") for number in range(4)]
    for person, address in zip(people, ids, strict=False):
        town.settle(person, address)
    prove(town, people[0])
    middle = sorted(lon for lon, _ in points)[40]
    weber, ufer = town.quarters["weber"], town.quarters["ufer"]
    opened = owner.execute("SELECT count(*) FROM address_access").fetchone()
    with town.app.app_context(), as_owner():
        done = borders.re_resolve([weber, ufer], lambda lon, lat: ufer if lon >= middle else weber)
        assert done.addresses == 40 and done.outside == 0
        for person, (lon, _lat) in zip(people, points, strict=False):
            now_in = ufer if lon >= middle else weber
            for table in (Home, Membership, Subscription):
                rows = db.session.scalars(select(table.quarter_id).where(table.person_id == person)).all()
                assert set(rows) <= {now_in} and (rows or table is Subscription)
        levels = db.session.scalars(select(Membership.level).order_by(Membership.person_id)).all()
        assert levels == ["verified", "unproven", "unproven", "unproven"]
        for quarter in (weber, ufer):
            rows = db.session.execute(select(Address.lon, Address.lat).where(Address.quarter_id == quarter)).all()
            assert set(cells.divide((lon, lat) for lon, lat in rows).values()) >= set(
                db.session.scalars(select(Home.cell).where(Home.quarter_id == quarter)).all()
            )
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == opened


def test_homes_outside_every_quarter_stay_and_are_counted(town: Town, owner):
    person = town.person("anna")
    town.settle(person, town.address(lon=13.4, lat=52.5))
    weber = town.quarters["weber"]
    with town.app.app_context(), as_owner():
        done = borders.re_resolve([weber], lambda lon, lat: None)
    assert (done.addresses, done.homes, done.outside) == (1, 0, 1) and town.seat(person).quarter_id == weber
    assert owner.execute("SELECT quarter_id FROM address").fetchall() == [(None,)]  # nobody new moves in


def test_a_register_that_says_another_quarter_moves_homes_without_a_point(town: Town, owner):
    person = town.person("anna")
    town.settle(person, town.address())
    owner.execute("UPDATE address SET quarter_id = %s", [town.quarters["ufer"]])
    with town.app.app_context(), as_owner():
        done = borders.follow_register()
        assert borders.follow_register() == borders.Resolved()
    assert done.homes == 1 and town.seat(person).quarter_id == town.quarters["ufer"]


def test_whose_house_the_register_puts_elsewhere_takes_all_along_and_is_told(town: Town, owner, jobs, mailbox):
    anna = town.resident("anna", town.address("1"))
    beside = town.resident("bela", town.address("2", quarter="ufer"))
    weber, ufer = town.quarters["weber"], town.quarters["ufer"]
    owner.execute("UPDATE membership SET role = 'steward' WHERE person_id = ANY(%s)", [[anna, beside]])
    with town.app.app_context(), as_owner():
        post = make_post(db.session.get(Person, anna), db.session.get(Quarter, weber)).id
    owner.execute("INSERT INTO read_mark VALUES (%s, %s, %s, now())", [anna, weber, post])
    owner.execute("UPDATE address SET quarter_id = %s", [ufer])
    with town.app.app_context(), as_owner():
        assert borders.follow_register().homes == 1
    where = "SELECT quarter_id FROM contribution UNION ALL SELECT quarter_id FROM read_mark WHERE person_id = %s"
    assert sorted(owner.execute(where, [anna]).fetchall()) == sorted([(ufer,), (ufer,), (weber,)])
    assert (town.seat(anna).role, town.seat(beside).role) == ("resident", "steward")
    told = "SELECT subject_id, object FROM security_event WHERE kind = 'role.taken'"
    assert owner.execute(told).fetchall() == [(anna, "weber")]
    jobs.run()
    (mail,) = [each for each in mailbox.messages() if "gehört zum Quartier" in each.text]
    assert mail.recipients == ("anna@example.org",) and "Ab jetzt liest und schreibst du" in " ".join(mail.text.split())


# -- the wall ------------------------------------------------------------------------------------------------------

TABLES = ("home", "letter", "proof", "address_access", "membership")


@pytest.mark.parametrize("table", TABLES)
def test_the_application_sees_no_row_of_others(town: Town, tmp_path: Path, table: str):
    anna, bela = town.resident("anna", town.address("1")), town.resident("bela", town.address("2"))
    cards = town.print_letters(tmp_path).cards
    with town.as_person(anna):
        letters.redeem(anna, cards["Anna Kowalczyk"][0])
    for viewer in (scope.Viewer(bela), scope.PUBLIC, scope.NOBODY):
        with town.app.app_context(), scope.use(viewer):
            found = db.session.execute(text(f"SELECT person_id FROM {table}")).scalars().all()
            assert anna not in found
            changed = db.session.execute(text(f"SELECT count(*) FROM {table} WHERE person_id = {anna}")).scalar_one()
            assert changed == 0


def test_the_street_alone_is_told_to_its_owner_and_forgotten_with_a_move(town: Town, owner):
    person = town.person("anna")
    with town.as_person(person):
        assert service.street_of(person) is None
    town.settle(person, town.address("17"))
    with town.as_person(person):
        assert service.street_of(person) == "Kettfadenstraße"
    owner.execute("UPDATE person SET street_shown = 'Kettfadenstraße'")
    town.settle(person, town.address("3", street="Am Ufer"))
    assert owner.execute("SELECT street_shown FROM person").fetchone() == (None,)
