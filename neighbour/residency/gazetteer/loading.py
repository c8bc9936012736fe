"""The register into the database: all or nothing, and a second time changes nothing.

The file is streamed into a temporary table (COPY) and merged by three statements. Entries that a file does not name
stay – registers come in parts – unless ``replace`` is asked for. Runs on the owner's connection: the application's
role can only read the register.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text

from neighbour.core.db import atomic, db
from neighbour.quarters.models import Quarter
from neighbour.residency.gazetteer import nearness
from neighbour.residency.gazetteer.models import StreetRow
from neighbour.residency.gazetteer.reading import BadFile, Errors, Row, read
from neighbour.residency.gazetteer.spelling import loose_key, street_key, street_words

Locate = Callable[[float, float], "int | None"]

_INCOMING = """
CREATE TEMP TABLE incoming (street text, street_key text, number text, suffix text, postcode text, place text,
  lon double precision, lat double precision, quarter_key text, line integer, quarter_id integer) ON COMMIT DROP
"""
_COPY = "COPY incoming (street, street_key, number, suffix, postcode, place, lon, lat, quarter_key, line) FROM STDIN"
_SAME = (
    "a.street_key = i.street_key AND a.number = i.number AND a.suffix = i.suffix AND a.postcode = i.postcode"
    " AND a.street = i.street"
)
# A file without places, points or quarters leaves those that are known.
_NEW = "coalesce(nullif(i.place, ''), a.place), coalesce(i.lon, a.lon), coalesce(i.lat, a.lat), {quarter}"
_CHANGE = f"""
UPDATE address a SET (place, lon, lat, quarter_id) = ROW({_NEW}) FROM incoming i
WHERE {_SAME} AND (a.place, a.lon, a.lat, a.quarter_id) IS DISTINCT FROM ({_NEW})
"""  # noqa: S608
_ADD = f"""
INSERT INTO address (street, street_key, number, suffix, postcode, place, lon, lat, quarter_id)
SELECT i.street, i.street_key, i.number, i.suffix, i.postcode, i.place, i.lon, i.lat, i.quarter_id FROM incoming i
WHERE NOT EXISTS (SELECT 1 FROM address a WHERE {_SAME}) ORDER BY i.line
"""  # noqa: S608
_DROP = f"DELETE FROM address a WHERE NOT EXISTS (SELECT 1 FROM incoming i WHERE {_SAME})"  # noqa: S608

_FORGET = (
    "DELETE FROM street WHERE (name, postcode) IN"
    " (SELECT * FROM unnest(CAST(:names AS text[]), CAST(:codes AS text[])))"
)


@dataclass(frozen=True)
class Loaded:
    """What an import did. outside: entries of the file that lie in no quarter."""

    added: int
    changed: int
    unchanged: int
    removed: int
    outside: int


def import_file(
    path: Path,
    *,
    columns: dict[str, str] | None = None,
    replace: bool = False,
    locate: Locate | None = None,
    progress: Callable[[int], None] = lambda rows: None,
) -> Loaded:
    """Load a CSV file (``reading.ALIASES`` names the columns) into the register.

    columns: our name → the file's. replace: forget entries that the file does not name. locate: lon, lat → quarter id,
    for rows with a point but no quarter. Raises BadFile naming lines; then nothing was changed.
    """
    has, rows = read(path, columns or {}, progress)
    return import_rows(path.name, has, rows, replace=replace, locate=locate)


def import_rows(
    name: str,
    has: set[str],
    rows: Iterable[Row],
    *,
    replace: bool = False,
    locate: Locate | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Loaded:
    """The same for a file that ``reading.read`` has opened; name: what it is called in complaints. say: gets a line
    for each long step."""
    with atomic():
        say("reading the file")
        _receive(rows)
        say("comparing it with the register")
        return _merge(name, has, replace, locate)


def add_rows(rows: Iterable[Row], *, locate: Locate | None = None) -> Loaded:
    """The same for rows at hand (``reading.Row``); used for single entries and by the demo."""
    return import_rows("rows", {"quarter", "lon", "lat", "place"}, rows, locate=locate)


def _receive(rows: Iterable[Row]) -> None:
    db.session.execute(text(_INCOMING))
    raw: Any = db.session.connection().connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in rows:
            copy.write_row(row)
    db.session.execute(text("ANALYZE incoming"))


def _merge(name: str, has: set[str], replace: bool, locate: Locate | None) -> Loaded:
    _place_in_quarters(name, locate)
    # A register that names quarters decides, also that there is none; one that does not leaves what is known.
    decides = "quarter" in has or "lon" in has
    change = _CHANGE.format(quarter="i.quarter_id" if decides else "a.quarter_id")
    total = db.session.execute(text("SELECT count(*) FROM incoming")).scalar_one()
    outside = db.session.execute(text("SELECT count(*) FROM incoming WHERE quarter_id IS NULL")).scalar_one()
    removed = _count(_DROP) if replace else 0
    changed, added = _count(change), _count(_ADD)
    if added or removed or changed:
        db.session.execute(text("ANALYZE address"))
    refresh_streets()
    db.session.execute(text("DROP TABLE incoming"))
    return Loaded(added, changed, total - added - changed, removed, outside)


def _count(statement: str) -> int:
    return int(db.session.execute(text(statement)).rowcount)  # type: ignore[attr-defined]


def _place_in_quarters(name: str, locate: Locate | None) -> None:
    """Quarter ids: from the operator's key, else from the point. An unknown key stops the import."""
    keys = "UPDATE incoming i SET quarter_id = q.id FROM quarter q WHERE i.quarter_key <> '' AND q.key = i.quarter_key"
    db.session.execute(text(keys))
    errors = Errors()
    unknown = "SELECT min(line), quarter_key FROM incoming WHERE quarter_key <> '' AND quarter_id IS NULL GROUP BY 2"
    for line, key in db.session.execute(text(unknown + " ORDER BY 1")):
        errors.add(line, f"names quarter {key!r}, which does not exist (import the quarters first)")
    errors.raise_if_any(name)
    if locate is None:
        return
    loose = "SELECT line, lon, lat FROM incoming WHERE quarter_key = '' AND lon IS NOT NULL"
    found = [
        {"line": line, "quarter": quarter}
        for line, lon, lat in db.session.execute(text(loose)).all()
        if (quarter := locate(lon, lat)) is not None
    ]
    if found:
        db.session.execute(text("CREATE INDEX ON incoming (line)"))
        db.session.execute(text("UPDATE incoming SET quarter_id = :quarter WHERE line = :line"), found)


def refresh_streets() -> int:
    """Make the table of streets agree with the addresses; returns how many there are. Inside atomic(), as the owner."""
    rows = db.session.execute(
        text("SELECT street, postcode, mode() WITHIN GROUP (ORDER BY place) FROM address GROUP BY street, postcode")
    ).all()
    there = {
        (row.name, row.postcode): tuple(row)
        for row in db.session.execute(
            select(StreetRow.name, StreetRow.postcode, StreetRow.place, StreetRow.key, StreetRow.words,
                   StreetRow.loose, StreetRow.grams)
        )
    }  # fmt: skip
    folded = [_folded(*row) for row in rows]
    wanted = {(row["name"], row["postcode"]): tuple(row.values()) for row in folded}
    gone = [place for place, row in there.items() if wanted.get(place) != row]
    if gone:
        db.session.execute(
            text(_FORGET),
            {"names": [name for name, _code in gone], "codes": [code for _name, code in gone]},
        )
    new = [row for row in folded if there.get((row["name"], row["postcode"])) != tuple(row.values())]
    if new:
        db.session.execute(insert(StreetRow), new)
        db.session.execute(text("ANALYZE street"))
    return len(folded)


def _folded(name: str, postcode: str, place: str) -> dict[str, Any]:
    key = street_key(name)
    return {
        "name": name,
        "postcode": postcode,
        "place": place,
        "key": key,
        "words": street_words(name),
        "loose": loose_key(name),
        "grams": nearness.grams(key),
    }


def quarter_keys() -> dict[int, str]:
    """Quarter number → the operator's key."""
    return dict(db.session.execute(select(Quarter.id, Quarter.key)).all())


__all__ = ["BadFile", "Loaded", "Locate", "add_rows", "import_file", "quarter_keys", "refresh_streets"]
