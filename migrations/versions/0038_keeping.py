"""What people set aside, and what they want to hear no more of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app, grant, open_wall, wall

revision = "0038"
down_revision = "0035"
branch_labels = None
depends_on = None

MINE = "person_id = (SELECT app_person())"
SEEN = "EXISTS (SELECT 1 FROM contribution c WHERE c.id = {0}.contribution_id)"

# An issue is written for hundreds of readers at once, and through the eyes of none of them.
MUTES = """
CREATE FUNCTION mutes_of(people bigint[]) RETURNS TABLE (person_id bigint, authors bigint[], categories text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.person_id, coalesce(array_agg(m.author_id) FILTER (WHERE m.author_id IS NOT NULL), '{}'),
         coalesce(array_agg(m.category) FILTER (WHERE m.category IS NOT NULL), '{}')
  FROM mute m WHERE m.person_id = ANY (people) AND m.contribution_id IS NULL GROUP BY 1
$$;
"""


def upgrade() -> None:
    op.create_table(
        "bookmark",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_bookmark_contribution_id_contribution"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_bookmark_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "contribution_id", name=op.f("pk_bookmark")),
    )
    op.create_index("ix_bookmark_person_id", "bookmark", ["person_id", "created_at"])
    op.create_table(
        "mute",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(contribution_id, category, author_id) = 1", name=op.f("ck_mute_one_thing")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["person.id"], name=op.f("fk_mute_author_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_mute_contribution_id_contribution"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_mute_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mute")),
        sa.UniqueConstraint("person_id", "author_id", name="uq_mute_author"),
        sa.UniqueConstraint("person_id", "category", name="uq_mute_category"),
        sa.UniqueConstraint("person_id", "contribution_id", name="uq_mute_thread"),
    )
    op.execute(MUTES)
    for_the_app("mutes_of(bigint[])")
    for table in ("bookmark", "mute"):
        grant("SELECT, INSERT, DELETE", table)
    wall("bookmark", select=MINE, insert=f"{MINE} AND {SEEN.format('bookmark')}", delete=MINE)
    wall("mute", select=MINE, insert=f"{MINE} AND (contribution_id IS NULL OR {SEEN.format('mute')})", delete=MINE)


def downgrade() -> None:
    op.execute("DROP FUNCTION mutes_of(bigint[])")
    for table in ("mute", "bookmark"):
        open_wall(table)
        op.drop_table(table)
