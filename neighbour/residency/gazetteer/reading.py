"""A register file, row by row: CSV, plain or gzipped, checked before anything reaches the database."""

from __future__ import annotations

import csv
import gzip
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from neighbour.residency.gazetteer.spelling import street_key, tidy

# What a column may be called; the first of a line is our own name for it. Compared in lower case.
ALIASES = {
    "street": ("street", "str_name", "strasse", "straße", "street_name", "strassenname", "addr:street"),
    "number": ("number", "hnr", "hausnummer", "house_number", "housenumber", "addr:housenumber"),
    "suffix": ("suffix", "hnr_zusatz", "zusatz", "hausnummerzusatz", "house_number_suffix"),
    "postcode": ("postcode", "plz", "postleitzahl", "postal_code", "zip", "addr:postcode"),
    "place": ("place", "ort_name", "ortsteil", "ort", "city", "locality", "addr:city"),
    "lon": ("lon", "longitude", "lng", "x"),
    "lat": ("lat", "latitude", "y"),
    "quarter": ("quarter", "quarter_id", "quarter_key", "plr_id"),
}
NEEDED = ("street", "number")
# The same for a file of questions, whose columns may also be called as in lists of raw spellings.
ASKED = {
    "street": ("raw_street", *ALIASES["street"]),
    "number": ("raw_hnr", *ALIASES["number"]),
    "postcode": ALIASES["postcode"],
}
DAMAGED = (UnicodeDecodeError, csv.Error, EOFError, OSError, zlib.error)
MOST_ERRORS = 20
_GLUED = re.compile(r"0*(\d+)\s*([A-Za-z])")

Row = tuple[str, str, str, str, str, str, "float | None", "float | None", str, int]
"""street, street_key, number, suffix, postcode, place, lon, lat, quarter key, line"""


class BadFile(ValueError):
    """The file cannot be imported; the message names every line (the first 20) and what is wrong with it."""


@dataclass
class Errors:
    """Collects what is wrong, up to ``MOST_ERRORS`` lines."""

    lines: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, message: str) -> None:
        self.count += 1
        if len(self.lines) < MOST_ERRORS:
            self.lines.append(f"  line {line}: {message}")

    def raise_if_any(self, file: str) -> None:
        if self.count:
            more = [f"  and {self.count - len(self.lines)} more"] if self.count > len(self.lines) else []
            what = "1 row is" if self.count == 1 else f"{self.count} rows are"
            raise BadFile("\n".join([f"{file}: {what} wrong, nothing was imported", *self.lines, *more]))


def columns_of(header: list[str], given: dict[str, str]) -> dict[str, int]:
    """Our column name → its index in the file. given: our name → the file's name, where the operator says so."""
    names = [name.strip().lstrip("\ufeff").casefold() for name in header]
    found: dict[str, int] = {}
    for ours, aliases in ALIASES.items():
        wanted = [given[ours].strip().casefold()] if ours in given else list(aliases)
        index = next((names.index(name) for name in wanted if name in names), None)
        if index is not None:
            found[ours] = index
        elif ours in given:
            raise BadFile(f"there is no column {given[ours]!r}; the file has: {', '.join(header)}")
    missing = [name for name in NEEDED if name not in found]
    if missing:
        raise BadFile(
            f"no column for {' and '.join(missing)}; the file has: {', '.join(header)}."
            " Name it with --columns, for example --columns street=Strasse"
        )
    if ("lon" in found) != ("lat" in found):
        raise BadFile("lon and lat belong together: the file has only one of them")
    return found


def read(path: Path, given: dict[str, str], progress: Callable[[int], None]) -> tuple[set[str], Iterator[Row]]:
    """(our names of the columns that the file has, its rows).

    The rows raise BadFile at their end if any was wrong. progress: called with the number of rows read so far.
    """
    file = open_text(path)
    with _closed_if_bad(file, path.name):
        lines = csv_lines(file)
        columns = columns_of(next(lines, []), given)
    return set(columns), _rows(path.name, file, lines, columns, progress)


def read_questions(path: Path) -> Iterator[tuple[str, str, str]]:
    """(street, number, postcode) of each row of a file of questions; ``-`` is standard input.

    The header is looked at now, the rows when they are asked for; both raise BadFile.
    """
    file = sys.stdin if str(path) == "-" else open_text(path)
    with _closed_if_bad(file, path.name):
        lines = csv_lines(file)
        header = [name.strip().lstrip("\ufeff").casefold() for name in next(lines, [])]
        columns = [next((header.index(name) for name in names if name in header), None) for names in ASKED.values()]
        if columns[0] is None:
            raise BadFile(f"{path.name} has no column raw_street; it has: {', '.join(header)[:200] or 'nothing'}")
    return _questions(path.name, file, lines, columns)


def _questions(
    name: str, file: TextIO, lines: Iterator[list[str]], columns: list[int | None]
) -> Iterator[tuple[str, str, str]]:
    with file, _closed_if_bad(file, name):
        for cells in lines:
            street, number, postcode = (
                cells[index][:200] if index is not None and index < len(cells) else "" for index in columns
            )
            yield street, number, postcode


@contextmanager
def _closed_if_bad(file: TextIO, name: str) -> Iterator[None]:
    """Turns what damaged files do into BadFile, and closes the file then."""
    try:
        yield
    except DAMAGED as error:
        file.close()
        raise BadFile(f"{name} is not a CSV file in UTF-8: {error}") from None
    except BadFile:
        file.close()
        raise


def open_text(path: Path) -> TextIO:
    """A text file, plain or gzipped, UTF-8 with or without a mark. Raises BadFile."""
    try:
        with path.open("rb") as probe:
            is_packed = probe.read(2) == b"\x1f\x8b"
        if is_packed:
            return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise BadFile(f"cannot read {path}: {error.strerror}") from None


def csv_lines(file: TextIO) -> Iterator[list[str]]:
    """Rows of cells; the separator is the one most frequent in the header."""
    head = file.readline()
    separator = max(",;\t|", key=head.count)
    yield next(csv.reader([head], delimiter=separator), [])
    yield from csv.reader(file, delimiter=separator)


def _rows(
    name: str, file: TextIO, lines: Iterator[list[str]], columns: dict[str, int], progress: Callable[[int], None]
) -> Iterator[Row]:
    errors, line = Errors(), 1
    seen: dict[tuple[str, str, str, str], int] = {}
    keys: dict[str, str] = {}
    with file:
        try:
            for line, cells in enumerate(lines, 2):
                if line % 5000 == 0:
                    progress(line - 2)
                row = _row(cells, columns, line, keys, errors) if any(cells) else None
                if row is None:
                    continue
                entry = row[0], row[2], row[3].upper(), row[4]
                if entry in seen:
                    errors.add(line, f"repeats line {seen[entry]}: {row[0]} {row[2]} {row[3]}".rstrip())
                else:
                    seen[entry] = line
                    yield row
        except DAMAGED as error:
            raise BadFile(f"{name} is damaged after line {line}: {error}") from None
    if not seen and not errors.count:
        raise BadFile(f"{name} has no rows")
    errors.raise_if_any(name)
    progress(len(seen))


def one_row(value: dict[str, str]) -> Row:
    """A single entry from our column names; raises BadFile."""
    errors = Errors()
    names = list(value)
    row = _row([value[name] for name in names], {name: index for index, name in enumerate(names)}, 1, {}, errors)
    if row is None:
        raise BadFile(errors.lines[0].split(": ", 1)[1])
    return row


def _row(cells: list[str], columns: dict[str, int], line: int, keys: dict[str, str], errors: Errors) -> Row | None:
    """One row, or None and an entry in ``errors``."""
    if len(cells) <= max(columns.values()):
        errors.add(line, f"has {len(cells)} columns, {max(columns.values()) + 1} are needed")
        return None
    value = {name: cells[index].strip() for name, index in columns.items()}
    street = tidy(value["street"])
    if street not in keys:
        keys[street] = street_key(street)
    if not keys[street]:
        errors.add(line, f"has no street: {value['street']!r}" if value["street"] else "has no street")
        return None
    number, suffix = tidy(value["number"]), tidy(value.get("suffix", ""))
    if not suffix and (glued := _GLUED.fullmatch(number)):
        number, suffix = glued[1], glued[2]
    if len(street) > 200 or len(number) > 20 or len(suffix) > 20:
        errors.add(line, "is longer than an address can be (street 200, number and suffix 20 characters)")
        return None
    try:
        lon, lat = _point(value)
    except ValueError as error:
        errors.add(line, str(error))
        return None
    rest = tidy(value.get("postcode", "")), tidy(value.get("place", "")), lon, lat, value.get("quarter", ""), line
    return street, keys[street], number, suffix, *rest  # type: ignore[return-value]


def _point(value: dict[str, str]) -> tuple[float | None, float | None]:
    """Degrees, WGS84; both empty is no point."""
    texts = value.get("lon", ""), value.get("lat", "")
    if texts == ("", ""):
        return None, None
    try:
        lon, lat = float(texts[0]), float(texts[1])
    except ValueError:
        raise ValueError(f"has no point at lon {texts[0]!r}, lat {texts[1]!r}") from None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"has a point outside the world: lon {texts[0]}, lat {texts[1]} (degrees, WGS84, are wanted)")
    return lon, lat
