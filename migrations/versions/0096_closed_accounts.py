"""While two mailboxes quarrel about an account, no secret address shows its calendar; and all of somebody's end at once.

Whoever was in may have made one: it would go on telling them where its owner will be, quarrel, new password and all.
"""

from __future__ import annotations

from alembic import op

from migrations.helpers import for_the_app

revision = "0096"
down_revision = "0095"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
FEED_OF = f"""
CREATE OR REPLACE FUNCTION calendar_feed_of(token bytea) RETURNS TABLE
  (id uuid, person_id bigint, kind text, language text, quarters int[], made_at timestamptz) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT f.id, f.person_id, f.kind, p.language, array_agg(m.quarter_id ORDER BY m.id), f.made_at
  FROM calendar_feed f JOIN person p ON p.id = f.person_id AND p.status = 'active' AND p.confirmed_at IS NOT NULL
  JOIN membership m ON m.person_id = p.id AND m.ended_at IS NULL AND m.level <> 'unproven'
  WHERE f.token_hash = token{{}} GROUP BY f.id, p.id
$$;
"""
NO_QUARREL = """
    AND NOT EXISTS (SELECT FROM dispute d WHERE d.person_id = p.id AND d.state IN ('waiting', 'objected'))"""
# Whoever takes an account back by a link in a mail has nobody's eyes, and calendars are walled.
END = f"""
CREATE FUNCTION end_calendars(of_person bigint) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM calendar_feed WHERE person_id = of_person RETURNING 1) SELECT count(*) FROM gone
$$;
"""


def upgrade() -> None:
    op.execute(FEED_OF.format(NO_QUARREL))
    op.execute(END)
    for_the_app("end_calendars(bigint)")


def downgrade() -> None:
    op.execute("DROP FUNCTION end_calendars(bigint)")
    op.execute(FEED_OF.format(""))
