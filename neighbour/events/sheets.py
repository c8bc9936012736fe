"""Reading a list somebody sends: CSV as spreadsheets write it, or JSON, as rows of text.

CSV: UTF-8 with or without a mark at its beginning, UTF-16 with one, or Windows-1252; separated by comma, semicolon or tab, or by
the sign that Excel's line ``sep=;`` names at its beginning.
JSON: a list of flat objects, or an object with one such list in it. What a cell holds is text and nothing
else: no formula is worked out.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from neighbour.core import i18n
from neighbour.core.i18n import gettext as _
from neighbour.core.text import clean_line, clean_text

MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 400_000, 1_000, 60
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SEPARATORS = ",;\t"
_SAYS_SEPARATOR = re.compile(r'"?sep=([^\w\s"]|\t)"?(?:\n|\Z)', re.I)
_HALF = re.compile("[\ud800-\udfff]")  # JSON may hold half of a pair of surrogates (RFC 8259 section 8.2); UTF-8 cannot


class Unreadable(ValueError):
    """It is no list; as text it says why."""


@dataclass(frozen=True)
class Row:
    """One row: its number as the list counts, its cells by column, and what keeps it from being one."""

    number: int
    cells: dict[str, str] = field(default_factory=dict)
    trouble: str = ""


@dataclass(frozen=True)
class Sheet:
    """A list: the names of its columns, and its rows without the empty ones."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def is_readable(self) -> bool:
        """Whether any row is one."""
        return any(not row.trouble for row in self.rows)


def decoded(data: bytes) -> str:
    """The text of a file; raises Unreadable."""
    if len(data) > MOST_BYTES:
        raise Unreadable(_("The list is larger than %(most)s kB. Please send it in pieces.", most=MOST_BYTES // 1000))
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            raise Unreadable(_("This is neither a CSV file nor JSON.")) from None
    if "\0" in text:
        raise Unreadable(_("This is neither a CSV file nor JSON."))
    return text.removeprefix("\ufeff")


def read(text: str) -> Sheet:
    """The rows of a list; raises Unreadable for what is none, or too long."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    if not text.strip():
        raise Unreadable(_("The list is empty."))
    if len(text.encode()) > MOST_BYTES * 2:
        raise Unreadable(_("The list is larger than %(most)s kB. Please send it in pieces.", most=MOST_BYTES // 1000))
    sheet = _json(text) if text.lstrip()[0] in "[{" else _csv(text)
    if len(sheet.rows) > MOST_ROWS:
        raise Unreadable(_("The list has more than %(most)s rows. Please send it in pieces.", most=MOST_ROWS))
    if not sheet.rows:
        raise Unreadable(_("The list has no rows."))
    return sheet


def _json(text: str) -> Sheet:
    try:
        found = json.loads(text, object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        raise Unreadable(_("This begins like JSON, but is none.")) from None
    if isinstance(found, _Twice):
        raise Unreadable(_("Two names in it are the same."))
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else None
    if not isinstance(found, list):
        raise Unreadable(_("The JSON has no list of events."))
    rows = tuple(_object(number, each) for number, each in enumerate(found[: MOST_ROWS + 1], 1))
    return Sheet(_columns(name for row in rows for name in row.cells), rows)


class _Twice(dict[str, Any]):
    """An object with a name twice: RFC 8259 section 4 does not say which of the two counts."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for pair in pairs if (name := clean_line(pair[0]))]
    return _Twice(pairs) if len(names) != len(set(names)) else dict(pairs)


def _object(number: int, found: Any) -> Row:
    if not isinstance(found, dict) or not any(clean_line(name) for name in found):
        return Row(number, trouble=_("This is no object with names and values."))
    if isinstance(found, _Twice):
        return Row(number, trouble=_("Two names in it are the same."))
    if any(isinstance(value, dict | list) for value in found.values()):
        return Row(number, trouble=_("A value in it is a list or an object itself."))
    cells = {clean_line(name): _text(value) for name, value in found.items()}
    if any(_HALF.search(text) for pair in cells.items() for text in pair):
        return Row(number, trouble=_("It holds half a character that nothing can show."))
    return Row(number, cells)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ("yes" if value else "no") if isinstance(value, bool) else clean_text(str(value))


def _csv(text: str) -> Sheet:
    said = _SAYS_SEPARATOR.match(text)  # a line for Excel, which shows it nowhere: rows are counted without it
    text = text[said.end() :] if said else text
    rows: list[Row] = []
    number = 0
    try:
        reader = csv.reader(io.StringIO(text), delimiter=said[1] if said else _separator(text), strict=True)
        head = [clean_line(name) for name in next(reader)]
        columns, number = _columns(head), 1
        if not columns:
            raise Unreadable(_("The first row has no names of columns."))
        if len(columns) != len([name for name in head if name]):
            raise Unreadable(_("Two columns have the same name."))
        for cells in reader:
            number += 1
            if any(cell.strip() for cell in cells) and len(rows) <= MOST_ROWS:
                rows.append(_line(number, head, cells))
    except (csv.Error, StopIteration) as error:
        raise _broken(text, number + 1, error) from None
    return Sheet(columns, tuple(rows))


def _broken(text: str, row: int, error: Exception) -> Unreadable:
    """Why a CSV cannot be read on: what is not closed goes on to the end of the list, and is longer than any cell, too."""
    if text.count('"') % 2 == 0 and "field limit" in str(error):
        most = i18n.number(csv.field_size_limit())
        return Unreadable(_("A cell of row %(row)s is longer than %(most)s characters.", row=row, most=most))
    return Unreadable(_("A quotation mark is opened and not closed, or the other way round."))


def _line(number: int, head: list[str], cells: list[str]) -> Row:
    if len(cells) > len(head) and any(cell.strip() for cell in cells[len(head) :]):
        return Row(
            number,
            trouble=_(
                "The row has %(cells)s cells, the head of the list %(columns)s.", cells=len(cells), columns=len(head)
            ),
        )
    if len(cells) < len(head):
        return Row(
            number,
            trouble=_(
                "The row has %(cells)s cells, the head of the list %(columns)s.", cells=len(cells), columns=len(head)
            ),
        )
    return Row(number, {name: clean_text(cell) for name, cell in zip(head, cells, strict=False) if name})


def _separator(text: str) -> str:
    """The sign that makes most columns of the head."""
    head = text.lstrip("\n").partition("\n")[0]
    return max(_SEPARATORS, key=lambda sign: len(next(csv.reader([head], delimiter=sign))))


def _columns(names: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(name for name in names if name))
    if len(found) > MOST_COLUMNS:
        raise Unreadable(_("The list has more than %(most)s columns.", most=MOST_COLUMNS))
    return found
