"""Role × object × verb: what every kind of person gets from every page, and that what is not theirs looks like nothing."""

from __future__ import annotations

import json
import re

from sqlalchemy import text

from neighbour.core import scope
from neighbour.core.db import db
from neighbour.policy import Level, Role
from tests.attacks import headers, mapping, sweep, words
from tests.attacks.world import World
from tests.factories import viewer_of
from tests.guards import matrix, routes


def test_the_cast_has_somebody_for_every_level_and_role():
    """A new level or role needs a line in ``PEOPLE`` of tests/guards/matrix.py; all else follows from there."""
    seats = [seat for identity in matrix.PEOPLE.values() for seat in identity.seats]
    assert {seat.level for seat in seats} == set(Level)
    assert {seat.role for seat in seats} == set(Role)
    assert len(matrix.PEOPLE) >= 9


#: what neighbours may read of each other without having allowed anything
OPEN = {"shown name"}


def test_every_page_answers_every_role_as_is_written_down_and_hides_what_is_not_theirs(town: World):
    """Codes stand in tests/guards/codes.txt, what is shown of people in routes.json. Every answer has the headers all have, and
    opening a page writes nothing."""
    cells = sweep.everything(town, headers.faults)
    assert len(cells) >= 9 * len(mapping.pages(town.app))
    assert list(dict.fromkeys(problem for cell in cells for problem in cell.problems)) == []
    assert sweep.hidden(town, cells) == []
    shown = sweep.shows(cells)
    assert {key: found["others"] for key, found in shown.items() if set(found["others"]) - OPEN} == {}
    assert any("name on the bell" in found["own"] for found in shown.values()), "the canaries are seen where they are"
    kept = json.loads(routes.KEPT.read_text(encoding="utf-8"))
    assert {key: found for key, found in shown.items() if kept.get(key, {}).get("shows") != found} == {}, routes.HOW
    changed = set(sweep.as_text(cells).splitlines()) ^ set(sweep.KEPT.read_text(encoding="utf-8").splitlines())
    assert sorted(changed) == [], routes.HOW


NEW_ID = re.compile(r"[a-z2-7]{26}")  # of what the request itself has made


def test_naming_a_thing_of_somebody_else_in_a_field_is_like_naming_none(town: World):
    """Devices, answers, contributions that a form may name: another's or a hidden one, and one that is not there."""
    tried, problems = 0, []
    for page in mapping.pages(town.app):
        fields = mapping.fields(page)
        for name in (given.name for given in fields if given.name != "*" and words.word(given).holds == words.OBJECT):
            role, hidden, nothing = town.named(page, name)
            values = town.things(page)[0].values
            answers = []
            for value in (hidden, nothing):
                data = {**words.fill_in(page, fields), name: value}
                given = {"query_string": data} if page.is_safe else {"data": data}
                answers.append(town.ask(role, page, values, **given))
            seen = [
                tuple(
                    NEW_ID.sub("«id»", str(part).replace(hidden, "«id»").replace(nothing, "«id»")) for part in each.bare
                )
                for each in answers
            ]
            tried += 1
            if seen[0] != seen[1] or answers[0].written != answers[1].written:
                problems.append(f"{page.key}, {name}: {sweep.difference(*seen)}")
    assert problems == [] and tried >= 8


#: what the wall itself lets through of others: who lives in a quarter one reads, what hangs there, who used one's invitation,
#: who asks for one's offer
SEEN = {
    "another": {"ask", "membership", "contribution", "comment", "photo", "invitation_use"},
    "far": {"membership"},
    "nobody": set[str](),
}
NAMING = """
SELECT c.relname, a.attname FROM pg_constraint f
JOIN pg_class c ON c.oid = f.conrelid JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
WHERE f.contype = 'f' AND f.confrelid = 'person'::regclass AND c.relrowsecurity
"""
MAY_ASK = text(
    "SELECT has_column_privilege(CAST(:table AS text), CAST(:column AS text), 'SELECT')"
)  # to the application at all


def test_the_wall_alone_shows_nobody_a_row_about_somebody_else(town: World):
    """With no rule book before it: every row the town has, through the eyes of a neighbour, of one far away and of nobody."""
    columns = town.hands.execute(NAMING).fetchall()
    seen: dict[str, set[str]] = {role: set() for role in SEEN}
    filled = set()
    for table, column in columns:
        someone = f"SELECT 1 FROM {table} WHERE {column} <> :me LIMIT 1"
        filled |= {table} if town.hands.execute(f"SELECT 1 FROM {table} WHERE {column} > 0").rowcount else set()
        for role, through in seen.items():
            me = town.people.get(role)
            eyes = viewer_of(me, town.here if role == "another" else town.there) if me else scope.NOBODY
            with town.app.app_context(), scope.use(eyes):
                is_closed = not db.session.scalar(MAY_ASK, {"table": table, "column": column})
                if not is_closed and db.session.execute(text(someone), {"me": me.id if me else 0}).first():
                    through.add(table)
    assert len(filled) > 20, "there is something to hide"
    assert seen == SEEN
