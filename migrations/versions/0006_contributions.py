"""The base of everything published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contribution",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body_md", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("comment_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("thanks_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("solved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("solved_by_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("form_key", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "audience IN ('quarter', 'nearby', 'city', 'public')", name=op.f("ck_contribution_audience")
        ),
        sa.CheckConstraint("state IN ('published', 'withdrawn', 'hidden')", name=op.f("ck_contribution_state")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_contribution_author_id_person")),
        sa.ForeignKeyConstraint(["quarter_id"], ["quarter.id"], name=op.f("fk_contribution_quarter_id_quarter")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contribution")),
        sa.UniqueConstraint("form_key", name=op.f("uq_contribution_form_key")),
    )
    op.create_index("ix_contribution_author_id", "contribution", ["author_id", "id"], unique=False)
    op.create_table(
        "read_mark",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("seen_up_to", sa.Uuid(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_read_mark_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["quarter_id"], ["quarter.id"], name=op.f("fk_read_mark_quarter_id_quarter"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "quarter_id", name=op.f("pk_read_mark")),
    )
    op.create_table(
        "comment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("body_md", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("form_key", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state IN ('published', 'withdrawn', 'hidden')", name=op.f("ck_comment_state")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_comment_author_id_person")),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_comment_contribution_id_contribution"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["comment.id"], name=op.f("fk_comment_parent_id_comment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
        sa.UniqueConstraint("form_key", name=op.f("uq_comment_form_key")),
    )
    op.create_index("ix_comment_contribution_id", "comment", ["contribution_id", "id"], unique=False)
    op.create_foreign_key(
        "fk_contribution_solved_by_id_comment", "contribution", "comment", ["solved_by_id"], ["id"], ondelete="SET NULL"
    )
    op.create_table(
        "reach",
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("is_home", sa.Boolean(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_reach_contribution_id_contribution"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["quarter_id"], ["quarter.id"], name=op.f("fk_reach_quarter_id_quarter")),
        sa.PrimaryKeyConstraint("quarter_id", "contribution_id", name=op.f("pk_reach")),
    )
    op.create_index("ix_reach_contribution_id", "reach", ["contribution_id"], unique=False)
    op.create_index("ix_reach_quarter_category", "reach", ["quarter_id", "category", "contribution_id"], unique=False)
    op.create_index(
        "ix_reach_quarter_home",
        "reach",
        ["quarter_id", "contribution_id"],
        unique=False,
        postgresql_where=sa.text("is_home"),
    )
    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body_md", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.BigInteger(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_revision_contribution_id_contribution"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["editor_id"], ["person.id"], name=op.f("fk_revision_editor_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
    )
    op.create_index("ix_revision_contribution_id", "revision", ["contribution_id", "id"], unique=False)
    op.create_table(
        "thanks",
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_thanks_contribution_id_contribution"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_thanks_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contribution_id", "person_id", name=op.f("pk_thanks")),
    )


def downgrade() -> None:
    op.drop_table("thanks")
    op.drop_index("ix_revision_contribution_id", table_name="revision")
    op.drop_table("revision")
    op.drop_index("ix_reach_quarter_home", table_name="reach", postgresql_where=sa.text("is_home"))
    op.drop_index("ix_reach_quarter_category", table_name="reach")
    op.drop_index("ix_reach_contribution_id", table_name="reach")
    op.drop_table("reach")
    op.drop_constraint("fk_contribution_solved_by_id_comment", "contribution", type_="foreignkey")
    op.drop_index("ix_comment_contribution_id", table_name="comment")
    op.drop_table("comment")
    op.drop_table("read_mark")
    op.drop_index("ix_contribution_author_id", table_name="contribution")
    op.drop_table("contribution")
