"""``neighbour addresses``: the city's register in, and look-ups out."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import click

from neighbour.core.commands import operator_command
from neighbour.quarters.index import current_index
from neighbour.residency import borders
from neighbour.residency.cli import missing
from neighbour.residency.gazetteer import loading, reading, service
from neighbour.residency.gazetteer.lookup import Match, resolve
from neighbour.residency.gazetteer.memory import MemoryRegister
from neighbour.residency.gazetteer.stored import StoredRegister

FILE = click.Path(dir_okay=False, path_type=Path)
ANSWER = ("status", "street", "number", "suffix", "postcode", "place", "quarter", "reason")
ASKED = {
    "street": ("raw_street", *reading.ALIASES["street"]),
    "number": ("raw_hnr", *reading.ALIASES["number"]),
    "postcode": reading.ALIASES["postcode"],
}


@click.group()
def addresses() -> None:
    """Import the city's register and look addresses up."""


addresses.add_command(missing)


@addresses.command("import")
@click.argument("file", type=FILE)
@click.option(
    "--columns", multiple=True, metavar="OURS=THEIRS",
    help="What a column is called in the file, for example --columns street=Strasse. Ours: "
    + ", ".join(reading.ALIASES) + ".",
)  # fmt: skip
@click.option("--replace", is_flag=True, help="Forget register entries that the file does not name.")
@operator_command
def import_(file: Path, columns: tuple[str, ...], replace: bool) -> None:
    """Load a register: CSV, plain or .gz, UTF-8, with a header.

    Needed: street, number. Used if there: suffix, postcode, place, lon, lat (WGS84), quarter (the id that the quarters
    were imported with; without it the point decides). All or nothing; a second time changes nothing.
    """
    done = loading.import_file(file, columns=_named(columns), replace=replace, locate=_locate, progress=_progress())
    click.echo(f"{done.added} added, {done.changed} changed, {done.unchanged} unchanged, {done.removed} removed")
    if done.changed and (moved := borders.follow_register().homes):
        click.echo(f"{moved} homes followed their address into another quarter")
    if done.outside:
        click.echo(f"{done.outside} of the file lie in no quarter", err=True)


@addresses.command("add")
@click.argument("street")
@click.argument("number")
@click.option("--suffix", default="", help="Letter or the like after the number.")
@click.option("--postcode", default="")
@click.option("--place", default="")
@click.option("--quarter", default="", metavar="ID", help="The id that the quarter was imported with.")
@click.option("--point", nargs=2, type=float, metavar="LON LAT", help="WGS84; decides the quarter if none is named.")
@operator_command
def add(
    street: str, number: str, suffix: str, postcode: str, place: str, quarter: str, point: tuple[float, float] | None
) -> None:
    """Add one address to the register, or correct it: what somebody missed (see `neighbour addresses missing`)."""
    if not quarter and not point:
        raise ValueError("say which quarter: --quarter ID, or --point LON LAT")
    lon, lat = (str(point[0]), str(point[1])) if point else ("", "")
    cells = [street, number, suffix, postcode, place, lon, lat, quarter]
    row = reading.one_row(dict(zip(reading.ALIASES, cells, strict=True)))
    done = loading.add_rows([row], locate=_locate)
    if done.outside:
        raise ValueError("this point lies in no quarter")
    click.echo("added" if done.added else "changed" if done.changed else "it was there already")


@addresses.command("find")
@click.argument("street", required=False, default="")
@click.argument("number", required=False, default="")
@click.option("--postcode", default="")
@click.option("--file", "file", type=FILE, help="CSV with the columns raw_street, raw_hnr, plz; - for standard input.")
@operator_command
def find(street: str, number: str, postcode: str, file: Path | None) -> None:
    """Look up one address, or all rows of a file. Answers as CSV: one row per row in, in the same order.

    status is exact, corrected (another spelling of the same entry), ambiguous or unknown; only the first two name an
    entry and its quarter. Nearest spellings of a single unknown address are shown on standard error.
    """
    if not street and not file:
        raise ValueError("say which address, or --file")
    keys = loading.quarter_keys()
    sheet = csv.writer(sys.stdout, lineterminator="\n")
    sheet.writerow(ANSWER)
    if file is None:
        match = resolve(StoredRegister(), street, number, postcode)
        sheet.writerow(_answer(match, keys))
        _offer(match)
        return
    register: MemoryRegister | None = None
    for one in _asked(file):
        register = register or service.whole_register()
        sheet.writerow(_answer(resolve(register, *one, suggest=False), keys))


def _locate(lon: float, lat: float) -> int | None:
    """The quarter of a point; the index is built only if a file needs it."""
    return current_index().locate(lon, lat)


def _answer(match: Match, keys: dict[int, str]) -> tuple[str, ...]:
    entry, reason = match.entry, match.reason or ""
    if entry is None:
        return match.status, "", "", "", "", "", "", reason
    quarter = keys.get(entry.quarter_id, "") if entry.quarter_id is not None else ""
    where = entry.street, entry.number, entry.suffix, entry.postcode, entry.place
    return match.status, *where, quarter, reason


def _offer(match: Match) -> None:
    if match.entry is not None:
        return
    if match.highest:
        click.echo(f"{match.street} goes up to {match.highest}", err=True)
    for entry in match.suggestions:
        click.echo(f"perhaps: {entry.line}", err=True)
    if not match.suggestions:
        for street in match.streets:
            click.echo(f"perhaps: {street.name}, {street.postcode}", err=True)


def _asked(file: Path) -> Iterator[tuple[str, str, str]]:
    """(street, number, postcode) of each row of a file of questions; raises ValueError if it cannot be read."""
    with nullcontext(sys.stdin) if str(file) == "-" else reading.open_text(file) as handle:
        lines = reading.csv_lines(handle)
        try:
            header = [name.strip().casefold() for name in next(lines, [])]
            columns = [next((header.index(name) for name in names if name in header), None) for names in ASKED.values()]
            if columns[0] is None:
                raise ValueError(f"{file} has no column raw_street; it has: {', '.join(header)}")
            for cells in lines:
                street, number, postcode = (
                    cells[index][:200] if index is not None and index < len(cells) else "" for index in columns
                )
                yield street, number, postcode
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{file} is not a CSV file in UTF-8: {error}") from None


def _named(pairs: tuple[str, ...]) -> dict[str, str]:
    named = {}
    for pair in (one for many in pairs for one in many.split(",")):
        ours, equals, theirs = pair.partition("=")
        if not equals or ours.strip() not in reading.ALIASES:
            raise ValueError(f"--columns {pair}: write OURS=THEIRS, ours one of {', '.join(reading.ALIASES)}")
        named[ours.strip()] = theirs.strip()
    return named


def _progress() -> Callable[[int], None]:
    if not sys.stderr.isatty():
        return lambda rows: None
    return lambda rows: click.echo(f"\r{rows:,} rows read", nl=False, err=True)
