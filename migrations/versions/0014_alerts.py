"""When a post became urgent: one alert per person and day, whether by a new post or by changing one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("post", sa.Column("alerted_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE post SET alerted_at = c.published_at FROM contribution c WHERE c.id = post.id AND c.category = 'urgent'"
    )


def downgrade() -> None:
    op.drop_column("post", "alerted_at")
