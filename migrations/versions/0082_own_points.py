"""Which events have a point that their author has set: that alone is given away as it is.

Of what hangs already nobody knows who set it, so none of it is given away exactly: it may be somebody's door.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.helpers import follow_version, unfollow_version

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None

ON = "UPDATE OF {}"
SHOWN = import_module("migrations.versions.0035_events").SHOWN
COLUMN, CHECK = "has_own_point", "lon IS NOT NULL OR NOT has_own_point"


def upgrade() -> None:
    op.add_column("event", sa.Column(COLUMN, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_check_constraint(op.f("ck_event_own_point"), "event", CHECK)
    _follow((*SHOWN, COLUMN))


def downgrade() -> None:
    _follow(SHOWN)
    op.drop_constraint(op.f("ck_event_own_point"), "event")
    op.drop_column("event", COLUMN)


def _follow(columns: tuple[str, ...]) -> None:
    """These columns give an event a new version when they change."""
    unfollow_version("event")
    follow_version("event", "id", on=ON.format(", ".join(columns)))
