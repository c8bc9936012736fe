"""The search asks each place by itself, the newest first, and judges what it finds in one pass.

One question for all shelves and eras had hundreds of words, and each piece of writing that answered one was held against all of
them: with one question for each place it is held against a handful. Eras are years now, so there are fewer places. Where a long
word may be cut is asked further only if the end of it stands somewhere: whatever answers a cut has its end, so nothing that may
be read is lost, and nothing is told of what may not.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.helpers import for_the_app

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None

BEFORE = import_module("migrations.versions.0060_search")
DEFINER = BEFORE.DEFINER
SAFE = "SET search_path = public, pg_temp"
# By the words, and in this process: the other ways read all there is, and helpers cost more than they find.
BY_WORDS = "SET work_mem = '32MB' SET enable_seqscan = off SET max_parallel_workers_per_gather = 0"
DAYS = 360

ERA = f"""
-- In which stretch of {DAYS} days a key of ours (UUIDv7) was made.
CREATE OR REPLACE FUNCTION search_era(key uuid) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (('x' || translate(substr(key::text, 1, 13), '-', ''))::bit(48)::bigint / {DAYS * 86_400_000})::int
$$;
"""
INDEX = "CREATE INDEX ix_search_entry_shelved ON search_entry USING gin (search_shelved(id, shelf, words)) WITH (fastupdate = off)"

ASK = f"""
-- A question to the index with @ for the place: each of these words in one of its ways, and of each of the lists of tags one.
-- words: [[way, …], …]. NULL where there is no word.
CREATE FUNCTION search_question(words jsonb, tags jsonb) RETURNS text LANGUAGE sql IMMUTABLE {SAFE} AS $$
  SELECT string_agg('(' || part || ')', ' & ') || coalesce((
      SELECT string_agg(' & (' || g.part || ')', '') FROM (
        SELECT string_agg(quote_literal('@' || t), ' | ') AS part
        FROM jsonb_array_elements(tags) any_of, jsonb_array_elements_text(any_of) t GROUP BY any_of) g), '')
  FROM (SELECT string_agg(search_key('@', way), ' | ') AS part
        FROM jsonb_array_elements(words) WITH ORDINALITY w(ways, n), jsonb_array_elements(w.ways) way GROUP BY n) x
$$;

-- These shelves in all eras of which there is something.
CREATE FUNCTION search_all_places(shelves int[]) RETURNS text[] LANGUAGE sql STABLE {SAFE} AS $$
  SELECT search_places(shelves, search_era((SELECT id FROM search_entry ORDER BY id LIMIT 1)),
                       search_era((SELECT id FROM search_entry ORDER BY id DESC LIMIT 1)))
$$;

-- Whether anything on these shelves answers the question, seen or not: for leaving out what can find nothing.
CREATE FUNCTION search_is_there(question text, places text[]) RETURNS boolean LANGUAGE sql STABLE {BY_WORDS} {SAFE} AS $$
  SELECT EXISTS (SELECT FROM unnest(places) p, LATERAL (
    SELECT e.id FROM search_entry e WHERE search_shelved(e.id, e.shelf, e.words) @@ replace(question, '@', p)::tsquery OFFSET 0) x)
$$;

-- What answers the question on these shelves, at most so many, the newest. Eras are asked from the last to the first, and only
-- as long as there is room.
CREATE FUNCTION search_hits(question text, shelves int[], since uuid, until uuid, most int) RETURNS uuid[] LANGUAGE plpgsql STABLE
{BY_WORDS} {SAFE} AS $$
DECLARE
  first int := search_era(greatest(since, (SELECT id FROM search_entry ORDER BY id LIMIT 1)));
  era int := search_era(least(until, (SELECT id FROM search_entry ORDER BY id DESC LIMIT 1)));
  hits uuid[] := '{{}}';
  width int := 1;
BEGIN
  WHILE question IS NOT NULL AND era >= first AND cardinality(hits) < most LOOP
    hits := hits || ARRAY(
      -- OFFSET 0: always by the words. In the order of the keys, looking at the words of each, it would read all there is.
      SELECT e.id FROM unnest(search_places(shelves, greatest(first, era - width + 1), era)) p, LATERAL (
        SELECT e.id FROM search_entry e WHERE search_shelved(e.id, e.shelf, e.words) @@ replace(question, '@', p)::tsquery OFFSET 0) e
      WHERE (since IS NULL OR e.id >= since) AND (until IS NULL OR e.id < until)
      ORDER BY e.id DESC LIMIT most - cardinality(hits));
    era := era - width;
    width := width * 2;
  END LOOP;
  RETURN hits;
END $$;

-- Of these entries, those that the viewer's eyes may read and has not silenced; home: only of that quarter.
CREATE FUNCTION search_seen(hits uuid[], home int) RETURNS TABLE (id uuid, thread uuid, words tsvector) LANGUAGE plpgsql STABLE
{BY_WORDS} {SAFE} AS $$
#variable_conflict use_column
DECLARE
  mine int[] := app_quarters();
  me bigint := app_person();
  silent_people bigint[] := ARRAY(SELECT m.author_id FROM mute m WHERE m.person_id = me AND m.author_id IS NOT NULL);
  silent_kinds text[] := ARRAY(SELECT m.category FROM mute m WHERE m.person_id = me AND m.category IS NOT NULL);
  silent_threads uuid[] := ARRAY(SELECT m.contribution_id FROM mute m WHERE m.person_id = me AND m.contribution_id IS NOT NULL);
BEGIN
  RETURN QUERY
  -- LIMIT 1: one look into an index for each, as in the wall (migration 0013).
  SELECT h.id, h.contribution_id, h.words FROM (SELECT DISTINCT x FROM unnest(hits) x) hit,
    LATERAL (SELECT * FROM search_entry e WHERE e.id = hit.x LIMIT 1) h,
    LATERAL (SELECT * FROM contribution c WHERE c.id = h.contribution_id LIMIT 1) c
    LEFT JOIN LATERAL (SELECT a.author_id, a.state FROM comment a WHERE a.id = h.id AND h.id <> h.contribution_id LIMIT 1) a ON true
  WHERE c.state = 'published' AND (SELECT true FROM reach r WHERE r.contribution_id = c.id AND r.quarter_id = ANY (mine) LIMIT 1)
    AND (home IS NULL OR c.quarter_id = home)
    AND (c.category = 'urgent' OR (c.author_id <> ALL (silent_people) AND c.category <> ALL (silent_kinds)))
    AND (h.id = h.contribution_id
         OR (a.state = 'published' AND a.author_id <> ALL (silent_people) AND c.id <> ALL (silent_threads)));
END $$;
"""

JUDGE = f"""
-- The ways of words [[way, …], …] as pieces of text to look for in a tsvector that is written out, where 'lexeme' stands in quotes;
-- both pieces where there are two. n: which word.
CREATE FUNCTION search_ways(words jsonb) RETURNS TABLE (n bigint, one text, other text, is_exact boolean, factor real)
LANGUAGE sql IMMUTABLE ROWS 10 {SAFE} AS $$
  SELECT w.n,
    CASE way ->> 1 WHEN 'ends' THEN (way ->> 0) || '''' WHEN 'begins' THEN '''' || (way ->> 0)
                   WHEN 'both' THEN '''' || split_part(way ->> 0, ' ', 1) ELSE '''' || (way ->> 0) || '''' END,
    CASE way ->> 1 WHEN 'both' THEN split_part(way ->> 0, ' ', 2) || '''' END,
    way ->> 1 = 'exact', (way ->> 2)::real
  FROM jsonb_array_elements(words) WITH ORDINALITY w(ways, n), jsonb_array_elements(w.ways) way
$$;

-- Whether both pieces stand in a tsvector that is written out, or the one if there is one only.
CREATE FUNCTION search_has(said text, one text, other text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT strpos(said, one) > 0 AND (other IS NULL OR strpos(said, other) > 0)
$$;

-- Which of these words (asked ->> 'words') stand somewhere where these eyes may read, each alone, under the filters. The first
-- that is seen is enough: nothing is put in order.
CREATE FUNCTION search_standing(asked jsonb) RETURNS SETOF int LANGUAGE plpgsql STABLE {DEFINER} {BY_WORDS} AS $$
DECLARE
  home int := (asked ->> 'home')::int;
  since uuid := (asked ->> 'since')::uuid;
  until uuid := (asked ->> 'until')::uuid;
  places text[] := search_all_places(search_shelves(home));
  question text;
BEGIN
  FOR number IN 1 .. jsonb_array_length(asked -> 'words') LOOP
    question := search_question(jsonb_build_array(asked -> 'words' -> (number - 1)), asked -> 'tags');
    IF EXISTS (SELECT FROM (
        SELECT e.id FROM unnest(places) p, LATERAL (
          SELECT e.id FROM search_entry e WHERE search_shelved(e.id, e.shelf, e.words) @@ replace(question, '@', p)::tsquery OFFSET 0) e
        WHERE (since IS NULL OR e.id >= since) AND (until IS NULL OR e.id < until) LIMIT 500) hit
        WHERE EXISTS (SELECT FROM search_seen(ARRAY[hit.id], home))) THEN
      RETURN NEXT number;
    END IF;
  END LOOP;
END $$;

-- These words [[way, …], …] without the cuts of which the end stands nowhere on these shelves. parts: a guessed cut, which is
-- from here on a question for both; part: one of the two alone.
CREATE FUNCTION search_cut(words jsonb, shelves int[]) RETURNS jsonb LANGUAGE sql STABLE {SAFE} AS $$
  WITH way AS MATERIALIZED (
    SELECT n, way ->> 0 AS key, way ->> 1 AS how, way -> 2 AS factor, CASE way ->> 1 WHEN 'parts' THEN split_part(way ->> 0, ' ', 2) END AS tail
    FROM jsonb_array_elements(words) WITH ORDINALITY w(ways, n), jsonb_array_elements(w.ways) way
  ), place AS MATERIALIZED (
    SELECT search_all_places(shelves) AS places
  ), missing AS MATERIALIZED (
    -- Stems of six letters and more are kept backwards: whatever ends so, or is so. Of shorter ones, what is so.
    SELECT tail FROM (SELECT DISTINCT tail FROM way WHERE tail IS NOT NULL) t, place
    WHERE NOT search_is_there(quote_literal('@<' || reverse(tail)) || ':*'
                              || CASE WHEN length(tail) < 6 THEN ' | ' || quote_literal('@' || tail) ELSE '' END, places)
  )
  SELECT jsonb_agg(ways ORDER BY n) FROM (
    SELECT n, coalesce(jsonb_agg(jsonb_build_array(key, CASE how WHEN 'parts' THEN 'both' WHEN 'part' THEN 'exact' ELSE how END, factor))
      FILTER (WHERE NOT EXISTS (SELECT FROM missing m WHERE m.tail = coalesce(w.tail, CASE w.how WHEN 'part' THEN w.key END))), '[]') AS ways
    FROM way w GROUP BY n) x
$$;

-- What these eyes may read that answers the words. asked: words [[way, …], …], all (each word, or enough of them), tags
-- [[tag, …], …], home, since, until (keys), order, most, skip. Nothing of what is not seen is counted, nor told by an order:
-- how rare a word is, is counted among what is seen.
CREATE OR REPLACE FUNCTION search_found(asked jsonb) RETURNS TABLE (contribution_id uuid, entry_id uuid, score real)
LANGUAGE plpgsql STABLE {DEFINER} AS $$
#variable_conflict use_column
DECLARE
  home int := (asked ->> 'home')::int;
  since uuid := (asked ->> 'since')::uuid;
  until uuid := (asked ->> 'until')::uuid;
  is_all boolean := (asked ->> 'all')::boolean;
  shelves int[] := search_shelves(home);
  words jsonb := CASE WHEN is_all THEN asked -> 'words' ELSE search_cut(asked -> 'words', shelves) END;
  hits uuid[];
BEGIN
  IF is_all THEN
    hits := search_hits(search_question(words, asked -> 'tags'), shelves, since, until, 600);
  ELSE
    hits := ARRAY(SELECT DISTINCT h FROM jsonb_array_elements(words) word, unnest(search_hits(
      search_question(jsonb_build_array(word), asked -> 'tags'), shelves, since, until,
      greatest(200, 800 / jsonb_array_length(words)))) h);
  END IF;
  RETURN QUERY
  WITH seen AS MATERIALIZED (
    -- A title says more than what a kind adds, and that more than a text.
    SELECT s.id, s.thread, ts_filter(s.words, '{{a}}')::text AS title, ts_filter(s.words, '{{b}}')::text AS more, s.words::text AS whole
    FROM search_seen(hits, home) s
  ), way AS MATERIALIZED (
    SELECT * FROM search_ways(words)
  ), mark AS MATERIALIZED (
    SELECT s.thread, s.id, w.n, CASE WHEN s.id = s.thread THEN 1.0 ELSE 0.7 END * max(w.factor * CASE
      WHEN NOT search_has(s.whole, w.one, w.other) THEN 0 WHEN search_has(s.title, w.one, w.other) THEN 1
      WHEN w.is_exact AND search_has(s.more, w.one, NULL) THEN 0.75 ELSE 0.6 END) AS mark
    FROM seen s, way w GROUP BY s.thread, s.id, w.n
  ), weight AS (
    -- The rarer a word, the more it says; one that stands nowhere says little.
    SELECT m.n, CASE WHEN max(m.mark) > 0 THEN ln(1.5 + (SELECT count(DISTINCT thread) FROM seen)::float8
                                                 / count(DISTINCT m.thread) FILTER (WHERE m.mark > 0)) ELSE 0.2 END AS idf
    FROM mark m GROUP BY 1
  ), whole AS (
    SELECT m.thread, m.n, max(m.mark) AS mark, w.idf FROM mark m JOIN weight w ON w.n = m.n GROUP BY m.thread, m.n, w.idf
  ), best AS (
    SELECT DISTINCT ON (m.thread) m.thread, m.id FROM mark m JOIN weight w ON w.n = m.n
    GROUP BY m.thread, m.id ORDER BY m.thread, sum(m.mark * w.idf) DESC, (m.id = m.thread) DESC, m.id
  ), scored AS (
    SELECT t.thread, sum(t.mark * t.idf) / sum(t.idf) AS score, sum(t.idf) FILTER (WHERE t.mark > 0) / sum(t.idf) AS share,
           extract(epoch FROM c.published_at) AS at
    FROM whole t, LATERAL (SELECT c.published_at FROM contribution c WHERE c.id = t.thread LIMIT 1) c GROUP BY t.thread, c.published_at
  )
  SELECT s.thread, b.id, (s.score + 0.05 / (1 + greatest(0, (asked ->> 'now')::float8 - s.at) / 2592000))::real AS score
  FROM scored s JOIN best b ON b.thread = s.thread
  WHERE s.share >= CASE WHEN is_all THEN 0 ELSE 0.5 END
  ORDER BY CASE WHEN asked ->> 'order' = 'newest' THEN NULL ELSE s.score + 0.05 / (1 + greatest(0, (asked ->> 'now')::float8 - s.at) / 2592000) END
           DESC NULLS LAST, s.thread DESC
  LIMIT (asked ->> 'most')::int OFFSET (asked ->> 'skip')::int;
END $$;

-- Words that are spelled nearly like one of which these are the spellings, the nearest first, and stand somewhere where these eyes
-- may read: not one that stands elsewhere only.
CREATE OR REPLACE FUNCTION search_near(spellings text[]) RETURNS SETOF text LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE
  one text;
  shelves int[] := search_shelves(NULL);
  longest int := (SELECT max(length(s)) FROM unnest(spellings) s);
  found int := 0;
BEGIN
  FOR one IN SELECT w.word FROM search_word w JOIN search_spelling s ON s.word_id = w.id WHERE s.spelling = ANY (spellings)
             GROUP BY w.word ORDER BY min(greatest(longest, length(w.word)) - length(s.spelling)), count(*) DESC, w.word LIMIT 24 LOOP
    IF EXISTS (SELECT FROM search_seen(search_hits(
                 (SELECT string_agg(quote_literal('@' || l), ' | ') FROM unnest(tsvector_to_array(search_stems(one, 'A'))) l),
                 shelves, NULL, NULL, 30), NULL) s WHERE one = ANY (string_to_array(search_said(s.id, s.thread), ' '))) THEN
      RETURN NEXT one;
      found := found + 1;
      EXIT WHEN found = 8;
    END IF;
  END LOOP;
END $$;

-- Of these contributions, those that answer what these people look for again and again. An issue is composed for many readers at
-- once and holds nothing that they may not read; whose it is and what it is about is told to the issue only.
CREATE OR REPLACE FUNCTION search_for_readers(people bigint[], ids uuid[]) RETURNS TABLE (person_id bigint, said text, contribution_id uuid)
LANGUAGE sql STABLE {DEFINER} AS $$
  WITH entry AS MATERIALIZED (
    SELECT e.id, e.words, e.words::text AS whole FROM search_entry e WHERE e.id = ANY (ids)
  ), way AS MATERIALIZED (
    SELECT s.id, w.n, w.one, w.other FROM saved_search s, search_ways(s.ways -> 'words') w WHERE s.person_id = ANY (people) AND s.is_told
  ), word AS (
    SELECT w.id, e.id AS entry, bool_or(search_has(e.whole, w.one, w.other)) AS stands FROM way w, entry e GROUP BY w.id, e.id, w.n
  )
  SELECT s.person_id, s.words, e.id
  FROM (SELECT w.id, w.entry FROM word w GROUP BY 1, 2 HAVING bool_and(w.stands)) x
    JOIN saved_search s ON s.id = x.id JOIN entry e ON e.id = x.entry
  WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(s.ways -> 'tags') any_of
                    WHERE NOT EXISTS (SELECT FROM jsonb_array_elements_text(any_of) t WHERE e.words @@ quote_literal(t)::tsquery))
  ORDER BY s.person_id, s.created_at, e.id DESC
$$;
"""

FOR_THE_APP = ("search_standing(jsonb)",)
INNER = (
    "search_question(jsonb, jsonb)",
    "search_all_places(int[])",
    "search_is_there(text, text[])",
    "search_hits(text, int[], uuid, uuid, int)",
    "search_seen(uuid[], int)",
    "search_ways(jsonb)",
    "search_has(text, text, text)",
    "search_cut(jsonb, int[])",
)
GONE = ("search_questions(text[], jsonb)", "search_mark(tsvector, jsonb)")


def upgrade() -> None:
    op.execute("DROP INDEX ix_search_entry_shelved")
    for part in (ERA, ASK, JUDGE):
        BEFORE._as_written(part)
    for function in FOR_THE_APP:
        for_the_app(function)
    _close(INNER)
    for function in GONE:
        op.execute(f"DROP FUNCTION {function}")
    op.execute(INDEX)


def downgrade() -> None:
    op.execute("DROP INDEX ix_search_entry_shelved")
    for part in (BEFORE.WORDS, BEFORE.FIND):  # what did not change is the same again
        BEFORE._as_written(part.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    _close(GONE)
    for function in (*FOR_THE_APP, *INNER):
        op.execute(f"DROP FUNCTION {function}")
    op.execute(INDEX)


def _close(functions: tuple[str, ...]) -> None:
    for function in functions:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
