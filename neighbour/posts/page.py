"""What the page of a post shows of its own."""

from __future__ import annotations

from typing import Any

from flask import g

from neighbour.policy import Identity
from neighbour.posts import polls
from neighbour.posts.models import Post


def page_data(contribution: Post, reader: Identity) -> dict[str, Any]:
    """``poll``: the post's poll as this reader sees it. A vote for one that was changed meanwhile is in ``g.poll_overtaken``."""
    return {"poll": polls.show(contribution.id, reader.person_id), "overtaken": g.get("poll_overtaken")}
