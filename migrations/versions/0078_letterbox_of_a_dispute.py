"""An operator who has to say whose an account is may read the letterbox of its home: that is where they ask.

Only while two mailboxes quarrel about it and both say that it is theirs; every look is written down.
"""

from __future__ import annotations

from alembic import op

from migrations.helpers import app_role

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None

QUARREL = "EXISTS (SELECT 1 FROM dispute d WHERE d.person_id = home.person_id AND d.state = 'objected')"


def upgrade() -> None:
    op.execute(
        f"CREATE POLICY home_dispute ON home FOR SELECT TO {app_role()} USING ((SELECT app_operates()) AND {QUARREL})"
    )


def downgrade() -> None:
    op.execute("DROP POLICY home_dispute ON home")
