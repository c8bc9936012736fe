"""What an event has beyond any contribution; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import WITH_PARENT, Calls, about

about(
    "event",
    of="id.author_id",
    kind="contribution",
    out="id:contribution_id begins ends zone is_all_day rule until_on more_on place lon lat online_url cost access"
    " cancelled_at",
    inner="changed_at was_begins was_place sequence dated_until",
    erase=Calls(
        "UPDATE event SET place = '', online_url = '', cost = '', access = '', lon = NULL, lat = NULL, was_place = NULL,"
        " cancelled_at = coalesce(cancelled_at, c.edited_at, c.published_at) FROM contribution c"
        " WHERE c.id = event.id AND c.author_id = app_erasing() AND c.state <> 'published'",
        why="a part of the contribution: it goes with it, and is emptied where that stays for the answers below it",
    ),
    order="id",
    lasts="a part of the contribution: it goes with it",
)
about(
    "event_exception",
    of="event_id.id.author_id",
    kind="contribution",
    out="event_id:contribution_id slot_on is_cancelled begins ends place",
    inner="changed_at",
    erase=Calls(
        "UPDATE event_exception SET place = NULL FROM contribution c"
        " WHERE c.id = event_id AND c.author_id = app_erasing() AND c.state <> 'published'",
        why="a part of the event: it goes with it, and is emptied where that stays for the answers below it",
    ),
    order="slot_on",
    lasts="a part of the event: it goes with it",
)
about(
    "occurrence",
    of="event_id.id.author_id",
    kind="contribution",
    inner="id event_id slot_on begins_at ends_at is_long is_cancelled",
    erase=WITH_PARENT,
    lasts="worked out from the event: it goes with it",
)
