"""Forgetting sign-ups that were never confirmed: their homes and letters lie behind the wall, so the database does it."""

from __future__ import annotations

from alembic import op

from migrations.helpers import for_the_app

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FORGET = """
CREATE FUNCTION forget_unconfirmed(before timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE gone bigint;
BEGIN
  DELETE FROM person p WHERE p.confirmed_at IS NULL AND p.created_at < before AND NOT p.is_operator
    AND NOT EXISTS (SELECT 1 FROM contribution c WHERE c.author_id = p.id)
    AND NOT EXISTS (SELECT 1 FROM comment c WHERE c.author_id = p.id);
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;
"""


def upgrade() -> None:
    op.execute(FORGET)
    for_the_app("forget_unconfirmed(timestamptz)")


def downgrade() -> None:
    op.execute("DROP FUNCTION forget_unconfirmed(timestamptz)")
