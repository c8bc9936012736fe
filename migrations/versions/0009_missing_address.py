"""Addresses that people say the register lacks: sealed, the person's own row only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import app_role, grant, open_wall, wall

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "missing_address",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_missing_address_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missing_address")),
        sa.UniqueConstraint("person_id", name=op.f("uq_missing_address_person_id")),
    )
    own = "person_id = (SELECT app_person())"
    grant("SELECT, INSERT, UPDATE, DELETE", "missing_address")
    op.execute(f"GRANT USAGE ON SEQUENCE missing_address_id_seq TO {app_role()}")
    wall("missing_address", select=own, insert=own, update=own, delete=own)


def downgrade() -> None:
    open_wall("missing_address")
    op.drop_table("missing_address")
