"""What is waited for on the market is answered by whoever asks; authors hear when the one they promised to moves or goes; what is
marked as done can be opened again for ten minutes before anybody else hears of it."""

from __future__ import annotations

import importlib

from alembic import op

from migrations.helpers import for_the_app

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
BY_A_COMMENT = """
      (SELECT 1 FROM comment a WHERE a.contribution_id = {0}.id AND a.author_id <> {0}.author_id AND a.state = 'published')"""

# An answer is a comment of somebody else, or that somebody asks for it: who that is reads its author alone.
ANSWERED = f"""
CREATE FUNCTION is_answered_by_others(wanted uuid) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT EXISTS (SELECT 1 FROM comment a JOIN contribution c ON c.id = a.contribution_id
                 WHERE c.id = wanted AND a.author_id <> c.author_id AND a.state = 'published')
      OR EXISTS (SELECT 1 FROM ask a WHERE a.offer_id = wanted AND a.state <> 'left')
$$;
"""
QUIET = f"""
CREATE OR REPLACE FUNCTION still_unanswered(since uuid, until uuid, asking text[]) RETURNS TABLE (id uuid, author_id bigint)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT c.id, c.author_id FROM contribution c
  WHERE c.id >= since AND c.id < until AND c.state = 'published' AND c.solved_at IS NULL AND NOT c.is_left
    AND c.kind || ':' || c.category = ANY (asking) AND NOT {{quiet_c}}
  ORDER BY c.id
$$;
CREATE OR REPLACE FUNCTION widen_due(at timestamptz, mark uuid, asking text[]) RETURNS int LANGUAGE plpgsql {DEFINER} AS $$
DECLARE due uuid; asked contribution; widened int := 0;
BEGIN
  FOR due IN SELECT w.contribution_id FROM widening w WHERE w.done_at IS NULL AND w.widens_at <= at
             ORDER BY w.widens_at LIMIT 500 FOR UPDATE SKIP LOCKED LOOP
    SELECT * INTO asked FROM contribution c WHERE c.id = due FOR UPDATE;
    IF asked.state = 'published' AND asked.audience = 'quarter' AND asked.solved_at IS NULL AND NOT asked.is_left
       AND asked.kind || ':' || asked.category = ANY (asking) AND NOT {{quiet_asked}}
    THEN
      UPDATE widening SET done_at = at, since = mark WHERE contribution_id = due;
      UPDATE contribution SET audience = 'nearby' WHERE id = due;
      widened := widened + 1;
    ELSE
      DELETE FROM widening WHERE contribution_id = due;
    END IF;
  END LOOP;
  RETURN widened;
END $$;
"""

LEAVE = f"""
CREATE OR REPLACE FUNCTION leave_queues() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  {{tell}}
  UPDATE ask SET state = 'left', ended_at = NEW.ended_at
    WHERE person_id = NEW.person_id AND state IN ('waiting', 'promised');
  RETURN NULL;
END $$;
"""
# The row is written with its cause; the ledger's sweep sees to it.
TELL_AUTHORS = """INSERT INTO delivery (id, person_id, notice, subject_key, period, channel, payload, due_at, created_at)
    SELECT gen_random_uuid(), c.author_id, 'offers.stepped_back', a.id || ' ' || a.turn, '', 'mail',
           jsonb_build_object('ask', a.id), NEW.ended_at, NEW.ended_at
    FROM ask a JOIN contribution c ON c.id = a.offer_id JOIN person p ON p.id = c.author_id
    WHERE a.person_id = NEW.person_id AND a.state = 'promised' AND c.state = 'published' AND c.solved_at IS NULL
      AND p.status <> 'erased' AND NOT c.is_left
    ON CONFLICT DO NOTHING;"""

OVER = """(c.state = 'hidden'
           OR (c.solved_at IS NOT NULL AND (is_certain OR c.solved_at < at - interval '10 minutes' OR c.is_left
               OR p.status = 'erased' OR c.expires_at <= c.solved_at))
           OR (c.state = 'withdrawn' AND (p.status = 'erased'
               OR coalesce(c.edited_at, c.published_at) < at - interval '10 minutes')))"""
# Whom a promise or an end has not reached yet; with it they count as told. What was taken down or marked as done can be put back
# for ten minutes; is_certain: it was handed over. An author who says "done" while it is promised has handed it over.
TELL = f"""
CREATE FUNCTION tell_queue(at timestamptz, only_of uuid, is_certain boolean)
RETURNS TABLE (what text, ask_id uuid, person_id bigint, turn int) LANGUAGE plpgsql {DEFINER} AS $$
#variable_conflict use_column
DECLARE one uuid;
BEGIN
  FOR one IN
    SELECT DISTINCT a.offer_id FROM ask a JOIN contribution c ON c.id = a.offer_id JOIN person p ON p.id = c.author_id
    WHERE (only_of IS NULL OR a.offer_id = only_of) AND a.state IN ('waiting', 'promised')
      AND (a.told < a.turn OR {OVER})
    ORDER BY a.offer_id
  LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended('offer:' || one, 0));
    RETURN QUERY
      UPDATE ask a SET ended_at = at,
        state = CASE WHEN a.state = 'promised' AND c.solved_at IS NOT NULL AND NOT c.is_left AND p.status <> 'erased'
                     THEN 'done' ELSE 'missed' END
      FROM contribution c JOIN person p ON p.id = c.author_id
      WHERE c.id = one AND a.offer_id = one AND a.state IN ('waiting', 'promised') AND {OVER}
      RETURNING a.state, a.id, a.person_id, a.turn::int;
    RETURN QUERY
      UPDATE ask a SET told = a.turn WHERE a.offer_id = one AND a.state = 'promised' AND a.told < a.turn
      RETURNING 'promised', a.id, a.person_id, a.turn::int;
  END LOOP;
END $$;
"""


def upgrade() -> None:
    op.execute(ANSWERED)
    for_the_app("is_answered_by_others(uuid)")
    op.execute(QUIET.format(quiet_c="is_answered_by_others(c.id)", quiet_asked="is_answered_by_others(due)"))
    op.execute(LEAVE.format(tell=TELL_AUTHORS))
    op.execute("DROP FUNCTION tell_queue(timestamptz, uuid)")
    op.execute(TELL)
    for_the_app("tell_queue(timestamptz, uuid, boolean)")


def downgrade() -> None:
    op.execute("DROP FUNCTION tell_queue(timestamptz, uuid, boolean)")
    before = importlib.import_module("migrations.versions.0040_offers").TELL
    begin = before.index("CREATE FUNCTION tell_queue")
    op.execute(before[begin : before.index("END $$;", begin) + len("END $$;")])
    for_the_app("tell_queue(timestamptz, uuid)")
    op.execute(LEAVE.format(tell=""))
    quiet = {f"quiet_{name}": f"EXISTS {BY_A_COMMENT.format(name)}" for name in ("c", "asked")}
    op.execute(QUIET.format(**quiet))
    op.execute("DROP FUNCTION is_answered_by_others(uuid)")
