"""Somebody's archive: JSON for machines, one page for people, files, and a signed list of all of it.

Written straight into the ZIP, row by row: a thousand contributions need no more memory than ten. Only what the register
(``core/personal``) marks as going out is read, through the person's own eyes.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from flask import current_app
from sqlalchemy import Column, ColumnElement, TextClause, literal_column, select, text

from neighbour.core import clock, i18n, personal
from neighbour.core.crypto import keyed_hash, same
from neighbour.core.db import Base, atomic, db, finish_reading
from neighbour.core.personal import Entry
from neighbour.mydata import values, words
from neighbour.mydata.classes import CLASSES
from neighbour.quarters.models import Quarter

AT_ONCE = 200  # rows in memory
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")  # as rows are written (ISO 8601)
MANIFEST, SIGNATURE, PAGE = "manifest.json", "manifest.sig", "index.html"
Progress = Callable[[int], None]
Row = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """Rows of one table for the page; read while they are written."""

    title: str
    rows: Iterator[list[tuple[str, str]]]


@dataclass(frozen=True)
class Chapter:
    """A class of data on the page."""

    title: str
    purpose: str
    period: str
    sections: Iterator[Section]


def parts() -> int:
    """How many steps ``write`` counts: one per class, the page, the files."""
    return len(_by_class()) + 2


def write(target: Any, person_id: int, language: str, progress: Progress) -> None:
    """Write the archive of a person into ``target``, which may be one that only goes forward. Through their eyes; progress:
    called after each of ``parts()``.

    Opens the person's own home, which is written down like every look at it.
    """
    with atomic():
        opened = {
            entry.table: {name: open_(person_id) for name, open_ in entry.opened.values()}
            for entry in personal.personal()
            if entry.opened
        }
    archive = _Archive(target)
    with archive as out, i18n.speaking(language):
        for number, (key, entries) in enumerate(_by_class().items(), start=1):
            with out.member(f"data/{key}.json") as stream:
                _write_class(stream, entries, person_id, opened)
            finish_reading()
            progress(number)
        with out.member(PAGE) as stream:
            for piece in _page(person_id, opened):
                stream.write(piece.encode())
        finish_reading()
        progress(parts() - 1)
        for name, file in personal.files(person_id):
            with out.member(f"media/{name}") as stream, _opened(file) as source:
                shutil.copyfileobj(source, stream)  # type: ignore[misc]
        finish_reading()
        progress(parts())


def _opened(file: personal.File) -> IO[bytes]:
    if isinstance(file, Path):
        return file.open("rb")
    return io.BytesIO(file if isinstance(file, bytes) else file())


def verify(path: Path) -> list[str]:
    """What is wrong with an archive, in words; empty when it is whole and comes from this instance."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(MANIFEST)
        if not same(archive.read(SIGNATURE).strip(), _signature(text)):
            return ["the list of files was not signed by this instance, or was changed"]
        listed = json.loads(text)["files"]
        there = set(archive.namelist()) - {MANIFEST, SIGNATURE}
        found = [f"{name} is not in the list" for name in sorted(there - set(listed))]
        for name, facts in listed.items():
            if name not in there:
                found.append(f"{name} is missing")
            elif hashlib.sha256(archive.read(name)).hexdigest() != facts["sha256"]:
                found.append(f"{name} was changed")
    return found


def _by_class() -> dict[str, list[Entry]]:
    """Entries that go out, by class, in the order of the classes."""
    found: dict[str, list[Entry]] = {key: [] for key in CLASSES}
    for entry in personal.personal():
        if entry.out or entry.opened:
            found[entry.kind].append(entry)
    return {key: entries for key, entries in found.items() if entries}


def _rows(entry: Entry, person_id: int, opened: Row) -> Iterator[Row]:
    """A person's rows of one table as the archive says them."""
    table = Base.metadata.tables[entry.table]
    columns = [_shown(entry, table.c[name]).label(word) for name, word in entry.out.items()]
    order = table.c[entry.order] if entry.order else next(iter(table.primary_key))
    query = select(*columns).where(personal.belongs_to(table, entry.of, person_id), *_told(entry)).order_by(order)
    quarters = _quarters() if "quarter" in entry.out.values() else {}
    for row in db.session.execute(query, execution_options={"yield_per": AT_ONCE}).mappings():
        said = {name: _plain(value) for name, value in row.items()}
        if "payload" in said:
            said["payload"] = values.details(said)
        if "quarter" in said:
            said["quarter"] = quarters.get(said["quarter"], said["quarter"])
        yield said | opened.get(entry.table, {})


def _shown(entry: Entry, column: Column[Any]) -> ColumnElement[Any]:
    """The column, or what the person is told in its place."""
    said = entry.shown.get(column.name)
    return literal_column(f"({said})", column.type) if said else column


def _told(entry: Entry) -> list[TextClause]:
    """What keeps rows back that are told later."""
    told = text(f"({entry.told})")
    return [told.bindparams(now=clock.now()) if ":now" in entry.told else told] if entry.told else []


def _quarters() -> dict[int, str]:
    return {row.id: row.name for row in db.session.execute(select(Quarter.id, Quarter.name))}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _write_class(stream: _Member, entries: list[Entry], person_id: int, opened: Row) -> None:
    """One JSON object: table → list of rows, written as they come."""
    stream.write(b"{")
    for number, entry in enumerate(entries):
        stream.write((",\n" if number else "\n").encode() + json.dumps(entry.table).encode() + b": [")
        for line, row in enumerate(_rows(entry, person_id, opened)):
            stream.write((",\n  " if line else "\n  ").encode() + json.dumps(row, ensure_ascii=False).encode())
        stream.write(b"\n]")
    stream.write(b"\n}\n")


def _page(person_id: int, opened: Row) -> Iterable[str]:
    config = current_app.extensions["config"]
    template = current_app.jinja_env.get_template("mydata/archive.html")
    return template.generate(
        chapters=_chapters(person_id, opened), made_at=clock.now(), city=config.city_name, site=config.site_url
    )


def _chapters(person_id: int, opened: Row) -> Iterator[Chapter]:
    for key, entries in _by_class().items():
        about = CLASSES[key]
        yield Chapter(str(about.title), str(about.purpose), str(about.period), _sections(entries, person_id, opened))


def _sections(entries: list[Entry], person_id: int, opened: Row) -> Iterator[Section]:
    for entry in entries:
        yield Section(words.table(entry.table), _readable(entry.table, _rows(entry, person_id, opened)))


def _readable(table: str, rows: Iterator[Row]) -> Iterator[list[tuple[str, str]]]:
    for row in rows:
        said = {name: value for name, value in row.items() if value not in (None, "", {}, [])}
        there = {name: value for name, value in said.items() if values.is_shown(table, name, value)}
        yield [(words.column(name), _in_words(table, name, value)) for name, value in there.items()]


def _in_words(table: str, column: str, value: Any) -> str:
    return (
        values.said(table, column, value) if isinstance(value, str) and not _MOMENT.fullmatch(value) else _said(value)
    )


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(values.detail(each) for each in value.values())
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        with suppress(ValueError, OverflowError):  # words of somebody's own can look like that and be no day at all
            return i18n.exact(datetime.fromisoformat(value))
    return {True: "✓", False: "–"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _signature(manifest: bytes) -> bytes:
    return keyed_hash("export-manifest", hashlib.sha256(manifest).hexdigest()).hex().encode()


class _Member:
    """A member of the ZIP that counts and hashes what is written into it."""

    def __init__(self, stream: IO[bytes]):
        self.stream, self.hash, self.size = stream, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        self.size += len(data)
        return self.stream.write(data)


class _Archive:
    """The ZIP; its list of files is written and signed when it is closed in peace."""

    def __init__(self, target: Any):
        self.target = target
        self.files: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> _Archive:
        self.zip = zipfile.ZipFile(self.target, "w", zipfile.ZIP_DEFLATED)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if kind is None:
            facts = {"made_at": clock.now().isoformat(), "site": current_app.extensions["config"].site_url}
            text = json.dumps(facts | {"files": self.files}, indent=1, ensure_ascii=False).encode()
            self.zip.writestr(MANIFEST, text)
            self.zip.writestr(SIGNATURE, _signature(text) + b"\n")
        self.zip.close()

    @contextmanager
    def member(self, name: str) -> Iterator[_Member]:
        with self.zip.open(name, "w", force_zip64=True) as stream:
            member = _Member(stream)
            yield member
        self.files[name] = {"sha256": member.hash.hexdigest(), "bytes": member.size}
