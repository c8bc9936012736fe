"""The newer address of an account that silence gave away is nobody else's for as long as that can be turned round.

Until now it was free from that moment on: whoever signed up with it, or set a password where somebody had, barred its way back.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0110"
down_revision = "0109"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dispute", sa.Column("new_key", sa.Text(), server_default="", nullable=False))
    op.execute("UPDATE dispute SET new_key = lower(btrim(new_email))")
    op.create_index("ix_dispute_new_key", "dispute", ["new_key"], postgresql_where=sa.text("is_by_silence"))


def downgrade() -> None:
    op.drop_index("ix_dispute_new_key", "dispute")
    op.drop_column("dispute", "new_key")
