"""Nobody stands in a queue whose offer they do not see any more; who holds a loan goes on seeing it, wherever they live now; a step
that was taken by mistake can be taken back for ten minutes; and an author can say a kind no to one who asks.

Until now an offer that was shown in fewer quarters kept those outside in its queue: nobody told them, and what was promised to them
stood still. Whoever had borrowed something that was taken down, narrowed or left behind by a move got no reminder and no page.
"""

from __future__ import annotations

import importlib

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0106"
down_revision = "0105"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
STATES = ("waiting", "promised", "lent", "done", "left", "missed")
#: what may become of an ask besides (0040): a no; and back, for whoever took the step
MORE_STEPS = "'waiting declined', 'left waiting', 'done promised', 'lent promised', 'done lent', "

# Whoever asks can go, and come back to their place if it was never promised to them: then nobody has moved up. What is promised or
# given, the author says; a promise that is taken up again is the same one, with the code that was told.
STEP = f"""
CREATE OR REPLACE FUNCTION next_step() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
DECLARE is_back boolean := OLD.state || ' ' || NEW.state = 'left waiting';
BEGIN
  IF NEW.state = OLD.state THEN
    RETURN NEW;
  END IF;
  IF OLD.state || ' ' || NEW.state NOT IN {{steps}} OR (app_person() = OLD.person_id AND NEW.state <> 'left' AND NOT is_back)
     OR (is_back AND (OLD.turn > 0 OR app_person() IS DISTINCT FROM OLD.person_id)) THEN
    RAISE EXCEPTION 'no such step' USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ask_step';
  END IF;
  IF NEW.state = 'promised' AND OLD.state = 'waiting' THEN
    NEW.turn := OLD.turn + 1;
  END IF;
  RETURN NEW;
END $$;
"""

OVER = """(c.state = 'hidden'
           OR (c.solved_at IS NOT NULL AND (c.solved_at < at - interval '10 minutes' OR c.is_left
               OR p.status = 'erased' OR c.expires_at <= c.solved_at))
           OR (c.state = 'withdrawn' AND (p.status = 'erased'
               OR coalesce(c.edited_at, c.published_at) < at - interval '10 minutes'))
           OR (c.state = 'published' AND NOT is_in_sight(c.id, a.person_id)))"""
# Whom a promise or an end has not reached yet; with it they count as told. What was taken down or is done can be put back for ten
# minutes. An author who says "done" while it is promised has handed it over. Where the reach does not include somebody any more,
# it is over for them.
TELL = f"""
CREATE FUNCTION is_in_sight(wanted uuid, of_person bigint) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT EXISTS (SELECT 1 FROM reach r JOIN membership m ON m.quarter_id = r.quarter_id
                 WHERE r.contribution_id = wanted AND m.person_id = of_person AND m.ended_at IS NULL AND m.level <> 'unproven')
$$;

CREATE FUNCTION tell_queue(at timestamptz, only_of uuid)
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

-- What I have borrowed, wherever I live now and whatever became of the offer; its name is not told where the operator has hidden it.
CREATE FUNCTION loan_of(wanted uuid) RETURNS TABLE (ask_id uuid, title text, author_id bigint, audience text)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT a.id, CASE WHEN c.state <> 'hidden' THEN c.title END, c.author_id, c.audience
  FROM ask a JOIN contribution c ON c.id = a.offer_id
  WHERE a.offer_id = wanted AND a.person_id = app_person() AND a.state = 'lent'
$$;

-- Whether an issue was drawn up while this hung, which its author has taken down since. Only they are told.
CREATE FUNCTION stood_in_issue(wanted uuid) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT EXISTS (SELECT 1 FROM contribution c JOIN edition e ON e.quarter_id IN (SELECT quarters_reached(c.quarter_id, c.audience))
                 WHERE c.id = wanted AND c.author_id = app_person() AND e.opened_at BETWEEN c.published_at AND c.edited_at)
$$;
"""
FORGET = f"""
CREATE OR REPLACE FUNCTION forget_asks(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM ask WHERE state IN ('done', 'left', {{more}}'missed') AND ended_at < before RETURNING 1)
  SELECT count(*) FROM gone $$;
"""
FOR_THE_APP = ("tell_queue(timestamptz, uuid)", "loan_of(uuid)", "stood_in_issue(uuid)")


def upgrade() -> None:
    _states(*STATES, "declined")
    op.execute(STEP.format(steps=_before("STEPS").replace("(", "(" + MORE_STEPS, 1)))
    op.execute(
        _function("0040_offers", "QUEUE", "keep_queue").replace("NEW.state = 'left'", "NEW.state IN ('left', 'missed')")
    )
    op.execute("DROP FUNCTION tell_queue(timestamptz, uuid, boolean)")
    op.execute(TELL)
    for function in FOR_THE_APP:
        for_the_app(function)
    op.execute("REVOKE ALL ON FUNCTION is_in_sight(uuid, bigint) FROM PUBLIC")
    op.execute(FORGET.format(more="'declined', "))


def downgrade() -> None:
    op.execute(FORGET.format(more=""))
    for function in (*FOR_THE_APP, "is_in_sight(uuid, bigint)"):
        op.execute(f"DROP FUNCTION {function}")
    op.execute(_function("0049_offers_follow", "TELL", "tell_queue").replace("OR REPLACE ", ""))
    for_the_app("tell_queue(timestamptz, uuid, boolean)")
    op.execute("ALTER TABLE ask DISABLE TRIGGER next_step")
    op.execute("UPDATE ask SET state = 'left' WHERE state = 'declined'")
    op.execute("ALTER TABLE ask ENABLE TRIGGER next_step")
    for name in ("next_step", "keep_queue"):
        op.execute(_function("0040_offers", "QUEUE", name))
    _states(*STATES)


def _states(*states: str) -> None:
    op.drop_constraint(op.f("ck_ask_state"), "ask")
    quoted = ", ".join(f"'{each}'" for each in states)
    op.create_check_constraint(op.f("ck_ask_state"), "ask", sa.text(f"state IN ({quoted})"))


def _before(name: str) -> str:
    """A text of the migration that made the queue."""
    return str(getattr(importlib.import_module("migrations.versions.0040_offers"), name))


def _function(migration: str, part: str, name: str) -> str:
    """A function as an earlier migration made it, to be put in place of what there is."""
    whole = str(getattr(importlib.import_module(f"migrations.versions.{migration}"), part))
    begin = whole.index(f"CREATE FUNCTION {name}(")
    return whole[begin : whole.index("END $$;", begin) + len("END $$;")].replace("CREATE", "CREATE OR REPLACE", 1)
