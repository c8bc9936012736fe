"""What an initiative has announced hangs once on a board, whichever of its lists it came with; and the operator's list of a
quarter that goes is known where its events hang from then on.

Since each of its quarters has a list of its own (0120), a list that was sent for the second one pinned up everything again: what
a whole city reads hung twice on every board. The operator's own lists bear the key of their quarter, which nobody can choose any more
once it has become part of another one: sent for that one, everything hung a second time.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.helpers import for_the_app, put_in

revision = "0122"
down_revision = "0121"
branch_labels = None
depends_on = None

EARLIER = import_module("migrations.versions.0106_queues_in_sight")
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

# The rows of an initiative's other lists whose events are read in a quarter which something new of this list would reach, and where
# each of them hangs. Rows that were taken down hang nowhere.
BESIDE = f"""
CREATE FUNCTION hanging_beside(wanted text, quarter int, audience text) RETURNS TABLE (uid text, hangs_in text)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT i.uid, min(q.name) FROM event_import i JOIN contribution c ON c.id = i.event_id JOIN quarter q ON q.id = c.quarter_id
  WHERE wanted LIKE 'i:% %' AND split_part(i.list, ' ', 1) = split_part(wanted, ' ', 1) AND i.list <> wanted
    AND c.state = 'published' AND EXISTS (SELECT FROM reach r
      WHERE r.contribution_id = c.id AND r.quarter_id IN (SELECT quarters_reached(hanging_beside.quarter, hanging_beside.audience)))
  GROUP BY i.uid
$$;
"""

# What happens once and was moved beside its date is moved as a whole from now on; so is what was moved until now: its form showed
# the old day, and another hour that was saved there had no effect. Who has answered goes along.
MOVED = """
DO $$
DECLARE one record;
BEGIN
  FOR one IN SELECT e.id, x.slot_on AS was, coalesce(x.begins, e.begins) AS begins, coalesce(x.ends, e.ends) AS ends, x.place
    FROM event e JOIN event_exception x ON x.event_id = e.id AND x.slot_on = e.begins::date
    WHERE e.rule = '' AND e.more_on = '{}' AND NOT x.is_cancelled AND (x.begins IS NOT NULL OR x.place IS NOT NULL)
      AND NOT EXISTS (SELECT FROM occurrence o WHERE o.event_id = e.id AND o.slot_on <> x.slot_on)
  LOOP
    DELETE FROM event_exception WHERE event_id = one.id AND slot_on = one.was;
    UPDATE occurrence SET slot_on = one.begins::date WHERE event_id = one.id AND slot_on = one.was;
    UPDATE event SET begins = one.begins, ends = one.ends, sequence = sequence + 1, counted_at = now() WHERE id = one.id;
    UPDATE event SET place = one.place, lon = NULL, lat = NULL, has_own_point = false
      WHERE id = one.id AND one.place IS NOT NULL;
  END LOOP;
END $$;
"""

# A row whose name the other quarter's own list has, too, keeps the name of the list it came with: the two are other rows, and the one
# that hung there before is what that name means. It is known again should a quarter of this key come back.
ALONG = f"""
CREATE FUNCTION own_list_goes_along() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  UPDATE event_import i SET list = 'q:' || q.key FROM contribution c JOIN quarter q ON q.id = c.quarter_id
  WHERE i.list = 'q:' || OLD.key AND c.id = i.event_id
    AND NOT EXISTS (SELECT FROM event_import o WHERE o.list = 'q:' || q.key AND o.uid = i.uid);
  RETURN NULL;
END $$;
CREATE TRIGGER own_list_goes_along AFTER DELETE ON quarter FOR EACH ROW EXECUTE FUNCTION own_list_goes_along();
"""

# Whoever locks several dates does so in one order: by event, then as they are held (0100). Of two that go through the same dates in
# different orders each would wait for the other.
EXPIRE = EARLIER._function("0035_events", "ANSWERS", "expire_offers")
IN_ORDER = put_in(
    EXPIRE,
    (
        "SELECT DISTINCT occurrence_id FROM participation WHERE state = 'offered' AND offered_until <= at LOOP",
        """SELECT o.id FROM occurrence o WHERE o.id IN
      (SELECT p.occurrence_id FROM participation p WHERE p.state = 'offered' AND p.offered_until <= at)
      ORDER BY o.event_id, o.begins_at, o.id LOOP""",
    ),
)
FEWER = EARLIER._function("0120_places_taken_back", "FEWER", "fewer_places")
FEWER_IN_ORDER = put_in(FEWER, ("ORDER BY o.id FOR UPDATE", "ORDER BY o.begins_at, o.id FOR UPDATE"))
MORE = f"""
CREATE OR REPLACE FUNCTION more_places(wanted uuid, at timestamptz) RETURNS void LANGUAGE sql {DEFINER} AS $$
  SELECT offer_places(o.id, at) FROM occurrence o JOIN contribution c ON c.id = o.event_id
  WHERE o.event_id = wanted AND c.author_id = app_person() AND o.waiting > 0{{order}}
$$;
"""


def upgrade() -> None:
    op.execute(MOVED)
    op.execute(BESIDE)
    for_the_app("hanging_beside(text, int, text)")
    for function in (IN_ORDER, FEWER_IN_ORDER, MORE.format(order=" ORDER BY o.begins_at, o.id")):
        op.execute(function)
    op.execute(ALONG)
    op.execute("REVOKE ALL ON FUNCTION own_list_goes_along() FROM PUBLIC")


def downgrade() -> None:
    for function in (EXPIRE, FEWER, MORE.format(order="")):
        op.execute(function)
    op.execute("DROP TRIGGER own_list_goes_along ON quarter")
    op.execute("DROP FUNCTION own_list_goes_along()")
    op.execute("DROP FUNCTION hanging_beside(text, int, text)")
