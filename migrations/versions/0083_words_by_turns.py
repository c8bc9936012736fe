"""Whoever takes words out of the index and the job that reads new ones wait for each other before they hold anything the other wants.

The job held pieces of writing while it waited for a word that was just being taken away; whoever took it away came to those
pieces next. Now words are taken away with a share of the job's own lock: the job does nothing as long as somebody has one, and
never waits for them.
"""

from __future__ import annotations

from importlib import import_module

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None

BEFORE = import_module("migrations.versions.0060_search")
START = BEFORE.KEEP.index("CREATE FUNCTION search_forget_words")
OLD = BEFORE.KEEP[START : BEFORE.KEEP.index("END $$;", START) + len("END $$;")].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
SHARED = "  PERFORM pg_advisory_xact_lock_shared(hashtext('search_learn'));\n"


def upgrade() -> None:
    BEFORE._as_written(OLD.replace("BEGIN\n", "BEGIN\n" + SHARED))


def downgrade() -> None:
    BEFORE._as_written(OLD)
