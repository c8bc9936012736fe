"""After borders were redrawn: every home follows to the quarter it now lies in; a quarter where somebody lives stays.

People did not move, the border did: the level of proof stays, and so do subscriptions and letters on their way. What they
wrote goes along, as when a change was planned (``people_follow``, migration 0030), and they are told.
No address is opened for it – the register's entries are hashed and compared with the homes' hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import delete, func, select, text, union, update

from neighbour.core import clock
from neighbour.core.db import atomic, db
from neighbour.quarters.models import Adjacency, Quarter
from neighbour.residency import cells, homes
from neighbour.residency.changing_notices import QuarterCorrected
from neighbour.residency.models import Address, Home, Membership

_MOVING = text(
    "CREATE TEMP TABLE moving ON COMMIT DROP AS SELECT m.person_id, m.quarter_id AS was_id, h.quarter_id AS now_id,"
    " false AS keeps_role FROM membership m JOIN home h ON h.person_id = m.person_id"
    " WHERE m.ended_at IS NULL AND m.person_id = ANY(:people)"
)
Locate = Callable[[float, float], "int | None"]


@dataclass(frozen=True)
class Resolved:
    """What a redrawing changed: register entries and homes now in another quarter; homes in none stay as they were."""

    addresses: int = 0
    homes: int = 0
    outside: int = 0


@dataclass(frozen=True)
class _Entry:
    quarter_id: int | None
    lon: float | None
    lat: float | None


def follow(quarter_ids: Collection[int], locate: Locate) -> int:
    """``re_resolve`` as quarters asks for it: how many homes are in another quarter now."""
    return re_resolve(quarter_ids, locate).homes


def re_resolve(quarter_ids: Collection[int], locate: Locate) -> Resolved:
    """Place addresses and homes of the quarters ``quarter_ids`` (all whose borders changed, gained or lost) anew.

    locate: lon, lat → quarter id or None. Register entries without a point keep the quarter their register says.
    Runs on the owner's connection, in the same transaction as the change of borders or one of its own.
    """
    with atomic():
        return _settle_anew(quarter_ids, _relocate(quarter_ids, locate))


def follow_register() -> Resolved:
    """After the register was imported anew: homes whose entry now names another quarter follow it. On the owner's
    connection; hashes the whole register when anybody lives here."""
    with atomic():
        return _settle_anew(db.session.scalars(select(Home.quarter_id).distinct()).all(), 0)


def _settle_anew(quarter_ids: Collection[int], moved: int) -> Resolved:
    affected = db.session.scalars(select(Home).where(Home.quarter_id.in_(quarter_ids))).all()
    if not affected:
        return Resolved(addresses=moved)
    entries = _entries({bytes(home.address_hash) for home in affected})
    movers, outside = list[Home](), 0
    for home in affected:
        entry = entries.get(bytes(home.address_hash))
        if entry is None or entry.quarter_id is None:
            outside += 1
        elif (quarter_id := _belongs(home, entry.quarter_id)) != home.quarter_id:
            home.quarter_id = quarter_id
            movers.append(home)
    _lay_cells(affected, entries)
    _follow(movers)
    return Resolved(moved, len(movers), outside)


def _belongs(home: Home, quarter_id: int) -> int:
    """The quarter of the house, or the one its person chose at a border, as long as that lies beside it."""
    if home.chosen_key is None:
        return quarter_id
    beside = select(Quarter.id).join(Adjacency, Adjacency.neighbour_id == Quarter.id)
    chosen = db.session.scalar(beside.where(Adjacency.quarter_id == quarter_id, Quarter.key == home.chosen_key))
    return quarter_id if chosen is None else chosen


def _relocate(quarter_ids: Collection[int], locate: Locate) -> int:
    """Register entries with a point, in these quarters or in none, to the quarter that holds it now, or to none."""
    loose = Address.quarter_id.in_(quarter_ids) | Address.quarter_id.is_(None)
    columns = Address.id, Address.lon, Address.lat, Address.quarter_id
    rows = db.session.execute(select(*columns).where(loose, Address.lon.is_not(None), Address.lat.is_not(None))).all()
    changed = []
    for key, lon, lat, was_in in rows:
        assert lon is not None and lat is not None
        if (now_in := locate(lon, lat)) != was_in:
            changed.append({"id": key, "quarter_id": now_in})
    if changed:
        db.session.execute(update(Address), changed)
    return len(changed)


def _entries(wanted: set[bytes]) -> dict[bytes, _Entry]:
    """The register's entries by hash, those wanted only. Hashes the whole register: seconds for a city of 300,000."""
    names = Address.street_key, Address.street, Address.number, Address.suffix, Address.postcode
    rows = db.session.execute(
        select(*names, Address.quarter_id, Address.lon, Address.lat).execution_options(yield_per=5000)
    )
    found = {}
    for *entry, quarter_id, lon, lat in rows:
        house = homes.entry_hash(*entry)
        if house in wanted:
            found[house] = _Entry(quarter_id, lon, lat)
    return found


def _follow(homes_moved: Collection[Home]) -> None:
    """What these people have goes where their homes are now; each of them is told. What they did in the quarter before, they
    do not do in another."""
    if not homes_moved:
        return
    db.session.flush()
    db.session.execute(_MOVING, {"people": [home.person_id for home in homes_moved]})
    db.session.execute(text("SELECT people_follow()"))
    db.session.execute(text("DROP TABLE moving"))
    db.session.expire_all()
    for home in homes_moved:
        payload = {"quarter_id": home.quarter_id}
        QuarterCorrected.send(home.person_id, subject_key=f"{home.quarter_id}:{clock.now():%Y-%m-%d}", payload=payload)


def _lay_cells(affected: Collection[Home], entries: dict[bytes, _Entry]) -> None:
    """Public cells anew: a quarter that lost addresses may need larger ones. Protected people get none: the database
    keeps it away (migration 0019)."""
    grids: dict[int, dict[str, str]] = {}
    for home in affected:
        entry = entries.get(bytes(home.address_hash))
        if entry is None or entry.lon is None or entry.lat is None:
            home.cell = None
        else:
            place = entry.quarter_id if entry.quarter_id is not None else home.quarter_id
            grid = grids[place] = grids.get(place) or homes.cells_of(place)
            home.cell = grid.get(cells.hexagon((entry.lon, entry.lat)))


def who_lives_in(quarter_id: int) -> list[str]:
    """Who would be lost with a quarter, in words; empty where nobody lives."""
    current = Membership.quarter_id == quarter_id, Membership.ended_at.is_(None)
    people = union(
        select(Membership.person_id).where(*current), select(Home.person_id).where(Home.quarter_id == quarter_id)
    ).subquery()
    members = db.session.scalar(select(func.count()).select_from(people)) or 0
    return [f"{members} member" + ("s" if members > 1 else "")] if members else []


def leave(quarter_id: int) -> None:
    """Before a quarter goes: the register's entries in it belong to none, and past memberships are forgotten."""
    db.session.execute(update(Address).where(Address.quarter_id == quarter_id).values(quarter_id=None))
    db.session.execute(delete(Membership).where(Membership.quarter_id == quarter_id))
