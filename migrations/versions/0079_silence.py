"""Silence decides nothing for an account that ever had a proven home, or is protected: there the operator says whose it is.

What ended by silence is marked, so that the operator can still turn it round. Wrong codes are counted for each side.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None

# Homes and proofs are walled, and nobody is signed in when a quarrel falls due: the answer is a yes or a no.
ASKS_PEOPLE = """
CREATE FUNCTION asks_operator(of_person bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM membership m WHERE m.person_id = of_person AND (m.proven_at IS NOT NULL OR m.level <> 'unproven'))
    OR EXISTS (SELECT FROM person p WHERE p.id = of_person AND p.is_protected)
    OR EXISTS (SELECT FROM erasure e WHERE e.person_id = of_person AND e.state = 'hidden'
               AND e.stash #>> '{person,is_protected}' = 'true')
$$;
"""


def upgrade() -> None:
    op.add_column("dispute", sa.Column("is_by_silence", sa.Boolean(), server_default=sa.false(), nullable=False))
    for side in ("old", "new"):
        op.add_column("dispute", sa.Column(f"wrong_{side}", sa.SmallInteger(), server_default="0", nullable=False))
    op.execute(ASKS_PEOPLE)
    for_the_app("asks_operator(bigint)")


def downgrade() -> None:
    op.execute("DROP FUNCTION asks_operator(bigint)")
    for column in ("wrong_new", "wrong_old", "is_by_silence"):
        op.drop_column("dispute", column)
