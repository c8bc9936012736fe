"""Offers, who asks for them, and the queue the database keeps.

One thing, one queue: places are given in the order of asking while the contribution is locked, one ask at most is promised or
lent (a unique index), and whoever steps back is followed by the next at once, whatever the reason: a change of mind, a move, an
erased account. Whom that concerns is told by rows of the ledger; ``told`` and the states say who still has to be.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import app_role, follow_version, for_the_app, grant, open_wall, unfollow_version, wall

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
SHOWN = "stage, waiting, due_on, price_cents, price_words, condition, pickup, lend_days"
EDITABLE = "price_cents, price_words, condition, pickup, lend_days"
#: what may become of an ask: from → to
STEPS = "('waiting promised', 'waiting left', 'waiting missed', 'promised left', 'promised missed', 'promised lent', 'promised done', 'lent done')"

QUEUE = f"""
-- Everybody who asks comes one after the other, behind whoever was there; what is over is asked for no more.
CREATE FUNCTION take_place() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
DECLARE whole contribution;
BEGIN
  SELECT * INTO whole FROM contribution WHERE id = NEW.offer_id FOR UPDATE;
  IF whole.state <> 'published' OR whole.solved_at IS NOT NULL THEN
    RAISE EXCEPTION 'nothing to ask for' USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ask_open';
  END IF;
  NEW.place := 1 + coalesce((SELECT max(place) FROM ask WHERE offer_id = NEW.offer_id), 0);
  RETURN NEW;
END $$;
CREATE TRIGGER take_place BEFORE INSERT ON ask FOR EACH ROW EXECUTE FUNCTION take_place();

-- Whoever asks can take that back and nothing else: what is promised or given, the author says.
CREATE FUNCTION next_step() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  IF NEW.state = OLD.state THEN
    RETURN NEW;
  END IF;
  IF OLD.state || ' ' || NEW.state NOT IN {STEPS} OR (app_person() = OLD.person_id AND NEW.state <> 'left') THEN
    RAISE EXCEPTION 'no such step' USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ask_step';
  END IF;
  IF NEW.state = 'promised' THEN
    NEW.turn := OLD.turn + 1;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER next_step BEFORE UPDATE ON ask FOR EACH ROW EXECUTE FUNCTION next_step();

-- The next in the queue moves up, and what everybody sees of the queue is true.
CREATE FUNCTION keep_queue() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
DECLARE wanted uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.offer_id ELSE NEW.offer_id END;
DECLARE whole contribution;
BEGIN
  SELECT * INTO whole FROM contribution WHERE id = wanted FOR UPDATE;
  IF TG_OP <> 'INSERT' AND OLD.state = 'promised' AND whole.state = 'published' AND whole.solved_at IS NULL THEN
    IF TG_OP = 'DELETE' OR NEW.state = 'left' THEN
      UPDATE ask SET state = 'promised'
        WHERE id = (SELECT id FROM ask WHERE offer_id = wanted AND state = 'waiting' ORDER BY place LIMIT 1);
    END IF;
  END IF;
  UPDATE offer o SET waiting = seen.waiting, stage = seen.stage, due_on = seen.due_on
    FROM (SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
                 coalesce(max(state) FILTER (WHERE state IN ('promised', 'lent')), 'free') AS stage,
                 max(due_on) FILTER (WHERE state = 'lent') AS due_on
          FROM ask WHERE offer_id = wanted) seen
    WHERE o.id = wanted AND (o.waiting, o.stage, o.due_on) IS DISTINCT FROM (seen.waiting, seen.stage, seen.due_on);
  RETURN NULL;
END $$;
CREATE TRIGGER keep_queue AFTER INSERT OR DELETE OR UPDATE OF state, due_on ON ask
  FOR EACH ROW EXECUTE FUNCTION keep_queue();

-- Whoever leaves a quarter stands in no queue any more; what they have borrowed they still bring back.
CREATE FUNCTION leave_queues() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  UPDATE ask SET state = 'left', ended_at = NEW.ended_at
    WHERE person_id = NEW.person_id AND state IN ('waiting', 'promised');
  RETURN NULL;
END $$;
CREATE TRIGGER leave_queues AFTER UPDATE OF ended_at ON membership FOR EACH ROW
WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION leave_queues();

-- Opened again after its time, an offer hangs as long as a new one.
CREATE FUNCTION hang_anew() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  NEW.expires_at := greatest(NEW.expires_at, OLD.solved_at + interval '60 days');
  RETURN NEW;
END $$;
CREATE TRIGGER hang_anew BEFORE UPDATE OF solved_at ON contribution FOR EACH ROW
WHEN (OLD.kind = 'offer' AND OLD.solved_at IS NOT NULL AND NEW.solved_at IS NULL) EXECUTE FUNCTION hang_anew();
"""

TELL = f"""
-- How many wait before me and I; of somebody else's ask nothing is told.
CREATE FUNCTION place_in_queue(mine uuid) RETURNS int LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT count(*)::int FROM ask a JOIN ask me ON me.id = mine AND me.person_id = app_person()
  WHERE a.offer_id = me.offer_id AND a.state = 'waiting' AND a.place <= me.place
$$;

-- What I asked for, also when it was taken down; but not what the operator has hidden.
CREATE FUNCTION asked_title(mine uuid) RETURNS text LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT c.title FROM ask a JOIN contribution c ON c.id = a.offer_id
  WHERE a.id = mine AND a.person_id = app_person() AND c.state <> 'hidden'
$$;

-- Offers that end by themselves: their days are over and nobody holds them, or their author is gone.
CREATE FUNCTION close_offers(at timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH over AS (
    UPDATE contribution c SET solved_at = at FROM offer o, person p
    WHERE o.id = c.id AND p.id = c.author_id AND c.state = 'published' AND c.solved_at IS NULL
      AND (c.is_left OR p.status = 'erased' OR (c.expires_at <= at AND o.stage = 'free')) RETURNING 1)
  SELECT count(*) FROM over $$;

-- Whom a promise or an end has not reached yet; with it they count as told. What was taken down can be put back for ten minutes.
-- An author who says "done" while it is promised has handed it over.
CREATE FUNCTION tell_queue(at timestamptz, only_of uuid) RETURNS TABLE (what text, ask_id uuid, person_id bigint, turn int)
LANGUAGE plpgsql {DEFINER} AS $$
#variable_conflict use_column
DECLARE one uuid;
BEGIN
  FOR one IN
    SELECT DISTINCT a.offer_id FROM ask a JOIN contribution c ON c.id = a.offer_id JOIN person p ON p.id = c.author_id
    WHERE (only_of IS NULL OR a.offer_id = only_of) AND a.state IN ('waiting', 'promised')
      AND (a.told < a.turn OR c.solved_at IS NOT NULL OR c.state = 'hidden'
           OR (c.state = 'withdrawn' AND (p.status = 'erased' OR coalesce(c.edited_at, c.published_at) < at - interval '10 minutes')))
    ORDER BY a.offer_id
  LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended('offer:' || one, 0));
    RETURN QUERY
      UPDATE ask a SET ended_at = at,
        state = CASE WHEN a.state = 'promised' AND c.solved_at IS NOT NULL AND NOT c.is_left AND p.status <> 'erased'
                     THEN 'done' ELSE 'missed' END
      FROM contribution c JOIN person p ON p.id = c.author_id
      WHERE c.id = one AND a.offer_id = one AND a.state IN ('waiting', 'promised')
        AND (c.solved_at IS NOT NULL OR c.state = 'hidden'
             OR (c.state = 'withdrawn' AND (p.status = 'erased' OR coalesce(c.edited_at, c.published_at) < at - interval '10 minutes')))
      RETURNING a.state, a.id, a.person_id, a.turn::int;
    RETURN QUERY
      UPDATE ask a SET told = a.turn WHERE a.offer_id = one AND a.state = 'promised' AND a.told < a.turn
      RETURNING 'promised', a.id, a.person_id, a.turn::int;
  END LOOP;
END $$;

-- Authors to be asked once, a week before the end, whether the thing is still there.
CREATE FUNCTION ask_authors(at timestamptz) RETURNS TABLE (offer_id uuid, person_id bigint, expires_at timestamptz)
LANGUAGE sql {DEFINER} AS $$
  UPDATE offer o SET asked_for = c.expires_at FROM contribution c
  WHERE c.id = o.id AND c.state = 'published' AND c.solved_at IS NULL AND o.stage = 'free'
    AND c.expires_at <= at + interval '7 days' AND c.expires_at > at AND o.asked_for IS DISTINCT FROM c.expires_at
  RETURNING o.id, c.author_id, c.expires_at
$$;

-- How far a loan has come at a moment of the city's clock: 1 the evening before, 2 the evening itself, 3 three days late.
CREATE FUNCTION loan_stage(due date, here timestamp) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN here >= due + 3 + time '18:00' THEN 3 WHEN here >= due + time '18:00' THEN 2
              WHEN here >= due - 1 + time '18:00' THEN 1 ELSE 0 END
$$;

-- Loans whose next reminder is due; with it they count as reminded, and after the third there is silence.
CREATE FUNCTION remind_loans(here timestamp) RETURNS TABLE (ask_id uuid, person_id bigint, author_id bigint, stage int, due_on date)
LANGUAGE sql {DEFINER} AS $$
  UPDATE ask a SET reminded = loan_stage(a.due_on, here) FROM contribution c
  WHERE c.id = a.offer_id AND a.state = 'lent' AND a.due_on <= here::date + 1 AND a.reminded < loan_stage(a.due_on, here)
  RETURNING a.id, a.person_id, c.author_id, a.reminded::int, a.due_on
$$;

CREATE FUNCTION forget_asks(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM ask WHERE state IN ('done', 'left', 'missed') AND ended_at < before RETURNING 1)
  SELECT count(*) FROM gone $$;
"""
FOR_THE_APP = (
    "place_in_queue(uuid)",
    "asked_title(uuid)",
    "close_offers(timestamptz)",
    "tell_queue(timestamptz, uuid)",
    "ask_authors(timestamptz)",
    "loan_stage(date, timestamp)",
    "remind_loans(timestamp)",
    "forget_asks(timestamptz)",
)
TRIGGERS = {
    "ask": ("take_place", "next_step", "keep_queue"),
    "membership": ("leave_queues",),
    "contribution": ("hang_anew",),
}


def upgrade() -> None:
    _tables()
    op.execute(QUEUE)
    op.execute(TELL)
    for function in FOR_THE_APP:
        for_the_app(function)
    follow_version("offer", "id", on=f"UPDATE OF {SHOWN}")
    grant("SELECT, INSERT", "offer")
    op.execute(f"GRANT UPDATE ({EDITABLE}) ON offer TO {app_role()}")
    mine = f"EXISTS (SELECT 1 FROM contribution c WHERE c.id = offer.id AND c.author_id = {ME})"
    wall("offer", select="EXISTS (SELECT 1 FROM contribution c WHERE c.id = offer.id)", insert=mine, update=mine)
    grant("SELECT, INSERT, DELETE", "ask")
    op.execute(f"GRANT UPDATE (state, ended_at, tries, due_on, reminded, note_out, note_back) ON ask TO {app_role()}")
    seen = "EXISTS (SELECT 1 FROM contribution c WHERE c.id = ask.offer_id)"
    given_by_me = f"EXISTS (SELECT 1 FROM contribution c WHERE c.id = ask.offer_id AND c.author_id = {ME})"
    wall(
        "ask",
        select=f"person_id = {ME} OR {given_by_me}",
        insert=f"person_id = {ME} AND {seen} AND NOT {given_by_me}",
        update=f"person_id = {ME} OR {given_by_me}",
        delete="person_id = (SELECT app_erasing())",
    )


def _tables() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), server_default="free", nullable=False),
        sa.Column("waiting", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("price_cents", sa.Integer(), nullable=True),
        sa.Column("price_words", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("pickup", sa.Text(), nullable=False),
        sa.Column("lend_days", sa.SmallInteger(), nullable=True),
        sa.Column("asked_for", moment, nullable=True),
        sa.CheckConstraint("stage IN ('free', 'promised', 'lent')", name=op.f("ck_offer_stage")),
        sa.ForeignKeyConstraint(["id"], ["contribution.id"], name=op.f("fk_offer_id_contribution"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
    )
    op.create_table(
        "ask",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("place", sa.Integer(), server_default="0", nullable=False),
        sa.Column("turn", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("told", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reminded", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("note_out", sa.Text(), server_default="", nullable=False),
        sa.Column("note_back", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'promised', 'lent', 'done', 'left', 'missed')", name=op.f("ck_ask_state")
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_ask_offer_id_offer"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ask_person_id_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ask")),
    )
    op.create_index("uq_ask_place", "ask", ["offer_id", "place"], unique=True)
    held, is_open = sa.text("state IN ('promised', 'lent')"), sa.text("state IN ('waiting', 'promised', 'lent')")
    op.create_index("uq_ask_held", "ask", ["offer_id"], unique=True, postgresql_where=held)
    op.create_index("uq_ask_once", "ask", ["person_id", "offer_id"], unique=True, postgresql_where=is_open)
    op.create_index("ix_ask_ended_at", "ask", ["ended_at"])


def downgrade() -> None:
    unfollow_version("offer")
    for table, triggers in TRIGGERS.items():
        for trigger in triggers:
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
            op.execute(f"DROP FUNCTION {trigger}()")
    for function in FOR_THE_APP:
        op.execute(f"DROP FUNCTION {function}")
    open_wall("ask")
    open_wall("offer")
    op.drop_table("ask")
    op.drop_table("offer")
    op.execute("DELETE FROM contribution WHERE kind = 'offer'")
