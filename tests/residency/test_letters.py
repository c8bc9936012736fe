"""Letters: who may ask, what is printed when, what a code does, and how to be left alone."""

from __future__ import annotations

import contextlib
import csv
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from neighbour.core import clock, limits, roles
from neighbour.core.db import as_owner, atomic, db
from neighbour.notices.models import Subscription
from neighbour.policy import Level
from neighbour.quarters.models import QuarterStat
from neighbour.residency import letters, printing
from neighbour.residency.letters import Answer, NoLetter, Outcome, Reason
from neighbour.residency.models import Letter, LetterRefusal, Proof
from tests.residency import racing
from tests.residency.helpers import Town

DAY = 86_400
pytestmark = pytest.mark.usefixtures("frozen_clock")


def redeem(town: Town, person: int, code: str) -> Answer:
    with town.as_person(person):
        return letters.redeem(person, code)


def reason(town: Town, person: int) -> Reason | None:
    with town.as_person(person):
        return letters.status(person).why_not


def wrong(code: str) -> str:
    """Another code of the same shape."""
    return ("Z" if code[0] != "Z" else "Y") + code[1:]


def test_from_request_to_verified(town: Town, tmp_path: Path):
    person = town.resident("anna", town.address())
    assert town.seat(person).level == Level.UNPROVEN
    printed = town.print_letters(tmp_path)
    assert (printed.done.letters, printed.done.waiting) == (1, 0)
    code, _refusal = printed.cards["Anna Kowalczyk"]
    text = PdfReader(printed.done.file).pages[0].extract_text()
    assert code in text and "Kettfadenstraße 17" in text and "04873 Altenbrück" in text
    assert redeem(town, person, code.lower().replace("-", " ")).outcome is Outcome.PROVEN
    assert town.seat(person).level == Level.VERIFIED
    with town.app.app_context(), as_owner():
        proof = db.session.scalars(select(Proof)).one()
        assert (proof.method, proof.level, proof.expires_at) == (
            "postcard",
            "verified",
            clock.now() + timedelta(days=730),
        )
        subscription = db.session.scalars(select(Subscription).where(Subscription.list == "digest")).one()
        assert (subscription.quarter_id, subscription.is_on) == (town.quarters["weber"], True)
        stat = db.session.get(QuarterStat, town.quarters["weber"])
        assert (stat.members, stat.households_on_board, stat.readers) == (1, 1, 1)


def test_nothing_of_the_code_is_in_the_database(town: Town, tmp_path: Path, owner):
    person = town.resident("anna", town.address())
    code, refusal = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    row = str(owner.execute("SELECT row_to_json(letter)::text FROM letter").fetchone())
    for secret in (code, code.replace("-", ""), refusal, refusal.replace("-", "")):
        assert secret not in row and secret.encode().hex() not in row
    assert redeem(town, person, code).outcome is Outcome.PROVEN


def test_try_six_is_dead_even_with_the_right_code(town: Town, tmp_path: Path):
    person = town.resident("anna", town.address())
    code, _ = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    answers = [redeem(town, person, wrong(code)) for _ in range(5)]
    assert [answer.tries_left for answer in answers] == [4, 3, 2, 1, 0]
    assert answers[-1].outcome is Outcome.DEAD
    assert redeem(town, person, code).outcome is Outcome.DEAD
    assert town.seat(person).level == Level.UNPROVEN


def test_the_fifth_try_still_counts_when_it_is_right(town: Town, tmp_path: Path):
    person = town.resident("anna", town.address())
    code, _ = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    for _ in range(4):
        redeem(town, person, wrong(code))
    assert redeem(town, person, code).outcome is Outcome.PROVEN


def test_what_cannot_be_a_code_costs_nothing(town: Town, tmp_path: Path):
    person = town.resident("anna", town.address())
    code, _ = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    for typed in ("", "hello", "ABCD-EFG", "x" * 5_000):
        assert redeem(town, person, typed).outcome is Outcome.UNREADABLE
    assert redeem(town, person, code).outcome is Outcome.PROVEN


def test_a_code_lives_thirty_days(town: Town, tmp_path: Path, frozen_clock):
    one, two = (town.resident(name, town.address(number)) for name, number in (("anna", "1"), ("bela", "2")))
    cards = town.print_letters(tmp_path).cards
    frozen_clock.tick(30 * DAY - 1)
    assert redeem(town, one, cards["Anna Kowalczyk"][0]).outcome is Outcome.PROVEN
    frozen_clock.tick(1)
    assert redeem(town, two, cards["Bela Kowalczyk"][0]).outcome is Outcome.EXPIRED
    assert reason(town, two) is None  # and another card may be asked for
    with town.as_person(two):
        letters.request(two)


def test_a_code_works_for_its_own_account_and_house_only(town: Town, tmp_path: Path):
    anna = town.resident("anna", town.address("1"))
    bela = town.resident("bela", town.address("2"))
    cards = town.print_letters(tmp_path).cards
    assert redeem(town, bela, cards["Anna Kowalczyk"][0]).outcome is Outcome.WRONG
    town.settle(anna, town.address("3"), "Anna Kowalczyk")
    assert redeem(town, anna, cards["Anna Kowalczyk"][0]).outcome is Outcome.NO_LETTER
    assert town.seat(anna).level == Level.UNPROVEN


def test_a_used_code_says_nothing_to_whoever_has_moved_meanwhile(town: Town, tmp_path: Path):
    one, other = town.address("1"), town.address("2")
    anna = town.resident("anna", one)
    code, _ = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    assert [redeem(town, anna, code).outcome for _ in range(2)] == [Outcome.PROVEN, Outcome.USED]
    town.settle(anna, other, "Anna Kowalczyk")
    town.settle(anna, one, "Anna Kowalczyk")
    assert town.seat(anna).level == Level.UNPROVEN
    assert redeem(town, anna, code).outcome is Outcome.NO_LETTER


def test_the_code_opens_no_session(town: Town, tmp_path: Path, visitor, owner):
    """Whoever fished the card out of the letterbox has a code and no account."""
    person = town.resident("anna", town.address())
    code, _ = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    finder = visitor()
    assert finder.get(f"/code/{code}").status_code == 200, "the address on the card shows how to go on"
    assert "/signin" in finder.post("/code", data={"code": code}).location
    assert finder.get("/me").status_code == finder.get("/waiting").status_code == 303
    assert town.seat(person).level == Level.UNPROVEN
    assert redeem(town, person, code).outcome is Outcome.PROVEN
    assert owner.execute("SELECT count(*) FROM login_session").fetchone() == (0,)


@pytest.mark.parametrize("repeat", [0, *(pytest.param(number, marks=pytest.mark.thorough) for number in range(1, 30))])
@pytest.mark.parametrize("people", [200])
def test_parallel_redemptions_of_one_code_are_one(town: Town, tmp_path: Path, people: int, repeat: int):
    person = town.resident("anna", town.address())
    code, _ = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    with ThreadPoolExecutor(12) as pool:
        outcomes = [answer.outcome for answer in pool.map(lambda _: redeem(town, person, code), range(people))]
    assert outcomes.count(Outcome.PROVEN) == 1
    assert set(outcomes) == {Outcome.PROVEN, Outcome.USED}
    with town.app.app_context(), as_owner():
        assert len(db.session.scalars(select(Proof)).all()) == 1


@pytest.mark.parametrize("act", ["redeem", "request"])
def test_the_membership_is_taken_before_the_letter_as_by_whoever_moves(
    town: Town, tmp_path: Path, owner, database, act: str
):
    """While somebody holds the membership – a move, a grading – an answer or a wish waits without holding letter or home: the
    other order is a deadlock."""
    person = town.resident("anna", town.address())
    code, _ = town.print_letters(tmp_path).cards["Anna Kowalczyk"]

    def acts() -> None:
        with town.as_person(person):
            if act == "redeem":
                letters.redeem(person, code)
            else:
                with contextlib.suppress(NoLetter):
                    letters.request(person)

    with roles.connect(database.owner_url) as mover, ThreadPoolExecutor(1) as pool:
        mover.execute(racing.OF_PERSON, [person])
        done = pool.submit(acts)
        racing.until_somebody_waits(owner, mover)
        for table in ("letter", "home"):
            free = mover.execute(f"SELECT 1 FROM {table} WHERE person_id = %s FOR UPDATE NOWAIT", [person])
            assert free.fetchall(), f"there is a {table} that nobody holds"
        mover.rollback()
        done.result(10)


def test_parallel_guesses_get_five_tries_together(town: Town, tmp_path: Path):
    person = town.resident("anna", town.address())
    code, _ = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    with ThreadPoolExecutor(8) as pool:
        outcomes = [answer.outcome for answer in pool.map(lambda _: redeem(town, person, wrong(code)), range(40))]
    assert outcomes.count(Outcome.WRONG) == 4
    assert set(outcomes) == {Outcome.WRONG, Outcome.DEAD}


def test_tries_are_counted_for_the_house_over_all_accounts(town: Town, tmp_path: Path, frozen_clock):
    """Fifth letter to the same house: the tries of the ones before have used up the house's twenty. Whoever has the card is
    told; to a wrong code the answer is that of any house, because it would tell of the others."""
    house = town.address()
    for name in ("anna", "bela", "cem", "dora", "emil"):
        person = town.resident(name, house)
        code, _ = town.print_letters(tmp_path).cards[f"{name.title()} Kowalczyk"]
        if name == "emil":
            assert [redeem(town, person, code).outcome for _ in range(6)] == [Outcome.HOUSE_LOCKED] * 6
            assert town.seat(person).level == Level.UNPROVEN
        assert [redeem(town, person, wrong(code)).tries_left for _ in range(5)] == [4, 3, 2, 1, 0]
        with (
            town.app.app_context(),
            as_owner(),
            atomic(),
        ):  # as if 30 days had passed for the letters, not for the tries
            db.session.execute(Letter.__table__.update().values(printed_at=clock.now() - timedelta(days=31)))


def test_the_limit_of_a_house_cannot_be_taken_by_another_of_its_name(app):
    limits.register("code_address", letters.TRIES_OF_HOUSE)  # the application made a second time
    with pytest.raises(ValueError, match="code_address"):
        limits.register("code_address", limits.Rate(1_000_000, 1))
    assert limits.RATES["code_address"] == letters.TRIES_OF_HOUSE


def test_the_operator_hears_of_houses_for_which_many_cards_wait(town: Town, tmp_path: Path):
    one, other = town.address("1"), town.address("2")
    for number in range(4):
        town.resident(f"bot{number}", one, f"Bot Nummer{number}")
    for name in ("anna", "bela"):
        town.resident(name, other)
    done = town.print_letters(tmp_path).done
    assert (done.letters, done.waiting, done.crowded) == (2, 4, 1)
    with town.app.app_context(), as_owner():
        (accounts,) = printing.crowded()
    assert len(accounts) == 3 and all("bot" in email for email in accounts)


def test_deleting_accounts_makes_no_room_for_more_letters(town: Town, tmp_path: Path, owner):
    house = town.address()
    anna = town.resident("anna", house)
    town.print_letters(tmp_path)
    owner.execute("DELETE FROM person WHERE id = %s", [anna])
    town.resident("bela", house)
    with pytest.raises(printing.NothingToPrint, match="no letter is due, waiting: 1"):
        town.print_letters(tmp_path)


def test_an_answered_letter_lets_the_next_neighbour_have_theirs(town: Town, tmp_path: Path):
    house = town.address()
    anna, bela = town.resident("anna", house), town.resident("bela", house)
    code, _ = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    with pytest.raises(printing.NothingToPrint):
        town.print_letters(tmp_path)
    assert redeem(town, anna, code).outcome is Outcome.PROVEN
    code, _ = town.print_letters(tmp_path).cards["Bela Kowalczyk"]
    assert redeem(town, bela, code).outcome is Outcome.PROVEN


def test_three_letters_per_account_and_year(town: Town, tmp_path: Path, frozen_clock):
    person = town.person("anna")
    for number in ("1", "2", "3"):
        town.settle(person, town.address(number))
        with town.as_person(person):
            letters.request(person)
        town.print_letters(tmp_path)
    town.settle(person, town.address("4"))
    with town.as_person(person), pytest.raises(NoLetter) as refused:
        letters.request(person)
    assert refused.value.reason is Reason.TOO_MANY
    assert refused.value.again_at == clock.now() + timedelta(days=365)
    frozen_clock.tick(365 * DAY + 1)
    with town.as_person(person):
        letters.request(person)


def test_fifty_letters_a_day_for_the_instance(town: Town, tmp_path: Path, frozen_clock, monkeypatch):
    config = town.app.extensions["config"]
    assert config.letters_per_day == 50
    monkeypatch.setitem(town.app.extensions, "config", replace(config, letters_per_day=5))
    for number in range(7):
        town.resident(f"p{number}", town.address(str(number)))
    first = town.print_letters(tmp_path).done
    assert (first.letters, first.waiting) == (5, 2)
    with pytest.raises(printing.NothingToPrint, match="today's 5 letters are printed"):
        town.print_letters(tmp_path)
    frozen_clock.tick(14 * 3600)  # past midnight in Berlin
    assert town.print_letters(tmp_path).done.letters == 2


def test_one_letter_at_a_time_however_often_one_clicks(town: Town):
    person = town.person("anna")
    town.settle(person, town.address())

    def click(_: int) -> str:
        with town.as_person(person):
            try:
                letters.request(person)
            except NoLetter as no:
                return no.reason.value
            return "asked"

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(click, range(24)))
    assert sorted(set(said)) == ["asked", "under_way"] and said.count("asked") == 1


def test_who_has_no_home_or_is_proven_gets_no_letter(town: Town, tmp_path: Path):
    person = town.person("anna")
    assert reason(town, person) is Reason.NO_HOME
    other = town.resident("bela", town.address())
    assert reason(town, other) is Reason.UNDER_WAY
    redeem(town, other, town.print_letters(tmp_path).cards["Bela Kowalczyk"][0])
    assert reason(town, other) is Reason.PROVEN


def test_accounts_that_are_not_in_order_get_no_letter(town: Town, tmp_path: Path, owner):
    people = [town.resident(name, town.address(name)) for name in ("anna", "bela", "cem")]
    owner.execute("UPDATE person SET status = 'suspended' WHERE id = %s", [people[0]])
    owner.execute("UPDATE person SET confirmed_at = NULL WHERE id = %s", [people[1]])
    assert list(town.print_letters(tmp_path).cards) == ["Cem Kowalczyk"]


# -- never again ------------------------------------------------------------------------------------------------


def refuse(town: Town, code: str, *, whole_house: bool) -> bool:
    from neighbour.core import scope

    with town.app.app_context(), scope.use(scope.PUBLIC):
        return letters.refuse(code, whole_house=whole_house)


def is_printed(town: Town, folder: Path) -> bool:
    """Whether any letter that waits is."""
    try:
        return bool(town.print_letters(folder).cards)
    except printing.NothingToPrint:
        return False


def test_a_refused_house_gets_no_letter_ever_after_all_accounts_are_gone(
    town: Town, tmp_path: Path, owner, frozen_clock
):
    house = town.address()
    town.resident("anna", house)
    refusal = town.print_letters(tmp_path).cards["Anna Kowalczyk"][1]
    owner.execute("DELETE FROM person")
    assert refuse(town, refusal, whole_house=True)
    frozen_clock.tick(400 * DAY)
    bela = town.person("bela")
    town.settle(bela, house, "Bela Bartók")
    with town.as_person(bela):
        letters.request(bela)
    frozen_clock.tick(40 * DAY)
    assert not is_printed(town, tmp_path)


def test_a_refused_name_is_refused_however_it_is_spelled_in_this_house_only(
    town: Town, tmp_path: Path, owner, frozen_clock
):
    house, next_door = town.address("17"), town.address("18")
    town.resident("anna", house, "Dr. Anna Müller-Kowalczyk")
    assert refuse(town, town.print_letters(tmp_path).cards["Dr. Anna Müller-Kowalczyk"][1], whole_house=False)
    refused = ("A. Kowalczyk", "KOWALCZYK, Anna", "Familie Mueller", "Müller", "Anna Kowalczyk")
    for number, name in enumerate(refused):
        frozen_clock.tick(40 * DAY)
        person = town.resident(f"p{number}", house, name)
        assert not is_printed(town, tmp_path), name
        town.settle(person, next_door, name)
        with town.as_person(person):
            letters.request(person)
        assert is_printed(town, tmp_path), name
    frozen_clock.tick(40 * DAY)
    neighbour = town.person("other")
    town.settle(neighbour, house, "Anna Schulz", care_of="Kowalczyk")
    with town.as_person(neighbour):
        letters.request(neighbour)
    assert not is_printed(town, tmp_path)
    frozen_clock.tick(40 * DAY)  # that one has had the house's turn
    town.resident("schulz", house, "Anna Schulz")
    assert is_printed(town, tmp_path)


def test_letters_that_wait_for_a_refused_house_are_not_printed(town: Town, tmp_path: Path, frozen_clock):
    house = town.address()
    for name in ("anna", "bela", "cem"):
        town.resident(name, house)
    assert refuse(town, town.print_letters(tmp_path).cards["Anna Kowalczyk"][1], whole_house=True)
    for left in (1, 0):
        frozen_clock.tick(40 * DAY)
        with pytest.raises(printing.NothingToPrint, match="want no letters"):
            town.print_letters(tmp_path)
        with town.app.app_context(), as_owner():
            assert printing.waiting() == left
    with pytest.raises(printing.NothingToPrint, match="no letter is waiting"):
        town.print_letters(tmp_path)


def test_one_neighbour_cannot_shut_the_letterboxes_of_a_house_where_others_live(town: Town, tmp_path: Path):
    house = town.address()
    anna = town.resident("anna", house, "Anna Kowalczyk")
    assert redeem(town, anna, town.print_letters(tmp_path).cards["Anna Kowalczyk"][0]).outcome is Outcome.PROVEN
    town.resident("bela", house, "Bela Bartók")
    assert refuse(town, town.print_letters(tmp_path).cards["Bela Bartók"][1], whole_house=True)
    cem = town.person("cem")
    town.settle(cem, house, "Cem Yıldız")
    assert reason(town, cem) is None


def test_a_refused_code_is_dead_and_a_made_up_refusal_is_unknown(town: Town, tmp_path: Path, owner):
    person = town.resident("anna", town.address())
    code, refusal = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    for made_up in ("", "ABCD", wrong(refusal), code):
        assert not refuse(town, made_up, whole_house=True)
    assert owner.execute("SELECT count(*) FROM letter_refusal").fetchone() == (0,)
    assert refuse(town, refusal.lower(), whole_house=False)
    assert redeem(town, person, code).outcome is Outcome.WRONG


def test_who_asks_for_a_card_never_learns_that_somebody_there_refused_it(
    town: Town, tmp_path: Path, frozen_clock, client, owner
):
    """Somebody orders a card to her name at the house where he thinks she lives, and another one where nobody of the name
    is: whatever she does about hers, both look the same for ever, whether she refused before or after."""
    houses = town.address("1"), town.address("2")
    ids = [town.resident(f"ex{number}", house, "Anna Kowalczyk") for number, house in enumerate(houses)]
    first = [pages_of(town, client, person, owner) for person in ids]
    assert first[0] == first[1]
    _done, cards = printing_by_house(town, tmp_path, owner)
    assert refuse(town, cards[ids[0]], whole_house=True)
    for days in (0, 10, 15, 31, 40):
        frozen_clock.tick(days * DAY)
        owner.execute("SELECT forget_letter_codes(%s)", [clock.now()])  # as every night
        one, other = (pages_of(town, client, person, owner) for person in ids)
        assert one == other, days
        one, other = (redeem(town, person, "0000-0000") for person in ids)
        assert one == other, days
    for number, house in enumerate(houses):  # another account, after she said never again
        town.resident(f"again{number}", house, "Anna Kowalczyk")
    for days in (0, 31):
        frozen_clock.tick(days * DAY)
        one, other = (pages_of(town, client, town_person(owner, f"again{number}"), owner) for number in (0, 1))
        assert one == other, days
        if not days:
            frozen_clock.tick(40 * DAY)
            assert len(town.print_letters(tmp_path).cards) == 1
            for day in (0, 16):
                frozen_clock.tick(day * DAY)
                one, other = (pages_of(town, client, town_person(owner, f"again{number}"), owner) for number in (0, 1))
                assert one == other and "ordered" in one[-1], day


def pages_of(town: Town, client, person: int, owner) -> list[str]:
    """What the site says to somebody about their card: the page that waits for it, the one that lists who opened the
    address, and what the archive takes of both tables."""
    import re

    from neighbour.core import personal
    from tests.factories import sign_in

    with town.app.app_context():
        sign_in(client, type("P", (), {"id": person}))
        own = r'csrf_token"[^>]*value="[^"]*"|content="[^"]*"|avatar--\d|\S+@\S+|(?i:ex|again)\d'
        said = [re.sub(own, "", client.get(path).text) for path in ("/waiting", "/settings/address")]
        for table in ("letter", "address_access"):
            columns = ", ".join(personal.register()[table].out)
            said.append(
                str(owner.execute(f"SELECT {columns} FROM {table} WHERE person_id = {person} ORDER BY id").fetchall())
            )
        assert not {"state", "tries"} & set(personal.register()["letter"].out)
        status = letters_status(town, person)
    return [*said, str(status)]


def letters_status(town: Town, person: int) -> tuple[object, ...]:
    with town.as_person(person):
        found = letters.status(person)
        return found.state, found.can_request, found.why_not, found.again_at


def printing_by_house(town: Town, folder: Path, owner) -> tuple[object, dict[int, str]]:
    """Print both cards; person → refusal code of theirs (both bear one name, so by the order they are printed in)."""
    wish = printing.Wish(out=folder / "both.pdf", csv=folder / "both.csv")
    with town.app.app_context(), as_owner():
        done = printing.print_due(town.app.extensions["config"], wish)
    with (folder / "both.csv").open(newline="") as table:
        refusals = [row["refusal_code"] for row in csv.DictReader(table)]
    people = [row[0] for row in owner.execute("SELECT person_id FROM letter WHERE printed_at IS NOT NULL ORDER BY id")]
    return done, dict(zip(people, refusals, strict=True))


def town_person(owner, name: str) -> int:
    return owner.execute("SELECT id FROM person WHERE email = %s", [f"{name}@example.org"]).fetchone()[0]


def test_the_refusal_list_knows_neither_names_nor_streets(town: Town, tmp_path: Path, owner):
    town.resident("anna", town.address())
    refuse(town, town.print_letters(tmp_path).cards["Anna Kowalczyk"][1], whole_house=True)
    with town.app.app_context(), as_owner():
        rows = db.session.scalars(select(LetterRefusal.target_hash)).all()
    assert len(rows) == 2 and all(len(row) == 32 for row in rows)


# -- batches ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "day", "last_day"), [(-1, "2026-05-12", "2026-06-11"), (0, "2026-05-13", "2026-06-12")]
)
def test_a_batch_and_the_last_day_of_its_codes_are_days_of_the_city(
    town: Town, tmp_path: Path, minutes: int, day: str, last_day: str
):
    town.resident("anna", town.address())
    midnight_in_berlin = datetime(2026, 5, 12, 22, 0, tzinfo=UTC)
    with clock.freeze(midnight_in_berlin + timedelta(minutes=minutes)):
        assert town.print_letters(tmp_path).done.batch == f"{day}-1"
    (table,) = tmp_path.glob("*.csv")
    with table.open(newline="") as rows:
        assert [row["valid_until"] for row in csv.DictReader(rows)] == [last_day]


def test_the_tenth_batch_of_a_day_is_listed_before_the_ninth(town: Town, tmp_path: Path, frozen_clock):
    for number in range(10):
        town.resident(f"p{number}", town.address(str(number)))
        town.print_letters(tmp_path)
        frozen_clock.tick(60)
    with town.app.app_context(), as_owner():
        listed = [line.batch for line in printing.batches()]
    assert listed == [f"2026-05-12-{number}" for number in range(10, 0, -1)]


def test_printing_again_adds_codes_and_keeps_the_first(town: Town, tmp_path: Path):
    anna, bela = town.resident("anna", town.address("1")), town.resident("bela", town.address("2"))
    first = town.print_letters(tmp_path)
    second = town.print_letters(tmp_path, again=first.done.batch)
    assert second.done.letters == 2
    assert redeem(town, anna, first.cards["Anna Kowalczyk"][0]).outcome is Outcome.PROVEN
    assert redeem(town, bela, second.cards["Bela Kowalczyk"][0]).outcome is Outcome.PROVEN


def test_a_letter_is_printed_three_times_at_most(town: Town, tmp_path: Path):
    town.resident("anna", town.address())
    batch = town.print_letters(tmp_path).done.batch
    town.print_letters(tmp_path, again=batch)
    town.print_letters(tmp_path, again=batch)
    with pytest.raises(printing.NothingToPrint):
        town.print_letters(tmp_path, again=batch)


def test_nothing_is_marked_and_no_file_is_left_when_printing_fails(town: Town, tmp_path: Path, owner, monkeypatch):
    for number in ("1", "2", "3"):
        town.resident(f"p{number}", town.address(number))
    real, count = printing.compose, iter(range(99))

    def jam(slip, config):
        if next(count) == 2:
            raise OSError("paper jam")
        return real(slip, config)

    monkeypatch.setattr(printing, "compose", jam)
    with pytest.raises(OSError, match="paper jam"):
        town.print_letters(tmp_path)
    assert list(tmp_path.iterdir()) == []
    states = owner.execute("SELECT DISTINCT state, cardinality(code_hashes), printed_at FROM letter").fetchall()
    assert states == [("requested", 0, None)]


def test_no_file_is_left_when_the_marks_cannot_be_saved(town: Town, tmp_path: Path, owner):
    town.resident("anna", town.address())
    owner.execute(
        "CREATE FUNCTION no_ink() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no ink'; END $$;"
        "CREATE CONSTRAINT TRIGGER no_ink AFTER UPDATE ON letter DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no_ink()"
    )
    try:
        with pytest.raises(Exception, match="no ink"):
            town.print_letters(tmp_path)
    finally:
        owner.execute("DROP TRIGGER no_ink ON letter; DROP FUNCTION no_ink()")
    assert list(tmp_path.iterdir()) == []
    assert owner.execute("SELECT state FROM letter").fetchall() == [("requested",)]


def test_a_named_file_is_never_overwritten(town: Town, tmp_path: Path, app):
    town.resident("anna", town.address())
    taken = tmp_path / "taken.pdf"
    taken.write_text("the letters of yesterday")
    with app.app_context(), as_owner(), pytest.raises(FileExistsError):
        printing.print_due(app.extensions["config"], printing.Wish(out=taken))
    assert taken.read_text() == "the letters of yesterday"


def test_two_operators_printing_at_once_print_every_letter_once(town: Town, tmp_path: Path, app):
    for number in range(12):
        town.resident(f"p{number}", town.address(str(number)))

    def go(name: str) -> int:
        with app.app_context(), as_owner():
            try:
                return printing.print_due(app.extensions["config"], printing.Wish(out=tmp_path / name)).letters
            except printing.NothingToPrint:
                return 0

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, ["one.pdf", "two.pdf"])) == [0, 12]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "A;=1+1;B", "A\t=1+1", 'A";=1+1;"B', "A|=1+1"])
def test_cells_that_a_spreadsheet_would_run_are_text(town: Town, tmp_path: Path, name: str):
    town.resident("anna", town.address(), name)
    town.print_letters(tmp_path)
    table = next(tmp_path.glob("*.csv")).read_text()
    for delimiter in ",;\t|":
        cells = [cell for row in csv.reader(table.splitlines(), delimiter=delimiter) for cell in row]
        assert not [cell for cell in cells if cell.lstrip(' "').startswith(("=", "+", "-", "@"))], delimiter


def test_a_letter_is_for_the_house_the_person_still_says_is_theirs(town: Town, tmp_path: Path):
    person = town.resident("anna", town.address("1"))
    town.settle(person, town.address("2"))
    with pytest.raises(printing.NothingToPrint, match="no letter is waiting"):
        town.print_letters(tmp_path)


def test_every_opening_of_an_address_is_written_down(town: Town, tmp_path: Path, owner):
    person = town.resident("anna", town.address())
    batch = town.print_letters(tmp_path).done.batch
    rows = owner.execute("SELECT person_id, by_person_id, purpose FROM address_access").fetchall()
    assert rows == [(person, None, f"letter {batch}")]


def test_whoever_orders_anew_under_another_name_comes_after_those_who_had_none(
    town: Town, tmp_path: Path, frozen_clock
):
    house = town.address("5")
    first = town.resident("weg", house, "Wilma Wegwerf")
    assert set(town.print_letters(tmp_path).cards) == {"Wilma Wegwerf"}
    frozen_clock.tick(22 * 86_400)
    town.settle(first, house, "Otto Anders")
    with town.as_person(first):
        letters.request(first)
    town.resident("vera", house, "Vera Vogt")
    frozen_clock.tick(9 * 86_400)
    assert set(town.print_letters(tmp_path).cards) == {"Vera Vogt"}


def test_after_three_weeks_the_page_says_what_is_quicker(town: Town, browser, frozen_clock):
    vera = town.resident("vera", town.address("5"))
    assert "nicht warten willst" not in browser(vera).get("/waiting").text
    frozen_clock.tick(22 * 86_400)
    assert "nicht warten willst" in browser(vera).get("/waiting").text
