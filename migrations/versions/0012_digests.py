"""Issues of the digest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import grant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "edition",
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cut", sa.Uuid(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["quarter_id"], ["quarter.id"], name=op.f("fk_edition_quarter_id_quarter"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("quarter_id", "period", name=op.f("pk_edition")),
    )
    grant("SELECT, INSERT, UPDATE", "edition")


def downgrade() -> None:
    op.drop_table("edition")
