"""When something urgent was made something else, and until when it would have held: a slip of the hand, taken back within ten
minutes, goes on as it was.

Until now any change of its words within the last ten minutes counted as that, so an alert whose end had been told – or that had run
out – came back, longer and wider than it was, without anybody hearing of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0121"
down_revision = "0118"
branch_labels = None
depends_on = None

COLUMNS = ("calmed_at", "calmed_until")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("post", sa.Column(name, sa.DateTime(timezone=True)))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("post", name)
