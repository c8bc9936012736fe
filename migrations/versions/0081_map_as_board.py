"""The map shows of events what the board shows, and asks for it itself.

``events_on_map`` reads past the walls round events and dates, because those ask for the contribution row by row. So it asks all
of it once: whether the reader reads the quarter, whether the event hangs there and takes place, and whether they have silenced it
– what one has pinned up oneself never is. Whatever it gives stands on the reader's board and in their calendar as well.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.helpers import for_the_app

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None

BEFORE = import_module("migrations.versions.0052_map").EVENTS
NAME = "events_on_map(int, timestamptz, timestamptz)"
SILENCED = (
    "(SELECT coalesce(array_agg(m.{0}), '{{}}') FROM mute m WHERE m.person_id = app_person() AND m.{0} IS NOT NULL)"
)
# A date that was moved to another place has no point: only that of the whole event was looked up. The two arrays are made once.
EVENTS = f"""
CREATE FUNCTION events_on_map(shown_in int, at timestamptz, long_ago timestamptz)
RETURNS TABLE (event_id uuid, begins_at timestamptz, lon float8, lat float8, is_home boolean, category text) LANGUAGE sql STABLE ROWS 300
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.id, o.begins_at, CASE WHEN x.event_id IS NULL THEN e.lon END, CASE WHEN x.event_id IS NULL THEN e.lat END,
    r.is_home, r.category
  FROM reach r JOIN event e ON e.id = r.contribution_id JOIN contribution c ON c.id = e.id JOIN LATERAL
    (SELECT d.begins_at, d.slot_on FROM occurrence d WHERE d.event_id = e.id AND d.begins_at >= long_ago AND d.ends_at >= at
     AND NOT d.is_cancelled ORDER BY d.begins_at LIMIT 1) o ON true
  LEFT JOIN event_exception x ON x.event_id = e.id AND x.slot_on = o.slot_on AND x.place <> e.place
  WHERE r.quarter_id = shown_in AND shown_in = ANY (app_quarters()) AND c.state = 'published' AND e.cancelled_at IS NULL
    AND (c.author_id = app_person()
      OR (r.category <> ALL ({SILENCED.format("category")}::text[]) AND c.author_id <> ALL ({SILENCED.format("author_id")}::bigint[])))
$$;
"""


def upgrade() -> None:
    _replace(EVENTS)


def downgrade() -> None:
    _replace(BEFORE)


def _replace(text: str) -> None:
    op.execute(f"DROP FUNCTION {NAME}")
    op.execute(text)
    for_the_app(NAME)
