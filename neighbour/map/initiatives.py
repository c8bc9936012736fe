"""Initiatives on the map: those that are public and work in the quarter, by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from neighbour.contributions.placing import Layer, Spot, Told
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.initiatives import places
from neighbour.initiatives.places import Found


def find(quarter_id: int, own_only: bool) -> Sequence[Spot]:
    """Initiatives that work in the quarter, or also next door."""
    return [Spot(each, None, each.is_home, each.lon, each.lat) for each in places.around(quarter_id, own_only=own_only)]


def tell(keys: Collection[Found]) -> Mapping[Found, Told]:
    """What each says of itself: the key holds it all."""
    return {each: _told(each) for each in keys}


def _told(each: Found) -> Told:
    facts = tuple(text for text in (each.address_line, each.hours) if text)
    return Told(each.name, f"/i/{each.slug}", _("Initiative"), "users-round", "post", facts, quarter=each.quarter)


LAYER = Layer("initiatives", __("Initiatives"), "users-round", "post", 30, find, tell)
