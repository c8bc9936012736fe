"""Mail to an address that nobody has confirmed goes by turns, whatever its kind and whoever asked for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0089"
down_revision = "0088"
branch_labels = None
depends_on = None

COUNTED = "mailbox_hash IS NOT NULL"
INDEXES = (
    ("ix_delivery_turn", ["mailbox_hash", "turn"], COUNTED),
    ("ix_delivery_piece", ["mailbox_hash", "piece_hash", "turn"], COUNTED),
    ("ix_delivery_line", ["mailbox_hash"], f"{COUNTED} AND state = 'pending'"),
)
# The window of a rate has another length now: what was counted by the old one would count for a day and more.
FORGET = "DELETE FROM rate_count WHERE rate_class = 'mailbox'"


def upgrade() -> None:
    op.add_column("delivery", sa.Column("mailbox_hash", sa.LargeBinary(), nullable=True))
    op.add_column("delivery", sa.Column("piece_hash", sa.LargeBinary(), nullable=True))
    op.add_column("delivery", sa.Column("turn", sa.BigInteger(), nullable=True))
    op.add_column("delivery", sa.Column("asks", sa.Integer(), server_default="1", nullable=False))
    op.add_column("delivery", sa.Column("may_rush", sa.Boolean(), server_default=sa.true(), nullable=False))
    for name, columns, where in INDEXES:
        op.create_index(name, "delivery", columns, postgresql_where=sa.text(where))
    op.execute(FORGET)


def downgrade() -> None:
    for name, _columns, where in reversed(INDEXES):
        op.drop_index(name, table_name="delivery", postgresql_where=sa.text(where))
    for column in ("may_rush", "asks", "turn", "piece_hash", "mailbox_hash"):
        op.drop_column("delivery", column)
    op.execute(FORGET)
