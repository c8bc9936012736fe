"""What the register of personal data says to whoever forgets something: each message names the line that mends it."""

from __future__ import annotations

from functools import lru_cache

import pytest
from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text

from neighbour.core import personal
from neighbour.core.personal import BadEntry, Blank, about, also, nobodys

REASON = "for good: whoever said never again has to be believed"


@pytest.fixture
def tables() -> MetaData:
    """Somebody, what they wrote, and the town's lamps."""
    found = MetaData()
    Table("person", found, Column("id", Integer, primary_key=True), Column("name", Text))
    Table("note", found, Column("id", Integer, primary_key=True), Column("author_id", ForeignKey("person.id")),
          Column("text", Text))  # fmt: skip
    Table("lamp", found, Column("id", Integer, primary_key=True), Column("glow", LargeBinary))
    return found


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A register in which nothing is declared yet; the rooms' own is loaded before, and stays as it is."""
    personal.register()
    afresh = lru_cache(maxsize=1)(personal.register.__wrapped__)
    for name, nothing in (("_entries", {}), ("_more", []), ("register", afresh)):
        monkeypatch.setattr(personal, name, nothing)


def declared() -> None:
    """All of it, as it should be."""
    about("person", of="id", kind="account", out="name", inner="id", ends="accounts")
    about("note", of="author_id", kind="contribution", out="text", inner="id author_id", ends="notes")
    nobodys("lamp", "id glow", why="the town's lamps", lasts=REASON)


def test_what_is_declared_in_full_has_no_fault(tables: MetaData):
    declared()
    assert personal.faults(tables) == [] == personal.unending(tables)
    assert [entry.table for entry in personal.personal()] == ["note", "person"]


def test_a_table_nobody_declared_is_told_with_the_line_to_write(tables: MetaData):
    about("person", of="id", kind="account", out="name", inner="id")
    of_somebody, of_nobody = sorted(personal.faults(tables), reverse=True)
    assert of_somebody == (
        "the table note is not declared: in the room's personal.py write"
        ' about("note", of="author_id", kind="…", out="…", inner="id author_id text")'
    )
    assert of_nobody == (
        "the table lamp is not declared: in the room's personal.py write"
        ' nobodys("lamp", "id glow", why="…"), or about(…) if it is about people'
    )


def test_a_column_nobody_declared_or_that_is_not_there_or_declared_twice_is_told(tables: MetaData):
    declared()
    also("person", inner="shoe_size", secret="name")
    tables.tables["lamp"].append_column(Column("seen_by", Integer))
    about("mailbox", of="person_id", kind="account")
    assert sorted(personal.faults(tables)) == [
        'lamp.seen_by is not declared: in the room\'s personal.py put seen_by into out="…" (export), inner="…" or secret="…"'
        ' of about("lamp", …)',
        "mailbox is declared but there is no such table",
        "person.name is declared twice",
        "person.shoe_size is declared but there is no such column",
    ]


def test_what_outlives_an_erasure_in_a_row_that_is_blanked_is_told(tables: MetaData):
    declared()
    personal.register()["note"].erase = Blank({})
    assert personal.faults(tables) == ['note.text outlives an erasure: give it a value in blank={"text": "…"}']
    personal.register()["note"].erase = Blank({"text": "''"})
    assert personal.faults(tables) == []


def test_what_never_ends_is_told_and_a_word_is_no_reason(tables: MetaData):
    about("person", of="id", kind="account", out="name", inner="id", lasts="because")
    about("note", of="author_id", kind="contribution", out="text", inner="id author_id", ends="notes")
    nobodys("lamp", "id glow", why="the town's lamps")
    nobodys("moon", "id", why="not in this town: nothing to end")
    assert personal.unending(tables) == [
        f'{name} never ends: give it ends="a line of mydata/rules.py", or lasts="why it stays"'
        for name in ("lamp", "person")
    ], "fingerprints count as what is about people"


@pytest.mark.parametrize("again", [lambda: about("note", of="id", kind="x"), lambda: nobodys("note", "id", why="")])
def test_no_table_is_declared_twice(again):
    declared()
    with pytest.raises(BadEntry, match="note is declared twice"):
        again()
    assert personal.register()["note"].out == {"text": "text"}, "the first one counts"


def test_further_columns_and_rules_join_those_of_the_room_that_declared_the_table():
    about("person", of="id", kind="account", out="name", erase=Blank({"name": "''"}, REASON), told="confirmed")
    also("person", out="alias:other_name", inner="step", blank={"alias": "NULL"}, told="NOT hidden")
    entry = personal.register()["person"]
    assert entry.out == {"name": "name", "alias": "other_name"} and entry.inner == {"step"}
    assert entry.erase == Blank({"name": "''", "alias": "NULL"}, REASON)
    assert entry.told == "(confirmed) AND (NOT hidden)", "all rooms have to agree"


def test_no_two_rooms_say_how_a_column_is_shown():
    about("note", of="author_id", kind="contribution", out="text", shown={"text": "left(text, 9)"})
    also("note", shown={"text": "upper(text)"})
    with pytest.raises(BadEntry, match="two rooms say how note shows text"):
        personal.register()


def test_a_value_for_a_row_that_goes_altogether_is_a_mistake():
    about("note", of="author_id", kind="contribution", out="text")
    also("note", blank={"text": "''"})
    with pytest.raises(BadEntry, match="rows of note are not blanked"):
        personal.register()
