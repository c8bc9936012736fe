"""Look-ups in the whole real register: the figures the gazetteer is held to, and what it must not do."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

import pytest

from neighbour.residency.gazetteer.lookup import Entry, Match, Reason, Status, resolve
from neighbour.residency.gazetteer.memory import MemoryRegister, Row

pytestmark = pytest.mark.data


def _house(match: Match) -> tuple[str, str, str, str] | None:
    entry = match.entry
    return (entry.street, entry.number, entry.suffix, entry.postcode) if entry else None


def test_real_spellings_resolve(berlin: MemoryRegister, spellings: list[dict[str, Any]]) -> None:
    right = wrong = 0
    for row in spellings:
        match = resolve(berlin, row["raw_street"], row["raw_hnr"], row["plz"])
        meant = row["str_name"], row["hnr"], row["hnr_zusatz"], row["plz"]
        right += _house(match) == meant
        wrong += match.is_found and _house(match) != meant
    assert len(spellings) == 2959
    assert right / len(spellings) >= 0.98
    assert wrong <= 2


def test_real_spellings_in_one_field(berlin: MemoryRegister, spellings: list[dict[str, Any]]) -> None:
    wrong = right = 0
    for row in spellings:
        match = resolve(berlin, f"{row['raw_street']} {row['raw_hnr']}, {row['plz']} Berlin")
        meant = row["str_name"], row["hnr"], row["hnr_zusatz"], row["plz"]
        right += _house(match) == meant
        wrong += match.is_found and _house(match) != meant
    assert right / len(spellings) >= 0.98 and wrong <= 2


def test_every_entry_has_its_quarter(berlin: MemoryRegister, berlin_rows: list[Row]) -> None:
    """All entries where anything decides but the street; a fiftieth of the others."""
    by_street = defaultdict(set)
    for row in berlin_rows:
        by_street[row[1], row[4]].add(row[6])
    dice = random.Random(7)
    asked = [row for row in berlin_rows if len(by_street[row[1], row[4]]) > 1 or dice.random() < 0.02]
    wrong = [
        row for row in asked
        if (match := resolve(berlin, row[1], row[2] + row[3], row[4])).entry is None or match.entry.quarter_id != row[6]
    ]  # fmt: skip
    assert len(asked) > 20_000 and len(wrong) / len(asked) <= 0.0005, wrong[:5]


def test_sides_of_a_street_lie_in_different_quarters(berlin: MemoryRegister, berlin_rows: list[Row]) -> None:
    sides: dict[tuple[str, str], dict[int, set[Any]]] = defaultdict(lambda: defaultdict(set))
    for row in berlin_rows:
        if row[2]:
            sides[row[1], row[4]][int(row[2]) % 2].add(row[6])
    split = {where for where, found in sides.items() if len(found) == 2 and not found[0] & found[1]}
    assert len(split) > 100
    for row in berlin_rows:
        if (row[1], row[4]) in split:
            match = resolve(berlin, row[1].replace("straße", "str."), row[2] + row[3].lower(), row[4], suggest=False)
            assert match.entry is not None and match.entry.quarter_id == row[6], row


def test_the_suffix_decides(berlin: MemoryRegister, berlin_rows: list[Row]) -> None:
    houses = defaultdict(list)
    for row in berlin_rows:
        houses[row[1], row[2], row[4]].append(row)
    torn = [rows for rows in houses.values() if len({row[6] for row in rows}) > 1]
    assert len(torn) > 50
    for row in (row for rows in torn for row in rows):
        for typed in (row[2] + row[3].lower(), f"{row[2]} {row[3]}", f"{row[2]}-{row[3]}" if row[3] else row[2]):
            match = resolve(berlin, row[1], typed, row[4])
            assert match.entry is not None and match.entry.quarter_id == row[6], (row, typed)


def test_the_two_schlossstrassen(berlin: MemoryRegister) -> None:
    """Two quarters are called so, and three streets: without a postcode the question is asked back."""
    match = resolve(berlin, "Schloßstr.", "1")
    assert match.status is Status.AMBIGUOUS
    assert {one.postcode for one in match.suggestions} == {"12163", "13467", "14059"}
    by_code = {code: resolve(berlin, "Schlossstrasse", "1", code).entry for code in ("12163", "14059")}
    assert len({entry.quarter_id for entry in by_code.values() if entry}) == 2
    steglitz = resolve(berlin, "Schloßstr.", "34", "12163").entry
    charlottenburg = resolve(berlin, "Schloßstr.", "30", "14059").entry
    assert steglitz and steglitz.quarter_id == 6100102
    assert charlottenburg and charlottenburg.quarter_id == 4300414


def test_a_number_that_is_not_there_is_never_the_neighbours(berlin: MemoryRegister, berlin_rows: list[Row]) -> None:
    there = defaultdict(set)
    for row in berlin_rows:
        there[row[1], row[4]].add((row[2], row[3]))
    dice = random.Random(11)
    for street, code in dice.sample(sorted(there), 1500):
        number = str(dice.randrange(1, 400))
        suffix = dice.choice(["", "", "A", "Z"])
        if (number, suffix) in there[street, code]:
            continue
        match = resolve(berlin, street, number + suffix, code)
        assert not match.is_found, (street, code, number, suffix, match)
        assert match.reason in (Reason.NUMBER, Reason.SUFFIX, Reason.SEVERAL)


class Without:
    """The register as if one street were missing from it."""

    def __init__(self, whole: MemoryRegister, name: str):
        self.whole, self.name = whole, name

    def __getattr__(self, attribute: str) -> Any:
        ask = getattr(self.whole, attribute)
        if attribute == "houses":
            return ask
        return lambda text: [street for street in ask(text) if street.name != self.name]


def test_a_street_that_is_not_there_is_never_its_neighbour_in_spelling(
    berlin: MemoryRegister, berlin_rows: list[Row]
) -> None:
    rows = random.Random(5).sample(berlin_rows, 4000)
    found = Counter()
    for row in rows:
        lacking = Without(berlin, row[1])
        found["with postcode"] += resolve(lacking, row[1], row[2] + row[3], row[4], suggest=False).is_found
        found["without"] += resolve(lacking, row[1], row[2] + row[3], suggest=False).is_found
    assert found["with postcode"] == 0
    assert found["without"] <= 2  # Marienwerder Weg and Marienwerderweg are one name by every rule of spelling


SMALL = [
    ("Kettfadenstraße", "15", "", "04873", 1), ("Kettfadenstraße", "17", "", "04873", 1),
    ("Kettfadenstraße", "17", "I", "04873", 2), ("Kettfadenstraße", "64", "", "04873", 1),
    ("Große Bleiche", "3", "", "04873", 1), ("Große Bleiche", "4", "", "04873", 2), ("Große Bleiche", "76", "", "04873", 2),
    ("Müllergasse", "1", "a", "04873", 1), ("Müllergasse", "1", "b", "04873", 1), ("Müllergasse", "8", "c", "04873", 1),
    ("Rosa-Luxemburg-Straße", "2", "", "04873", 1), ("Rosa-Luxemburg-Straße", "2", "", "04874", 3),
    ("Marktplatz", "", "", "04873", 1), ("Mühlhof", "12-14", "", "04873", 1), ("Straße 10", "5", "", "04873", 1),
    ("Karlstraße", "5", "", "04873", 1), ("Carlstraße", "5", "", "04873", 2), ("Ahornweg", "5", "1/2", "04873", 2),
]  # fmt: skip


@pytest.fixture(scope="module")
def small() -> MemoryRegister:
    return MemoryRegister(
        (number, street, house, suffix, code, "Altenbrück", quarter)
        for number, (street, house, suffix, code, quarter) in enumerate(SMALL, 1)
    )


FOUND = [
    # street, number, postcode → status, entry
    (("Kettfadenstraße", "17", "04873"), Status.EXACT, ("Kettfadenstraße", "17", "")),
    (("Kettfadenstraße", "17", ""), Status.EXACT, ("Kettfadenstraße", "17", "")),
    (("kettfadenstr", "17i", "04873"), Status.CORRECTED, ("Kettfadenstraße", "17", "I")),
    (("Kettfadenstr. 17", "", ""), Status.CORRECTED, ("Kettfadenstraße", "17", "")),
    (("Kettfadenstraße 17", "17", "04873"), Status.CORRECTED, ("Kettfadenstraße", "17", "")),
    (("Gr. Bleiche", "3", "04873"), Status.CORRECTED, ("Große Bleiche", "3", "")),
    (("Große Bleiche", "76 II", "04873"), Status.CORRECTED, ("Große Bleiche", "76", "")),
    (("Mullergasse", "1a", "04873"), Status.CORRECTED, ("Müllergasse", "1", "a")),
    (("Muellergasse", "8 c", ""), Status.CORRECTED, ("Müllergasse", "8", "c")),
    (("Müllergasse", "1a-b", "04873"), Status.CORRECTED, ("Müllergasse", "1", "a")),
    (("R.-Luxemb.-Str.", "2", "04874"), Status.CORRECTED, ("Rosa-Luxemburg-Straße", "2", "")),
    (("Marktplatz", "", ""), Status.EXACT, ("Marktplatz", "", "")),
    (("Marktpl.", "", "04873"), Status.CORRECTED, ("Marktplatz", "", "")),
    (("Mühlhof", "12-14", ""), Status.EXACT, ("Mühlhof", "12-14", "")),
    (("Straße 10", "5", ""), Status.EXACT, ("Straße 10", "5", "")),
    (("Straße 10 5", "", ""), Status.EXACT, ("Straße 10", "5", "")),
    (("Carlstr.", "5", ""), Status.CORRECTED, ("Carlstraße", "5", "")),
    (("Kettfadenstraße (Altbau)", "17", ""), Status.CORRECTED, ("Kettfadenstraße", "17", "")),
    (("Kettfadenstraße, Altenbrück", "15", "04873"), Status.CORRECTED, ("Kettfadenstraße", "15", "")),
    (("Ahornweg", "5½", ""), Status.EXACT, ("Ahornweg", "5", "1/2")),
]  # fmt: skip

ASKED_BACK = [
    (("Kettfadenstraße", "171", "04873"), Status.UNKNOWN, Reason.NUMBER),
    (("Kettfadenstraße", "17b", "04873"), Status.UNKNOWN, Reason.SUFFIX),
    (("Kettfadenstraße", "17 III", "04873"), Status.UNKNOWN, Reason.SUFFIX),  # here roman suffixes are houses
    (("Kettfadenstraße", "", "04873"), Status.UNKNOWN, Reason.NO_NUMBER),
    (("Kettfadenstraße", "siebzehn", "04873"), Status.UNKNOWN, Reason.UNREADABLE),
    (("Kettfadenstraße", "17", "04999"), Status.UNKNOWN, Reason.POSTCODE),
    (("Ketfadenstraße", "17", "04999"), Status.UNKNOWN, Reason.POSTCODE),
    (("Kettfadengasse", "17", "04873"), Status.UNKNOWN, Reason.STREET),
    (("Müllergasse", "1", "04873"), Status.AMBIGUOUS, Reason.SEVERAL),
    (("Müllergasse", "8", "04873"), Status.UNKNOWN, Reason.SUFFIX),
    (("Mullergasse", "8c", ""), Status.UNKNOWN, Reason.STREET),  # no postcode speaks for it
    (("Rosa-Luxemburg-Straße", "2", ""), Status.AMBIGUOUS, Reason.SEVERAL),
    (("Große Bleiche", "3,4", "04873"), Status.AMBIGUOUS, Reason.SEVERAL),  # two sides, two quarters
    (("Mühlhof", "3", ""), Status.UNKNOWN, Reason.NUMBER),  # its one entry is no number
    (("", "17", ""), Status.UNKNOWN, Reason.STREET),
    (("Xyzzy", "17", "04873"), Status.UNKNOWN, Reason.STREET),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "status", "house"), FOUND)
def test_found(small: MemoryRegister, typed: tuple[str, ...], status: Status, house: tuple[str, ...]) -> None:
    match = resolve(small, *typed)
    assert match.entry is not None, match
    assert (match.status, (match.entry.street, match.entry.number, match.entry.suffix)) == (status, house)


@pytest.mark.parametrize(("typed", "status", "reason"), ASKED_BACK)
def test_asked_back(small: MemoryRegister, typed: tuple[str, ...], status: Status, reason: Reason) -> None:
    match = resolve(small, *typed)
    assert (match.entry, match.status, match.reason) == (None, status, reason)


def _lines(entries: tuple[Entry, ...]) -> list[str]:
    return [one.house for one in entries]


def test_beyond_the_end_of_the_street(small: MemoryRegister) -> None:
    match = resolve(small, "Kettfadenstraße", "171", "04873")
    assert (match.street, match.highest) == ("Kettfadenstraße", "64")
    assert "17" not in _lines(match.suggestions)[:1] and match.suggestions


def test_a_lacking_suffix_offers_the_houses_of_that_number(small: MemoryRegister) -> None:
    assert _lines(resolve(small, "Kettfadenstraße", "17b", "04873").suggestions) == ["17", "17 I"]


def test_misspelled_names_are_offered_with_their_house(small: MemoryRegister) -> None:
    for typed in ("Kettfadnestraße", "Kettfadenstaße", "Kettfandenstr.", "Ketfadenstr"):
        match = resolve(small, typed, "17", "")
        assert [one.line for one in match.suggestions] == ["Kettfadenstraße 17, 04873 Altenbrück"], typed


def test_a_range_whose_first_house_is_not_there_offers_its_others_first(small: MemoryRegister) -> None:
    match = resolve(small, "Kettfadenstraße", "60-64", "04873")
    assert (match.entry, match.reason, _lines(match.suggestions)[0]) == (None, Reason.NUMBER, "64")
    nearest = resolve(small, "Kettfadenstraße", "18-64", "04873")
    assert _lines(nearest.suggestions)[:2] == ["64", "17"], "what was written comes before what is near"


def test_two_squares_of_one_name_are_asked_about() -> None:
    squares = MemoryRegister(
        (number, "Marktplatz", "", "", code, "Altenbrück", number) for number, code in ((1, "04873"), (2, "04874"))
    )
    match = resolve(squares, "Marktplatz")
    assert (match.entry, match.status, match.reason) == (None, Status.AMBIGUOUS, Reason.SEVERAL)
    assert [one.postcode for one in match.suggestions] == ["04873", "04874"]
    here = resolve(squares, "Marktplatz", "", "04874").entry
    assert here is not None and here.quarter_id == 2
