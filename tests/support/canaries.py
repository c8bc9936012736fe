"""A row in every table that the register of personal data knows, with a canary of one person in every column that can hold
one. Built from the tables themselves: a new table is planted without a line here, unless it is an odd one."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

import migrations.metadata
from neighbour.core import crypto, personal, scope
from neighbour.core.db import atomic
from neighbour.core.personal import Entry
from neighbour.residency import homes
from neighbour.residency.cases import documents
from tests.factories import make_comment, make_person, make_post

TABLES = migrations.metadata.metadata.tables
WORD = "KANARIENVOGEL"
NOW = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)


def canary(tag: str, table: str, column: str) -> str:
    """What stands in this column of this person's row."""
    return f"{WORD}-{tag}-{table}-{column}"


class Planted:
    """A person (``tag``) of whom every table says something. ``words``: (table, column) → the canary that was planted."""

    def __init__(self, owner: psycopg.Connection[Any], quarter: Any, tag: str):
        self.owner, self.tag, self.quarter = owner, tag, quarter
        self.words: dict[tuple[str, str], str] = {}
        self.rows: set[str] = set()  # tables in which a row of this person is planted
        self.person = make_person(quarter, first_name="", last_name="", display_name="")
        self.post = make_post(self.person, quarter)
        self.comment = make_comment(self.person, quarter, self.post)
        self.known: dict[str, Any] = {
            "person": self.person.id, "quarter": quarter.id, "contribution": self.post.id, "comment": self.comment.id, "poll": self.post.id,
        }  # fmt: skip
        for table in migrations.metadata.metadata.sorted_tables:
            entry = personal.register()[table.name]
            if entry.is_personal and table.name not in SEPARATE:
                self._plant(entry, table)
            if table.name == "home":  # before anybody looks at a case: another home begins every look anew
                self._seal_home()
        self._seal()

    def texts(self) -> dict[tuple[str, str], str]:
        """Canaries in columns that go out, as the archive should say them."""
        outgoing = {(entry.table, name) for entry in personal.personal() for name in entry.out}
        return {place: word for place, word in self.words.items() if place in outgoing}

    def _plant(self, entry: Entry, table: Table) -> None:
        values = {column.name: self._value(table, column) for column in table.columns if not _is_made_by_itself(column)}
        values |= ODD.get(table.name, {})
        for column in table.columns:
            if values.get(column.name, 0) is None and column.foreign_keys and not column.nullable:
                values[column.name] = self._parent(next(iter(column.foreign_keys)).column.table)
        self.rows.add(table.name)
        if table.name in ("person", "contribution", "comment", "post", "membership", "activity"):
            own = {"person": self.person.id, "comment": self.comment.id}.get(table.name, self.post.id)
            where = "person_id" if table.name in ("membership", "activity") else "id"
            own = self.person.id if where == "person_id" else own
            kept = {name: value for name, value in values.items() if name in _speaking(table, entry)}
            for name in values.keys() - kept.keys():
                self.words.pop((table.name, name), None)
            if kept:
                self._update(table.name, kept, where, own)
            self._remember_key(table, where, own)
            return
        self._insert(table, values)

    def _parent(self, table: Table) -> Any:
        """A row of a table that is nobody's, on which rows of people hang (a flyer, an incident); says nothing of anybody."""
        values = {c.name: self._value(table, c) for c in table.columns if not _is_made_by_itself(c)}
        for name, value in values.items():
            said = self.words.pop((table.name, name), None)
            if said is not None or isinstance(value, bytes):
                values[name] = uuid.uuid4().hex if said is not None else uuid.uuid4().bytes
        self._insert(table, values)
        return self.known[table.name]

    def _insert(self, table: Table, values: dict[str, Any]) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, values))
        marks = sql.SQL(", ").join([sql.Placeholder()] * len(values))
        back = sql.SQL(" RETURNING id") if "id" in table.columns else sql.SQL("")
        made = self.owner.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING{}").format(
                sql.Identifier(table.name), names, marks, back
            ),
            list(values.values()),
        )
        if "id" in table.columns and (row := made.fetchone()):
            self.known[table.name] = row[0]

    def _update(self, table: str, values: dict[str, Any], where: str, key: Any) -> None:
        sets = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values)
        statement = sql.SQL("UPDATE {} SET {} WHERE {} = %s").format(sql.Identifier(table), sets, sql.Identifier(where))
        self.owner.execute(statement, [*values.values(), key])

    def _remember_key(self, table: Table, where: str, key: Any) -> None:
        if where == "person_id" and "id" in table.columns:
            statement = sql.SQL("SELECT id FROM {} WHERE person_id = %s").format(sql.Identifier(table.name))
            row = self.owner.execute(statement, [key]).fetchone()
            self.known[table.name] = row[0] if row else None

    def _value(self, table: Table, column: Column[Any]) -> Any:
        for key in column.foreign_keys:
            return self.known.get(key.column.table.name)
        if column.name.endswith("person_id") or column.name in ("subject_id", "actor_id"):
            return self.person.id
        if choices := _choices(table, column):
            return choices[0]
        return self._made_up(table, column)

    def _made_up(self, table: Table, column: Column[Any]) -> Any:
        word = canary(self.tag, table.name, column.name)
        kind = column.type
        if isinstance(kind, ARRAY):
            return [word.encode() if isinstance(kind.item_type, LargeBinary) else word]
        if isinstance(kind, Text):
            self.words[table.name, column.name] = word
            return word
        if isinstance(kind, JSONB):
            self.words[table.name, column.name] = word
            return Jsonb({"word": word})
        if isinstance(kind, LargeBinary):
            return word.encode()
        for types, value in MADE_UP:
            if isinstance(kind, types):
                return value() if callable(value) else value
        raise TypeError(f"{table.name}.{column.name}: say here what to plant in {kind!r}")

    def _seal_home(self) -> None:
        """The exact home, sealed as the product does."""
        exact = {"recipient": canary(self.tag, "home", "recipient"), "care_of": "", "street": canary(self.tag, "home", "street"),
                 "number": "7", "postcode": "04873", "town": "Altenbrück"}  # fmt: skip
        sealed = homes.seal(json.dumps(exact).encode(), homes._belongs_to(self.person.id))
        self._update("home", {"sealed": sealed}, "person_id", self.person.id)
        self.words |= {("home", "recipient"): exact["recipient"], ("home", "street"): exact["street"]}

    def _seal(self) -> None:
        """A home of before, a missing address and a page, sealed likewise."""
        before = canary(self.tag, "home_before", "recipient")
        exact = {"recipient": before, "care_of": "", "street": "", "number": "", "postcode": "", "town": ""}
        sealed = homes.seal(json.dumps(exact).encode(), homes._belongs_to(self.person.id))
        self._update("home_before", {"sealed": sealed}, "person_id", self.person.id)
        self.words["home_before", "recipient"] = before
        missing = canary(self.tag, "missing_address", "text")
        with scope.use(scope.Viewer(self.person.id)), atomic():
            homes.report_missing(self.person.id, missing)
        self.words["missing_address", "text"] = missing
        page, case_id = canary(self.tag, "case_page", "page"), self.known["proof_case"]
        salt = self.owner.execute("SELECT salt FROM case_key WHERE case_id = %s", [case_id]).fetchone()
        sealed = crypto.seal_under(bytes(salt[0]), page.encode(), documents._belongs_to(case_id, 1))
        self._update("case_page", {"sealed": sealed}, "case_id", case_id)
        self.words["case_page", "page"] = page


#: made elsewhere: the erasure itself, and the archive that is being built
SEPARATE = {"erasure", "data_export"}
MADE_UP: tuple[tuple[Any, Any], ...] = (
    ((Uuid,), uuid.uuid4),
    ((TSVECTOR,), "'w':1"),
    ((DateTime,), NOW),
    ((Date,), date(2026, 5, 12)),
    ((Boolean,), True),
    ((Double,), 1.0),
    ((SmallInteger, Integer, BigInteger), 1),
)
#: values that have to fit something; ended_at and the like would take the row out of use
ODD: dict[str, dict[str, Any]] = {
    "membership": {},
    "letter": {"state": "used"},
    "mute": {"contribution_id": None, "author_id": None},  # a row says one thing
    "event": {"more_on": []},
    "delivery": {"state": "sent"},
    "email_change": {"undone_at": None},  # of what was taken back one mailbox is somebody else's
    "case_half": {"voided_at": None},
    "dispute": {"state": "new"},  # while one goes on the account is closed
    "factor_aside": {"sealed": None, "code_hash": None},  # a row is one factor
    "login_session": {"expires_at": datetime(2099, 1, 1, tzinfo=UTC), "ends_at": datetime(2099, 1, 1, tzinfo=UTC)},
}


def _speaking(table: Table, entry: Entry) -> list[str]:
    """Columns of a row that is there already which may be overwritten: texts that say something."""
    free = [name for name in (*entry.out, *entry.secret) if isinstance(table.columns[name].type, Text)]
    return [
        name
        for name in free
        if not _choices(table, table.columns[name]) and name not in ("kind", "category", "language")
    ]


def _choices(table: Table, column: Column[Any]) -> list[str]:
    """The values a CHECK allows, if there is one."""
    for rule in table.constraints:
        if isinstance(rule, CheckConstraint) and (
            found := re.fullmatch(rf"{column.name} IN \((.*)\)", str(rule.sqltext))
        ):
            return [word.strip(" '") for word in found[1].split(",")]
    return []


def _is_made_by_itself(column: Column[Any]) -> bool:
    return column.identity is not None
