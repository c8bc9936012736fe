"""The end of an alert says no words that were not written for whoever was told of it.

Until now it gave the title of today: what had become a notice for the author's own quarter meanwhile reached those next door by
that mail, whose page they do not see.

And an alert does not come along to where its author moves: one that waits for that is taken down for good.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0123"
down_revision = "0121"
branch_labels = None
depends_on = None


def _put(function: str, *changes: tuple[str, str]) -> str:
    """A function as it was, with these pieces of it in place of others."""
    for before, after in changes:
        assert function.count(before) == 1, before
        function = function.replace(before, after)
    return function


ENDS = import_module("migrations.versions.0114_ends_of_alerts").END
TOLD = ENDS[ENDS.index("CREATE FUNCTION alert_i_was_told_of") :].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
# Whoever reads it reads what it is called today; whoever does not, what it was called when the mail was promised, as it reached
# them then. That is kept by its revisions: the ledger holds no words, so that it has none to forget.
CALLED = _put(
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


def upgrade() -> None:
    op.execute(CALLED)
    op.execute("UPDATE contribution SET goes_along = false WHERE goes_along AND category = 'urgent'")


def downgrade() -> None:
    op.execute(TOLD)
