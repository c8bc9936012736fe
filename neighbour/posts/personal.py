"""What a post has beyond any contribution; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import WITH_PARENT, about

about(
    "post",
    of="id.author_id",
    kind="contribution",
    out="id:contribution_id alerted_at",
    erase=WITH_PARENT,
    order="id",
    lasts="a part of the contribution: it goes with it",
)
