"""``neighbour addresses``: the city's register in, and look-ups out."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neighbour.core.commands import opened, operator_command, plainly, progress, say
from neighbour.residency.gazetteer import reading

if TYPE_CHECKING:
    from neighbour.residency.gazetteer.lookup import Match

FILE = click.Path(dir_okay=False, path_type=Path)
ANSWER = ("status", "street", "number", "suffix", "postcode", "place", "quarter", "reason")


@click.group()
def addresses() -> None:
    """Import the city's register and look addresses up."""


@addresses.command("import")
@click.argument("file", type=FILE)
@click.option(
    "--columns", multiple=True, metavar="OURS=THEIRS",
    help="What a column is called in the file, for example --columns street=Strasse. Ours: "
    + ", ".join(reading.ALIASES) + ".",
)  # fmt: skip
@click.option("--replace", is_flag=True, help="Forget register entries that the file does not name.")
def import_(file: Path, columns: tuple[str, ...], replace: bool) -> None:
    """Load a register: CSV, plain or .gz, UTF-8, with a header.

    Needed: street, number. Used if there: suffix, postcode, place, lon, lat (WGS84), quarter (the id that the quarters
    were imported with; without it the point decides). All or nothing; a second time changes nothing.
    """
    with plainly():
        has, rows = reading.read(file, _named(columns), progress("reading row"))
    with opened():
        from neighbour.residency import borders, planning
        from neighbour.residency.gazetteer import loading

        done = loading.import_rows(file.name, has, rows, replace=replace, locate=_locate, say=say)
        click.echo(f"{done.added} added, {done.changed} changed, {done.unchanged} unchanged, {done.removed} removed")
        if done.changed and (moved := borders.follow_register().homes):
            who = "1 home followed its" if moved == 1 else f"{moved} homes followed their"
            click.echo(f"{who} address into another quarter")
        planning.refresh()
    if done.outside:
        click.echo(f"{done.outside} of the file lie in no quarter", err=True)


@addresses.command("add")
@click.argument("street")
@click.argument("number")
@click.option("--suffix", default="", help="Letter or the like after the number.")
@click.option("--postcode", default="", help="As the register writes it.")
@click.option("--place", default="", help="Town or part of town, as the register writes it.")
@click.option("--quarter", default="", metavar="ID", help="The id that the quarter was imported with.")
@click.option("--point", nargs=2, type=float, metavar="LON LAT", help="WGS84; decides the quarter if none is named.")
def add(
    street: str, number: str, suffix: str, postcode: str, place: str, quarter: str, point: tuple[float, float] | None
) -> None:
    """Add one address to the register, or correct it.

    For what somebody missed: see `neighbour addresses missing`.
    """
    with plainly():
        if not quarter and not point:
            raise ValueError("say which quarter: --quarter ID, or --point LON LAT")
        lon, lat = (str(point[0]), str(point[1])) if point else ("", "")
        cells = [street, number, suffix, postcode, place, lon, lat, quarter]
        try:
            row = reading.one_row(dict(zip(reading.ALIASES, cells, strict=True)))
        except reading.BadFile as error:
            raise ValueError(f"this address {error}") from None
    with opened():
        from neighbour.core.db import atomic
        from neighbour.residency import planning
        from neighbour.residency.gazetteer import loading

        if quarter and quarter not in loading.quarter_keys().values():
            raise ValueError(f"there is no quarter with the id {quarter!r}; see: neighbour quarters list")
        with atomic():  # what is refused is not kept
            done = loading.add_rows([row], locate=_locate)
            if done.outside:
                raise ValueError("this point lies in no quarter")
            planning.refresh()
    click.echo("added" if done.added else "changed" if done.changed else "it was there already")


@addresses.command("find")
@click.argument("street", required=False, default="")
@click.argument("number", required=False, default="")
@click.option("--postcode", default="", help="Where the street's name is not enough.")
@click.option("--file", "file", type=FILE, help="CSV with the columns raw_street, raw_hnr, plz; - for standard input.")
def find(street: str, number: str, postcode: str, file: Path | None) -> None:
    """Look up one address, or all rows of a file.

    Answers as CSV: one row per row in, in the same order. status is exact, corrected (another spelling of the same
    entry), ambiguous or unknown; only the first two name an entry and its quarter. Nearest spellings of a single
    unknown address are shown on standard error.
    """
    with plainly():
        if not street and not file:
            raise ValueError("say which address, or --file")
        asked = reading.read_questions(file) if file else ()
    with opened():
        if file:
            _answer_all(asked)
        else:
            _answer_one(street, number, postcode)


@addresses.command("missing")
@operator_command
def missing() -> None:
    """Show addresses that people could not find.

    With the mail address to answer to. Add them to the register with `neighbour addresses add` or `import`; an entry
    leaves this list when its person chose one.
    """
    from sqlalchemy import select

    from neighbour.accounts.models import Person
    from neighbour.core.db import atomic, db
    from neighbour.residency import homes

    with atomic():
        opened = [homes.open_for_verifier(row.person_id, "missing address", None) for row in homes.missing()]
        found = [one for one in opened if isinstance(one, homes.Missing)]
        who = [one.person_id for one in found]
        rows = db.session.execute(select(Person.id, Person.email).where(Person.id.in_(who))).all()
        mails = {row.id: row.email for row in rows}
    for one in found:
        click.echo(f"{mails[one.person_id]}\t{one.text}")
    click.echo(f"{len(found)} missing")


def _answer_one(street: str, number: str, postcode: str) -> None:
    from neighbour.residency.gazetteer.loading import quarter_keys
    from neighbour.residency.gazetteer.lookup import resolve
    from neighbour.residency.gazetteer.stored import StoredRegister

    match = resolve(StoredRegister(), street, number, postcode)
    sheet = csv.writer(sys.stdout, lineterminator="\n")
    sheet.writerows([ANSWER, _answer(match, quarter_keys())])
    _offer(match)


def _answer_all(asked: Iterable[tuple[str, str, str]]) -> None:
    from neighbour.residency.gazetteer.loading import quarter_keys
    from neighbour.residency.gazetteer.lookup import resolve
    from neighbour.residency.gazetteer.service import whole_register

    sheet, keys, show = csv.writer(sys.stdout, lineterminator="\n"), quarter_keys(), progress("looking up address")
    sheet.writerow(ANSWER)
    register, done = whole_register(), 0
    for done, one in enumerate(asked, 1):
        sheet.writerow(_answer(resolve(register, *one, suggest=False), keys))
        if done % 5000 == 0:
            show(done)
    show(done)


def _locate(lon: float, lat: float) -> int | None:
    """The quarter of a point; the index is built only if a file needs it."""
    from neighbour.quarters.index import current_index

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


def _named(pairs: tuple[str, ...]) -> dict[str, str]:
    named = {}
    for pair in (one for many in pairs for one in many.split(",")):
        ours, equals, theirs = pair.partition("=")
        if not equals or ours.strip() not in reading.ALIASES:
            raise ValueError(f"--columns {pair}: write OURS=THEIRS, ours one of {', '.join(reading.ALIASES)}")
        named[ours.strip()] = theirs.strip()
    return named
