"""What became of something is named once to whoever was told of it in an issue: in the next one they have, however many mornings
bring none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0102"
down_revision = "0101"
branch_labels = None
depends_on = None

# Events that hung on this board, which these eyes read, and were taken down in this time, with a date to come at ``at``: no word of
# them but the name, which whoever was told of them has read. Of somebody who is gone nothing is named.
OFF = """
CREATE FUNCTION events_off_the_board(quarter int, since timestamptz, until timestamptz, at timestamptz)
RETURNS TABLE (id uuid, gone_at timestamptz, author_id bigint, quarter_id int, audience text, category text, is_office boolean,
  title text, version int, published_at timestamptz, zone text, is_all_day boolean, begins_at timestamptz, ends_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.id, e.gone_at, c.author_id, c.quarter_id, c.audience, c.category, c.is_office, c.title, c.version, c.published_at,
    e.zone, e.is_all_day, o.begins_at, o.ends_at
  FROM event e JOIN contribution c ON c.id = e.id JOIN person p ON p.id = c.author_id
  CROSS JOIN LATERAL (SELECT o.begins_at, o.ends_at FROM occurrence o WHERE o.event_id = e.id AND o.ends_at > at
                      AND NOT o.is_cancelled ORDER BY o.begins_at LIMIT 1) o
  WHERE e.gone_at > since AND e.gone_at <= until AND c.state <> 'published' AND p.status <> 'erased' AND c.title <> ''
    AND quarter = ANY (app_quarters()) AND (quarter IN (SELECT quarters_reached(c.quarter_id, c.audience))
      OR EXISTS (SELECT FROM reach_kept k WHERE k.contribution_id = c.id AND k.quarter_id = quarter))
  ORDER BY e.gone_at DESC
$$;
"""


def upgrade() -> None:
    op.add_column("subscription", sa.Column("heard_up_to", sa.Uuid(), nullable=True))
    op.execute(OFF)
    for_the_app("events_off_the_board(int, timestamptz, timestamptz, timestamptz)")


def downgrade() -> None:
    op.execute("DROP FUNCTION events_off_the_board(int, timestamptz, timestamptz, timestamptz)")
    op.drop_column("subscription", "heard_up_to")
