"""Streets and house numbers as people write them: spellings made up for this test, none of them from a data file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neighbour.residency.gazetteer.nearness import distance, grams
from neighbour.residency.gazetteer.spelling import House, loose_key, read_house, readings, street_key, tidy

SAME_STREET = {
    "Kettfadenstraße": [
        "Kettfadenstr.", "kettfadenstrasse", "KETTFADENSTRASSE", "KETTFADENSTRAẞE", "Kettfaden Straße",
        "Kettfaden-Str.", "Kettfadenstr", " Kettfadenstraße ", "Kettfaden\u00adstraße", "Kettfadenstraße.",
    ],
    "Färberplatz": ["Faerberplatz", "Färberpl.", "färberpl", "FÄRBERPLATZ", "Fa\u0308rberplatz", "Färber Platz"],
    "Karl-Marx-Straße": ["Karl Marx Str.", "KarlMarxStr", "Karl–Marx–Straße", "karl-marx strasse", "Karl\u2011Marx\u2011Str."],
    "Straße des 17. Juni": ["Str. des 17. Juni", "Strasse des 17.Juni", "straße des 17 juni", "STR DES 17 JUNI"],
    "Sankt-Georg-Straße": ["St. Georg-Str.", "St.-Georg-Straße", "St Georg Strasse", "Sankt Georg Str"],
    "Dr.-Ilse-Kassel-Platz": ["Dr. Ilse Kassel Platz", "Doktor-Ilse-Kassel-Pl.", "dr ilse kassel platz"],
    "Van't-Hoff-Straße": ["Van’t-Hoff-Str.", "Vant Hoff Strasse", "van`t hoff straße"],
    "Allée St. Exupéry": ["Allee St. Exupery", "Allee Sankt Exupéry"],
    "Ødegårdsvej": ["Oedegardsvej"],
    "Großbeerenstraße": ["Grossbeerenstr.", "GROSSBEERENSTRASSE", "Großbeeren Str"],
    "Amselweg": ["Amselwg.", "amsel weg", "Amsel-Weg"],
}  # fmt: skip

HOUSES = {
    ("5", ""): ["5", " 5 ", "05", "Nr. 5", "Nr 5", "No. 5", "Hausnr. 5", "Hausnummer 5", "# 5", "5.", "5,", "Nº 5", "５"],
    ("5", "A"): ["5a", "5A", "5 a", "5 A", "5-a", "5/a", "5.a", "5a.", "Nr. 5a", "5 a Hinterhaus", "5a, 2. OG", "5\u00a0a"],
    ("12", ""): [
        "12-14", "12 - 14", "12–14", "12/14", "12 / 14", "12,14", "12+14", "12 & 14", "12 und 14", "12 u. 14", "12 bis 14",
        "12/13/14", "12-12a", "12 HH", "12 Hinterhaus", "12, Hinterhaus", "12 VH", "12 Vorderhaus links", "12 Aufgang B",
        "12 Aufg. 2", "12 Eingang C", "12 SF", "12 QG", "12 GH", "12 Gartenhaus", "12 Seitenflügel rechts", "12 EG",
        "12, 3. OG", "12 3. Stock", "12 Whg. 7", "12, Wohnung 7", "12/3", "12 (Hof)", "12 c/o Meyer", "12, c/o Meyer",
        "12 Haus 3", "12 Hof", "12 DG", "12 Apartment 4", "112-4"[1:],
    ],
    ("9", "A"): ["9A-C", "9 a - c", "9a/b", "9a,b", "9a u. b", "9a+9b", "9A-9C"],
    ("76", "II"): ["76 II", "76/II", "76 ii"],
    ("17", "I"): ["17 I", "17I", "17/I"],
    ("5", "1/2"): ["5 1/2", "5½", "5 ½"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "typed"), [(name, one) for name, all_ in SAME_STREET.items() for one in all_])
def test_the_same_street(name: str, typed: str) -> None:
    assert street_key(typed) == street_key(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Jahnstraße", "Jähnstraße"), ("Straße 10", "Straße 100"), ("Am Ufer", "Ufer"), ("Hauptstraße", "Hauptweg"),
     ("Straße A", "Straße B"), ("Alte Post", "Altepoststraße"), ("Platz", "Straße")],
)  # fmt: skip
def test_another_street(one: str, other: str) -> None:
    assert street_key(one) != street_key(other)


@pytest.mark.parametrize(("house", "typed"), [(house, one) for house, all_ in HOUSES.items() for one in all_])
def test_the_same_house(house: tuple[str, str], typed: str) -> None:
    read = read_house(typed)
    assert read is not None and (read.number, read.suffix) == house


@pytest.mark.parametrize("typed", ["", "a", "Hinterhaus", "12 foo", "12345", "0", "zwölf", "12 ab", "-", "½", "5 §"])
def test_what_cannot_be_read_stays_unread(typed: str) -> None:
    assert read_house(typed) is None


def test_ranges_name_their_other_houses() -> None:
    assert read_house("12-14") == House("12", "", (("14", ""),), is_plain=False)
    assert read_house("9A-C") == House("9", "A", (("9", "B"), ("9", "C")), is_plain=False)
    assert read_house("31,32") == House("31", "", (("32", ""),), is_plain=False)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("Kettfadenstr. 17a", ("Kettfadenstr.", "17a", "")),
        ("Kettfadenstraße 17 a, 04873 Altenbrück", ("Kettfadenstraße", "17 a", "04873")),
        ("Kettfadenstr. Nr. 17", ("Kettfadenstr.", "17", "")),
        ("Platz des 18. März 5", ("Platz des 18. März", "5", "")),
        ("17 Kettfadenstraße", ("Kettfadenstraße", "17", "")),
        ("Straße 10 5", ("Straße 10", "5", "")),
        ("Kettfadenstraße17", ("Kettfadenstraße", "17", "")),
        ("Hauptstraße 5, D-10115 Berlin", ("Hauptstraße", "5", "10115")),
    ],
)
def test_street_and_number_in_one_field(typed: str, wanted: tuple[str, str, str]) -> None:
    assert wanted in [(way.street, way.number, way.postcode) for way in readings(typed)]


def test_a_postcode_behind_the_number_is_read_as_one_and_does_not_overrule_its_own_field() -> None:
    (way,) = readings("Kettfadenstraße", "17, 04873 Altenbrück")
    assert (way.street, way.number, way.postcode) == ("Kettfadenstraße", "17", "04873")
    (way,) = readings("Kettfadenstraße", "17, 04873 Altenbrück", "04874")
    assert (way.number, way.postcode) == ("17", "04874")


def test_figures_alone_are_no_street() -> None:
    """``17 5`` is not a street called 17."""
    assert [(way.street, way.number) for way in readings("17 5")] == [("17 5", "")]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_nothing_typed_breaks_anything(typed: str) -> None:
    assert street_key(street_key(typed)) == street_key(typed)
    assert tidy(tidy(typed)) == tidy(typed)
    loose_key(typed)
    read_house(typed)
    assert readings(typed, typed, typed)


@settings(max_examples=100, deadline=None)
@given(st.text("abcst", max_size=8), st.text("abcst", max_size=8), st.integers(0, 4))
def test_distance_is_that_of_the_textbook(one: str, other: str, most: int) -> None:
    full = [[max(i, j) if not i or not j else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            full[i][j] = min(full[i - 1][j] + 1, full[i][j - 1] + 1, full[i - 1][j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                full[i][j] = min(full[i][j], full[i - 2][j - 2] + 1)
    assert distance(one, other, most) == min(full[-1][-1], most + 1)


def test_grams_mark_the_ends_and_leave_the_ending_out() -> None:
    assert grams("jahnstrasse") == sorted({"^j", "ja", "ah", "hn", "n$"})
