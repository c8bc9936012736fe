"""What a post has beyond any contribution; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import WITH_PARENT, about

about(
    "post",
    of="id.author_id",
    kind="contribution",
    out="id:contribution_id alerted_at",
    inner="calmed_at calmed_until",
    erase=WITH_PARENT,
    order="id",
    lasts="a part of the contribution: it goes with it",
)
about(
    "poll",
    of="contribution_id.author_id",
    kind="contribution",
    out="contribution_id question is_multiple days closes_at voters",
    order="closes_at",
    lasts="a part of the contribution; when its author goes it goes, also where the words stay",
)
about(
    "poll_option",
    of="contribution_id.contribution_id.author_id",
    kind="contribution",
    out="contribution_id position label votes",
    erase=WITH_PARENT,
    order="position",
    lasts="a part of the poll: it goes with it",
)
about(
    "poll_vote",
    of="person_id",
    kind="contribution",
    out="contribution_id position voted_at",
    inner="person_id",
    order="voted_at",
    lasts="as long as the poll: it is counted, and can be changed until the poll closes",
)
