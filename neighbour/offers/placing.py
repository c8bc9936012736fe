"""Offers on the map: what is still to be had, the newest first.

An offer lies in somebody's home, so it has no place unless its author lets their offers stand in their public cell; then the
database tells it to those who have proven to live in the same quarter (migration 0052). All others are in the list alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from neighbour.contributions.muting import HEARD
from neighbour.contributions.placing import MOST, Layer, Spot, told_by_cards
from neighbour.core import clock
from neighbour.core.asking import Asked
from neighbour.core.i18n import lazy_gettext as __
from neighbour.offers.models import Category

_CATEGORIES = ", ".join(f"'{each.value}'" for each in Category)
_TO_HAVE = Asked(
    text(f"""
    SELECT c.id, c.version, r.is_home, NULL, NULL, k.cell, c.quarter_id, NULL
    FROM reach r JOIN contribution c ON c.id = r.contribution_id
    LEFT JOIN cells_on_map(:quarter) k ON k.contribution_id = c.id
    WHERE r.quarter_id = :quarter AND r.category IN ({_CATEGORIES}) AND (r.is_home OR NOT :own_only)
      AND c.solved_at IS NULL AND {HEARD} AND (c.expires_at IS NULL OR c.expires_at > :now)
    ORDER BY c.id DESC LIMIT :most
""")  # noqa: S608  constants only
)


def find(quarter_id: int, own_only: bool) -> Sequence[Spot]:
    """Offers shown in the quarter that are not over."""
    values = {"quarter": quarter_id, "own_only": own_only, "now": clock.now(), "most": MOST}
    return [Spot._make(row) for row in _TO_HAVE.rows(values)]


LAYER = Layer("offers", __("Offers"), "store", "offer", 20, find, told_by_cards("tag", "repeat"))
