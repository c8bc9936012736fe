"""City, quarters, adjacency."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "city",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("geo_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_city_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_city")),
    )
    op.create_table(
        "quarter",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("geometry", sa.LargeBinary(), nullable=False),
        sa.Column("outline", sa.Text(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("households IS NULL OR households >= 0", name=op.f("ck_quarter_households_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarter")),
        sa.UniqueConstraint("key", name=op.f("uq_quarter_key")),
        sa.UniqueConstraint("slug", name=op.f("uq_quarter_slug")),
    )
    op.create_table(
        "adjacency",
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("neighbour_id", sa.Integer(), nullable=False),
        sa.Column("border_m", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["neighbour_id"], ["quarter.id"], name=op.f("fk_adjacency_neighbour_id_quarter"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["quarter_id"], ["quarter.id"], name=op.f("fk_adjacency_quarter_id_quarter"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("quarter_id", "neighbour_id", name=op.f("pk_adjacency")),
    )
    op.create_table(
        "quarter_stat",
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("households_on_board", sa.Integer(), server_default="0", nullable=False),
        sa.Column("members", sa.Integer(), server_default="0", nullable=False),
        sa.Column("readers", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["quarter_id"], ["quarter.id"], name=op.f("fk_quarter_stat_quarter_id_quarter"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("quarter_id", name=op.f("pk_quarter_stat")),
    )


def downgrade() -> None:
    op.drop_table("quarter_stat")
    op.drop_table("adjacency")
    op.drop_table("quarter")
    op.drop_table("city")
