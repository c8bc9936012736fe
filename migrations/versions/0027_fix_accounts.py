"""An account that was taken over can be had back: addresses stay kept for who is leaving, browsers forget old passwords.

Whoever is leaving has 14 days to come back, and their address was anybody's meanwhile. Accounts asks whose it is before it
gives one away; what it is told is a number, for an address it has to know already. Of two commands at once that take a
lost factor off, only one waits, so that one objection stops it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

LEAVING = """
CREATE FUNCTION leaving_with(address text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT e.person_id FROM erasure e WHERE e.state = 'hidden' AND e.stash #>> '{person,email_key}' = address
    AND e.stash #>> '{person,confirmed_at}' IS NOT NULL  -- an address that nobody ever confirmed is kept for nobody
  ORDER BY e.asked_at LIMIT 1
$$;
"""
ONE_WAITS = """
UPDATE factor_reset r SET state = 'stopped', ended_at = now() WHERE r.state = 'waiting'
AND EXISTS (SELECT 1 FROM factor_reset o WHERE o.person_id = r.person_id AND o.state = 'waiting' AND o.id < r.id)
"""


def upgrade() -> None:
    op.add_column("person", sa.Column("password_round", sa.Integer(), server_default="0", nullable=False))
    op.add_column("person", sa.Column("email_wish", sa.Text(), nullable=True))
    op.add_column("person", sa.Column("email_wished_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(LEAVING)
    for_the_app("leaving_with(text)")
    op.execute(ONE_WAITS)
    waiting = sa.text("state = 'waiting'")
    op.create_index("uq_factor_reset_waiting", "factor_reset", ["person_id"], unique=True, postgresql_where=waiting)


def downgrade() -> None:
    op.drop_index("uq_factor_reset_waiting", table_name="factor_reset")
    op.execute("DROP FUNCTION leaving_with(text)")
    for column in ("email_wished_at", "email_wish", "password_round"):
        op.drop_column("person", column)
