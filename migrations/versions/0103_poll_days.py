"""A poll remembers how long its author wanted it open.

It was open for so many days after its post was pinned up, and how many was read off that: a poll added to a post that hung for
longer was closed when it was born.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0103"
down_revision = "0102"
branch_labels = None
depends_on = None

# As it was read off until now.
DAYS = """
UPDATE poll p SET days = extract(epoch FROM p.closes_at - c.published_at) / 86400 FROM contribution c WHERE c.id = p.contribution_id
"""


def upgrade() -> None:
    op.add_column("poll", sa.Column("days", sa.SmallInteger(), nullable=True))
    op.execute(DAYS)
    op.alter_column("poll", "days", nullable=False)


def downgrade() -> None:
    op.drop_column("poll", "days")
