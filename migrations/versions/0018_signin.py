"""Second factors, what a session has shown, changes of address that can be undone, suspension with a reason.

Factors are walled: they exist for the eyes of their person only. Whose passkey it is that somebody signs in with is the
one thing asked before anybody is known, so a function of the database says it, and nothing else.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import app_role, for_the_app, grant, open_wall, wall

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

MINE = "person_id = (SELECT app_person())"
WALLED = ("passkey", "authenticator", "recovery_code")
SHOWN = ("fresh_at", "strong_at", "active_at")

IDENTITY = """
CREATE FUNCTION app_identity(token bytea, at timestamptz)
RETURNS TABLE (person_id bigint, public_id text, display_name text, language text, is_confirmed boolean,
               is_operator boolean, status text, signup_step text, seen_at timestamptz, {more}seats text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT p.id, p.public_id, p.display_name, p.language, p.confirmed_at IS NOT NULL, p.is_operator, p.status,
           p.signup_step, s.seen_at, {columns}
           coalesce((SELECT string_agg(m.quarter_id || ':' || m.level || ':' || m.role, ' ' ORDER BY m.id)
                     FROM membership m WHERE m.person_id = p.id AND m.ended_at IS NULL), '')
    FROM login_session s JOIN person p ON p.id = s.person_id
    WHERE s.token_hash = token AND s.expires_at > at AND s.ends_at > at AND p.status <> 'erased';
END $$;
"""

FACTORS = """
CREATE FUNCTION passkey_owner(credential bytea) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$ SELECT person_id FROM passkey WHERE credential_id = credential $$;

-- New rights take a new session (ASVS 5.0 V7.2.4): whoever joins a team or runs the instance from now on signs in again,
-- whichever way they were given the role.
CREATE FUNCTION end_sessions_with_role() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_TABLE_NAME = 'person' THEN
    DELETE FROM login_session WHERE person_id = NEW.id;
  ELSE
    DELETE FROM login_session WHERE person_id = NEW.person_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER end_sessions_with_role AFTER UPDATE OF role ON membership FOR EACH ROW
  WHEN (NEW.role <> 'resident' AND NEW.role IS DISTINCT FROM OLD.role) EXECUTE FUNCTION end_sessions_with_role();
CREATE TRIGGER end_sessions_with_role AFTER UPDATE OF is_operator ON person FOR EACH ROW
  WHEN (NEW.is_operator AND NOT OLD.is_operator) EXECUTE FUNCTION end_sessions_with_role();
"""


def upgrade() -> None:
    for name in SHOWN:
        op.add_column("login_session", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("person", sa.Column("links_round", sa.Integer(), server_default="0", nullable=False))
    op.add_column("person", sa.Column("suspension_reason", sa.Text(), nullable=True))
    _passkeys()
    _codes()
    _ceremonies()
    _changes()
    op.execute("DROP FUNCTION app_identity(bytea, timestamptz)")
    names = ", ".join(f"{name} timestamptz" for name in SHOWN) + ", "
    op.execute(IDENTITY.format(more=names, columns="".join(f"s.{name}, " for name in SHOWN)))
    op.execute(FACTORS)
    for function in ("app_identity(bytea, timestamptz)", "passkey_owner(bytea)"):
        for_the_app(function)
    for table in WALLED:
        grant("SELECT, INSERT, UPDATE, DELETE", table)
        wall(table, select=MINE, insert=MINE, update=MINE, delete=MINE)
    grant("SELECT, INSERT, UPDATE, DELETE", "challenge", "email_change", "factor_reset")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app_role()}")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of_a_person(table: str, *, is_key: bool = False) -> list[sa.schema.SchemaItem]:
    link = sa.ForeignKeyConstraint(
        ["person_id"], ["person.id"], name=op.f(f"fk_{table}_person_id_person"), ondelete="CASCADE"
    )
    key = [sa.PrimaryKeyConstraint("person_id", name=op.f(f"pk_{table}"))] if is_key else []
    return [sa.Column("person_id", sa.BigInteger(), nullable=False), link, *key]


def _numbered(table: str) -> list[sa.schema.SchemaItem]:
    number = sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)
    return [number, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))]


def _passkeys() -> None:
    op.create_table(
        "passkey",
        *_numbered("passkey"),
        *_of_a_person("passkey"),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        _moment("used_at", nullable=True),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_person_id"), "passkey", ["person_id"])


def _codes() -> None:
    op.create_table(
        "authenticator",
        *_of_a_person("authenticator", is_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        _moment("used_at", nullable=True),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        *_of_a_person("recovery_code"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        _moment("used_at", nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_person_id"), "recovery_code", ["person_id"])


def _ceremonies() -> None:
    op.create_table(
        "challenge",
        sa.Column("holder_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        _moment("expires_at"),
        sa.PrimaryKeyConstraint("holder_hash", "purpose", name=op.f("pk_challenge")),
    )
    op.create_index(op.f("ix_challenge_expires_at"), "challenge", ["expires_at"])


def _changes() -> None:
    op.create_table(
        "email_change",
        *_numbered("email_change"),
        *_of_a_person("email_change"),
        sa.Column("old_email", sa.Text(), nullable=False),
        sa.Column("old_key", sa.Text(), nullable=False),
        _moment("changed_at"),
        _moment("undo_until"),
        _moment("undone_at", nullable=True),
    )
    op.create_index(op.f("ix_email_change_person_id"), "email_change", ["person_id"])
    op.create_index(op.f("ix_email_change_old_key"), "email_change", ["old_key"])
    op.create_table(
        "factor_reset",
        *_numbered("factor_reset"),
        *_of_a_person("factor_reset"),
        _moment("asked_at"),
        _moment("due_at"),
        sa.Column("state", sa.Text(), nullable=False),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'done', 'stopped')", name=op.f("ck_factor_reset_state")),
    )
    op.create_index(op.f("ix_factor_reset_person_id"), "factor_reset", ["person_id"])


def downgrade() -> None:
    for table in ("membership", "person"):
        op.execute(f"DROP TRIGGER end_sessions_with_role ON {table}")
    for function in ("end_sessions_with_role()", "passkey_owner(bytea)", "app_identity(bytea, timestamptz)"):
        op.execute(f"DROP FUNCTION {function}")
    op.execute(IDENTITY.format(more="", columns=""))
    for_the_app("app_identity(bytea, timestamptz)")
    for table in WALLED:
        open_wall(table)
    for table in (*WALLED, "challenge", "email_change", "factor_reset"):
        op.drop_table(table)
    for column in ("suspension_reason", "links_round"):
        op.drop_column("person", column)
    for name in SHOWN:
        op.drop_column("login_session", name)
