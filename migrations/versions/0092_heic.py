"""Photos as phones take them (HEIC) can be drawn now: whoever was told otherwise may read what is left to say."""

from __future__ import annotations

from alembic import op

revision = "0092"
down_revision = "0091"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE photo SET trouble = 'kind' WHERE trouble = 'camera'")


def downgrade() -> None:
    """Nothing to take back: the older reason was one of many for the same."""
