"""Who got it is clear at the end of an offer, and what somebody held does not end the moment it is given back.

Until now whoever had the promise counted as the one who got it when its author said "done", and was told nothing. What came back, or
was given back, after its sixty days was over in that moment without the question whether it is still there, though its author
had just read that it can be lent again.
"""

from __future__ import annotations

import importlib

from alembic import op

revision = "0119"
down_revision = "0118"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

# The next in the queue moves up, and what everybody sees of the queue is true. What becomes free again hangs for a week at least;
# its author is asked whether it is still there, unless they have been within this term.
QUEUE = f"""
CREATE OR REPLACE FUNCTION keep_queue() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
DECLARE wanted uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.offer_id ELSE NEW.offer_id END;
DECLARE moment timestamptz := CASE WHEN TG_OP = 'DELETE' THEN now() ELSE coalesce(NEW.ended_at, now()) END;
DECLARE whole contribution; before offer; later timestamptz := moment + interval '7 days';
BEGIN
  SELECT * INTO whole FROM contribution WHERE id = wanted FOR UPDATE;
  IF TG_OP <> 'INSERT' AND OLD.state = 'promised' AND whole.state = 'published' AND whole.solved_at IS NULL THEN
    IF TG_OP = 'DELETE' OR NEW.state IN ('left', 'missed') THEN
      UPDATE ask SET state = 'promised'
        WHERE id = (SELECT id FROM ask WHERE offer_id = wanted AND state = 'waiting' ORDER BY place LIMIT 1);
    END IF;
  END IF;
  SELECT * INTO before FROM offer WHERE id = wanted;
  UPDATE offer o SET waiting = seen.waiting, stage = seen.stage, due_on = seen.due_on
    FROM (SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
                 coalesce(max(state) FILTER (WHERE state IN ('promised', 'lent')), 'free') AS stage,
                 max(due_on) FILTER (WHERE state = 'lent') AS due_on
          FROM ask WHERE offer_id = wanted) seen
    WHERE o.id = wanted AND (o.waiting, o.stage, o.due_on) IS DISTINCT FROM (seen.waiting, seen.stage, seen.due_on);
  IF before.stage <> 'free' AND (SELECT stage FROM offer WHERE id = wanted) = 'free' AND whole.expires_at < later
     AND whole.state = 'published' AND whole.solved_at IS NULL AND NOT whole.is_left THEN
    UPDATE contribution SET expires_at = later WHERE id = wanted;
    UPDATE offer SET asked_for = later WHERE id = wanted AND asked_for = whole.expires_at AND whole.expires_at > moment;
  END IF;
  RETURN NULL;
END $$;

-- What somebody holds does not end by its days: its author ends it, by what they say, and can take that back.
CREATE FUNCTION end_by_word() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  IF (SELECT stage FROM offer WHERE id = NEW.id) <> 'free' THEN
    NEW.expires_at := NEW.solved_at + interval '7 days';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER end_by_word BEFORE UPDATE OF solved_at ON contribution FOR EACH ROW
WHEN (OLD.kind = 'offer' AND OLD.solved_at IS NULL AND NEW.expires_at <= NEW.solved_at) EXECUTE FUNCTION end_by_word();
"""

OVER = """(c.state = 'hidden'
           OR (c.solved_at IS NOT NULL AND (c.solved_at < at - interval '10 minutes' OR c.is_left
               OR p.status = 'erased' OR c.expires_at <= c.solved_at))
           OR (c.state = 'withdrawn' AND (p.status = 'erased'
               OR coalesce(c.edited_at, c.published_at) < at - interval '10 minutes'))
           OR (c.state = 'published' AND NOT is_in_sight(c.id, a.person_id)))"""
# Whom a promise or an end has not reached yet; with it they count as told. What was taken down or is done can be put back for ten
# minutes. Who has not got it by then has missed it, also with a promise: that it was handed over is said by its own step. Where the
# reach does not include somebody any more, it is over for them.
TELL = f"""
CREATE OR REPLACE FUNCTION tell_queue(at timestamptz, only_of uuid)
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
      UPDATE ask a SET ended_at = at, state = 'missed'
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
    op.execute(QUEUE)
    op.execute(TELL)


def downgrade() -> None:
    op.execute("DROP TRIGGER end_by_word ON contribution")
    op.execute("DROP FUNCTION end_by_word()")
    earlier = importlib.import_module("migrations.versions.0106_queues_in_sight")
    begin = earlier.TELL.index("CREATE FUNCTION tell_queue(")
    end = earlier.TELL.index("END $$;", begin) + len("END $$;")
    op.execute(earlier.TELL[begin:end].replace("CREATE", "CREATE OR REPLACE", 1))
    before = earlier._function("0040_offers", "QUEUE", "keep_queue")
    op.execute(before.replace("NEW.state = 'left'", "NEW.state IN ('left', 'missed')"))
