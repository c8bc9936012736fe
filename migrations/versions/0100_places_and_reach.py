"""Whoever cannot read an event any more keeps no place at it, and a party that can never fit holds nobody up.

Until now a place stayed taken when its event was narrowed to a quarter its guest does not live in, and when the guest moved
away; and a party larger than all places together stood at the head of the line for ever.
"""

from __future__ import annotations

from alembic import op

from migrations.helpers import for_the_app

revision = "0100"
down_revision = "0099"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
#: a party that fits into all places together; no capacity is room for everybody
FITS = "(places IS NULL OR 1 + companions <= places)"

# As in 0035, but for whom it passes.
OFFER = f"""
CREATE OR REPLACE FUNCTION offer_places(wanted uuid, at timestamptz) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE given occurrence; places int; free int; next participation;
BEGIN
  SELECT * INTO given FROM occurrence WHERE id = wanted FOR UPDATE;
  SELECT capacity INTO places FROM event WHERE id = given.event_id;
  IF given.is_cancelled OR given.is_closed OR given.begins_at - interval '2 hours' <= at THEN RETURN; END IF;
  LOOP
    SELECT * INTO next FROM participation WHERE occurrence_id = wanted AND state = 'waiting'{{who_fits}}
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
"""

# As in 0035, and too_many for a party that never fits.
ANSWER = f"""
CREATE OR REPLACE FUNCTION answer_event(wanted uuid, comes boolean, more int, at timestamptz) RETURNS text
LANGUAGE plpgsql {DEFINER} AS $$
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
  SELECT capacity INTO places FROM event WHERE id = given.event_id;{{too_many}}
  SELECT coalesce(sum(1 + companions), 0) INTO held FROM participation
    WHERE occurrence_id = wanted AND person_id <> me AND state IN ('coming', 'offered');
  IF mine.state = 'offered' AND mine.offered_until <= at THEN mine.state := 'lapsed'; END IF;
  IF mine.state IN ('coming', 'offered') THEN
    IF held + 1 + more > places THEN RETURN 'full'; END IF;
  ELSIF held + 1 + more > places OR (at < given.begins_at - interval '2 hours' AND EXISTS
      (SELECT FROM participation WHERE occurrence_id = wanted AND state = 'waiting' AND person_id <> me{{who_fits}})) THEN
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
"""
TOO_MANY = """
  IF 1 + more > places THEN RETURN 'too_many'; END IF;"""

IN_LINE = f"""
CREATE OR REPLACE FUNCTION place_in_line(wanted uuid, asked timestamptz) RETURNS int LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT count(*) FROM participation p{{joins}} WHERE p.occurrence_id = wanted AND p.state = 'waiting' AND p.asked_at <= asked{{who_fits}}
$$;
"""
PLACES_OF_P = " JOIN occurrence o ON o.id = p.occurrence_id JOIN event e ON e.id = o.event_id"

# Whose answers to dates to come end because they cannot read the event any more: somebody's who has moved, or those of an event
# that reaches less far. Whoever lives where it hangs keeps theirs, proven or not: with an address nearby a place is not lost
# because the proof takes its days. The row of the ledger is written with its cause; its sweep sees to it. What the mail says is
# kept with it: what was changed at the same time is not for the guest to read.
LEAVE = f"""
CREATE FUNCTION leave_dates(who bigint, wanted uuid, at timestamptz) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT o.id, p.person_id, o.begins_at, o.event_id, mine.why FROM (
      SELECT p.occurrence_id, p.person_id, 'moved' AS why FROM participation p WHERE p.person_id = who
      UNION ALL
      SELECT p.occurrence_id, p.person_id, 'narrowed' FROM occurrence o JOIN participation p ON p.occurrence_id = o.id
      WHERE o.event_id = wanted
    ) mine JOIN participation p USING (occurrence_id, person_id) JOIN occurrence o ON o.id = p.occurrence_id
    JOIN contribution c ON c.id = o.event_id
    WHERE p.state IN ('coming', 'waiting', 'offered') AND greatest(o.begins_at, o.ends_at) >= at
      AND c.audience <> 'public' AND c.state = 'published'
      AND NOT EXISTS (SELECT FROM membership m JOIN reach r ON r.quarter_id = m.quarter_id
                      WHERE m.person_id = p.person_id AND m.ended_at IS NULL AND r.contribution_id = c.id)
    ORDER BY o.event_id, o.begins_at, o.id, p.person_id
  LOOP
    PERFORM FROM occurrence WHERE id = one.id FOR UPDATE;
    UPDATE participation SET state = 'declined', companions = 0, offered_until = NULL
      WHERE occurrence_id = one.id AND person_id = one.person_id;
    INSERT INTO delivery (id, person_id, notice, subject_key, period, channel, payload, due_at, created_at)
      SELECT gen_random_uuid(), p.id, 'events.out_of_reach', one.event_id::text, to_char(at, 'YYYY-MM-DD HH24:MI:SS'), 'mail',
             jsonb_build_object('date', one.id, 'begins', one.begins_at, 'at', at, 'why', one.why), at, at
      FROM person p WHERE p.id = one.person_id AND p.status <> 'erased' ON CONFLICT DO NOTHING;
    PERFORM offer_places(one.id, at);
  END LOOP;
END $$;

-- For whoever invites, after a change of reach; nobody loses anything by it who can still read the event.
CREATE FUNCTION leave_narrowed(wanted uuid, at timestamptz) RETURNS void LANGUAGE sql {DEFINER} AS $$
  SELECT leave_dates(NULL, wanted, at)
$$;

-- Whoever leaves a quarter. At the end of the transaction, when it is known where they live from now on.
CREATE FUNCTION leave_dates_of_mover() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  PERFORM leave_dates(NEW.person_id, NULL, NEW.ended_at);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER leave_dates_of_mover AFTER UPDATE OF ended_at ON membership DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION leave_dates_of_mover();

-- What the mail about it says: for whoever had answered and still cannot read it. Its name as it was then, whatever was written
-- since.
CREATE FUNCTION date_out_of_reach(wanted uuid, since timestamptz) RETURNS TABLE (title text, zone text)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT coalesce((SELECT r.title FROM revision r WHERE r.contribution_id = c.id AND r.replaced_at >= since
                   ORDER BY r.id LIMIT 1), c.title), e.zone
  FROM occurrence o JOIN event e ON e.id = o.event_id JOIN contribution c ON c.id = e.id
  WHERE o.id = wanted AND c.audience <> 'public' AND EXISTS
    (SELECT FROM participation p WHERE p.occurrence_id = wanted AND p.person_id = app_person() AND p.state = 'declined')
    AND NOT EXISTS (SELECT FROM membership m JOIN reach r ON r.quarter_id = m.quarter_id
                    WHERE m.person_id = app_person() AND m.ended_at IS NULL AND r.contribution_id = c.id)
$$;
"""
INNER = ("leave_dates(bigint, uuid, timestamptz)", "leave_dates_of_mover()")
FUNCTIONS = ("leave_narrowed(uuid, timestamptz)", "date_out_of_reach(uuid, timestamptz)")


def upgrade() -> None:
    op.execute(OFFER.format(who_fits=f" AND {FITS}"))
    op.execute(ANSWER.format(too_many=TOO_MANY, who_fits=f" AND {FITS}"))
    op.execute(
        IN_LINE.format(joins=PLACES_OF_P, who_fits="\n    AND (e.capacity IS NULL OR 1 + p.companions <= e.capacity)")
    )
    op.execute(LEAVE)
    for function in INNER:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in FUNCTIONS:
        for_the_app(function)


def downgrade() -> None:
    op.execute("DROP TRIGGER leave_dates_of_mover ON membership")
    for function in (*FUNCTIONS, *reversed(INNER)):
        op.execute(f"DROP FUNCTION {function}")
    op.execute(IN_LINE.format(joins="", who_fits=""))
    op.execute(ANSWER.format(too_many="", who_fits=""))
    op.execute(OFFER.format(who_fits=""))
    op.execute("DELETE FROM delivery WHERE notice = 'events.out_of_reach'")
