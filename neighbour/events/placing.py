"""Events on the map: what is still to come, once each, at the place of its next date, the soonest first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from neighbour.contributions.placing import MOST, Layer, Spot, told_by_cards
from neighbour.core import clock
from neighbour.core.asking import Asked
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events.recurrence import LONGEST

_TO_COME = Asked(
    text("""
    SELECT c.id, c.version, o.is_home, o.lon, o.lat, NULL, NULL, o.begins_at
    FROM events_on_map(:quarter, :now, :long_ago) o JOIN contribution c ON c.id = o.event_id
    WHERE o.is_home OR NOT :own_only ORDER BY o.begins_at, c.id LIMIT :most
""")
)


def find(quarter_id: int, own_only: bool) -> Sequence[Spot]:
    """Events shown in the quarter with a date that is not over and takes place; the database leaves out what the reader has
    silenced (migration 0081)."""
    now = clock.now()
    values = {"quarter": quarter_id, "own_only": own_only, "now": now, "long_ago": now - LONGEST, "most": MOST}
    return [Spot._make(row) for row in _TO_COME.rows(values)]


LAYER = Layer("events", __("Events"), "calendar-days", "event", 10, find, told_by_cards("clock", "map-pin"))
