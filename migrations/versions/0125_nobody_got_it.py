"""An offer that ends with nobody having got it is marked as that, whatever it ends by.

``expires_at <= solved_at`` says so of one that ended by its days. What ends because its author is gone looked like what was handed
over: it stood in the digest as given away, and whoever had the promise was asked whether that was a mistake. Its end is brought
forward to that moment now, also where somebody holds it.

And the week for what becomes free again at its end (0119) is kept as that: its quarter was reminded of the end before.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0125"
down_revision = "0121"
branch_labels = None
depends_on = None

OFFERS = import_module("migrations.versions.0040_offers")
HELD = import_module("migrations.versions.0119_held_to_the_end")


def _cut(whole: str, begin: str, end: str) -> str:
    """A function as an earlier migration made it, to be put in place of what there is."""
    start = whole.index(f"CREATE FUNCTION {begin}(")
    return whole[start : whole.index(end, start) + len(end)].replace("CREATE", "CREATE OR REPLACE", 1)


CLOSE = _cut(OFFERS.TELL, "close_offers", "FROM over $$;")
UNCLAIMED = HELD._put(
    CLOSE, ("SET solved_at = at FROM", "SET solved_at = at, expires_at = least(c.expires_at, at) FROM")
)
BY_WORD = _cut(HELD.BY_WORD, "end_by_word", "END $$;")
# Only an author who is there ends it by what they say.
WHO_IS_THERE = HELD._put(
    BY_WORD,
    (
        "<> 'free' THEN",
        "<> 'free' AND NOT NEW.is_left\n     AND (SELECT status FROM person WHERE id = NEW.author_id) <> 'erased' THEN",
    ),
)
MARKED = HELD._put(
    HELD.A_WEEK,
    (
        "    UPDATE contribution SET expires_at = later WHERE id = wanted;\n",
        "    UPDATE contribution SET expires_at = later WHERE id = wanted;\n"
        "    UPDATE offer SET a_week_until = later WHERE id = wanted;\n",
    ),
)


def upgrade() -> None:
    op.add_column("offer", sa.Column("a_week_until", sa.DateTime(timezone=True)))
    for statement in (UNCLAIMED, WHO_IS_THERE, MARKED):
        op.execute(statement)


def downgrade() -> None:
    for statement in (HELD.A_WEEK, BY_WORD, CLOSE):
        op.execute(statement)
    op.drop_column("offer", "a_week_until")
