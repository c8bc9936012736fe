"""Who asks gets what they ask for: a verb beside a thing lifts what fits and hides nothing, what one has silenced is found all the
same, and a search that is saved for one quarter is told of nothing from another.

Until now "borrow a ladder" asked for slips that say both, and where there were none a rare verb outweighed the ladder. Whoever had
silenced somebody did not find what the page of the search, and the words of whoever silences, said they would find.
"""

from __future__ import annotations

from importlib import import_module

revision = "0104"
down_revision = "0103"
branch_labels = None
depends_on = None

BEFORE = import_module("migrations.versions.0080_quick_search")
OFFICES = import_module("migrations.versions.0093_offices")

# What is looked for by name is found: what is silenced is left out of what is laid before one (neighbour/contributions/muting.py).
SEEN = (
    (
        """  me bigint := app_person();
  silent_people bigint[] := ARRAY(SELECT m.author_id FROM mute m WHERE m.person_id = me AND m.author_id IS NOT NULL);
  silent_kinds text[] := ARRAY(SELECT m.category FROM mute m WHERE m.person_id = me AND m.category IS NOT NULL);
  silent_threads uuid[] := ARRAY(SELECT m.contribution_id FROM mute m WHERE m.person_id = me AND m.contribution_id IS NOT NULL);
""",
        "",
    ),
    (
        """    LEFT JOIN LATERAL (SELECT a.author_id, a.state FROM comment a""",
        """    LEFT JOIN LATERAL (SELECT a.state FROM comment a""",
    ),
    (
        """    AND (c.category = 'urgent' OR (c.author_id <> ALL (silent_people) AND c.category <> ALL (silent_kinds)))
    AND (h.id = h.contribution_id
         OR (a.state = 'published' AND a.author_id <> ALL (silent_people) AND c.id <> ALL (silent_threads)));
""",
        """    AND (h.id = h.contribution_id OR a.state = 'published');
""",
    ),
)

# A quarter of what a title is worth: a slip that names the thing itself and one that fits come before either alone.
FOUND = (
    (
        """  ), scored AS (
    SELECT t.thread, sum(t.mark * t.idf) / sum(t.idf) AS score,""",
        """  ), lift AS MATERIALIZED (
    -- What is to be done with the thing, asked ->> 'lifting': the kind of slip (a tag) says it outright, its words say it as well.
    SELECT s.thread, max(CASE WHEN NOT search_has(s.whole, w.one, w.other) THEN 0 WHEN w.one LIKE '''#%' THEN 1
      ELSE w.factor * CASE WHEN s.id = s.thread THEN 1 ELSE 0.7 END
           * CASE WHEN search_has(s.title, w.one, w.other) THEN 1 ELSE 0.6 END END) AS lift
    FROM seen s, search_ways(asked -> 'lifting') w GROUP BY s.thread
  ), scored AS (
    SELECT t.thread, sum(t.mark * t.idf) / sum(t.idf) + 0.25 * coalesce((SELECT l.lift FROM lift l WHERE l.thread = t.thread), 0) AS score,""",
    ),
)

# The saved search's own quarter, as on its page.
TOLD = (
    (
        "    JOIN saved_search s ON s.id = x.id JOIN entry e ON e.id = x.entry\n  WHERE ",
        """    JOIN saved_search s ON s.id = x.id JOIN entry e ON e.id = x.entry
  WHERE (s.filters -> 'home' IS NULL
         OR (SELECT c.quarter_id FROM contribution c WHERE c.id = e.id) = (s.filters ->> 'home')::int) AND """,
    ),
)
REMADE = (("ASK", "search_seen", SEEN), ("JUDGE", "search_found", FOUND), ("JUDGE", "search_for_readers", TOLD))
OFFICES_ASKED = next(row[3:] for row in OFFICES.REMADE if row[2] == "search_seen")


def upgrade() -> None:
    for constant, name, changes in REMADE:
        body = _as_before(constant, name)
        for was, becomes in changes:
            body = body.replace(was, becomes)
        BEFORE.BEFORE._as_written(body)


def downgrade() -> None:
    for constant, name, _changes in REMADE:
        BEFORE.BEFORE._as_written(_as_before(constant, name).replace(*OFFICES_ASKED))


def _as_before(constant: str, name: str) -> str:
    """A function as migration 0080 wrote it."""
    whole = getattr(BEFORE, constant).replace(f"CREATE OR REPLACE FUNCTION {name}(", f"CREATE FUNCTION {name}(")
    body = f"CREATE OR REPLACE FUNCTION {name}(" + whole.partition(f"CREATE FUNCTION {name}(")[2]
    return body[: body.index("$$;") + 3]
