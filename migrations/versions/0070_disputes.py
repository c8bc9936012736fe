"""Two mailboxes that both say an account is theirs: it is closed until that is settled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import app_role, grant

revision = "0070"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("email_change", sa.Column("new_email", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "dispute",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=True),
        sa.Column("old_email", sa.Text(), nullable=False),
        sa.Column("new_email", sa.Text(), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("begun_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("objected_at", moment, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_dispute_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["change_id"], ["email_change.id"], name=op.f("fk_dispute_change_id_email_change"), ondelete="SET NULL"
        ),
        sa.CheckConstraint("state IN ('waiting', 'objected', 'old', 'new')", name=op.f("ck_dispute_state")),
    )
    op.create_index(op.f("ix_dispute_person_id"), "dispute", ["person_id"])
    op.create_index(op.f("ix_dispute_change_id"), "dispute", ["change_id"])
    goes_on = sa.text("state IN ('waiting', 'objected')")
    op.create_index("uq_dispute_open", "dispute", ["person_id"], unique=True, postgresql_where=goes_on)
    grant("SELECT, INSERT, UPDATE, DELETE", "dispute")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app_role()}")


def downgrade() -> None:
    op.drop_table("dispute")
    op.drop_column("email_change", "new_email")
