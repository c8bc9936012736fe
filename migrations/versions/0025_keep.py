"""What every table forgets, each by a function of its own; incidents, and whom we told of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app, grant, open_wall, wall

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

#: function → which rows are old, as the retention table (``mydata/rules.py``) says in words
FORGET = {
    "forget_invitations": "DELETE FROM invitation WHERE expires_at < before",
    "forget_flyers": "DELETE FROM flyer WHERE expires_at < before",
    "forget_alarms": "DELETE FROM code_alarm WHERE at < before",
    "forget_print_runs": "DELETE FROM print_run WHERE asked_at < before",
    "forget_visit_codes": "DELETE FROM visit WHERE confirmed_at IS NULL AND expires_at < before",
    "forget_visits": "DELETE FROM visit WHERE confirmed_at < before",
    "forget_cases": "DELETE FROM proof_case WHERE state NOT IN ('open', 'contested') AND appeal IS DISTINCT FROM 'open'"
    " AND greatest(coalesce(decided_at, created_at), appeal_decided_at) < before",
    "forget_proofs": "DELETE FROM proof WHERE ended_at < before OR expires_at < before",
    "forget_read_marks": "DELETE FROM read_mark WHERE moved_at < before",
    "forget_used_codes": "DELETE FROM recovery_code WHERE used_at < before",
    "forget_plans": "DELETE FROM quarter_plan WHERE state <> 'planned' AND ended_at < before",
    "forget_told": "DELETE FROM incident_told WHERE told_at < before",
}

# An answer below which others' answers hang keeps its place and loses its words; of those who are leaving nothing is
# forgotten yet: they may come back.
ANSWERS = f"""
CREATE FUNCTION forget_answers(word text, before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH old AS (SELECT c.id, EXISTS (SELECT 1 FROM comment r WHERE r.parent_id = c.id) AS is_answered FROM comment c
      WHERE c.state = word AND c.state <> 'published' AND coalesce(c.edited_at, c.created_at) < before
      AND NOT EXISTS (SELECT 1 FROM erasure e WHERE e.person_id = c.author_id)),
    gone AS (DELETE FROM comment c USING old WHERE c.id = old.id AND NOT old.is_answered RETURNING 1),
    emptied AS (UPDATE comment c SET body_md = '', body_html = '' FROM old
      WHERE c.id = old.id AND old.is_answered AND c.body_md <> '' RETURNING 1)
  SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM emptied) $$;
"""
FORGET_CODES = """
CREATE FUNCTION forget_codes(before timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  DELETE FROM invitation WHERE expires_at < before;
  DELETE FROM flyer WHERE expires_at < before;
  DELETE FROM code_alarm WHERE at < before;
  DELETE FROM print_run WHERE asked_at < before;
$$;
"""


def upgrade() -> None:
    _tables()
    op.execute("DROP FUNCTION forget_codes(timestamptz)")
    for name, statement in FORGET.items():
        op.execute(
            f"CREATE FUNCTION {name}(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS"
            f" $$ WITH gone AS ({statement} RETURNING 1) SELECT count(*) FROM gone $$"
        )
        for_the_app(f"{name}(timestamptz)")
    op.execute(ANSWERS)
    for_the_app("forget_answers(text, timestamptz)")
    # Written by the operator's command; read by whom it is for, in the worker that writes their mail and in their archive.
    grant("SELECT, DELETE", "incident_told")
    wall("incident_told", select=f"person_id = {ME}", delete="person_id = (SELECT app_erasing())")
    op.execute("ALTER TABLE incident ENABLE ROW LEVEL SECURITY")


def _tables() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "incident",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", moment, nullable=True),
        sa.Column("until", moment, nullable=True),
        sa.Column("route", sa.Text(), nullable=False),
        *(sa.Column(f"{part}_{language}", sa.Text(), nullable=False)
          for part in ("subject", "text") for language in ("de", "en")),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("name", name=op.f("uq_incident_name")),
    )  # fmt: skip
    op.create_table(
        "incident_told",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("told_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_told")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_incident_told_incident_id_incident"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_incident_told_person_id_person"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("incident_id", "person_id", name="uq_incident_told_once"),
    )
    op.create_index(op.f("ix_incident_told_person_id"), "incident_told", ["person_id"])


def downgrade() -> None:
    open_wall("incident_told")
    op.execute("DROP FUNCTION forget_answers(text, timestamptz)")
    for name in FORGET:
        op.execute(f"DROP FUNCTION {name}(timestamptz)")
    op.execute(FORGET_CODES)
    for_the_app("forget_codes(timestamptz)")
    op.drop_table("incident_told")
    op.drop_table("incident")
