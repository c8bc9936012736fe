"""What people of the town have silenced: one row of the author's, one of another's. Nobody is told whether there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neighbour.contributions import muting
from neighbour.contributions.muting import What
from neighbour.core import scope
from neighbour.core.db import atomic, db
from neighbour.core.tokens import to_uid
from neighbour.posts.models import Post
from tests.factories import viewer_of

if TYPE_CHECKING:
    from tests.attacks.world import World


def make(world: World) -> dict[str, dict[str, Any]]:
    """By whose it is: what stands in the address."""
    found = {}
    for role, post in (("author", "another's"), ("another", "the author's")):
        person = world.people[role]
        with scope.use(viewer_of(person, world.here)), atomic():
            made = muting.mute(person.id, db.session.get_one(Post, world.posts[post].id), What.THREAD)
        found[role] = {"mute_id": to_uid(made)}
    return found
