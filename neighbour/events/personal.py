"""What an event has beyond any contribution; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import WITH_PARENT, Calls, about

about(
    "event",
    of="id.author_id",
    kind="contribution",
    out="id:contribution_id begins ends zone is_all_day rule until_on more_on place lon lat online_url cost access capacity"
    " cancelled_at cancelled_why",
    inner="changed_at was_begins was_place sequence counted_at dated_until gone_at has_own_point goes_on_at"
    " goes_on_as places_before is_on_again",
    erase=Calls(
        "UPDATE event SET place = '', online_url = '', cost = '', access = '', lon = NULL, lat = NULL,"
        " has_own_point = false, was_place = NULL, places_before = '{}', cancelled_why = '',"
        " cancelled_at = coalesce(cancelled_at, c.edited_at, c.published_at) FROM contribution c"
        " WHERE c.id = event.id AND c.author_id = app_erasing() AND NOT c.is_office AND c.state <> 'published'",
        why="a part of the contribution: it goes with it, and is emptied where that stays for the answers below it",
    ),
    order="id",
    lasts="a part of the contribution: it goes with it",
)
about(
    "event_exception",
    of="event_id.id.author_id",
    kind="contribution",
    out="event_id:contribution_id slot_on is_cancelled cancelled_why begins ends place",
    inner="changed_at is_on_again",
    erase=Calls(
        "UPDATE event_exception SET place = NULL, cancelled_why = '' FROM contribution c"
        " WHERE c.id = event_id AND c.author_id = app_erasing() AND NOT c.is_office AND c.state <> 'published'",
        why="a part of the event: it goes with it, and is emptied where that stays for the answers below it",
    ),
    order="slot_on",
    lasts="a part of the event: it goes with it",
)
about(
    "occurrence",
    of="event_id.id.author_id",
    kind="contribution",
    inner="id event_id slot_on begins_at ends_at is_long is_cancelled known taken waiting is_closed",
    erase=WITH_PARENT,
    lasts="worked out from the event: it goes with it",
)
about(
    "participation",
    of="person_id",
    kind="contribution",
    out="occurrence_id:date state companions asked_at",
    inner="person_id offered_until told_at",
    order="asked_at",
    ends="guests",
)
about(
    "event_for_guests",
    of="event_id.id.author_id",
    kind="contribution",
    out="event_id:contribution_id text",
    order="event_id",
    lasts="a part of the event: it goes with it",
)
about(
    "calendar_feed",
    of="person_id",
    kind="access",
    out="kind made_at:created_at",
    inner="id person_id",
    secret="token_hash",
    order="made_at",
    lasts="until it is ended or made anew, or its owner moves away",
)
about(
    "event_import",
    of="event_id.id.author_id",
    kind="contribution",
    out="event_id:contribution_id list uid imported_at",
    inner="digest",
    erase=WITH_PARENT,
    order="imported_at",
    lasts="a part of the event: it goes with it",
)
