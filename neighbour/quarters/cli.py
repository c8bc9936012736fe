"""``neighbour quarters``: import, list, locate; changes that are told before are in ``plan_cli``."""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neighbour.core.commands import complain, opened, operator_command, plainly, say
from neighbour.quarters import geojson
from neighbour.quarters.plan_cli import COMMANDS

if TYPE_CHECKING:
    from neighbour.quarters.service import Imported


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def quarters() -> None:
    """Import, list, look up and change quarters."""


for _each in COMMANDS:
    quarters.add_command(_each)


@quarters.command("import")
@click.argument("file", type=FILE)
@click.option("--city", required=True, help="Name of the city.")
@click.option("--id-property", required=True, help="Property that holds the quarter's id.")
@click.option("--name-property", required=True, help="Property that holds its name.")
@click.option(
    "--households-property", help="Property that holds the number of households. Without it, the known ones stay."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--repair", is_flag=True, help="Mend invalid rings, overlaps and gaps by the stated rules.")
def import_command(
    file: Path,
    city: str,
    id_property: str,
    name_property: str,
    households_property: str | None,
    dry_run: bool,
    repair: bool,
) -> None:
    """Make FILE the quarters of this instance (GeoJSON, WGS84).

    All or nothing; a second time changes nothing.

    Repair rules: an invalid boundary is rebuilt; what two quarters claim goes to the one whose id comes first; a
    gap narrower than 50 m goes to the quarter it shares the longest border with.
    """
    with plainly():
        features = geojson.read_file(file, id_property, name_property, households_property)
    with opened() as app:
        from neighbour.quarters import service

        config = app.extensions["config"]
        try:
            report = service.import_layer(
                features,
                city=city,
                time_zone=config.time_zone,
                language=config.language,
                is_repair=repair,
                is_dry_run=dry_run,
                progress=say,
            )
        except service.NotSound as error:
            for line in error.survey.lines():
                click.echo(line, err=True)
            complain(str(error))
    _tell(report, dry_run)


def _tell(report: Imported, is_dry_run: bool) -> None:
    for line in report.repairs:
        click.echo(f"repaired: {line}")
    if report.survey.enclaves:
        click.echo(f"note: {report.survey.enclaves} enclaves belong to no quarter")
    click.echo(("would be: " if is_dry_run else "") + _summary(report))


def _summary(report: Imported) -> str:
    parts = [
        f"{len(keys)} {word}"
        for keys, word in (
            (report.added, "added"),
            (report.changed, "changed"),
            (report.redrawn, "of them redrawn"),
            (report.removed, "removed"),
        )
        if keys
    ]
    return ", ".join([*parts, f"{report.unchanged} unchanged", f"{report.pairs} common borders"])


@quarters.command("list")
@operator_command
def list_command() -> None:
    """List all quarters.

    Columns: id, households, members, readers of the digest, number of adjacent quarters, name.
    """
    from sqlalchemy import func, select

    from neighbour.core.db import db
    from neighbour.quarters.models import Adjacency, Quarter, QuarterStat

    beside = select(func.count()).where(Adjacency.quarter_id == Quarter.id).scalar_subquery()
    rows = db.session.execute(
        select(Quarter.key, Quarter.name, Quarter.households, QuarterStat.members, QuarterStat.readers, beside)
        .outerjoin(QuarterStat, QuarterStat.quarter_id == Quarter.id)
        .order_by(Quarter.key)
    ).all()
    if not rows:
        complain("there are no quarters yet; import a layer with: neighbour quarters import")
    click.echo(f"{'id':12} {'households':>10} {'members':>8} {'readers':>8} {'borders':>8}  name")
    for key, name, households, members, readers, count in rows:
        click.echo(
            f"{key:12} {households if households is not None else '–':>10} {members or 0:>8} {readers or 0:>8} {count:>8}  {name}"
        )


@quarters.command("locate", context_settings={"ignore_unknown_options": True})
@click.argument("lon", type=float, required=False)
@click.argument("lat", type=float, required=False)
@click.option("--file", "file", type=FILE, help="Look up many points: CSV with columns lon, lat.")
def locate(lon: float | None, lat: float | None, file: Path | None) -> None:
    """Say which quarter a point lies in: LON LAT, or --file.

    LON and LAT are degrees (WGS84). A file is answered as CSV, in the order given.
    """
    with plainly():
        lons, lats = _points(file) if file else _point(lon, lat)
    with opened():
        if file:
            _answer_all(lons, lats)
        else:
            _answer_one(lons[0], lats[0])


def _point(lon: float | None, lat: float | None) -> tuple[list[float], list[float]]:
    if lon is None or lat is None or not (_is_degrees(lon) and _is_degrees(lat)):
        raise ValueError("give LON and LAT in degrees, or --file points.csv")
    return [lon], [lat]


def _points(file: Path) -> tuple[list[float], list[float]]:
    """Longitudes and latitudes of a CSV file; raises ValueError."""
    lons, lats = [], []
    try:
        with file.open(newline="", encoding="utf-8-sig") as source:
            rows = csv.DictReader(source)
            if not {"lon", "lat"} <= set(rows.fieldnames or ()):
                raise ValueError(f"{file.name} needs the columns lon and lat")
            for line, row in enumerate(rows, 2):
                lons.append(_degrees(row["lon"], file.name, line))
                lats.append(_degrees(row["lat"], file.name, line))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file.name} is not a CSV file in UTF-8: {error}") from None
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    return lons, lats


def _degrees(text: str | None, file: str, line: int) -> float:
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not _is_degrees(number):
        raise ValueError(f"{file}, line {line}: lon and lat must be degrees, not {text!r}")
    return number


def _is_degrees(number: float) -> bool:
    return abs(number) <= 360  # false for NaN too


def _answer_one(lon: float, lat: float) -> None:
    from neighbour.quarters import index, service

    place = index.current_index().place(lon, lat)
    click.echo(f"{place.key}\t{place.name}" if place else "outside every quarter")
    if place:
        for beside in service.neighbours_of(place.id):
            click.echo(f"  borders on {beside.name} ({beside.border_m:.0f} m)")


def _answer_all(lons: list[float], lats: list[float]) -> None:
    from neighbour.quarters.index import current_index

    answers = csv.writer(sys.stdout, lineterminator="\n")
    answers.writerow(["lon", "lat", "quarter"])
    for lon, lat, place in zip(lons, lats, current_index().locate_many(lons, lats), strict=True):
        answers.writerow([lon, lat, place.key if place else ""])
