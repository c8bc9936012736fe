"""Events on the map: what is still to come, once each, at the place of its next date, the soonest first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from neighbour.contributions.placing import MOST, Layer, Spot, told_by_cards
from neighbour.core import clock
from neighbour.core.asking import Asked
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events.models import Category
from neighbour.events.recurrence import LONGEST

_CATEGORIES = ", ".join(f"'{each.value}'" for each in Category)
# A date that was moved to another place is at no point: only the place of the whole event was looked up.
_TO_COME = Asked(
    text(f"""
    SELECT c.id, c.version, o.begins_at, r.is_home, e.lon, e.lat, c.author_id, r.category,
      EXISTS (SELECT FROM event_exception x WHERE x.event_id = e.id AND x.slot_on = o.slot_on AND x.place <> e.place)
    FROM reach r JOIN event e ON e.id = r.contribution_id JOIN contribution c ON c.id = e.id JOIN LATERAL
      (SELECT d.begins_at, d.slot_on FROM occurrence d WHERE d.event_id = e.id AND d.begins_at >= :long_ago
       AND d.ends_at >= :now AND NOT d.is_cancelled ORDER BY d.begins_at LIMIT 1) o ON true
    WHERE r.quarter_id = :quarter AND r.category IN ({_CATEGORIES}) AND (r.is_home OR NOT :own_only)
      AND e.cancelled_at IS NULL
    ORDER BY o.begins_at, c.id LIMIT :most
""")  # noqa: S608  constants of this module only
)


def find(quarter_id: int, own_only: bool) -> Sequence[Spot]:
    """Events shown in the quarter with a date that is not over and takes place."""
    now = clock.now()
    values = {"quarter": quarter_id, "own_only": own_only, "now": now, "long_ago": now - LONGEST, "most": MOST}
    return [
        Spot(
            key,
            (version, begins),
            is_home,
            None if lon is None or is_moved else (lon, lat),
            None,
            None,
            author,
            category,
        )
        for key, version, begins, is_home, lon, lat, author, category, is_moved in _TO_COME.rows(values)
    ]


LAYER = Layer("events", __("Events"), "calendar-days", "event", 10, find, told_by_cards("clock", "map-pin"))
