"""Export, erasure, retention, and the log of security events.

Whoever is being erased has an ``erasure`` in state ``running``; only then do their own eyes (``app.person``) reach into
tables from which nobody else may take anything away (``app_erasing``).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import app_role, for_the_app, grant, open_wall, wall

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
#: tables of which a person's rows may be deleted only while they are being erased: table → column with the person
ERASABLE = {
    "contribution": "author_id",
    "comment": "author_id",
    "revision": "editor_id",
    "membership": "person_id",
    "address_access": "person_id",
    "invitation": "person_id",
    "invitation_use": "person_id",
    "flyer_use": "person_id",
}
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

ERASING = f"""
CREATE FUNCTION app_erasing() RETURNS bigint LANGUAGE sql STABLE {DEFINER} AS
$$ SELECT person_id FROM erasure WHERE person_id = app_person() AND state = 'running' $$;

-- Replies to a comment of one's own hang under contributions one may not be able to read any more.
CREATE FUNCTION is_answered(answered uuid) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS
$$ SELECT EXISTS (SELECT 1 FROM comment c JOIN comment mine ON mine.id = c.parent_id
     WHERE c.parent_id = answered AND mine.author_id = app_person() AND c.author_id <> mine.author_id) $$;

-- A letter outlives the account without the person; open ones prove nothing any more.
CREATE FUNCTION detach_letters() RETURNS bigint LANGUAGE plpgsql {DEFINER} AS $$
DECLARE changed bigint;
BEGIN
  UPDATE letter SET person_id = NULL, code_hashes = '{{}}',
    state = CASE WHEN state IN ('requested', 'printed') THEN 'withdrawn' ELSE state END
  WHERE person_id = app_erasing();
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END $$;

-- The last step. Where something signed by a former neighbour still hangs, the blanked row stays; true if it is gone.
CREATE FUNCTION drop_erased() RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
DECLARE gone bigint := app_erasing();
BEGIN
  IF gone IS NULL THEN RAISE EXCEPTION 'nobody is being erased'; END IF;
  BEGIN
    DELETE FROM person WHERE id = gone AND status = 'erased';
    RETURN FOUND;
  EXCEPTION WHEN foreign_key_violation THEN
    DELETE FROM erasure WHERE person_id = gone;
    RETURN false;
  END;
END $$;

-- What the sweep asks for: erasures whose day has come, archives nobody builds.
CREATE FUNCTION mydata_due(at timestamptz) RETURNS TABLE (what text, id uuid, person_id bigint)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT 'erasure', e.id, e.person_id FROM erasure e WHERE e.state = 'running' OR e.due_at <= at
  UNION ALL
  SELECT 'export', x.id, x.person_id FROM data_export x
  WHERE x.state IN ('asked', 'building') AND (x.lease_until IS NULL OR x.lease_until <= at)
$$;

-- Whoever comes back has no session: the token of the mail is the right.
CREATE FUNCTION erasure_of_token(token bytea) RETURNS TABLE (id uuid, person_id bigint)
LANGUAGE sql STABLE {DEFINER} AS
$$ SELECT e.id, e.person_id FROM erasure e WHERE e.back_hash = token $$;
"""

FORGETTING = f"""
CREATE FUNCTION forget_looks(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM address_access WHERE at < before RETURNING 1) SELECT count(*) FROM gone $$;

CREATE FUNCTION forget_events(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM security_event WHERE at < before RETURNING 1) SELECT count(*) FROM gone $$;

CREATE FUNCTION forget_letter_codes(at timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (UPDATE letter SET code_hashes = '{{}}', state = CASE WHEN state = 'printed' THEN 'expired' ELSE state END
    WHERE expires_at < at AND code_hashes <> '{{}}' RETURNING 1) SELECT count(*) FROM gone $$;

CREATE FUNCTION forget_whose_letters(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (UPDATE letter SET person_id = NULL, state = CASE WHEN state = 'requested' THEN 'withdrawn' ELSE state END
    WHERE requested_at < before AND person_id IS NOT NULL RETURNING 1) SELECT count(*) FROM gone $$;

CREATE FUNCTION forget_memberships(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM membership WHERE ended_at < before RETURNING 1) SELECT count(*) FROM gone $$;

CREATE FUNCTION forget_missing(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM missing_address WHERE created_at < before RETURNING 1) SELECT count(*) FROM gone $$;

-- Of those who are leaving nothing is forgotten yet: they may come back.
CREATE FUNCTION forget_taken_down(word text, before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM contribution c WHERE c.state = word AND c.state <> 'published'
    AND coalesce(c.edited_at, c.published_at) < before
    AND NOT EXISTS (SELECT 1 FROM erasure e WHERE e.person_id = c.author_id) RETURNING 1) SELECT count(*) FROM gone $$;

-- Archives whose days are over lose their file (the names that are left: ``export_files``), and wishes of long ago go.
CREATE FUNCTION forget_exports(at timestamptz, before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH over AS (UPDATE data_export SET state = 'gone', file = NULL, size = NULL, session_hash = NULL
      WHERE state IN ('ready', 'failed') AND coalesce(expires_at, asked_at + interval '7 days') < at RETURNING 1),
    gone AS (DELETE FROM data_export WHERE asked_at < before AND state IN ('gone', 'failed') RETURNING 1)
  SELECT (SELECT count(*) FROM over) + (SELECT count(*) FROM gone) $$;
CREATE FUNCTION export_files() RETURNS SETOF text LANGUAGE sql STABLE {DEFINER} AS
$$ SELECT file FROM data_export WHERE file IS NOT NULL $$;

CREATE FUNCTION quiet_people(before date) RETURNS TABLE (person_id bigint, seen_on date, reminders int, reminded_at timestamptz)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT p.id, coalesce(a.seen_on, p.created_at::date), coalesce(a.reminders, 0)::int, a.reminded_at
  FROM person p LEFT JOIN activity a ON a.person_id = p.id
  WHERE p.status <> 'erased' AND p.confirmed_at IS NOT NULL AND coalesce(a.seen_on, p.created_at::date) <= before
$$;

CREATE FUNCTION was_here() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  INSERT INTO activity AS a (person_id, seen_on) VALUES (NEW.person_id, NEW.seen_at::date)
  ON CONFLICT (person_id) DO UPDATE SET seen_on = excluded.seen_on, reminders = 0, reminded_at = NULL
    WHERE a.seen_on < excluded.seen_on;
  RETURN NULL;
END $$;
CREATE TRIGGER was_here AFTER INSERT OR UPDATE OF seen_at ON login_session FOR EACH ROW EXECUTE FUNCTION was_here();
INSERT INTO activity (person_id, seen_on) SELECT person_id, max(seen_at)::date FROM login_session GROUP BY person_id;
"""

FUNCTIONS = (
    "app_erasing()",
    "is_answered(uuid)",
    "detach_letters()",
    "drop_erased()",
    "mydata_due(timestamptz)",
    "erasure_of_token(bytea)",
    "forget_looks(timestamptz)",
    "forget_events(timestamptz)",
    "forget_letter_codes(timestamptz)",
    "forget_whose_letters(timestamptz)",
    "forget_memberships(timestamptz)",
    "forget_missing(timestamptz)",
    "forget_taken_down(text, timestamptz)",
    "forget_exports(timestamptz, timestamptz)",
    "export_files()",
    "quiet_people(date)",
)


def upgrade() -> None:
    _tables()
    op.execute(ERASING)
    op.execute(FORGETTING)
    for function in FUNCTIONS:
        for_the_app(function)
    op.execute(f"GRANT USAGE ON SEQUENCE security_event_id_seq TO {app_role()}")
    own = f"person_id = {ME}"
    grant("SELECT, INSERT", "security_event")
    wall("security_event", select=f"subject_id = {ME}", insert="true")
    grant("SELECT, INSERT, UPDATE, DELETE", "data_export, erasure, activity, erasure_mark")
    grant("SELECT, INSERT, UPDATE", "retention_run")
    for table in ("data_export", "erasure", "activity"):
        wall(table, select=own, insert=own, update=own, delete=own)
    for table, column in ERASABLE.items():
        grant("DELETE", table)
        op.execute(
            f"CREATE POLICY {table}_erasing ON {table} FOR DELETE TO {app_role()} USING ({column} = (SELECT app_erasing()))"
        )
    # Whoever said thank you can see that they did, also after moving away from where it hangs.
    seen = "EXISTS (SELECT 1 FROM contribution c WHERE c.id = thanks.contribution_id)"
    op.execute(f"ALTER POLICY thanks_select ON thanks USING (person_id = {ME} OR {seen})")
    seen = "EXISTS (SELECT 1 FROM contribution c WHERE c.id = revision.contribution_id)"
    op.execute(f"ALTER POLICY revision_select ON revision USING (editor_id = {ME} OR {seen})")


def _tables() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "security_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_event")),
    )
    op.create_index("ix_security_event_at", "security_event", ["at"])
    op.create_index("ix_security_event_subject_id", "security_event", ["subject_id", "id"])
    op.create_table(
        "data_export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.SmallInteger(), nullable=False),
        sa.Column("parts", sa.SmallInteger(), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("ready_at", moment, nullable=True),
        sa.Column("expires_at", moment, nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("session_hash", sa.LargeBinary(), nullable=True),
        sa.Column("fetched_at", moment, nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'building', 'ready', 'failed', 'gone')", name=op.f("ck_data_export_state")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_data_export_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_export")),
    )
    op.create_index(op.f("ix_data_export_person_id"), "data_export", ["person_id"])
    op.create_index(
        "uq_data_export_one",
        "data_export",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'building')"),
    )
    _tables_of_erasure(moment)


def _tables_of_erasure(moment: sa.DateTime) -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("keeps_texts", sa.Boolean(), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("steps_done", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("stash", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("back_hash", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('hidden', 'running')", name=op.f("ck_erasure_state")),
        sa.CheckConstraint("reason IN ('own', 'inactive', 'restored')", name=op.f("ck_erasure_reason")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_erasure_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("person_id", name=op.f("uq_erasure_person_id")),
        sa.UniqueConstraint("back_hash", name=op.f("uq_erasure_back_hash")),
    )
    op.create_table(
        "erasure_mark",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("keeps_texts", sa.Boolean(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.CheckConstraint("state IN ('asked', 'back', 'done')", name=op.f("ck_erasure_mark_state")),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_erasure_mark")),
    )
    op.create_table(
        "activity",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("reminders", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("reminded_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_activity_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_activity")),
    )
    op.create_index(op.f("ix_activity_seen_on"), "activity", ["seen_on"])
    op.create_table(
        "retention_run",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("finished_at", moment, nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_retention_run")),
    )


def downgrade() -> None:
    for table, column in (("thanks", "thanks.contribution_id"), ("revision", "revision.contribution_id")):
        seen = f"EXISTS (SELECT 1 FROM contribution c WHERE c.id = {column})"
        op.execute(f"ALTER POLICY {table}_select ON {table} USING ({seen})")
    for table in ERASABLE:
        op.execute(f"DROP POLICY {table}_erasing ON {table}")
        op.execute(f"REVOKE DELETE ON {table} FROM {app_role()}")
    op.execute("DROP TRIGGER was_here ON login_session; DROP FUNCTION was_here();")
    for table in ("security_event", "data_export", "erasure", "activity"):
        open_wall(table)
    for table in ("retention_run", "activity", "erasure_mark", "erasure", "data_export", "security_event"):
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
