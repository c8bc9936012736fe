"""Whether a contribution reaches my quarters, and what is urgent in one, each by one look into an index.

The wall asks the first for every row it shows. Written as EXISTS the planner may answer it by collecting all
that reaches the quarter – a quarter of a million rows in a lively one – once per page; with LIMIT it cannot.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

REACHES_ME = (
    "{0} reach r WHERE r.contribution_id = contribution.id AND r.quarter_id = ANY ((SELECT app_quarters())::int[]){1}"
)
SELECT = (
    "author_id = (SELECT app_person()) OR"
    " (state = 'published' AND ((audience = 'public' AND (SELECT app_public())) OR ({0})))"
)


def upgrade() -> None:
    op.create_index("ix_reach_contribution_quarter", "reach", ["contribution_id", "quarter_id"])
    op.drop_index("ix_reach_contribution_id", table_name="reach")
    op.create_index(
        "ix_reach_urgent", "reach", ["quarter_id", "contribution_id"], postgresql_where=sa.text("category = 'urgent'")
    )
    _show(REACHES_ME.format("SELECT true FROM", " LIMIT 1"))


def downgrade() -> None:
    _show("EXISTS (" + REACHES_ME.format("SELECT 1 FROM", "") + ")")
    op.drop_index("ix_reach_urgent", table_name="reach")
    op.create_index("ix_reach_contribution_id", "reach", ["contribution_id"])
    op.drop_index("ix_reach_contribution_quarter", table_name="reach")


def _show(condition: str) -> None:
    op.execute(f"ALTER POLICY contribution_select ON contribution USING ({SELECT.format(condition)})")
