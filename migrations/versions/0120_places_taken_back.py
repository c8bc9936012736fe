"""A place that was kept for somebody is taken back where there are fewer places now; an initiative has a list for each of its
quarters; an event knows when calendars last had something to learn of it.

Until now who held such an offer read on that a place is free, could not take it, and was passed over when its time was up. The
rows of an initiative's list were known whatever quarter it was sent for, so that they could hang in one only. And of a series that
was cut in two, or what was called back on or pinned up again at once, the number rose and the time of its last change did not.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0120"
down_revision = "0119"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

# For whoever invites, after the number of places was changed: offers that are covered no more end, the last one first, and who
# held them stands in line where they stood. Under the lock of the date, as whatever gives places (0035). Gives who has to hear.
FEWER = f"""
CREATE FUNCTION fewer_places(wanted uuid) RETURNS TABLE (occurrence_id uuid, person_id bigint) LANGUAGE plpgsql {DEFINER} AS $$
#variable_conflict use_column
DECLARE date_id uuid; places int; held int; late bigint;
BEGIN
  SELECT e.capacity INTO places FROM event e JOIN contribution c ON c.id = e.id
    WHERE e.id = wanted AND c.author_id = app_person();
  IF places IS NULL THEN RETURN; END IF;
  FOR date_id IN
    SELECT o.id FROM occurrence o WHERE o.event_id = wanted AND NOT o.is_closed AND o.taken > 0 ORDER BY o.id FOR UPDATE
  LOOP
    LOOP
      SELECT coalesce(sum(1 + p.companions), 0) INTO held FROM participation p
        WHERE p.occurrence_id = date_id AND p.state IN ('coming', 'offered');
      EXIT WHEN held <= places;
      SELECT p.person_id INTO late FROM participation p WHERE p.occurrence_id = date_id AND p.state = 'offered'
        ORDER BY p.told_at DESC NULLS FIRST, p.asked_at DESC, p.person_id DESC LIMIT 1;
      EXIT WHEN NOT FOUND;
      UPDATE participation p SET state = 'waiting', offered_until = NULL, told_at = NULL
        WHERE p.occurrence_id = date_id AND p.person_id = late;
      RETURN QUERY SELECT date_id, late;
    END LOOP;
  END LOOP;
END $$;
"""

# Where two quarters become one, the lists of both do. A row that both have stays with the event that hung there.
ALONG = f"""
CREATE FUNCTION list_goes_along() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  UPDATE event_import i SET list = split_part(i.list, ' ', 1) || ' ' || NEW.quarter_id
  WHERE i.event_id = NEW.id AND i.list LIKE 'i:% ' || OLD.quarter_id AND NOT EXISTS
    (SELECT FROM event_import o WHERE o.list = split_part(i.list, ' ', 1) || ' ' || NEW.quarter_id AND o.uid = i.uid);
  RETURN NULL;
END $$;
CREATE TRIGGER list_goes_along AFTER UPDATE OF quarter_id ON contribution FOR EACH ROW
  WHEN (NEW.kind = 'event' AND NEW.quarter_id <> OLD.quarter_id) EXECUTE FUNCTION list_goes_along();
"""

# As in 0043, but that what is pinned up again says when.
COMES_AND_GOES = f"""
CREATE OR REPLACE FUNCTION event_comes_and_goes() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  UPDATE event SET sequence = sequence + 1, gone_at = CASE WHEN NEW.state = 'published' THEN NULL
    WHEN NEW.edited_at IS DISTINCT FROM OLD.edited_at THEN NEW.edited_at ELSE now() END{{counted}} WHERE id = NEW.id;
  IF NEW.state = 'published' THEN
    DELETE FROM delivery WHERE notice = 'events.gone' AND subject_key = NEW.id::text AND state = 'pending';
  END IF;
  RETURN NULL;
END $$;
"""
COUNTED = ",\n    counted_at = CASE WHEN NEW.state = 'published' THEN now() ELSE counted_at END"


def upgrade() -> None:
    op.add_column("event", sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(COMES_AND_GOES.format(counted=COUNTED))
    op.execute(FEWER)
    for_the_app("fewer_places(uuid)")
    op.execute(
        "UPDATE event_import i SET list = i.list || ' ' || c.quarter_id FROM contribution c"
        " WHERE c.id = i.event_id AND i.list LIKE 'i:%' AND i.list NOT LIKE '% %'"
    )
    op.execute(ALONG)
    op.execute("REVOKE ALL ON FUNCTION list_goes_along() FROM PUBLIC")


def downgrade() -> None:
    op.execute("DROP TRIGGER list_goes_along ON contribution")
    op.execute("DROP FUNCTION list_goes_along()")
    name = "split_part({0}.list, ' ', 1)"
    op.execute(  # one list knows a row once: that of the event which was there first
        "DELETE FROM event_import i USING event_import o WHERE i.list LIKE 'i:% %' AND o.list LIKE 'i:% %' AND o.uid = i.uid"
        f" AND {name.format('o')} = {name.format('i')} AND (o.imported_at, o.list) < (i.imported_at, i.list)"
    )
    op.execute("UPDATE event_import SET list = split_part(list, ' ', 1) WHERE list LIKE 'i:% %'")
    op.execute("DROP FUNCTION fewer_places(uuid)")
    op.execute(COMES_AND_GOES.format(counted=""))
    op.drop_column("event", "counted_at")
