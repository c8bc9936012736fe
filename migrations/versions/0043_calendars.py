"""Calendars that go out under a secret address, lists of events that come in, and what is public of what is public.

Whoever is not signed in reads a public event and nothing that hangs on it: no answer, no earlier wording, no thanks. Until now
these followed the contribution; now they take living somewhere it reaches.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app, grant, open_wall, wall

revision = "0043"
down_revision = "0041"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
REACHED = "(SELECT true FROM reach r WHERE r.contribution_id = c.id AND r.quarter_id = ANY ((SELECT app_quarters())::int[]) LIMIT 1)"
#: what hangs on a contribution: for those it reaches, and for its author as long as they live there
BELOW = f"EXISTS (SELECT 1 FROM contribution c WHERE c.id = {{0}}.contribution_id AND ({REACHED} OR (c.author_id = {ME} AND NOT c.is_left)))"
#: table, whose row of one's own it is
HANGING = {"comment": "author_id", "revision": "editor_id", "thanks": "person_id", "helped": None}
SEEN = "EXISTS (SELECT 1 FROM contribution c WHERE c.id = {0}.contribution_id)"
# the policies of before: comments of 0021, the others of 0024 and 0033
BEFORE = {
    "comment": f"""author_id = {ME} OR EXISTS (SELECT 1 FROM contribution c WHERE c.id = comment.contribution_id AND (NOT c.is_left
  OR c.author_id IS DISTINCT FROM {ME} OR EXISTS
  (SELECT 1 FROM reach r WHERE r.contribution_id = c.id AND r.quarter_id = ANY ((SELECT app_quarters())::int[]))))""",
    "revision": f"editor_id = {ME} OR {SEEN.format('revision')}",
    "thanks": f"person_id = {ME} OR {SEEN.format('thanks')}",
    "helped": SEEN.format("helped"),
}

FEEDS = f"""
-- Whose calendar a secret address is, and the boards they read. Suspended, gone or not proven any more: nobody's.
CREATE FUNCTION calendar_feed_of(token bytea) RETURNS TABLE
  (id uuid, person_id bigint, kind text, language text, quarters int[], made_at timestamptz) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT f.id, f.person_id, f.kind, p.language, array_agg(m.quarter_id ORDER BY m.id), f.made_at
  FROM calendar_feed f JOIN person p ON p.id = f.person_id AND p.status = 'active' AND p.confirmed_at IS NOT NULL
  JOIN membership m ON m.person_id = p.id AND m.ended_at IS NULL AND m.level <> 'unproven'
  WHERE f.token_hash = token GROUP BY f.id, p.id
$$;

-- Whoever moves away takes no window on the board of before along: their addresses open nothing any more, here or there.
CREATE FUNCTION close_calendars() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  DELETE FROM calendar_feed WHERE person_id = NEW.person_id;
  RETURN NULL;
END $$;
CREATE TRIGGER close_calendars AFTER UPDATE OF ended_at ON membership FOR EACH ROW
WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION close_calendars();

-- What was taken down since, of what these eyes could read: no words, only which it was, so that calendars strike it.
-- answered: the days on which one wanted to come.
CREATE FUNCTION events_taken_down(since timestamptz) RETURNS TABLE (id uuid, begins timestamp, ends timestamp, zone text,
  is_all_day boolean, is_series boolean, sequence int, gone_at timestamptz, answered date[])
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT e.id, e.begins, e.ends, e.zone, e.is_all_day, e.rule <> '' OR cardinality(e.more_on) > 0, e.sequence, e.gone_at,
    ARRAY(SELECT o.slot_on FROM occurrence o JOIN participation p ON p.occurrence_id = o.id WHERE o.event_id = e.id
          AND p.person_id = app_person() AND p.state IN ('coming', 'waiting', 'offered') ORDER BY o.slot_on)
  FROM event e JOIN contribution c ON c.id = e.id
  WHERE e.gone_at >= since AND c.state <> 'published' AND c.author_id IS DISTINCT FROM app_person()
    AND EXISTS (SELECT FROM quarters_reached(c.quarter_id, c.audience) q WHERE q = ANY (app_quarters()))
  ORDER BY e.id
$$;

-- Taken down and pinned up again are changes that calendars have to learn of. Whoever pins it up again in time has told nobody.
CREATE FUNCTION event_comes_and_goes() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  UPDATE event SET sequence = sequence + 1, gone_at = CASE WHEN NEW.state = 'published' THEN NULL
    WHEN NEW.edited_at IS DISTINCT FROM OLD.edited_at THEN NEW.edited_at ELSE now() END WHERE id = NEW.id;
  IF NEW.state = 'published' THEN
    DELETE FROM delivery WHERE notice = 'events.gone' AND subject_key = NEW.id::text AND state = 'pending';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER event_comes_and_goes AFTER UPDATE OF state ON contribution FOR EACH ROW
WHEN (NEW.kind = 'event' AND (OLD.state = 'published') <> (NEW.state = 'published')) EXECUTE FUNCTION event_comes_and_goes();

-- What was imported from a list before, also what its author took down and what another one of the initiative imported.
CREATE FUNCTION events_of_list(wanted text) RETURNS TABLE (uid text, event_id uuid, author_id bigint, digest bytea, is_up boolean)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT i.uid, i.event_id, c.author_id, i.digest, c.state = 'published'
  FROM event_import i JOIN contribution c ON c.id = i.event_id WHERE i.list = wanted
$$;
"""
FUNCTIONS = ("calendar_feed_of(bytea)", "events_taken_down(timestamptz)", "events_of_list(text)")
TRIGGERS = {"membership": "close_calendars", "contribution": "event_comes_and_goes"}


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("event", sa.Column("gone_at", moment, nullable=True))
    op.add_column("event", sa.Column("initiative_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_event_initiative_id_initiative"), "event", "initiative", ["initiative_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index("ix_event_gone_at", "event", ["gone_at"], postgresql_where=sa.text("gone_at IS NOT NULL"))
    op.create_index(
        "ix_event_initiative_id", "event", ["initiative_id"], postgresql_where=sa.text("initiative_id IS NOT NULL")
    )
    op.execute(
        "UPDATE event e SET gone_at = c.edited_at FROM contribution c WHERE c.id = e.id AND c.state <> 'published'"
    )
    _tables()
    op.execute(FEEDS)
    for function in FUNCTIONS:
        for_the_app(function)
    for trigger in TRIGGERS.values():
        op.execute(f"REVOKE ALL ON FUNCTION {trigger}() FROM PUBLIC")
    mine = f"person_id = {ME}"
    grant("SELECT, INSERT, DELETE", "calendar_feed")
    wall("calendar_feed", select=mine, insert=mine, delete=mine)
    grant("SELECT, INSERT, UPDATE", "event_import")
    of_mine = f"EXISTS (SELECT 1 FROM contribution c WHERE c.id = event_import.event_id AND c.author_id = {ME})"
    wall("event_import", select=of_mine, insert=of_mine, update=of_mine)
    for table, own in HANGING.items():
        condition = BELOW.format(table)
        op.execute(
            f"ALTER POLICY {table}_select ON {table} USING ({f'{own} = {ME} OR {condition}' if own else condition})"
        )


def _tables() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.CheckConstraint("kind IN ('mine', 'quarter')", name=op.f("ck_calendar_feed_kind")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_calendar_feed_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("person_id", "kind", name="uq_calendar_feed_kind"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_feed_token_hash")),
    )
    op.create_table(
        "event_import",
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_import_event_id_event"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("list", "uid", name=op.f("pk_event_import")),
        sa.UniqueConstraint("event_id", name=op.f("uq_event_import_event_id")),
    )


def downgrade() -> None:
    for table, condition in BEFORE.items():
        op.execute(f"ALTER POLICY {table}_select ON {table} USING ({condition})")
    for table, trigger in TRIGGERS.items():
        op.execute(f"DROP TRIGGER {trigger} ON {table}; DROP FUNCTION {trigger}()")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    for table in ("event_import", "calendar_feed"):
        open_wall(table)
        op.drop_table(table)
    op.drop_index("ix_event_initiative_id", table_name="event")
    op.drop_index("ix_event_gone_at", table_name="event")
    op.drop_constraint(op.f("fk_event_initiative_id_initiative"), "event", type_="foreignkey")
    op.drop_column("event", "initiative_id")
    op.drop_column("event", "gone_at")
