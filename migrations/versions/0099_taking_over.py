"""Whoever speaks for an initiative may take over an event of its list from whoever keeps it; a series that goes on as another
event remembers since when.

Until now only the keeper could change it, whoever else spoke for the initiative. And a list whose row changed gave the first part
of a series that an editor had cut in two its old end back, so that both stood in the calendar.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0099"
down_revision = "0098"
branch_labels = None
depends_on = None

# What it says of earlier wordings is what settle_offices (0093) says: whoever kept it is named nowhere.
TAKE = """
CREATE FUNCTION take_office(wanted uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE kept record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('offices', 0));
  SELECT c.author_id AS keeper, c.initiative_id AS invites INTO kept FROM contribution c
    WHERE c.id = wanted AND c.is_office AND c.state = 'published' FOR UPDATE;
  IF NOT FOUND OR NOT holds_office(app_person(), kept.invites) THEN RETURN false; END IF;
  UPDATE contribution SET author_id = app_person() WHERE id = wanted AND author_id <> app_person();
  UPDATE photo SET author_id = app_person() WHERE contribution_id = wanted;
  UPDATE revision SET editor_id = app_person() WHERE contribution_id = wanted AND editor_id = kept.keeper;
  RETURN true;
END $$;
"""

# What was imported from a list before (0043), and where an editor has cut it in two.
OF_LIST = """
CREATE FUNCTION events_of_list(wanted text)
RETURNS TABLE (uid text, event_id uuid, author_id bigint, digest bytea, is_up boolean{column})
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT i.uid, i.event_id, c.author_id, i.digest, c.state = 'published'{value}
  FROM event_import i JOIN contribution c ON c.id = i.event_id JOIN event e ON e.id = c.id WHERE i.list = wanted
$$;
"""


def upgrade() -> None:
    op.add_column("event", sa.Column("goes_on_at", sa.Date(), nullable=True))
    op.execute(TAKE)
    for_the_app("take_office(uuid)")
    _list(column=", goes_on_at date", value=", e.goes_on_at")


def downgrade() -> None:
    _list(column="", value="")
    op.execute("DROP FUNCTION take_office(uuid)")
    op.drop_column("event", "goes_on_at")


def _list(*, column: str, value: str) -> None:
    op.execute("DROP FUNCTION events_of_list(text)")
    op.execute(OF_LIST.format(column=column, value=value))
    for_the_app("events_of_list(text)")
