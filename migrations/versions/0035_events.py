"""Events: when they are, what is different on single dates, the dates to come, and who comes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import follow_version, for_the_app, grant, open_wall, unfollow_version, wall

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
MY_QUARTERS = "(SELECT app_quarters())::int[]"
SEEN = "EXISTS (SELECT 1 FROM contribution c WHERE c.id = {0})"
MINE = f"EXISTS (SELECT 1 FROM contribution c WHERE c.id = {{0}} AND c.author_id = {ME})"
# Lists read many dates at once: one look into an index for each row, as the contribution's own wall does (0013).
DATES = f"""(SELECT true FROM reach r WHERE r.contribution_id = occurrence.event_id
  AND r.quarter_id = ANY ({MY_QUARTERS}) LIMIT 1) OR {SEEN.format("occurrence.event_id")}"""

# Events whose dates do not reach far enough any more, each with its author: through their eyes further ones are made.
RUNNING_OUT = """
CREATE FUNCTION events_running_out(before date) RETURNS TABLE (event_id uuid, author_id bigint) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.id, c.author_id FROM event e JOIN contribution c ON c.id = e.id
  WHERE e.rule <> '' AND e.dated_until < before AND (e.until_on IS NULL OR e.until_on > e.dated_until)
    AND e.cancelled_at IS NULL AND c.state = 'published'
  ORDER BY e.dated_until
$$;
"""

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
# Who comes is decided here and nowhere else: under the lock of the date, so that however many ask at once, no place is given
# twice. Up to two hours before the begin a place that frees is kept for the first in line, for a day at most; a party that is
# larger than what is free waits, and nobody passes it. After that whoever asks first has it.
ANSWERS = f"""
CREATE FUNCTION count_places() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
DECLARE told uuid := (CASE WHEN TG_OP = 'DELETE' THEN OLD.occurrence_id ELSE NEW.occurrence_id END);
BEGIN
  UPDATE occurrence SET
    taken = (SELECT coalesce(sum(1 + companions), 0) FROM participation
             WHERE occurrence_id = told AND state IN ('coming', 'offered')),
    waiting = (SELECT count(*) FROM participation WHERE occurrence_id = told AND state = 'waiting')
  WHERE id = told AND NOT is_closed;
  IF TG_OP = 'DELETE' THEN PERFORM offer_places(told, now()); END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION offer_places(wanted uuid, at timestamptz) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE given occurrence; places int; free int; next participation;
BEGIN
  SELECT * INTO given FROM occurrence WHERE id = wanted FOR UPDATE;
  SELECT capacity INTO places FROM event WHERE id = given.event_id;
  IF given.is_cancelled OR given.is_closed OR given.begins_at - interval '2 hours' <= at THEN RETURN; END IF;
  LOOP
    SELECT * INTO next FROM participation WHERE occurrence_id = wanted AND state = 'waiting'
      ORDER BY asked_at, person_id LIMIT 1;
    EXIT WHEN NOT FOUND;
    SELECT places - coalesce(sum(1 + companions), 0) INTO free FROM participation
      WHERE occurrence_id = wanted AND state IN ('coming', 'offered');
    EXIT WHEN free < 1 + next.companions;  -- no limit any more: free is null, and everybody in line gets a place
    UPDATE participation SET state = 'offered', told_at = NULL,
      offered_until = least(at + interval '24 hours', given.begins_at - interval '2 hours')
      WHERE occurrence_id = wanted AND person_id = next.person_id;
  END LOOP;
END $$;

-- Gives what one has become: coming, waiting, declined; full where a place is kept but more are not free; over; nothing where
-- there is no such date for these eyes.
CREATE FUNCTION answer_event(wanted uuid, comes boolean, more int, at timestamptz) RETURNS text LANGUAGE plpgsql {DEFINER} AS $$
DECLARE me bigint := app_person(); given occurrence; mine participation; places int; held int; becomes text := 'coming';
BEGIN
  SELECT * INTO given FROM occurrence WHERE id = wanted FOR UPDATE;
  IF me IS NULL OR NOT FOUND OR NOT EXISTS (SELECT FROM contribution c WHERE c.id = given.event_id AND c.state = 'published'
      AND (c.audience = 'public' OR EXISTS
        (SELECT FROM reach r WHERE r.contribution_id = c.id AND r.quarter_id = ANY (app_quarters())))) THEN
    RETURN NULL;
  END IF;
  SELECT * INTO mine FROM participation WHERE occurrence_id = wanted AND person_id = me;
  IF NOT comes THEN
    UPDATE participation SET state = 'declined', companions = 0, offered_until = NULL
      WHERE occurrence_id = wanted AND person_id = me AND state <> 'declined';
    PERFORM offer_places(wanted, at);
    RETURN 'declined';
  END IF;
  IF given.is_cancelled OR greatest(given.begins_at, given.ends_at) < at THEN RETURN 'over'; END IF;
  SELECT capacity INTO places FROM event WHERE id = given.event_id;
  SELECT coalesce(sum(1 + companions), 0) INTO held FROM participation
    WHERE occurrence_id = wanted AND person_id <> me AND state IN ('coming', 'offered');
  IF mine.state = 'offered' AND mine.offered_until <= at THEN mine.state := 'lapsed'; END IF;
  IF mine.state IN ('coming', 'offered') THEN
    IF held + 1 + more > places THEN RETURN 'full'; END IF;
  ELSIF held + 1 + more > places OR (at < given.begins_at - interval '2 hours' AND EXISTS
      (SELECT FROM participation WHERE occurrence_id = wanted AND state = 'waiting' AND person_id <> me)) THEN
    becomes := 'waiting';
  END IF;
  INSERT INTO participation AS p (occurrence_id, person_id, state, companions, asked_at)
    VALUES (wanted, me, becomes, more, at)
    ON CONFLICT (occurrence_id, person_id) DO UPDATE SET state = becomes, companions = more, offered_until = NULL,
      asked_at = CASE WHEN p.state = 'waiting' OR p.state = 'coming' THEN p.asked_at ELSE at END;
  PERFORM offer_places(wanted, at);
  RETURN (SELECT CASE WHEN state = 'offered' THEN 'waiting' ELSE state END FROM participation
          WHERE occurrence_id = wanted AND person_id = me);
END $$;

-- Places that nobody took in their time go to the next in line.
CREATE FUNCTION expire_offers(at timestamptz) RETURNS int LANGUAGE plpgsql {DEFINER} AS $$
DECLARE late uuid; count int := 0;
BEGIN
  FOR late IN SELECT DISTINCT occurrence_id FROM participation WHERE state = 'offered' AND offered_until <= at LOOP
    PERFORM FROM occurrence WHERE id = late FOR UPDATE;
    UPDATE participation SET state = 'lapsed', companions = 0, offered_until = NULL
      WHERE occurrence_id = late AND state = 'offered' AND offered_until <= at;
    PERFORM offer_places(late, at);
    count := count + 1;
  END LOOP;
  RETURN count;
END $$;

-- More places than before: asked for by whoever invites.
CREATE FUNCTION more_places(wanted uuid, at timestamptz) RETURNS void LANGUAGE sql {DEFINER} AS $$
  SELECT offer_places(o.id, at) FROM occurrence o JOIN contribution c ON c.id = o.event_id
  WHERE o.event_id = wanted AND c.author_id = app_person() AND o.waiting > 0
$$;

-- Offers whose mail is not promised yet; each is given once.
CREATE FUNCTION offers_to_tell(at timestamptz) RETURNS TABLE (occurrence_id uuid, person_id bigint, offered_until timestamptz)
LANGUAGE sql {DEFINER} AS $$
  UPDATE participation p SET told_at = at WHERE p.state = 'offered' AND p.told_at IS NULL
  RETURNING p.occurrence_id, p.person_id, p.offered_until
$$;

-- Who comes to a date, for those who come and for whoever invites.
CREATE FUNCTION guests_of(wanted uuid) RETURNS TABLE (person_id bigint, companions int, state text)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT p.person_id, p.companions, p.state FROM participation p WHERE p.occurrence_id = wanted
    AND p.state IN ('coming', 'offered', 'waiting') AND (
      EXISTS (SELECT FROM occurrence o JOIN contribution c ON c.id = o.event_id
              WHERE o.id = wanted AND c.author_id = app_person() AND NOT c.is_left)
      OR (p.state = 'coming' AND EXISTS (SELECT FROM participation me
          WHERE me.occurrence_id = wanted AND me.person_id = app_person() AND me.state = 'coming')))
  ORDER BY p.asked_at, p.person_id
$$;

-- How many stand before somebody who asked at this moment, and they themselves.
CREATE FUNCTION place_in_line(wanted uuid, asked timestamptz) RETURNS int LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT count(*) FROM participation p WHERE p.occurrence_id = wanted AND p.state = 'waiting' AND p.asked_at <= asked
$$;

-- Guests of dates that begin in this time, for the reminder of the day before.
CREATE FUNCTION guests_between(since timestamptz, until timestamptz) RETURNS TABLE (occurrence_id uuid, person_id bigint)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT p.occurrence_id, p.person_id FROM occurrence o JOIN participation p ON p.occurrence_id = o.id
  JOIN contribution c ON c.id = o.event_id
  WHERE o.begins_at >= since AND o.begins_at < until AND NOT o.is_cancelled AND p.state = 'coming' AND c.state = 'published'
$$;

-- What was taken down is no longer there for those who wanted to come: they are told once the time to undo it is over,
-- whoever took it down and by whatever way. The ledger's sweep sees to it.
CREATE FUNCTION tell_guests_it_is_gone() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  INSERT INTO delivery (id, person_id, notice, subject_key, period, channel, payload, due_at, created_at)
    SELECT DISTINCT ON (p.person_id) gen_random_uuid(), p.person_id, 'events.gone', NEW.id::text,
           to_char(coalesce(NEW.edited_at, now()), 'YYYY-MM-DD HH24:MI:SS'), 'mail', jsonb_build_object('date', o.id),
           coalesce(NEW.edited_at, now()) + interval '10 minutes', coalesce(NEW.edited_at, now())
    FROM occurrence o JOIN participation p ON p.occurrence_id = o.id
    WHERE o.event_id = NEW.id AND NOT o.is_cancelled AND p.person_id <> NEW.author_id
      AND p.state IN ('coming', 'waiting', 'offered') AND greatest(o.begins_at, o.ends_at) > coalesce(NEW.edited_at, now())
    ORDER BY p.person_id, o.begins_at ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER tell_guests_it_is_gone AFTER UPDATE OF state ON contribution FOR EACH ROW
  WHEN (OLD.state = 'published' AND NEW.state <> 'published' AND NEW.kind = 'event')
  EXECUTE FUNCTION tell_guests_it_is_gone();

-- A date one wanted to come to, of an event that is not shown any more.
CREATE FUNCTION date_that_is_gone(wanted uuid) RETURNS TABLE (title text, begins_at timestamptz, zone text)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT c.title, o.begins_at, e.zone FROM occurrence o JOIN event e ON e.id = o.event_id JOIN contribution c ON c.id = e.id
  WHERE o.id = wanted AND c.state <> 'published' AND EXISTS
    (SELECT FROM participation p WHERE p.occurrence_id = wanted AND p.person_id = app_person())
$$;

-- Of dates that are over, how many came is kept and who is forgotten.
CREATE FUNCTION forget_guests(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH over AS (UPDATE occurrence o SET is_closed = true WHERE greatest(o.begins_at, o.ends_at) < before AND NOT o.is_closed
      RETURNING o.id)
  SELECT count(*) FROM over
$$;
CREATE FUNCTION forget_guests_of() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  DELETE FROM participation WHERE occurrence_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER forget_guests_of AFTER UPDATE OF is_closed ON occurrence FOR EACH ROW
  WHEN (NEW.is_closed AND NOT OLD.is_closed) EXECUTE FUNCTION forget_guests_of();
CREATE TRIGGER count_places AFTER INSERT OR UPDATE OR DELETE ON participation
  FOR EACH ROW EXECUTE FUNCTION count_places();
"""
FUNCTIONS = (
    "events_running_out(date)",
    "answer_event(uuid, boolean, int, timestamptz)",
    "expire_offers(timestamptz)",
    "more_places(uuid, timestamptz)",
    "offers_to_tell(timestamptz)",
    "guests_of(uuid)",
    "place_in_line(uuid, timestamptz)",
    "guests_between(timestamptz, timestamptz)",
    "date_that_is_gone(uuid)",
    "forget_guests(timestamptz)",
)
INNER = ("offer_places(uuid, timestamptz)", "count_places()", "forget_guests_of()", "tell_guests_it_is_gone()")
# Whoever gets mail from their quarter is asked for reminders, too: the list is there to be left.
REMINDED = """
INSERT INTO subscription (person_id, quarter_id, list, token, created_at)
  SELECT person_id, quarter_id, 'events', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), now()
  FROM subscription WHERE list = 'answers' ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    _event()
    _dates()
    _guests()
    _walls()
    op.execute(RUNNING_OUT)
    op.execute(ANSWERS)
    op.execute(REMINDED)
    for function in INNER:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in FUNCTIONS:
        for_the_app(function)
    follow_version("event", "id", on="UPDATE OF {}".format(", ".join(SHOWN)))
    follow_version("event_exception", "event_id")


#: columns that a card or a page shows; up to when dates are made is none
SHOWN = (
    "zone", "begins", "ends", "is_all_day", "rule", "until_on", "more_on", "place", "lon", "lat", "online_url", "cost",
    "access", "capacity", "cancelled_at", "changed_at", "was_begins", "was_place",
)  # fmt: skip


def _event() -> None:
    wall_time, moment = sa.DateTime(timezone=False), sa.DateTime(timezone=True)
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("begins", wall_time, nullable=False),
        sa.Column("ends", wall_time, nullable=False),
        sa.Column("is_all_day", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("more_on", sa.ARRAY(sa.Date()), server_default=sa.text("'{}'"), nullable=False),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("place", "online_url", "cost", "access")
        ),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("cancelled_at", moment, nullable=True),
        sa.Column("changed_at", moment, nullable=True),
        sa.Column("was_begins", wall_time, nullable=True),
        sa.Column("was_place", sa.Text(), nullable=True),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("dated_until", sa.Date(), nullable=True),
        sa.CheckConstraint("ends >= begins", name=op.f("ck_event_order")),
        sa.CheckConstraint("capacity > 0", name=op.f("ck_event_capacity")),
        sa.CheckConstraint("(lon IS NULL) = (lat IS NULL)", name=op.f("ck_event_point")),
        sa.ForeignKeyConstraint(["id"], ["contribution.id"], name=op.f("fk_event_id_contribution"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_dated_until", "event", ["dated_until"], postgresql_where=sa.text("rule <> ''"))


def _dates() -> None:
    wall_time, moment = sa.DateTime(timezone=False), sa.DateTime(timezone=True)
    op.create_table(
        "event_exception",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("slot_on", sa.Date(), nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("begins", wall_time, nullable=True),
        sa.Column("ends", wall_time, nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("changed_at", moment, nullable=False),
        sa.CheckConstraint(
            "(begins IS NULL) = (ends IS NULL) AND ends >= begins", name=op.f("ck_event_exception_times")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_exception_event_id_event"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "slot_on", name=op.f("pk_event_exception")),
    )
    op.create_table(
        "occurrence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("slot_on", sa.Date(), nullable=False),
        sa.Column("begins_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("is_long", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waiting", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_closed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_occurrence_event_id_event"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        sa.UniqueConstraint("event_id", "slot_on", name="uq_occurrence_event_slot"),
    )
    op.create_index("ix_occurrence_event_begins", "occurrence", ["event_id", "begins_at"])
    op.create_index("ix_occurrence_long", "occurrence", ["event_id"], postgresql_where=sa.text("is_long"))


def _guests() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "participation",
        sa.Column("occurrence_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("companions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("offered_until", moment, nullable=True),
        sa.Column("told_at", moment, nullable=True),
        sa.CheckConstraint(
            "state IN ('coming', 'waiting', 'offered', 'declined', 'lapsed')", name=op.f("ck_participation_state")
        ),
        sa.CheckConstraint("companions BETWEEN 0 AND 4", name=op.f("ck_participation_companions")),
        sa.ForeignKeyConstraint(
            ["occurrence_id"],
            ["occurrence.id"],
            name=op.f("fk_participation_occurrence_id_occurrence"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_participation_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("occurrence_id", "person_id", name=op.f("pk_participation")),
    )
    op.create_index("ix_participation_person_id", "participation", ["person_id"])
    op.create_index(
        "ix_participation_offered", "participation", ["offered_until"], postgresql_where=sa.text("state = 'offered'")
    )
    op.create_table(
        "event_for_guests",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_for_guests_event_id_event"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_for_guests")),
    )


def _walls() -> None:
    grant("SELECT, DELETE", "participation")  # rows are written by answer_event() and what follows from it
    of_mine = f"EXISTS (SELECT 1 FROM occurrence o JOIN contribution c ON c.id = o.event_id WHERE o.id = occurrence_id AND c.author_id = {ME})"
    wall("participation", select=f"person_id = {ME} OR {of_mine}", delete="person_id = (SELECT app_erasing())")
    grant("SELECT, INSERT, UPDATE, DELETE", "event_for_guests")
    mine = MINE.format("event_for_guests.event_id")
    guest = (
        "EXISTS (SELECT 1 FROM participation p JOIN occurrence o ON o.id = p.occurrence_id"
        f" WHERE o.event_id = event_for_guests.event_id AND p.person_id = {ME} AND p.state = 'coming')"
    )
    wall("event_for_guests", select=f"{mine} OR {guest}", insert=mine, update=mine, delete=mine)
    grant("SELECT, INSERT, UPDATE", "event")
    mine = MINE.format("event.id")
    wall("event", select=SEEN.format("event.id"), insert=mine, update=mine)
    for table, select in (("event_exception", SEEN.format("event_exception.event_id")), ("occurrence", DATES)):
        grant("SELECT, INSERT, UPDATE, DELETE", table)
        mine = MINE.format(f"{table}.event_id")
        wall(table, select=select, insert=mine, update=mine, delete=mine)


def downgrade() -> None:
    for table in ("event_exception", "event"):
        unfollow_version(table)
    for table in ("event_for_guests", "participation"):
        open_wall(table)
        op.drop_table(table)
    op.execute("DELETE FROM subscription WHERE list = 'events'")
    op.execute("DROP TRIGGER forget_guests_of ON occurrence; DROP TRIGGER tell_guests_it_is_gone ON contribution")
    for function in (*FUNCTIONS, *INNER):
        op.execute(f"DROP FUNCTION {function}")
    for table in ("occurrence", "event_exception", "event"):
        open_wall(table)
        op.drop_table(table)
    op.execute("DELETE FROM contribution WHERE kind = 'event'")
