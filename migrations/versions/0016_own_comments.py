"""Whoever wrote a comment can take it down, also after moving away from where it hangs."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SEEN = "EXISTS (SELECT 1 FROM contribution c WHERE c.id = comment.contribution_id)"
MINE = "author_id = (SELECT app_person())"


def upgrade() -> None:
    op.execute(f"ALTER POLICY comment_select ON comment USING ({MINE} OR {SEEN})")


def downgrade() -> None:
    op.execute(f"ALTER POLICY comment_select ON comment USING ({SEEN})")
