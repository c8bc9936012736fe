"""Whoever calls an event or one of its dates off can say why, and what takes place after all is known to.

Until now what was called off and is on again could be told from what was moved by nobody, and a reason had no place of its own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import follow_version, unfollow_version

revision = "0112"
down_revision = "0111"
branch_labels = None
depends_on = None

TABLES = ("event", "event_exception")
#: columns of an event that a card or a page shows, as in 0035
SHOWN = (
    "zone, begins, ends, is_all_day, rule, until_on, more_on, place, lon, lat, online_url, cost, access, capacity, cancelled_at,"
    " changed_at, was_begins, was_place"
)


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("cancelled_why", sa.Text(), server_default="", nullable=False))
        op.add_column(table, sa.Column("is_on_again", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    unfollow_version("event")
    follow_version("event", "id", on=f"UPDATE OF {SHOWN}, cancelled_why, is_on_again")


def downgrade() -> None:
    unfollow_version("event")
    for table in TABLES:
        op.drop_column(table, "is_on_again")
        op.drop_column(table, "cancelled_why")
    follow_version("event", "id", on=f"UPDATE OF {SHOWN}")
