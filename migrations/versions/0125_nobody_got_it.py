"""An offer that ends with nobody having got it is marked as that, whatever it ends by.

``expires_at <= solved_at`` says so of one that ended by its days. What ends because its author is gone looked like what was handed
over: it stood in the digest as given away, and whoever had the promise was asked whether that was a mistake. Its end is brought
forward to that moment now, also where somebody holds it.

And the week for what becomes free again at its end (0119) is kept as that: its quarter was reminded of the end before.

And whoever moved up was not chosen by the author: what is for the chosen one alone they read once the author says so, or has handed
the thing over.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app, put_in

revision = "0125"
down_revision = "0124"
branch_labels = None
depends_on = None

OFFERS = import_module("migrations.versions.0040_offers")
HELD = import_module("migrations.versions.0119_held_to_the_end")


def _cut(whole: str, begin: str, end: str) -> str:
    """A function as an earlier migration made it, to be put in place of what there is."""
    start = whole.index(f"CREATE FUNCTION {begin}(")
    return whole[start : whole.index(end, start) + len(end)].replace("CREATE", "CREATE OR REPLACE", 1)


CLOSE = _cut(OFFERS.TELL, "close_offers", "FROM over $$;")
UNCLAIMED = put_in(CLOSE, ("SET solved_at = at FROM", "SET solved_at = at, expires_at = least(c.expires_at, at) FROM"))
BY_WORD = _cut(HELD.BY_WORD, "end_by_word", "END $$;")
# Only an author who is there ends it by what they say.
WHO_IS_THERE = put_in(
    BY_WORD,
    (
        "<> 'free' THEN",
        "<> 'free' AND NOT NEW.is_left\n     AND (SELECT status FROM person WHERE id = NEW.author_id) <> 'erased' THEN",
    ),
)
MARKED = put_in(
    HELD.A_WEEK,
    (
        "    UPDATE contribution SET expires_at = later WHERE id = wanted;\n",
        "    UPDATE contribution SET expires_at = later WHERE id = wanted;\n"
        "    UPDATE offer SET a_week_until = later WHERE id = wanted;\n",
    ),
    ("UPDATE ask SET state = 'promised'\n", "UPDATE ask SET state = 'promised', moved_up = true\n"),
)
LET_READ = f"""
CREATE FUNCTION let_read(wanted uuid) RETURNS boolean LANGUAGE sql {HELD.DEFINER} AS $$
  WITH chosen AS (
    UPDATE ask a SET moved_up = false FROM contribution c
    WHERE a.id = wanted AND a.moved_up AND a.state = 'promised' AND c.id = a.offer_id AND c.author_id = app_person() RETURNING 1)
  SELECT EXISTS (SELECT FROM chosen) $$;
"""
ME, TABLE = "(SELECT app_person())", "offer_for_holder"


def _readers(which: str) -> str:
    return f"""EXISTS (SELECT 1 FROM contribution c WHERE c.id = {TABLE}.offer_id AND c.author_id = {ME})
  OR EXISTS (SELECT 1 FROM ask a WHERE a.offer_id = {TABLE}.offer_id AND a.person_id = {ME} AND {which})"""


def upgrade() -> None:
    op.add_column("ask", sa.Column("moved_up", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("offer", sa.Column("a_week_until", sa.DateTime(timezone=True)))
    for statement in (UNCLAIMED, WHO_IS_THERE, MARKED, LET_READ):
        op.execute(statement)
    for_the_app("let_read(uuid)")
    chosen = "(a.state = 'lent' OR (a.state = 'promised' AND NOT a.moved_up))"
    op.execute(f"ALTER POLICY {TABLE}_select ON {TABLE} USING ({_readers(chosen)})")


def downgrade() -> None:
    held = "a.state IN ('promised', 'lent')"
    op.execute(f"ALTER POLICY {TABLE}_select ON {TABLE} USING ({_readers(held)})")
    op.execute("DROP FUNCTION let_read(uuid)")
    for statement in (HELD.A_WEEK, BY_WORD, CLOSE):
        op.execute(statement)
    op.drop_column("offer", "a_week_until")
    op.drop_column("ask", "moved_up")
