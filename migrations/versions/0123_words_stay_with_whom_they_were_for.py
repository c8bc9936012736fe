"""Words stay with those they were written for: the end of an alert says no words that were not written for whoever was told of it.

Until now it gave the title of today: what had become a notice for the author's own quarter meanwhile reached those next door by
that mail, whose page they do not see.

And an alert does not come along to where its author moves: one that waits for that is taken down for good.

What an answer said before was read by whoever reads the answer, also by those whom a wider reach of its slip took in later. It has
the reach of its slip now, as earlier wordings of slips do since 0121. And where a slip comes along to another quarter, its earlier
wordings stay with the quarter they were written in; of what has come along before today nobody knows which that was.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.helpers import put_in

revision = "0123"
down_revision = "0122"
branch_labels = None
depends_on = None


ENDS = import_module("migrations.versions.0114_ends_of_alerts").END
TOLD = ENDS[ENDS.index("CREATE FUNCTION alert_i_was_told_of") :].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
# Whoever reads it reads what it is called today; whoever does not, what it was called when the mail was promised, as it reached
# them then. That is kept by its revisions: the ledger holds no words, so that it has none to forget.
CALLED = put_in(
    TOLD,
    (
        "SELECT c.title,",
        """SELECT CASE WHEN c.quarter_id = ANY (app_quarters()) OR EXISTS (SELECT 1 FROM reach r WHERE r.contribution_id = c.id
      AND r.quarter_id = ANY (app_quarters())) THEN c.title ELSE coalesce((SELECT r.title FROM revision r
        WHERE r.contribution_id = c.id AND r.replaced_at > mine.told_at ORDER BY r.id LIMIT 1), c.title) END,
    """,
    ),
    (
        """FROM contribution c
  WHERE c.id = wanted AND EXISTS
    (SELECT 1 FROM delivery t""",
        """FROM contribution c
  JOIN LATERAL (SELECT max(t.created_at) AS told_at FROM delivery t""",
    ),
    (
        "IN ('leased', 'sent'))",
        "IN ('leased', 'sent')) mine ON mine.told_at IS NOT NULL\n  WHERE c.id = wanted",
    ),
)

EARLIER = import_module("migrations.versions.0121_an_alert_taken_back")
ME, ALL = EARLIER.AS_IT_WAS.ME, EARLIER.AS_IT_WAS.REACHED
ANSWERS = import_module("migrations.versions.0105_answers_change").SEEN
# As in 0121, but by the quarter it was written in; a reach as wide as the present one takes in the same people only from there.
THEN = """coalesce({0}.quarter_id, c.quarter_id) = ANY ((SELECT app_quarters())::int[]) OR {0}.audience IN ('city', 'public')
  OR (coalesce({0}.quarter_id, c.quarter_id) = c.quarter_id AND ((c.audience = 'nearby' AND {0}.audience = 'nearby')
    OR (c.audience = 'quarter' AND {0}.audience IN ('quarter', 'nearby'))))"""
OF_SLIP = EARLIER._readable(f"{ALL} AND ({THEN.format('revision')})")
# Whoever reads the answer (its own wall), as it hangs, and could read it then; whoever wrote it, or the slip.
OF_ANSWER = f"""EXISTS (SELECT 1 FROM comment a JOIN contribution c ON c.id = a.contribution_id
  WHERE a.id = comment_revision.comment_id AND (a.author_id = {ME} OR (a.state = 'published'
    AND ((c.author_id = {ME} AND NOT c.is_left) OR {THEN.format("comment_revision")}))))"""

ARRIVING = import_module("migrations.versions.0026_attack")
ARRIVED = ARRIVING.ARRIVE.format(lived_here=ARRIVING.LIVED_HERE)
COMES = (
    "FROM contribution c{} WHERE {} AND c.author_id = NEW.person_id AND c.goes_along AND c.quarter_id <> NEW.quarter_id"
)
ARRIVES = put_in(
    ARRIVED,
    (
        "    UPDATE contribution c SET quarter_id",
        f"""    UPDATE revision r SET quarter_id = c.quarter_id {COMES.format("", "c.id = r.contribution_id")}
      AND r.quarter_id IS NULL;
    UPDATE comment_revision r SET quarter_id = c.quarter_id {COMES.format(", comment a", "a.id = r.comment_id")}
      AND c.id = a.contribution_id AND r.quarter_id IS NULL;
    UPDATE contribution c SET quarter_id""",
    ),
)


def upgrade() -> None:
    op.execute(CALLED)
    op.execute("UPDATE contribution SET goes_along = false WHERE goes_along AND category = 'urgent'")
    for table in ("revision", "comment_revision"):
        op.add_column(table, sa.Column("quarter_id", sa.Integer()))
    op.add_column("comment_revision", sa.Column("audience", sa.Text()))
    op.execute(
        "UPDATE comment_revision r SET audience = c.audience FROM comment a, contribution c"
        " WHERE a.id = r.comment_id AND c.id = a.contribution_id"
    )
    op.alter_column("comment_revision", "audience", nullable=False)
    op.execute(f"ALTER POLICY revision_select ON revision USING ({OF_SLIP})")
    op.execute(f"ALTER POLICY comment_revision_select ON comment_revision USING ({OF_ANSWER})")
    op.execute(ARRIVES)


def downgrade() -> None:
    op.execute(ARRIVED)
    op.execute(f"ALTER POLICY comment_revision_select ON comment_revision USING ({ANSWERS})")
    was = EARLIER._readable(f"{ALL} AND ({EARLIER.THEN})")
    op.execute(f"ALTER POLICY revision_select ON revision USING ({was})")
    op.drop_column("comment_revision", "audience")
    for table in ("comment_revision", "revision"):
        op.drop_column(table, "quarter_id")
    op.execute(TOLD)
