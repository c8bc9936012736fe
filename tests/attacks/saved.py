"""Searches that people of the town have saved: the author's, and another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neighbour.core import scope
from neighbour.core.db import atomic
from neighbour.core.tokens import to_uid
from neighbour.search import saved
from neighbour.search.service import Wish
from neighbour.search.tags import tags
from tests.factories import viewer_of

if TYPE_CHECKING:
    from tests.attacks.world import World


def make(world: World) -> dict[str, str]:
    """By whose it is: how it is named in an address."""
    found = {}
    for role in ("author", "another"):
        person = world.people[role]
        with scope.use(viewer_of(person, world.here)), atomic():
            found[role] = to_uid(saved.save(person.id, Wish("Klavierstunden"), tags))
    return found
