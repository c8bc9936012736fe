"""The words in which every room declares what it keeps about people: one register of all columns.

Each room has a file ``personal.py`` beside its models, found by itself. It names every column of every table once:

    about("thanks", of="person_id", kind="contribution", out="contribution_id created_at", inner="person_id")
    nobodys("quarter", "id key name …", why="the city's map")
    also("person", out="alias", blank={"alias": "''"})          # columns, or a rule, that another room adds to a table

``of``      whose row it is: a column with the person's number, or the way there over foreign keys
            (``contribution_id.author_id``: the author of what ``contribution_id`` points at)
``kind``    the class of data (``mydata/classes.py`` has purpose, legal basis, recipients and period of each)
``out``     columns that go into the person's export, perhaps renamed (``email:e_mail``)
``inner``   columns that say nothing about a person by themselves: keys, counters, states
``secret``  what must never leave the server: fingerprints of passwords, codes and tokens
``opened``  sealed columns, each with the function that opens it for its owner: ``{"sealed": ("address", own_home)}``
``ends``    the lines of the retention table (``mydata/rules.py``) that take its rows away when they are old
``lasts``   or why they stay as long as the account, or as what they hang on
``shown``   what goes out in a column's place, in SQL: where the program keeps more apart than the person is told
``told``    a condition in SQL for rows that go out now (``:now``): others are told later, here as on the person's own pages
``office``  a column, or the way there, that marks rows which are only kept by the person, for an initiative or for whoever
            runs the instance: they go out, and no erasure takes them or what hangs on them along
``erase``   what becomes of the row when the person goes: ``DELETE`` (the default), ``Blank``, ``Texts``, ``Calls``,
            ``WithParent`` or ``Keep`` with the reason

A column without an entry fails the build (tests/guards/test_personal.py), which says what to write. Export, erasure,
retention, privacy notice and processing record read this register and nothing else. Knows no room and no Flask.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, MetaData, Table, and_, false, func, select

#: gives what a sealed column holds, for the eyes of its owner: something JSON can say, or None
Opens = Callable[[int], Any]
#: a file that belongs to a person: where it lies, what is in it, or how that is read
File = Path | bytes | Callable[[], bytes]
#: gives these files, each with its name in the export
Files = Callable[[int], Iterable[tuple[str, File]]]


@dataclass(frozen=True)
class Delete:
    """The row goes."""


@dataclass(frozen=True)
class Blank:
    """The row stays, these columns (name → SQL) lose what they said."""

    values: Mapping[str, str]
    why: str = ""


@dataclass(frozen=True)
class Texts:
    """Something somebody wrote: they choose whether it goes or stays as a former neighbour's.

    hide: columns that make it invisible at once, back: what undoes this for whoever comes back. Rows on which others'
    words hang (``stays``: a condition in SQL, ``:me`` is the person) keep their place, emptied by ``blank``; ``returns``:
    whether the empty row is shown again, because those words are read below it. ``shown``: the condition under which
    others can see a row; what nobody sees goes in any case. ``first``: what has to be done for a person's rows before they are
    hidden.
    """

    hide: Mapping[str, str]
    back: Mapping[str, str]
    blank: Mapping[str, str]
    stays: str
    shown: str
    returns: bool = False
    first: Callable[[int], object] | None = None


@dataclass(frozen=True)
class Calls:
    """A function of the database does it, because the wall lets nobody else: the statement, and what it does."""

    statement: str
    why: str


@dataclass(frozen=True)
class WithParent:
    """The row is a part of another one and goes with it."""


@dataclass(frozen=True)
class Keep:
    """The row stays as it is."""

    why: str


Erasing = Delete | Blank | Texts | Calls | WithParent | Keep
DELETE = Delete()
WITH_PARENT = WithParent()
NOBODY = ""
SHORTEST_REASON = 20
SHAPES = ("geometry",)


@dataclass
class Entry:
    """What is declared about one table."""

    table: str
    kind: str
    of: str
    out: dict[str, str] = field(default_factory=dict)
    inner: set[str] = field(default_factory=set)
    secret: set[str] = field(default_factory=set)
    opened: dict[str, tuple[str, Opens]] = field(default_factory=dict)
    erase: Erasing = DELETE
    order: str = ""
    why: str = ""
    ends: tuple[str, ...] = ()
    lasts: str = ""
    told: str = ""
    shown: dict[str, str] = field(default_factory=dict)
    office: str = ""

    @property
    def is_personal(self) -> bool:
        return self.of != NOBODY

    def columns(self) -> list[str]:
        """Every column that is named, as often as it is."""
        return [*self.out, *self.inner, *self.secret, *self.opened]


_entries: dict[str, Entry] = {}
_more: list[tuple[str, dict[str, Any]]] = []
_files: list[Files] = []


class BadEntry(ValueError):
    """An entry contradicts another one."""


def about(
    table: str,
    *,
    of: str,
    kind: str,
    out: str = "",
    inner: str = "",
    secret: str = "",
    opened: Mapping[str, tuple[str, Opens]] | None = None,
    erase: Erasing = DELETE,
    order: str = "",
    ends: str = "",
    lasts: str = "",
    told: str = "",
    shown: Mapping[str, str] | None = None,
    office: str = "",
) -> None:
    """Declare a table with rows about people; see the module. order: the column an export is sorted by."""
    if table in _entries:
        raise BadEntry(f"{table} is declared twice; add columns with also({table!r}, …)")
    entry = Entry(
        table, kind, of, _named(out), set(inner.split()), set(secret.split()), dict(opened or {}), erase, order
    )
    entry.ends, entry.lasts, entry.told = tuple(ends.split()), lasts, told
    entry.shown, entry.office = dict(shown or {}), office
    _entries[table] = entry


def also(
    table: str,
    *,
    out: str = "",
    inner: str = "",
    secret: str = "",
    blank: Mapping[str, str] | None = None,
    told: str = "",
    shown: Mapping[str, str] | None = None,
) -> None:
    """Declare further columns of a table that another room has declared; ``blank`` for tables that are blanked, ``told`` for
    rows of which only the room knows when they go out (all rooms have to agree), ``shown`` for what stands there then."""
    more = {"out": out, "inner": inner, "secret": secret, "blank": dict(blank or {}), "told": told}
    _more.append((table, {**more, "shown": dict(shown or {})}))


def nobodys(table: str, columns: str, *, why: str, ends: str = "", lasts: str = "") -> None:
    """Declare a table in which nothing is about anybody, column by column, and why that is so. One that holds fingerprints, or
    numbers of people, says like all others when it ends."""
    if table in _entries:
        raise BadEntry(f"{table} is declared twice")
    _entries[table] = Entry(
        table, "technical", NOBODY, inner=set(columns.split()), why=why, ends=tuple(ends.split()), lasts=lasts
    )


def files_of(give: Files) -> None:
    """Tell export and erasure about files that belong to people (photos, documents)."""
    _files.append(give)


def files(person_id: int) -> Iterator[tuple[str, File]]:
    """Every file of a person; bytes are of one that lies in a table, sealed, and is opened for its owner; what has to be read
    goes after its row by itself. Through their eyes."""
    for give in _files:
        yield from give(person_id)


@lru_cache(maxsize=1)
def register() -> dict[str, Entry]:
    """All entries by table: loads every room's ``personal.py`` (by name: this floor knows no room)."""
    import neighbour

    for room in pkgutil.iter_modules(neighbour.__path__):
        if (
            room.ispkg
            and room.name != "core"
            and (Path(str(neighbour.__path__[0])) / room.name / "personal.py").exists()
        ):
            importlib.import_module(f"neighbour.{room.name}.personal")
    importlib.import_module("neighbour.core.personal_core")
    for table, more in _more:
        _extend(_entries[table], more)
    return _entries


def personal() -> list[Entry]:
    """Entries with rows about people, by table."""
    return [entry for _name, entry in sorted(register().items()) if entry.is_personal]


def _extend(entry: Entry, more: dict[str, Any]) -> None:
    entry.out |= _named(more["out"])
    entry.inner |= set(more["inner"].split())
    entry.secret |= set(more["secret"].split())
    if twice := set(entry.shown) & set(more["shown"]):
        raise BadEntry(f"two rooms say how {entry.table} shows {', '.join(sorted(twice))}")
    entry.shown |= more["shown"]
    entry.told = " AND ".join(f"({rule})" for rule in (entry.told, more["told"]) if rule)
    if more["blank"]:
        if not isinstance(entry.erase, Blank):
            raise BadEntry(f"rows of {entry.table} are not blanked")
        entry.erase = Blank({**entry.erase.values, **more["blank"]}, entry.erase.why)


def _named(columns: str) -> dict[str, str]:
    """``"a b:c"`` → {"a": "a", "b": "c"}."""
    pairs = (word.partition(":") for word in columns.split())
    return {name: other or name for name, _colon, other in pairs}


def belongs_to(table: Table, of: str, person_id: Any) -> ColumnElement[bool]:
    """The condition that a row of ``table`` is the person's, along the way ``of``."""
    return _at_the_end(table, of, lambda _table, column: column == person_id)


def goes_with(table: Table, of: str, person_id: Any) -> ColumnElement[bool]:
    """The same for rows that go with the person: not those which they keep for an office, nor what hangs on these."""
    mine = _at_the_end(table, of, lambda last, column: and_(column == person_id, *_own(last)))
    return and_(mine, *_own(table)) if "." in of else mine


def _own(table: Table) -> list[ColumnElement[bool]]:
    """The condition that a row is kept for no office, where the register knows of any."""
    way = register()[table.name].office
    return [~func.coalesce(_at_the_end(table, way, lambda _table, column: column), false())] if way else []


def _at_the_end(
    table: Table, way: str, holds: Callable[[Table, Column[Any]], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """The condition that something ``holds`` of the last column on the way there over foreign keys."""
    first, _dot, rest = way.partition(".")
    column = table.c[first]
    if not rest:
        return holds(table, column)
    parent = next(iter(column.foreign_keys)).column
    return column.in_(select(parent).where(_at_the_end(parent.table, rest, holds)))


def faults(metadata: MetaData) -> list[str]:
    """What is wrong with the register, each with what to write to mend it; empty when it is complete."""
    entries, found = register(), []
    for name, table in sorted(metadata.tables.items()):
        entry = entries.get(name)
        if entry is None:
            found.append(f"the table {name} is not declared: {_what_to_write(table, None)}")
            continue
        named = entry.columns()
        found += [f"{name}.{column} is not declared: {_what_to_write(table, column)}"
                  for column in _names(table) if column not in named]  # fmt: skip
        found += [
            f"{name}.{column} is declared but there is no such column" for column in named if column not in table.c
        ]
        found += [f"{name}.{column} is declared twice" for column in set(named) if named.count(column) > 1]
        found += _unblanked(entry)
    return found + [f"{name} is declared but there is no such table" for name in entries if name not in metadata.tables]


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def unending(metadata: MetaData) -> list[str]:
    """Tables that hold something of people and do not say when it ends; each with what to write."""
    found = []
    for name, entry in sorted(register().items()):
        is_meant = name in metadata.tables and (entry.is_personal or _marks_people(metadata.tables[name]))
        if is_meant and not entry.ends and len(entry.lasts) < SHORTEST_REASON:
            found.append(f'{name} never ends: give it ends="a line of mydata/rules.py", or lasts="why it stays"')
    return found


def _marks_people(table: Table) -> bool:
    """Whether a table has numbers of people, or fingerprints (of a house, a name, a code) that could be compared."""
    numbers = any(key.column.table.name == "person" for column in table.columns for key in column.foreign_keys)
    return numbers or any(isinstance(c.type, LargeBinary) and c.name not in SHAPES for c in table.columns)


def _unblanked(entry: Entry) -> list[str]:
    """In rows that are blanked, everything that says something about a person has to lose it."""
    if not isinstance(entry.erase, Blank):
        return []
    lasting = [name for name in (*entry.out, *entry.secret, *entry.opened) if name not in entry.erase.values]
    return [f'{entry.table}.{name} outlives an erasure: give it a value in blank={{"{name}": "…"}}' for name in lasting]


def _what_to_write(table: Table, column: str | None) -> str:
    room = "the room's personal.py"
    if column is not None:
        return f'in {room} put {column} into out="…" (export), inner="…" or secret="…" of about("{table.name}", …)'
    to_person = [c.name for c in table.c if any(key.column.table.name == "person" for key in c.foreign_keys)]
    columns = " ".join(_names(table))
    if to_person:
        return f'in {room} write about("{table.name}", of="{to_person[0]}", kind="…", out="…", inner="{columns}")'
    return f'in {room} write nobodys("{table.name}", "{columns}", why="…"), or about(…) if it is about people'
