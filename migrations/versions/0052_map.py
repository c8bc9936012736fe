"""The map: where initiatives are, and who lets their offers stand in their part of the quarter.

``cells_on_map`` tells the public cell of the home behind an offer, and nothing else of it. It is told to those alone who have
proven to live in the same quarter, of authors who chose so, live there still, and are not protected; a home whose cell would
hold fewer than 30 households has none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0052"
down_revision = "0049"
branch_labels = None
depends_on = None

CELLS = """
CREATE FUNCTION cells_on_map(shown_in int) RETURNS TABLE (contribution_id uuid, cell text) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.contribution_id, h.cell FROM reach r
  JOIN contribution c ON c.id = r.contribution_id
  JOIN person p ON p.id = c.author_id
  JOIN home h ON h.person_id = p.id AND h.quarter_id = c.quarter_id
  WHERE r.quarter_id = shown_in AND c.kind = 'offer' AND c.state = 'published' AND NOT c.is_left
    AND p.is_on_map AND NOT p.is_protected AND p.status = 'active' AND h.cell IS NOT NULL
    AND EXISTS (SELECT FROM membership m WHERE m.person_id = p.id AND m.quarter_id = c.quarter_id AND m.ended_at IS NULL
                AND m.level = 'verified')
    AND c.quarter_id = ANY (app_quarters())
    AND EXISTS (SELECT FROM membership me WHERE me.person_id = app_person() AND me.quarter_id = c.quarter_id
                AND me.ended_at IS NULL AND me.level = 'verified')
$$;
"""
# Hundreds of events and their next dates at once: the walls round events and dates ask for the contribution, row by row. Here it
# is asked once whether the reader reads the quarter; whether they may see an event says the wall round the contribution alone,
# to which this is joined. A date that was moved to another place has none: only that of the whole event was looked up.
EVENTS = """
CREATE FUNCTION events_on_map(shown_in int, at timestamptz, long_ago timestamptz)
RETURNS TABLE (event_id uuid, begins_at timestamptz, lon float8, lat float8, is_home boolean, category text) LANGUAGE sql STABLE ROWS 300
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.id, o.begins_at, CASE WHEN x.event_id IS NULL THEN e.lon END, CASE WHEN x.event_id IS NULL THEN e.lat END,
    r.is_home, r.category
  FROM reach r JOIN event e ON e.id = r.contribution_id JOIN LATERAL
    (SELECT d.begins_at, d.slot_on FROM occurrence d WHERE d.event_id = e.id AND d.begins_at >= long_ago AND d.ends_at >= at
     AND NOT d.is_cancelled ORDER BY d.begins_at LIMIT 1) o ON true
  LEFT JOIN event_exception x ON x.event_id = e.id AND x.slot_on = o.slot_on AND x.place <> e.place
  WHERE r.quarter_id = shown_in AND shown_in = ANY (app_quarters()) AND e.cancelled_at IS NULL
$$;
"""
FUNCTIONS = {"cells_on_map(int)": CELLS, "events_on_map(int, timestamptz, timestamptz)": EVENTS}


def upgrade() -> None:
    op.add_column("person", sa.Column("is_on_map", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_check_constraint(op.f("ck_person_on_map"), "person", "NOT (is_protected AND is_on_map)")
    for column in ("lon", "lat"):
        op.add_column("initiative", sa.Column(column, sa.Double(), nullable=True))
    op.create_check_constraint(op.f("ck_initiative_point"), "initiative", "(lon IS NULL) = (lat IS NULL)")
    for function, text in FUNCTIONS.items():
        op.execute(text)
        for_the_app(function)


def downgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    for column in ("lat", "lon"):
        op.drop_column("initiative", column)
    op.drop_column("person", "is_on_map")
