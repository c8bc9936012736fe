"""Answers to oneself: up to where they were read, and the words of one's own that were taken down a moment ago."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app, grant, open_wall, wall

revision = "0048"
down_revision = "0043"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
MINE = f"EXISTS (SELECT 1 FROM comment c WHERE c.id = answer_taken_down.comment_id AND c.author_id = {ME})"
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

FORGET = f"""
CREATE FUNCTION forget_taken_back(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM answer_taken_down WHERE taken_down_at < before RETURNING 1) SELECT count(*) FROM gone
$$;
CREATE OR REPLACE FUNCTION forget_read_marks(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM read_mark WHERE moved_at < before RETURNING 1),
    read AS (DELETE FROM answer_mark WHERE moved_at < before RETURNING 1)
  SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM read)
$$;
"""
AS_IT_WAS = f"""
DROP FUNCTION forget_taken_back(timestamptz);
CREATE OR REPLACE FUNCTION forget_read_marks(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM read_mark WHERE moved_at < before RETURNING 1) SELECT count(*) FROM gone
$$;
"""


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "answer_mark",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_up_to", sa.Uuid(), nullable=False),
        sa.Column("moved_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_answer_mark_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_answer_mark")),
    )
    op.create_table(
        "answer_taken_down",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("body_md", sa.Text(), nullable=False),
        sa.Column("taken_down_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_answer_taken_down_comment_id_comment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_answer_taken_down")),
    )
    op.create_index("ix_answer_taken_down_taken_down_at", "answer_taken_down", ["taken_down_at"])
    op.execute(FORGET)
    for_the_app("forget_taken_back(timestamptz)")
    mine = f"person_id = {ME}"
    grant("SELECT, INSERT, UPDATE, DELETE", "answer_mark")
    wall("answer_mark", select=mine, insert=mine, update=mine, delete=mine)
    # Nobody reads these words any more but whoever wrote them, and they for ten minutes.
    grant("SELECT, INSERT, DELETE", "answer_taken_down")
    wall("answer_taken_down", select=MINE, insert=MINE, delete=MINE)


def downgrade() -> None:
    op.execute(AS_IT_WAS)
    for table in ("answer_taken_down", "answer_mark"):
        open_wall(table)
        op.drop_table(table)
