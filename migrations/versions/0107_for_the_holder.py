"""What only the one reads to whom an offer is promised: where exactly, the bell, a number to call.

A table of its own behind a wall of its own, as what only guests of an event read (0035): its author, and whoever holds the promise
or the thing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app, grant, open_wall, wall

revision = "0107"
down_revision = "0106"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
TABLE = "offer_for_holder"
# Gone a while after the offer is over; as long as somebody holds the thing they may need it to bring it back.
FORGET = f"""
CREATE FUNCTION forget_for_holders(before timestamptz) RETURNS bigint LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH gone AS (
    DELETE FROM {TABLE} w USING contribution c
    WHERE c.id = w.offer_id AND (c.solved_at < before OR (c.state <> 'published' AND coalesce(c.edited_at, c.published_at) < before))
      AND NOT EXISTS (SELECT 1 FROM ask a WHERE a.offer_id = w.offer_id AND a.state IN ('promised', 'lent')) RETURNING 1)
  SELECT count(*) FROM gone $$;
"""


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offer.id"], name=op.f("fk_offer_for_holder_offer_id_offer"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("offer_id", name=op.f("pk_offer_for_holder")),
    )
    grant("SELECT, INSERT, UPDATE, DELETE", TABLE)
    mine = f"EXISTS (SELECT 1 FROM contribution c WHERE c.id = {TABLE}.offer_id AND c.author_id = {ME})"
    holder = (
        f"EXISTS (SELECT 1 FROM ask a WHERE a.offer_id = {TABLE}.offer_id AND a.person_id = {ME}"
        " AND a.state IN ('promised', 'lent'))"
    )
    wall(TABLE, select=f"{mine} OR {holder}", insert=mine, update=mine, delete=mine)
    op.execute(FORGET)
    for_the_app("forget_for_holders(timestamptz)")


def downgrade() -> None:
    op.execute("DROP FUNCTION forget_for_holders(timestamptz)")
    open_wall(TABLE)
    op.drop_table(TABLE)
