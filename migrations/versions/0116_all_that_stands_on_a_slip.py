"""A slip is found by all that stands on it: by the question of its poll and by the condition of what is offered, too.

Until now options were found and the question above them was not, price and pick-up hint were and the line between them was not.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0116"
down_revision = "0115"
branch_labels = None
depends_on = None

FIRST = import_module("migrations.versions.0060_search")
START = FIRST.KEEP.index("CREATE FUNCTION search_more")
AS_IT_WAS = FIRST.KEEP[START : FIRST.KEEP.index("$$;", START) + 3].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
MORE = (
    ("o.pickup, o.price_words", "o.pickup, o.price_words, o.condition"),
    (
        "    (SELECT string_agg(p.label, ' ') FROM poll_option p",
        "    (SELECT q.question FROM poll q WHERE q.contribution_id = wanted),\n"
        "    (SELECT string_agg(p.label, ' ') FROM poll_option p",
    ),
)
# The column that points at the contribution, and what changes its words, as in migration 0060.
PARTS = {
    "offer": ("id", FIRST.PARTS["offer"][1] + ", condition"),
    "poll": ("contribution_id", "INSERT OR DELETE OR UPDATE OF question"),
}
# What hangs already and has either; in the order of their keys, in which the triggers take them as well.
FILL = """
SELECT search_put_contribution(c.id) FROM contribution c
WHERE c.state = 'published' AND (EXISTS (SELECT FROM poll p WHERE p.contribution_id = c.id)
                                 OR EXISTS (SELECT FROM offer o WHERE o.id = c.id AND o.condition <> ''))
ORDER BY c.id
"""


def upgrade() -> None:
    body = AS_IT_WAS
    for was, becomes in MORE:
        assert body.count(was) == 1
        body = body.replace(was, becomes)
    FIRST._as_written(body)
    op.execute("DROP TRIGGER search_keep_part ON offer")
    _follow(PARTS)
    op.execute(FILL)


def downgrade() -> None:
    for table in PARTS:
        op.execute(f"DROP TRIGGER search_keep_part ON {table}")
    FIRST._as_written(AS_IT_WAS)
    _follow({"offer": FIRST.PARTS["offer"]})
    op.execute(FILL)


def _follow(parts: dict[str, tuple[str, str]]) -> None:
    for table, (column, on) in parts.items():
        op.execute(
            f"CREATE TRIGGER search_keep_part AFTER {on} ON {table} FOR EACH ROW EXECUTE FUNCTION search_keep_part('{column}')"
        )
