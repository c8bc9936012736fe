"""Every column of every table is declared: what it is, whose, whether it goes out, what an erasure does to it."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import CheckConstraint

from migrations.metadata import metadata
from neighbour.accounts import entering, factors, onetime
from neighbour.core import audit, personal, tokens
from neighbour.core.personal import Delete
from neighbour.mydata import retention, values, words
from neighbour.mydata.classes import CLASSES
from neighbour.notices.base import Notice
from neighbour.residency import homes
from neighbour.residency.cases import deciding as cases

HIDDEN_LINKS = {"confirm", "confirm_code", "reset"}  # which are in no archive
OF_FILES = {"letter_files", "logs", "photo_files"}  # lines of the retention table that take files away


def test_every_column_is_declared_once():
    """The messages say what to write, and where."""
    assert personal.faults(metadata) == []


def test_every_class_that_is_used_is_explained_and_every_explained_one_is_used():
    used = {entry.kind for entry in personal.personal()}
    assert used - set(CLASSES) == set(), "explain it in neighbour/mydata/classes.py: purpose, basis, recipients, period"
    assert set(CLASSES) - used == set()


def test_what_is_forgotten_belongs_to_a_class():
    assert {rule.kind for rule in retention.RULES} <= set(CLASSES)
    assert len({rule.name for rule in retention.RULES}) == len(retention.RULES)


def test_every_table_that_holds_something_of_people_says_when_it_ends():
    """By a line of the retention table, or with the reason why it stays; fingerprints and numbers of people count too."""
    assert personal.unending(metadata) == []


def test_lines_that_tables_end_by_are_there_and_every_line_is_of_some_table():
    rules = {rule.name for rule in retention.RULES}
    named = {line for entry in personal.register().values() for line in entry.ends}
    assert named - rules == set(), "no such line in neighbour/mydata/rules.py"
    assert rules - named == OF_FILES, "no table says that this line takes its rows away"


def test_whose_a_row_is_can_be_followed_to_a_person():
    for entry in personal.personal():
        assert personal.belongs_to(metadata.tables[entry.table], entry.of, 1) is not None, entry.table


def test_rows_with_a_person_are_taken_away_by_a_step():
    """What is kept says why; the rest has a step of its own."""
    from neighbour.mydata import erasing

    going = {entry.table for entry in personal.personal() if isinstance(entry.erase, Delete)}
    assert going <= set(erasing.steps())
    silent = [e.table for e in personal.personal() if hasattr(e.erase, "why") and len(e.erase.why) < 20]
    assert silent == []


def test_everything_the_archive_shows_has_words():
    """Tables, columns and every value that the database allows in a column or that the program writes there: on the page
    somebody reads of themselves no name of a program's is left."""
    out = [entry for entry in personal.personal() if entry.out or entry.opened]
    said = {name for entry in out for name in (*entry.out.values(), *(word for word, _open in entry.opened.values()))}
    assert {entry.table for entry in out} - set(words.TABLES) == set(), "name it in neighbour/mydata/words.py"
    assert said - set(words.COLUMNS) == set(), "name it in neighbour/mydata/words.py"
    allowed = [(entry.table, word, value) for entry in out for word, value in _allowed(entry)]
    allowed += [("security_event", "kind", event.value) for event in audit.Event]
    allowed += [("one_time_token", "purpose", each) for each in set(onetime_purposes()) - HIDDEN_LINKS]
    told = {"desk", "own page", "letter"} | set(homes.PURPOSES) - {*homes.DESK_PURPOSES, homes.QUIET}
    allowed += [("address_access", "purpose", each) for each in told]
    allowed += [("security_event", "object", each.partition(" ")[0]) for each in told]
    allowed += [("security_event", "object", each.value) for each in factors.Change]
    allowed += [
        (table, "reason", each) for table in ("proof_case", "case_half") for each in cases.REASONS if each != "twice"
    ]
    assert len(allowed) > 100
    silent = [each for each in allowed if each[2] not in values.words_of(each[0], each[1])]
    assert silent == [], "give it words in neighbour/mydata/values.py"


def onetime_purposes():
    """Every purpose a link or code in ``one_time_token`` is made for, as the rooms' code names it."""
    root = Path(values.__file__).parents[1]
    minted = re.compile(r"onetime\.mint\([^,]+,\s*([\w.]+|\"[\w-]+\")")
    texts = "\n".join(path.read_text(encoding="utf-8") for path in root.rglob("*.py"))
    names = {each.rpartition(".")[2] for each in minted.findall(texts)}
    known = {"UNDO": onetime.UNDO, "UNDO_FACTOR": onetime.UNDO_FACTOR, "STOP": onetime.STOP, "SIDE": onetime.SIDE}
    known |= {"SECOND": entering.SECOND}
    found = {each.strip('"') if each.startswith('"') else known.get(each, each) for each in names}
    assert len(found) >= 6, found
    return found & set(tokens.KINDS)


def test_what_a_mail_was_about_is_told_in_words_or_not_at_all():
    """Of payloads only what is named goes out, and only of notices that exist; keys of rows never do."""
    assert set(values.DETAILS) <= set(Notice.registry)
    whole = {"notice": "residency.case_refused", "payload": {"case_id": "0198", "person_id": 7}}
    assert values.details(whole) == {}
    told = {
        "notice": "accounts.new_device",
        "payload": {"device": "Firefox", "at": "2026-05-12T08:00:00+00:00", "n": 1},
    }
    assert values.details(told) == {"device": "Firefox"}


def _allowed(entry):
    """(what the archive calls the column, value) of each value that a check of the database allows."""
    for check in metadata.tables[entry.table].constraints:
        if isinstance(check, CheckConstraint) and (found := re.match(r"(\w+) IN \(([^)]*)\)", str(check.sqltext))):
            word = entry.out.get(found[1])
            yield from ((word, value) for value in re.findall(r"'([^']*)'", found[2]) if word and value)
