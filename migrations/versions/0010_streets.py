"""Streets of the register, folded for looking up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import grant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BY_PREFIX = ("key", "words")


def upgrade() -> None:
    op.create_table(
        "street",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("postcode", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("loose", sa.Text(), nullable=False),
        sa.Column("grams", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_street")),
        sa.UniqueConstraint("name", "postcode", name=op.f("uq_street_name_postcode")),
    )
    for column in BY_PREFIX:
        op.create_index(f"ix_street_{column}", "street", [column], postgresql_ops={column: "text_pattern_ops"})
    op.create_index("ix_street_loose", "street", ["loose"])
    op.create_index("ix_street_grams", "street", ["grams"], postgresql_using="gin")
    grant("SELECT", "street")


def downgrade() -> None:
    op.drop_table("street")
