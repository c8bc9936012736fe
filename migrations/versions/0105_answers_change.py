"""Answers can be changed by whoever wrote them, and say what they said before to whoever reads them.

Until now a slip of the pen in an answer could only be taken down and written anew, with a second mail about it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import grant, open_wall, wall

revision = "0105"
down_revision = "0104"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
OF_IT = "EXISTS (SELECT 1 FROM comment a WHERE a.id = comment_revision.comment_id AND {})"
MINE = OF_IT.format(f"a.author_id = {ME}")
#: what hangs, for whoever reads it (the answer's own wall); what was taken down says nothing of before either
SEEN = OF_IT.format(f"(a.state = 'published' OR a.author_id = {ME})")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "comment_revision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("body_md", sa.Text(), nullable=False),
        sa.Column("replaced_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_comment_revision_comment_id_comment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_revision")),
    )
    op.create_index("ix_comment_revision_comment_id", "comment_revision", ["comment_id", "id"])
    grant("SELECT, INSERT, DELETE", "comment_revision")
    wall("comment_revision", select=SEEN, insert=MINE, delete=MINE)
    op.add_column("answer_taken_down", sa.Column("changed_at", moment, nullable=True))


def downgrade() -> None:
    op.drop_column("answer_taken_down", "changed_at")
    open_wall("comment_revision")
    op.drop_table("comment_revision")
