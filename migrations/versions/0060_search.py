"""Search: what is written on the board, by word and by shelf, and what people look for again and again.

Every slip and every answer has a row of ``search_entry`` exactly while it hangs. The index is kept by word and *shelf*: the
quarter something was written in, and how far it reaches. A reader's shelves are few (their own, those of the quarters around,
the city's), so a look-up touches what hangs near them, however large the city is. Which shelves hold something that reaches a
quarter stands in ``search_shelf``; it says where to look, never what may be read: that decides ``reach``, in the same query.

``search_word`` has each word once, with a piece of writing it stands in: it goes with that. Only a function reads it, which
gives no word that stands nowhere where the reader may read. It is filled by a job, one at a time, so that nobody waits for
somebody else's words.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app, grant, open_wall, wall

revision = "0060"
down_revision = "0052"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
MINE = "person_id = (SELECT app_person())"
# Upper case too: a server whose locale is C knows no ä.
PLAIN = {
    "a": "áàâãåāăąÁÀÂÃÅĀĂĄ", "c": "çćčÇĆČ", "d": "ďđðĎĐ", "e": "éèêëēėęěÉÈÊËĒĖĘĚ", "g": "ğĞ", "i": "íìîïīıÍÌÎÏĪİ", "l": "łľĺŁĽ",
    "n": "ñńňÑŃŇ", "o": "óòôõøōőÓÒÔÕØŌŐ", "r": "řŕŘ", "s": "śšşșŚŠŞȘ", "t": "ťţțŤŢȚ", "u": "úùûūůűÚÙÛŪŮŰ", "y": "ýÿÝ",
    "z": "źžżŹŽŻ", "ä": "Ä", "ö": "Ö", "ü": "Ü",
}  # fmt: skip
_FROM = "".join(PLAIN.values())
_TO = "".join(letter * len(many) for letter, many in PLAIN.items())
# Everything that is no letter and no digit, in ASCII and among the general signs; what is left is words and single spaces.
BETWEEN = r"[\x01-/:-@\[-`{-\u00bf\u2000-\u2bff\u3000-\u303f]+"

# Words without meaning of one language are words like any other in the dictionary of the other one.
FILLERS = (
    "aber alle allem allen aller als also am an ander andere anderen auch auf aus bei bin bis bist da damit dann das dass dein deine"
    " dem den der des dich die dies diese diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines er es"
    " etwas euch euer eure gegen habe haben hat hatte hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ist ja"
    " jede jedem jeden jeder jedes jetzt kann kein keine keinen keiner man manche mein meine meinem meinen meiner mich mir mit muss"
    " nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner sich sie sind so soll um und uns unser unsere"
    " unter viel vom von vor war waren warum was weil weiter welche wenn wer werde werden wie wieder will wir wird wo zu zum zur"
    " zwar zwischen the and for with this that from have has are you your our not but was were will would can its into"
)

WORDS = rf"""
-- Small letters and digits with single spaces between words: ß and accents folded, ä ö ü as they are. "E-Bike" is ebike, too.
CREATE FUNCTION search_plain(raw text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT btrim(regexp_replace(t || coalesce((SELECT ' ' || string_agg(replace(m[1], '-', ''), ' ')
           FROM regexp_matches(t, '([^[:space:]-]{{1,20}}(?:-[^[:space:]-]{{1,20}})+)', 'g') m), ''), '{BETWEEN}', ' ', 'g'))
  FROM (SELECT regexp_replace(translate(replace(replace(lower(raw), 'ß', 'ss'), 'ẞ', 'ss'), '{_FROM}', '{_TO}'),
                              'str\.(?=[[:space:],;)0-9]|$)', 'strasse', 'g')) x(t)
$$;

-- The stems of these words, in German and in English, with a weight. Who writes ae for ä is understood.
CREATE FUNCTION search_stems(raw text, weight "char") RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT setweight(ts_delete(to_tsvector('pg_catalog.german', t)
           || to_tsvector('pg_catalog.english', regexp_replace(t, '[^ ]*[^\x01-\x7f][^ ]*', '', 'g'))
           || CASE WHEN t ~ '(ae|oe|ue)' THEN to_tsvector('pg_catalog.german', regexp_replace(regexp_replace(regexp_replace(
                t, 'ae', 'ä', 'g'), 'oe', 'ö', 'g'), '(?<![aeuq])ue', 'ü', 'g')) ELSE ''::tsvector END, string_to_array('{FILLERS}', ' ')), weight)
  FROM (SELECT public.search_plain(raw)) x(t)
$$;

-- In which stretch of ninety days a key of ours (UUIDv7) was made.
CREATE FUNCTION search_era(key uuid) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (('x' || translate(substr(key::text, 1, 13), '-', ''))::bit(48)::bigint / 7776000000)::int
$$;

-- What the index holds of an entry: each stem on its shelf and in its era; stems of six letters and more also backwards, so that
-- the end of a compound is found like its beginning. The era lets a search for a word that is everywhere end with what is new.
CREATE FUNCTION search_shelved(key uuid, shelf int, words tsvector) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
  SELECT coalesce(array_to_tsvector(array_agg(place || k)), ''::tsvector)
  FROM (SELECT shelf || '.' || public.search_era(key) || '|') at(place), (
    SELECT lexeme FROM unnest(tsvector_to_array(words)) lexeme
    UNION ALL
    SELECT '<' || reverse(lexeme) FROM unnest(tsvector_to_array(words)) lexeme WHERE length(lexeme) >= 6 AND lexeme NOT LIKE '#%'
  ) x(k)
$$;
"""

KEEP = f"""
-- What a kind adds to title and text that can be read on the slip. A further kind says here what it adds.
CREATE FUNCTION search_more(wanted uuid) RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT concat_ws(' ',
    (SELECT concat_ws(' ', e.place, e.cost, e.access) FROM event e WHERE e.id = wanted),
    (SELECT concat_ws(' ', o.pickup, o.price_words) FROM offer o WHERE o.id = wanted),
    (SELECT string_agg(p.label, ' ') FROM poll_option p WHERE p.contribution_id = wanted),
    (SELECT string_agg(f.alt, ' ') FROM photo f WHERE f.contribution_id = wanted AND f.state = 'ready'))
$$;

CREATE FUNCTION search_tags(kind text, category text) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
  SELECT array_to_tsvector(ARRAY['#' || kind, '#' || category])
$$;

-- Where something is kept: 0 for what is for the whole city, else by the quarter it was written in, apart for that quarter alone
-- (even) and for more than it (odd).
CREATE FUNCTION search_shelf_of(wanted uuid) RETURNS int LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN c.audience IN ('city', 'public') THEN 0
              WHEN EXISTS (SELECT FROM reach r WHERE r.contribution_id = c.id AND r.quarter_id <> c.quarter_id)
              THEN c.quarter_id * 2 + 1 ELSE c.quarter_id * 2 END
  FROM contribution c WHERE c.id = wanted
$$;

CREATE FUNCTION search_signpost(wanted uuid, at int) RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO search_shelf (quarter_id, shelf)
    SELECT r.quarter_id, at FROM reach r WHERE r.contribution_id = wanted AND at > 0
      AND NOT EXISTS (SELECT FROM search_shelf s WHERE s.quarter_id = r.quarter_id AND s.shelf = at)
    ORDER BY 1 ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION search_put(entry uuid, thread uuid, at int, stems tsvector) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE had tsvector;
BEGIN
  SELECT words INTO had FROM search_entry WHERE id = entry FOR UPDATE;
  IF FOUND AND had = stems THEN
    UPDATE search_entry SET shelf = at WHERE id = entry AND shelf <> at;
    RETURN;
  END IF;
  IF FOUND THEN
    PERFORM search_forget_words(entry, at);
  END IF;
  INSERT INTO search_entry AS e (id, contribution_id, shelf, words) VALUES (entry, thread, at, stems)
    ON CONFLICT (id) DO UPDATE SET shelf = excluded.shelf, words = excluded.words;
  INSERT INTO search_unread (entry_id) VALUES (entry);
END $$;

-- Words go with the writing they were read in. Others may have them, too: what is new on that shelf is read again.
CREATE FUNCTION search_forget_words(entry uuid, at int) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM search_word WHERE entry_id = entry;
  IF FOUND THEN
    INSERT INTO search_unread (shelf) VALUES (at);
  END IF;
END $$;

CREATE FUNCTION search_put_contribution(wanted uuid) RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  SELECT search_put(c.id, c.id, search_shelf_of(c.id),
                    search_stems(c.title, 'A') || search_stems(search_more(c.id), 'B') || search_stems(c.body_md, 'C')
                    || search_tags(c.kind, c.category)),
         search_signpost(c.id, search_shelf_of(c.id))
  FROM contribution c WHERE c.id = wanted AND c.state = 'published'
$$;

CREATE FUNCTION search_put_answer(wanted uuid) RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  SELECT search_put(a.id, c.id, search_shelf_of(c.id), search_stems(a.body_md, 'C') || search_tags(c.kind, c.category))
  FROM comment a JOIN contribution c ON c.id = a.contribution_id
  WHERE a.id = wanted AND a.state = 'published' AND c.state = 'published'
$$;

CREATE FUNCTION search_keep() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  IF NEW.state <> 'published' THEN
    DELETE FROM search_entry WHERE contribution_id = NEW.id;
  ELSIF TG_OP = 'INSERT' THEN
    PERFORM search_put_contribution(NEW.id);
  ELSIF (NEW.state, NEW.kind, NEW.category) IS DISTINCT FROM (OLD.state, OLD.kind, OLD.category) THEN
    PERFORM search_put_contribution(NEW.id);
    PERFORM search_put_answer(a.id) FROM comment a WHERE a.contribution_id = NEW.id;
  ELSIF (NEW.title, NEW.body_md) IS DISTINCT FROM (OLD.title, OLD.body_md) THEN
    PERFORM search_put_contribution(NEW.id);
  END IF;
  RETURN NULL;
END $$;
-- After keep_reach: triggers of one table go by name.
CREATE TRIGGER search_keep AFTER INSERT OR UPDATE ON contribution FOR EACH ROW EXECUTE FUNCTION search_keep();

CREATE FUNCTION search_keep_answer() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM search_entry WHERE id = OLD.id;
  ELSIF NEW.state <> 'published' THEN
    DELETE FROM search_entry WHERE id = NEW.id;
  ELSIF TG_OP = 'INSERT' OR (NEW.state, NEW.body_md) IS DISTINCT FROM (OLD.state, OLD.body_md) THEN
    PERFORM search_put_answer(NEW.id);
  END IF;
  RETURN NULL;
END $$;
-- After count_comment, which waits for whoever is changing the contribution.
CREATE TRIGGER search_keep_answer AFTER INSERT OR UPDATE OR DELETE ON comment
  FOR EACH ROW EXECUTE FUNCTION search_keep_answer();

-- A part of a contribution in a table of its own. The argument names the column that points at it.
CREATE FUNCTION search_keep_part() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  IF TG_OP <> 'UPDATE' OR NEW IS DISTINCT FROM OLD THEN
    IF TG_OP <> 'DELETE' THEN PERFORM search_put_contribution((to_jsonb(NEW) ->> TG_ARGV[0])::uuid); END IF;
    IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR to_jsonb(OLD) -> TG_ARGV[0] <> to_jsonb(NEW) -> TG_ARGV[0]) THEN
      PERFORM search_put_contribution((to_jsonb(OLD) ->> TG_ARGV[0])::uuid);
    END IF;
  END IF;
  RETURN NULL;
END $$;

-- Wherever else a contribution comes to be shown, or no longer is: borders are redrawn, it goes next door, quarters open.
CREATE FUNCTION search_follow_reach() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
DECLARE one record;
BEGIN
  FOR one IN SELECT e.id, e.contribution_id, e.shelf, search_shelf_of(e.contribution_id) AS at FROM search_entry e
             WHERE e.contribution_id IN (SELECT contribution_id FROM changed) ORDER BY e.id LOOP
    IF one.at <> one.shelf THEN
      UPDATE search_entry SET shelf = one.at WHERE id = one.id;
    END IF;
    IF one.id = one.contribution_id THEN
      PERFORM search_signpost(one.contribution_id, one.at);
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER search_follow_reach_added AFTER INSERT ON reach REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION search_follow_reach();
CREATE TRIGGER search_follow_reach_gone AFTER DELETE ON reach REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION search_follow_reach();

CREATE FUNCTION search_entry_goes() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  PERFORM search_forget_words(OLD.id, OLD.shelf);
  RETURN OLD;
END $$;
-- Before the words have gone by themselves.
CREATE TRIGGER search_entry_goes BEFORE DELETE ON search_entry FOR EACH ROW EXECUTE FUNCTION search_entry_goes();
"""
PARTS = {
    "event": ("id", "INSERT OR UPDATE OF place, cost, access"),
    "offer": ("id", "INSERT OR UPDATE OF pickup, price_words"),
    "poll_option": ("contribution_id", "INSERT OR DELETE"),
    "photo": ("contribution_id", "INSERT OR DELETE OR UPDATE OF contribution_id, alt, state"),
}

LEARN = f"""
-- What an entry says, in plain words.
CREATE FUNCTION search_said(entry uuid, thread uuid) RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT translate(search_plain(CASE WHEN entry = thread
    THEN (SELECT concat_ws(' ', c.title, search_more(c.id), c.body_md) FROM contribution c WHERE c.id = thread)
    ELSE (SELECT a.body_md FROM comment a WHERE a.id = entry) END), 'äöü', 'aou')
$$;

-- Read what has not been read yet: each word once, with all spellings that lack one letter. Only one does it at a time; gives how
-- many lines of the list it is through with. An entry that is being taken away at this moment is left out.
CREATE FUNCTION search_learn(most int) RETURNS int LANGUAGE plpgsql {DEFINER} AS $$
DECLARE batch bigint[]; entries uuid[];
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('search_learn')) THEN RETURN 0; END IF;
  SELECT array_agg(id) INTO batch FROM (SELECT id FROM search_unread ORDER BY id LIMIT most) x;
  IF batch IS NULL THEN RETURN 0; END IF;
  SELECT array_agg(id) INTO entries FROM (
    SELECT id FROM search_entry WHERE id IN (
      SELECT u.entry_id FROM search_unread u WHERE u.id = ANY (batch)
      UNION SELECT n.id FROM (SELECT DISTINCT shelf FROM search_unread WHERE id = ANY (batch) AND shelf IS NOT NULL) s,
        LATERAL (SELECT e.id FROM search_entry e WHERE e.shelf = s.shelf ORDER BY e.id DESC LIMIT 500) n)
    FOR KEY SHARE SKIP LOCKED) x;
  WITH said AS MATERIALIZED (
    SELECT w.word, min(e.id::text)::uuid AS entry FROM search_entry e,
      LATERAL regexp_split_to_table(search_said(e.id, e.contribution_id), ' ') w(word)
    WHERE e.id = ANY (entries) AND w.word ~ '^[a-z]{{4,30}}$' GROUP BY 1
  ), fresh AS (
    INSERT INTO search_word (word, entry_id) SELECT word, entry FROM said ON CONFLICT (word) DO NOTHING RETURNING id, word
  )
  INSERT INTO search_spelling (spelling, word_id)
    SELECT f.word, f.id FROM fresh f
    UNION SELECT overlay(f.word PLACING '' FROM n FOR 1), f.id FROM fresh f, generate_series(1, length(f.word)) n;
  DELETE FROM search_unread WHERE id = ANY (batch);
  RETURN cardinality(batch);
END $$;
"""

FIND = f"""
-- The shelves on which something lies that reaches these eyes' quarters, or only those of one quarter.
CREATE FUNCTION search_shelves(home int) RETURNS int[] LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT array_append(coalesce(array_agg(DISTINCT s.shelf), '{{}}'), 0) FROM search_shelf s
  WHERE s.quarter_id = ANY (app_quarters()) AND (home IS NULL OR s.shelf IN (home * 2, home * 2 + 1))
$$;

-- One way in which a word may stand in a text, as a question to the index: way = [key, exact | begins | ends | both, factor].
-- Of both, the first begins a word and the second is one, or ends one. place: a shelf and an era.
CREATE FUNCTION search_key(place text, way jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE way ->> 1
    WHEN 'begins' THEN quote_literal(place || (way ->> 0)) || ':*'
    WHEN 'ends' THEN quote_literal(place || '<' || reverse(way ->> 0)) || ':*'
    WHEN 'both' THEN format('(%L:* & (%L | %L:*))', place || split_part(way ->> 0, ' ', 1),
      place || split_part(way ->> 0, ' ', 2), place || '<' || reverse(split_part(way ->> 0, ' ', 2)))
    ELSE quote_literal(place || (way ->> 0)) END
$$;

-- All places that a search goes to: shelves in the eras from one to another.
CREATE FUNCTION search_places(shelves int[], first int, last int) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg(s || '.' || e || '|'), '{{}}') FROM unnest(shelves) s, generate_series(first, last) e
$$;

-- The questions to the index: one for all words together, or one for each. Written once with @ for the place, then for each place.
CREATE FUNCTION search_questions(places text[], asked jsonb) RETURNS tsquery[] LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  WITH word AS (
    SELECT w.n, '(' || string_agg(search_key('@', way), ' | ') || ')' AS part
    FROM jsonb_array_elements(asked -> 'words') WITH ORDINALITY w(ways, n), jsonb_array_elements(w.ways) way GROUP BY 1
  ), tag AS (
    SELECT string_agg(' & (' || g.part || ')', '') AS part FROM (
      SELECT string_agg(quote_literal('@' || t), ' | ') AS part
      FROM jsonb_array_elements(asked -> 'tags') any_of, jsonb_array_elements_text(any_of) t GROUP BY any_of) g
  ), whole AS (
    SELECT CASE WHEN (asked ->> 'all')::boolean THEN 0 ELSE n END AS n,
           '(' || string_agg(part, ' & ') || coalesce((SELECT part FROM tag), '') || ')' AS part FROM word GROUP BY 1
  )
  SELECT array_agg(q ORDER BY n) FROM (
    SELECT n, (SELECT string_agg(replace(whole.part, '@', p), ' | ') FROM unnest(places) p)::tsquery AS q FROM whole) x
$$;

-- How well an entry answers one way, from 0 to 1: a title more than a text, a whole word more than a part of one.
CREATE FUNCTION search_mark(words tsvector, way jsonb) RETURNS real LANGUAGE sql IMMUTABLE AS $$
  SELECT ((way ->> 2)::real * CASE way ->> 1
    WHEN 'ends' THEN CASE WHEN words::text ~ ((way ->> 0) || ''':[0-9BC,]*A') THEN 1
                          WHEN position(((way ->> 0) || '''') IN words::text) > 0 THEN 0.6 ELSE 0 END
    WHEN 'begins' THEN CASE WHEN words @@ (quote_literal(way ->> 0) || ':*A')::tsquery THEN 1
                            WHEN words @@ (quote_literal(way ->> 0) || ':*')::tsquery THEN 0.6 ELSE 0 END
    WHEN 'both' THEN CASE WHEN NOT words @@ (quote_literal(split_part(way ->> 0, ' ', 1)) || ':*')::tsquery THEN 0
                          WHEN words::text ~ (split_part(way ->> 0, ' ', 2) || ''':[0-9BC,]*A')
                               AND words @@ (quote_literal(split_part(way ->> 0, ' ', 1)) || ':*A')::tsquery THEN 1
                          WHEN position((split_part(way ->> 0, ' ', 2) || '''') IN words::text) > 0 THEN 0.6 ELSE 0 END
    ELSE CASE WHEN words @@ (quote_literal(way ->> 0) || ':A')::tsquery THEN 1
              WHEN words @@ (quote_literal(way ->> 0) || ':B')::tsquery THEN 0.75
              WHEN words @@ (quote_literal(way ->> 0))::tsquery THEN 0.6 ELSE 0 END END)::real
$$;

-- What these eyes may read that answers the words. asked: words [[way, …], …], all (each word, or enough of them), tags
-- [[tag, …], …], home, since, until (keys), order, most, skip. Nothing of what is not seen is counted, nor told by an order:
-- how rare a word is, is counted among what is seen.
CREATE FUNCTION search_found(asked jsonb) RETURNS TABLE (contribution_id uuid, entry_id uuid, score real)
LANGUAGE plpgsql STABLE {DEFINER} SET work_mem = '32MB' SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  shelves int[] := search_shelves((asked ->> 'home')::int);
  mine int[] := app_quarters();
  me bigint := app_person();
  is_all boolean := (asked ->> 'all')::boolean;
  each_most int := CASE WHEN is_all THEN 600 ELSE greatest(200, 800 / greatest(jsonb_array_length(asked -> 'words'), 1)) END;
  last int := search_era(coalesce((asked ->> 'until')::uuid, 'ffffffff-ffff-7fff-bfff-ffffffffffff'));
  first int := search_era(greatest((asked ->> 'since')::uuid, (SELECT id FROM search_entry ORDER BY id LIMIT 1)));
  newest int := (SELECT search_era(id) FROM search_entry ORDER BY id DESC LIMIT 1);
  hits uuid[] := '{{}}';
  more uuid[];
  counts int[];
  question tsquery;
  number int;
  silent_people bigint[] := coalesce((SELECT array_agg(m.author_id) FROM mute m WHERE m.person_id = me AND m.author_id IS NOT NULL), '{{}}');
  silent_kinds text[] := coalesce((SELECT array_agg(m.category) FROM mute m WHERE m.person_id = me AND m.category IS NOT NULL), '{{}}');
  silent_threads uuid[] := coalesce((SELECT array_agg(m.contribution_id) FROM mute m WHERE m.person_id = me AND m.contribution_id IS NOT NULL), '{{}}');
BEGIN
  last := least(last, newest);
  -- What is new first; what is older only as long as there is room.
  FOR turn IN 0 .. 1 LOOP
    number := 0;
    FOREACH question IN ARRAY coalesce(search_questions(CASE turn
        WHEN 0 THEN search_places(shelves, greatest(first, last - 1), last) ELSE search_places(shelves, first, last - 2) END, asked), '{{}}') LOOP
      number := number + 1;
      CONTINUE WHEN coalesce(counts[number], 0) >= each_most;
      -- OFFSET 0: always by the words. In the order of the keys, looking at the words of each, it would read all there is.
      SELECT array_agg(id) INTO more FROM (
        SELECT e.id FROM (SELECT e.id FROM search_entry e WHERE search_shelved(e.id, e.shelf, e.words) @@ question OFFSET 0) e
        WHERE ((asked ->> 'since') IS NULL OR e.id >= (asked ->> 'since')::uuid)
          AND ((asked ->> 'until') IS NULL OR e.id < (asked ->> 'until')::uuid)
        ORDER BY e.id DESC LIMIT each_most - coalesce(counts[number], 0)) x;
      counts[number] := coalesce(counts[number], 0) + coalesce(cardinality(more), 0);
      hits := hits || more;
    END LOOP;
  END LOOP;
  RETURN QUERY
  WITH hit AS MATERIALIZED (
    SELECT e.id, e.contribution_id AS thread, e.words FROM (SELECT DISTINCT h FROM unnest(hits) h) x,
      LATERAL (SELECT * FROM search_entry e WHERE e.id = x.h LIMIT 1) e
  ), seen AS MATERIALIZED (
    -- LIMIT 1: one look into an index for each, as in the wall (migration 0013).
    SELECT h.id, h.thread, h.words FROM hit h,
      LATERAL (SELECT * FROM contribution c WHERE c.id = h.thread LIMIT 1) c
      LEFT JOIN LATERAL (SELECT a.author_id, a.state FROM comment a WHERE a.id = h.id AND h.id <> h.thread LIMIT 1) a ON true
    WHERE c.state = 'published' AND (SELECT true FROM reach r WHERE r.contribution_id = c.id AND r.quarter_id = ANY (mine) LIMIT 1)
      AND ((asked ->> 'home') IS NULL OR c.quarter_id = (asked ->> 'home')::int)
      AND (c.category = 'urgent' OR (c.author_id <> ALL (silent_people) AND c.category <> ALL (silent_kinds)))
      AND (h.id = h.thread OR (a.state = 'published' AND a.author_id <> ALL (silent_people) AND c.id <> ALL (silent_threads)))
  ), mark AS MATERIALIZED (
    SELECT s.thread, s.id, w.n, max(search_mark(s.words, way)) * CASE WHEN s.id = s.thread THEN 1.0 ELSE 0.7 END AS mark
    FROM seen s, jsonb_array_elements(asked -> 'words') WITH ORDINALITY w(ways, n), jsonb_array_elements(w.ways) way
    GROUP BY s.thread, s.id, w.n
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

-- Words that are spelled nearly so and stand somewhere where these eyes may read: not one that stands elsewhere only.
CREATE FUNCTION search_near(spellings text[]) RETURNS SETOF text LANGUAGE plpgsql STABLE {DEFINER}
SET work_mem = '32MB' SET enable_seqscan = off AS $$
DECLARE
  one text;
  mine int[] := app_quarters();
  places text[] := (SELECT search_places(search_shelves(NULL), search_era(min(id::text)::uuid), search_era(max(id::text)::uuid))
    FROM ((SELECT id FROM search_entry ORDER BY id LIMIT 1) UNION ALL (SELECT id FROM search_entry ORDER BY id DESC LIMIT 1)) ends);
  question tsquery;
BEGIN
  FOR one IN SELECT w.word FROM search_word w JOIN search_spelling s ON s.word_id = w.id WHERE s.spelling = ANY (spellings)
             GROUP BY w.word ORDER BY count(*) DESC, w.word LIMIT 60 LOOP
    SELECT string_agg(quote_literal(p || lexeme), ' | ')::tsquery INTO question
      FROM unnest(places) p, unnest(tsvector_to_array(search_stems(one, 'A'))) lexeme;
    IF EXISTS (SELECT FROM (SELECT e.id, e.contribution_id FROM search_entry e
                 WHERE search_shelved(e.id, e.shelf, e.words) @@ question OFFSET 0) e
               WHERE (SELECT true FROM reach r WHERE r.contribution_id = e.contribution_id AND r.quarter_id = ANY (mine) LIMIT 1)
                 AND one = ANY (string_to_array(search_said(e.id, e.contribution_id), ' '))) THEN
      RETURN NEXT one;
    END IF;
  END LOOP;
END $$;

-- Initiatives everybody may see whose name, or what they say about themselves, answers the words.
CREATE FUNCTION search_initiatives(words text, most int) RETURNS TABLE (slug text, name text, about text) LANGUAGE sql STABLE {DEFINER} AS $$
  WITH typed AS (SELECT lexeme FROM unnest(tsvector_to_array(search_stems(words, 'A'))) lexeme)
  SELECT i.slug, i.name, i.about FROM initiative i, LATERAL (
    SELECT count(*) FILTER (WHERE stems @@ (quote_literal(t.lexeme) || ':*A')::tsquery) AS named,
           count(*) FILTER (WHERE stems @@ (quote_literal(t.lexeme) || ':*')::tsquery) AS said
    FROM typed t, (SELECT search_stems(i.name, 'A') || search_stems(i.about, 'C') AS stems) x) m
  WHERE i.verified_at IS NOT NULL AND i.suspended_at IS NULL AND m.said > 0
    AND (m.named > 0 OR m.said = (SELECT count(*) FROM typed))
  ORDER BY m.named DESC, m.said DESC, i.name LIMIT most
$$;

-- Of these contributions, those that answer what these people look for again and again. An issue is composed for many readers at
-- once and holds nothing that they may not read; whose it is and what it is about is told to the issue only.
CREATE FUNCTION search_for_readers(people bigint[], ids uuid[]) RETURNS TABLE (person_id bigint, said text, contribution_id uuid)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT s.person_id, s.words, e.id FROM saved_search s JOIN search_entry e ON e.id = ANY (ids)
  WHERE s.person_id = ANY (people) AND s.is_told
    AND NOT EXISTS (SELECT FROM jsonb_array_elements(s.ways -> 'words') word(ways_of)
                    WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(word.ways_of) way WHERE search_mark(e.words, way) > 0))
    AND NOT EXISTS (SELECT FROM jsonb_array_elements(s.ways -> 'tags') any_of
                    WHERE NOT EXISTS (SELECT FROM jsonb_array_elements_text(any_of) t WHERE e.words @@ quote_literal(t)::tsquery))
  ORDER BY s.person_id, s.created_at, e.id DESC
$$;
"""
FOR_THE_APP = (
    'search_stems(text, "char")',
    "search_plain(text)",
    "search_found(jsonb)",
    "search_near(text[])",
    "search_initiatives(text, int)",
    "search_for_readers(bigint[], uuid[])",
    "search_learn(int)",
)
INNER = (
    "search_shelved(uuid, int, tsvector)",
    "search_era(uuid)",
    "search_places(int[], int, int)",
    "search_questions(text[], jsonb)",
    "search_more(uuid)",
    "search_tags(text, text)",
    "search_shelf_of(uuid)",
    "search_signpost(uuid, int)",
    "search_put(uuid, uuid, int, tsvector)",
    "search_forget_words(uuid, int)",
    "search_put_contribution(uuid)",
    "search_put_answer(uuid)",
    "search_said(uuid, uuid)",
    "search_shelves(int)",
    "search_key(text, jsonb)",
    "search_mark(tsvector, jsonb)",
)
TRIGGERS = {
    "contribution": ("search_keep",),
    "comment": ("search_keep_answer",),
    "reach": ("search_follow_reach_added", "search_follow_reach_gone"),
    "search_entry": ("search_entry_goes",),
    **dict.fromkeys(PARTS, ("search_keep_part",)),
}
INDEX = ("search_spelling", "search_word", "search_unread", "search_shelf", "search_entry")
OF_TRIGGERS = ("search_keep", "search_keep_answer", "search_keep_part", "search_follow_reach", "search_entry_goes")
# In one go for what hangs already: rows first, then the index.
FILL = """
INSERT INTO search_entry (id, contribution_id, shelf, words)
  SELECT c.id, c.id, search_shelf_of(c.id),
         search_stems(c.title, 'A') || search_stems(search_more(c.id), 'B') || search_stems(c.body_md, 'C') || search_tags(c.kind, c.category)
  FROM contribution c WHERE c.state = 'published';
INSERT INTO search_entry (id, contribution_id, shelf, words)
  SELECT a.id, c.id, e.shelf, search_stems(a.body_md, 'C') || search_tags(c.kind, c.category)
  FROM comment a JOIN contribution c ON c.id = a.contribution_id JOIN search_entry e ON e.id = c.id
  WHERE a.state = 'published' AND c.state = 'published';
INSERT INTO search_shelf (quarter_id, shelf)
  SELECT DISTINCT r.quarter_id, e.shelf FROM search_entry e JOIN reach r ON r.contribution_id = e.id WHERE e.shelf > 0;
INSERT INTO search_unread (entry_id) SELECT id FROM search_entry ORDER BY id;
"""


def upgrade() -> None:
    _as_written(WORDS)
    _tables()
    for part in (KEEP, LEARN, FIND):
        _as_written(part)
    for function in (*FOR_THE_APP, *INNER):
        if function in FOR_THE_APP:
            for_the_app(function)
        else:
            op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.execute(FILL)
    # Without the list of what is still to be sorted in: each search would have to read all of it.
    op.execute(
        "CREATE INDEX ix_search_entry_shelved ON search_entry USING gin (search_shelved(id, shelf, words)) WITH (fastupdate = off)"
    )
    for table, (column, on) in PARTS.items():
        op.execute(
            f"CREATE TRIGGER search_keep_part AFTER {on} ON {table} FOR EACH ROW EXECUTE FUNCTION search_keep_part('{column}')"
        )
    for table in INDEX:  # the functions that keep it are the owner's; nobody else gets in
        wall(table, select="false")
    grant("SELECT, INSERT, UPDATE, DELETE", "saved_search")
    wall("saved_search", select=MINE, insert=MINE, update=MINE, delete=MINE)


def _as_written(statements: str) -> None:
    """Without a look for parameters: questions to an index have colons of their own."""
    op.get_bind().exec_driver_sql(statements.replace("%", "%%"))


def _tables() -> None:
    op.create_table(
        "search_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("shelf", sa.Integer(), nullable=False),
        sa.Column("words", sa.dialects.postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_search_entry_contribution_id_contribution"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entry")),
    )
    op.create_index("ix_search_entry_contribution_id", "search_entry", ["contribution_id"])
    op.create_index("ix_search_entry_shelf", "search_entry", ["shelf", "id"])
    op.create_table(
        "search_shelf",
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("shelf", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("quarter_id", "shelf", name=op.f("pk_search_shelf")),
    )
    op.create_table(
        "search_unread",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("shelf", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_unread")),
    )
    op.create_table(
        "search_word",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["search_entry.id"], name=op.f("fk_search_word_entry_id_search_entry"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_word")),
        sa.UniqueConstraint("word", name=op.f("uq_search_word_word")),
    )
    op.create_index("ix_search_word_entry_id", "search_word", ["entry_id"])
    op.create_table(
        "search_spelling",
        sa.Column("spelling", sa.Text(), nullable=False),
        sa.Column("word_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["word_id"], ["search_word.id"], name=op.f("fk_search_spelling_word_id_search_word"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("spelling", "word_id", name=op.f("pk_search_spelling")),
    )
    op.create_index("ix_search_spelling_word_id", "search_spelling", ["word_id"])
    op.create_table(
        "saved_search",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("filters", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("ways", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("is_told", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_saved_search_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_search")),
        sa.UniqueConstraint("person_id", "words", "filters", name="uq_saved_search_once"),
    )


def downgrade() -> None:
    for table, triggers in TRIGGERS.items():
        for trigger in triggers:
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for table in ("saved_search", *INDEX):
        open_wall(table)
        op.drop_table(table)
    for function in (*OF_TRIGGERS, *FOR_THE_APP, *INNER):
        op.execute(f"DROP FUNCTION {function if '(' in function else function + '()'}")
