"""Who has saved a search is told of what the search finds: of compounds taken apart, of what was mistyped, and where only the
weightier half of the words stands there.

Until now every word had to stand there as it was typed, those that say what is to be done with the thing too.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.helpers import for_the_app

revision = "0115"
down_revision = "0114"
branch_labels = None
depends_on = None

ASKED = import_module("migrations.versions.0104_what_is_asked")
QUICK = ASKED.BEFORE
FIRST = QUICK.BEFORE
BEFORE = "search_for_readers(bigint[], uuid[])"
FOR_THE_APP = ("search_mistaken(bigint[], uuid[])", "search_for_readers(bigint[], uuid[], jsonb)")

# Words of eight letters may be mistyped twice, as in neighbour/search/words.py.
MISTAKEN = f"""
-- Which words of what these people look for are spelled nearly like one in a title of these contributions, but stand nowhere
-- where the viewer may read, in none of their ways; whether they are near enough is for the asker to say. Only these titles are
-- read: nothing tells whether a word stands elsewhere.
CREATE FUNCTION search_mistaken(people bigint[], ids uuid[]) RETURNS TABLE (typed text, meant text)
LANGUAGE sql STABLE {FIRST.DEFINER} {QUICK.BY_WORDS} AS $$
  WITH typed AS MATERIALIZED (
    SELECT DISTINCT p.plain, s.ways -> 'words' -> (p.n - 1)::int AS ways
    FROM saved_search s, jsonb_array_elements_text(s.ways -> 'spelled') WITH ORDINALITY p(plain, n)
    WHERE s.person_id = ANY (people) AND s.is_told AND p.plain ~ '^[a-z]{{4,30}}$'
  ), shorter AS (
    SELECT t.plain, t.plain AS spelling FROM typed t
    UNION SELECT t.plain, overlay(t.plain PLACING '' FROM n FOR 1) FROM typed t, generate_series(1, length(t.plain)) n
  ), spelled AS MATERIALIZED (
    SELECT * FROM shorter
    UNION SELECT s.plain, overlay(s.spelling PLACING '' FROM n FOR 1) FROM shorter s, generate_series(1, length(s.spelling)) n
    WHERE length(s.plain) >= 8
  ), title AS MATERIALIZED (
    SELECT DISTINCT w.word
    FROM contribution c, regexp_split_to_table(translate(search_plain(c.title), 'äöü', 'aou'), ' ') w(word)
    WHERE c.id = ANY (ids) AND w.word ~ '^[a-z]{{4,30}}$' AND EXISTS (SELECT FROM typed)
  ), near AS MATERIALIZED (
    SELECT s.plain, t.word FROM (
      SELECT word, word AS spelling FROM title
      UNION SELECT word, overlay(word PLACING '' FROM n FOR 1) FROM title, generate_series(1, length(word)) n) t
    JOIN spelled s ON s.spelling = t.spelling GROUP BY 1, 2
  )
  SELECT n.plain, n.word FROM near n WHERE NOT EXISTS (
    SELECT FROM typed t, search_seen(search_hits(
      search_question(jsonb_build_array(t.ways), '[]'), search_shelves(NULL), NULL, NULL, 30), NULL) WHERE t.plain = n.plain)
$$;
"""

TOLD = f"""
-- Of these contributions, those that answer what these people look for again and again, with the words each answers; first what
-- answers all of them. What is guessed has to stand in the title, for an issue begins with it: a compound cut into short pieces or
-- to its end, and by ``meant``: {{typed: [way, …]}} what was mistyped. Where not every word stands, the weightier half is enough, as
-- in the search; but one that stood nowhere yet weighs most: it is what is waited for. How rare words are is told by the newest
-- that the viewer may read. An issue is composed for many readers at once and holds nothing that they may not read; whose it is
-- and what it is about is told to the issue only.
CREATE FUNCTION search_for_readers(people bigint[], ids uuid[], meant jsonb)
RETURNS TABLE (person_id bigint, said text, contribution_id uuid) LANGUAGE sql STABLE {FIRST.DEFINER} AS $$
  WITH entry AS MATERIALIZED (
    SELECT e.id, e.words, e.words::text AS whole, ts_filter(e.words, '{{a}}')::text AS title
    FROM search_entry e WHERE e.id = ANY (ids)
  ), mine AS MATERIALIZED (
    SELECT s.* FROM saved_search s WHERE s.person_id = ANY (people) AND s.is_told
  ), way AS MATERIALIZED (
    SELECT s.id, w.n, w.one, w.other, false AS is_guess FROM mine s, search_ways(s.ways -> 'words') w
    UNION ALL SELECT s.id, w.n, w.one, w.other, true FROM mine s, search_ways(s.ways -> 'guessed') w
    UNION ALL SELECT s.id, p.n, w.one, w.other, true
    FROM mine s, jsonb_array_elements_text(s.ways -> 'spelled') WITH ORDINALITY p(plain, n),
      search_ways(jsonb_build_array(meant -> p.plain)) w
    WHERE meant ? p.plain
  ), word AS MATERIALIZED (
    SELECT w.id, e.id AS entry, w.n,
      bool_or(search_has(CASE WHEN w.is_guess THEN e.title ELSE e.whole END, w.one, w.other)) AS stands
    FROM way w, entry e GROUP BY w.id, e.id, w.n
  ), hit AS MATERIALIZED (
    SELECT w.id, w.entry, bool_and(w.stands) AS is_whole FROM word w GROUP BY w.id, w.entry HAVING bool_or(w.stands)
  ), partly AS MATERIALIZED (
    SELECT DISTINCT h.id FROM hit h WHERE NOT h.is_whole
  ), lately AS MATERIALIZED (
    SELECT s.id, s.words::text AS whole FROM search_seen(ARRAY(
      SELECT l.id FROM unnest(search_shelves(NULL)) shelf, LATERAL (
        SELECT e.id FROM search_entry e WHERE e.shelf = shelf.shelf ORDER BY e.id DESC LIMIT 50) l
      WHERE EXISTS (SELECT FROM partly) ORDER BY l.id DESC LIMIT 200), NULL) s
  ), known AS MATERIALIZED (
    SELECT w.id, w.n, l.id AS at, bool_or(search_has(l.whole, w.one, w.other)) AS stands
    FROM way w JOIN partly p ON p.id = w.id, lately l WHERE NOT w.is_guess GROUP BY w.id, w.n, l.id
  ), many AS (
    SELECT k.id, count(DISTINCT k.at) FILTER (WHERE k.stands) AS many FROM known k GROUP BY k.id
  ), weight AS MATERIALIZED (
    SELECT k.id, k.n, ln(1.5 + m.many::float8 / greatest(1, count(*) FILTER (WHERE k.stands))) AS idf
    FROM known k JOIN many m ON m.id = k.id GROUP BY k.id, k.n, m.many
  ), enough AS (
    SELECT w.id, w.entry, false AS is_whole FROM word w JOIN partly p ON p.id = w.id LEFT JOIN weight g ON g.id = w.id AND g.n = w.n
    GROUP BY w.id, w.entry HAVING NOT bool_and(w.stands) AND bool_or(w.stands)
      AND sum(coalesce(g.idf, 1)) FILTER (WHERE w.stands) >= 0.5 * sum(coalesce(g.idf, 1))
  )
  SELECT s.person_id, s.words, e.id
  FROM (SELECT h.id, h.entry, true AS is_whole FROM hit h WHERE h.is_whole UNION ALL SELECT * FROM enough) x
    JOIN mine s ON s.id = x.id JOIN entry e ON e.id = x.entry
  WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(s.ways -> 'tags') any_of
                    WHERE NOT EXISTS (SELECT FROM jsonb_array_elements_text(any_of) t WHERE e.words @@ quote_literal(t)::tsquery))
  ORDER BY s.person_id, s.created_at, x.is_whole DESC, e.id DESC
$$;
"""


def upgrade() -> None:
    op.execute(f"DROP FUNCTION {BEFORE}")
    FIRST._as_written(MISTAKEN)
    FIRST._as_written(_in_its_quarter(TOLD, of="mine"))
    for function in FOR_THE_APP:
        for_the_app(function)


def downgrade() -> None:
    for function in FOR_THE_APP:
        op.execute(f"DROP FUNCTION {function}")
    FIRST._as_written(_in_its_quarter(ASKED._as_before("JUDGE", "search_for_readers")))
    for_the_app(BEFORE)


def _in_its_quarter(body: str, of: str = "saved_search") -> str:
    """With the saved search's own quarter asked for, as migration 0104 has it."""
    for was, becomes in ASKED.TOLD:
        was, becomes = (text.replace("JOIN saved_search s", f"JOIN {of} s") for text in (was, becomes))
        assert was in body
        body = body.replace(was, becomes)
    return body
