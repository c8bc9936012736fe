"""What an initiative has announced hangs once on a board, whichever of its lists it came with.

Since each of its quarters has a list of its own (0120), a list that was sent for the second one pinned up everything again: what
a whole city reads hung twice on every board.
"""

from __future__ import annotations

from alembic import op

from migrations.helpers import for_the_app

revision = "0122"
down_revision = "0121"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

# The rows of an initiative's other lists whose events are read in a quarter which something new of this list would reach, and where
# each of them hangs. Rows that were taken down hang nowhere.
BESIDE = f"""
CREATE FUNCTION hanging_beside(wanted text, quarter int, audience text) RETURNS TABLE (uid text, hangs_in text)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT i.uid, min(q.name) FROM event_import i JOIN contribution c ON c.id = i.event_id JOIN quarter q ON q.id = c.quarter_id
  WHERE wanted LIKE 'i:% %' AND split_part(i.list, ' ', 1) = split_part(wanted, ' ', 1) AND i.list <> wanted
    AND c.state = 'published' AND EXISTS (SELECT FROM reach r
      WHERE r.contribution_id = c.id AND r.quarter_id IN (SELECT quarters_reached(hanging_beside.quarter, hanging_beside.audience)))
  GROUP BY i.uid
$$;
"""


def upgrade() -> None:
    op.execute(BESIDE)
    for_the_app("hanging_beside(text, int, text)")


def downgrade() -> None:
    op.execute("DROP FUNCTION hanging_beside(text, int, text)")
