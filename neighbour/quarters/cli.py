"""``neighbour quarters``: import, list, locate."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import click
from sqlalchemy import func, select

from neighbour.core.commands import complain, operator_command
from neighbour.core.db import db
from neighbour.quarters import geojson, index, service
from neighbour.quarters.models import Adjacency, Quarter, QuarterStat


@click.group()
def quarters() -> None:
    """Import, list and look up quarters."""


@quarters.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--city", required=True, help="Name of the city.")
@click.option("--id-property", required=True, help="Property that holds the quarter's id.")
@click.option("--name-property", required=True, help="Property that holds its name.")
@click.option("--households-property", help="Property that holds the number of households.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--repair", is_flag=True, help="Mend invalid rings, overlaps and gaps by the stated rules.")
@operator_command
def import_command(
    file: Path,
    city: str,
    id_property: str,
    name_property: str,
    households_property: str | None,
    dry_run: bool,
    repair: bool,
) -> None:
    """Make FILE (GeoJSON, WGS84) the quarters of this instance. All or nothing; again changes nothing.

    Repair rules: an invalid boundary is rebuilt; what two quarters claim goes to the one whose id comes first; a
    gap narrower than 50 m goes to the quarter it shares the longest border with.
    """
    from flask import current_app

    config = current_app.extensions["config"]
    features = geojson.read_file(file, id_property, name_property, households_property)
    try:
        report = service.import_layer(
            features,
            city=city,
            time_zone=config.time_zone,
            language=config.language,
            is_repair=repair,
            is_dry_run=dry_run,
            progress=lambda line: click.echo(f"… {line}", err=True),
        )
    except service.NotSound as error:
        for line in error.survey.lines():
            click.echo(line, err=True)
        complain(str(error))
    for line in report.repairs:
        click.echo(f"repaired: {line}")
    if report.survey.enclaves:
        click.echo(f"note: {report.survey.enclaves} enclaves belong to no quarter")
    click.echo(("would be: " if dry_run else "") + _summary(report))


def _summary(report: service.Imported) -> str:
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
    """All quarters: id, name, households, members, digest readers, adjacent quarters."""
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
@click.option(
    "--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV with columns lon, lat."
)
@operator_command
def locate(lon: float | None, lat: float | None, file: Path | None) -> None:
    """Which quarter a point lies in: LON LAT, or --file points.csv for many (answers as CSV, in the order given)."""
    if file is not None:
        _locate_file(file)
        return
    if lon is None or lat is None:
        raise ValueError("give LON and LAT, or --file points.csv")
    place = index.current_index().place(lon, lat)
    click.echo(f"{place.key}\t{place.name}" if place else "outside every quarter")
    if place:
        for beside in service.neighbours_of(place.id):
            click.echo(f"  borders on {beside.name} ({beside.border_m:.0f} m)")


def _locate_file(file: Path) -> None:
    lons, lats = [], []
    with file.open(newline="", encoding="utf-8-sig") as source:
        rows = csv.DictReader(source)
        if not rows.fieldnames or not {"lon", "lat"} <= set(rows.fieldnames):
            raise ValueError(f"{file.name} needs the columns lon and lat")
        for line, row in enumerate(rows, 2):
            try:
                lons.append(float(row["lon"]))
                lats.append(float(row["lat"]))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{file.name}, line {line}: lon and lat must be numbers") from error
    answers = csv.writer(sys.stdout, lineterminator="\n")
    answers.writerow(["lon", "lat", "quarter"])
    for lon, lat, place in zip(lons, lats, index.current_index().locate_many(lons, lats), strict=True):
        answers.writerow([lon, lat, place.key if place else ""])
