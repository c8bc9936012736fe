"""Invitations, flyers, alarms about their codes, the operator's print runs, a letter sent once more, proofs that come to an end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import app_role, for_the_app, grant, open_wall, wall

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"

# Printing opens letters and homes to an operator for one transaction, which says so.
PRINTS = """
CREATE FUNCTION app_prints() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT coalesce(current_setting('app.prints', true), '') = '1' AND app_operates() $$;
"""

# Whether these eyes work at the desk of a quarter: its team, and operators.
DESK = """
CREATE FUNCTION works_at_desk_of(quarter int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT app_operates() OR EXISTS (
    SELECT 1 FROM membership m JOIN person p ON p.id = m.person_id
    WHERE m.person_id = app_person() AND p.status = 'active' AND m.quarter_id = quarter AND m.ended_at IS NULL
      AND m.level = 'verified' AND m.role = 'steward')
$$;
"""

# Whom an alarm of a quarter is told: numbers, nothing else.
TEAM = """
CREATE FUNCTION team_of(quarter int) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT m.person_id FROM membership m JOIN person p ON p.id = m.person_id
  WHERE m.quarter_id = quarter AND m.ended_at IS NULL AND m.level = 'verified' AND m.role = 'steward' AND p.status = 'active'
  UNION SELECT p.id FROM person p WHERE p.is_operator AND p.status = 'active'
$$;
"""

# An alarm is raised once per code and kind; gives its number if it is new.
ALARM = """
CREATE FUNCTION raise_code_alarm(quarter int, what text, about text, at_ timestamptz) RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO code_alarm (public_id, quarter_id, kind, source, at)
  VALUES (translate(substr(replace(gen_random_uuid()::text, '-', ''), 1, 12), '0189', 'ghij'), quarter, what, about, at_)
  ON CONFLICT (source, kind) DO NOTHING RETURNING id
$$;
"""

# Somebody who lives in a quarter, proven or not, uses an invitation: the one way to it for whoever is not the inviter. A code of
# another quarter and no code at all are the same answer. The inviter's invitations are locked, so that of any number of
# simultaneous uses no more than allowed count.
USE_INVITATION = """
CREATE FUNCTION use_invitation(code bytea, at timestamptz, most_of_inviter int)
RETURNS TABLE (outcome text, use_id bigint, inviter_id bigint, household bytea, distance smallint, place int, alarm text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  mine membership%ROWTYPE;
  theirs membership%ROWTYPE;
  slip invitation%ROWTYPE;
  made invitation_use%ROWTYPE;
BEGIN
  outcome := 'wrong';
  SELECT * INTO mine FROM membership m WHERE m.person_id = app_person() AND m.ended_at IS NULL;
  SELECT * INTO slip FROM invitation i WHERE i.code_hash = code;
  IF mine.id IS NULL OR slip.id IS NULL OR slip.quarter_id <> mine.quarter_id OR slip.person_id = mine.person_id THEN
    RETURN NEXT; RETURN;
  END IF;
  PERFORM 1 FROM invitation i WHERE i.person_id = slip.person_id ORDER BY i.id FOR UPDATE;
  SELECT * INTO slip FROM invitation i WHERE i.code_hash = code;
  SELECT * INTO made FROM invitation_use u WHERE u.invitation_id = slip.id AND u.person_id = mine.person_id;
  SELECT m.* INTO theirs FROM membership m JOIN person p ON p.id = m.person_id
    WHERE m.person_id = slip.person_id AND m.ended_at IS NULL AND m.level = 'verified' AND m.quarter_id = slip.quarter_id
      AND p.status = 'active';
  IF made.id IS NOT NULL AND made.taken_back_at IS NULL THEN
    outcome := 'used';
  ELSIF made.id IS NOT NULL OR slip.ended_at IS NOT NULL OR slip.expires_at <= at OR theirs.id IS NULL THEN
    outcome := 'over';
  ELSIF slip.uses >= slip.most_uses OR most_of_inviter <= (SELECT count(*) FROM invitation_use u
      JOIN invitation i ON i.id = u.invitation_id WHERE i.person_id = slip.person_id AND u.used_at > at - interval '30 days') THEN
    outcome := 'full';
    UPDATE invitation i SET refused = i.refused + 1 WHERE i.id = slip.id;
    IF slip.refused + 1 >= 10 AND raise_code_alarm(slip.quarter_id, 'invitation_full', 'invitation ' || slip.public_id, at)
        IS NOT NULL THEN
      alarm := 'invitation_full';
    END IF;
  ELSE
    outcome := 'good';
    INSERT INTO invitation_use (public_id, invitation_id, person_id, used_at)
      VALUES (translate(substr(replace(gen_random_uuid()::text, '-', ''), 1, 12), '0189', 'ghij'), slip.id, mine.person_id, at)
      RETURNING invitation_use.id INTO use_id;
    UPDATE invitation i SET uses = i.uses + 1 WHERE i.id = slip.id;
    household := coalesce(theirs.household_hash, convert_to('person ' || slip.person_id, 'UTF8'));
    distance := slip.depth;
    IF 3 <= (SELECT count(*) FROM invitation_use u WHERE u.invitation_id = slip.id AND u.used_at > at - interval '10 minutes')
        AND raise_code_alarm(slip.quarter_id, 'invitation_burst', 'invitation ' || slip.public_id, at) IS NOT NULL THEN
      alarm := 'invitation_burst';
    END IF;
  END IF;
  inviter_id := slip.person_id;
  place := slip.quarter_id;
  RETURN NEXT;
END $$;
"""

# The same for a flyer: only from one of its houses. Whoever lives elsewhere hears what a wrong code hears, and is counted.
USE_FLYER = """
CREATE FUNCTION use_flyer(code bytea, at timestamptz) RETURNS TABLE (outcome text, use_id bigint, place int, alarm text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  mine membership%ROWTYPE;
  slip flyer%ROWTYPE;
BEGIN
  outcome := 'wrong';
  SELECT * INTO mine FROM membership m WHERE m.person_id = app_person() AND m.ended_at IS NULL;
  SELECT * INTO slip FROM flyer f WHERE f.code_hash = code FOR UPDATE;
  IF mine.id IS NULL OR slip.id IS NULL THEN
    RETURN NEXT; RETURN;
  END IF;
  place := slip.quarter_id;
  IF slip.quarter_id <> mine.quarter_id OR NOT EXISTS (SELECT 1 FROM flyer_house h JOIN home o ON o.address_hash = h.address_hash
      WHERE h.flyer_id = slip.id AND o.person_id = mine.person_id) THEN
    UPDATE flyer f SET strays = f.strays + 1 WHERE f.id = slip.id;
    IF slip.strays + 1 >= 20 AND raise_code_alarm(slip.quarter_id, 'flyer_elsewhere', 'flyer ' || slip.public_id, at) IS NOT NULL THEN
      alarm := 'flyer_elsewhere';
    END IF;
  ELSIF EXISTS (SELECT 1 FROM flyer_use u WHERE u.flyer_id = slip.id AND u.person_id = mine.person_id) THEN
    outcome := 'used';
  ELSIF slip.uses >= slip.most_uses THEN
    outcome := 'full';
    UPDATE flyer f SET refused = f.refused + 1 WHERE f.id = slip.id;
    IF slip.refused + 1 >= 10 AND raise_code_alarm(slip.quarter_id, 'flyer_full', 'flyer ' || slip.public_id, at) IS NOT NULL THEN
      alarm := 'flyer_full';
    END IF;
  ELSIF slip.ended_at IS NOT NULL OR slip.expires_at <= at THEN
    outcome := 'over';
  ELSE
    outcome := 'good';
    INSERT INTO flyer_use (flyer_id, person_id, used_at) VALUES (slip.id, mine.person_id, at)
      RETURNING flyer_use.id INTO use_id;
    UPDATE flyer f SET uses = f.uses + 1, ended_at = CASE WHEN f.uses + 1 >= f.most_uses THEN at END WHERE f.id = slip.id;
    IF slip.uses + 1 >= slip.most_uses
        AND raise_code_alarm(slip.quarter_id, 'flyer_limit', 'flyer ' || slip.public_id, at) IS NOT NULL THEN
      alarm := 'flyer_limit';
    ELSIF 5 <= (SELECT count(*) FROM flyer_use u WHERE u.flyer_id = slip.id AND u.used_at > at - interval '10 minutes')
        AND raise_code_alarm(slip.quarter_id, 'flyer_burst', 'flyer ' || slip.public_id, at) IS NOT NULL THEN
      alarm := 'flyer_burst';
    END IF;
  END IF;
  RETURN NEXT;
END $$;
"""

# Whose proofs a worker has to look at: past their day, near it, or a year without a yes. Numbers of people, nothing else; what
# is due is found out through each person's own eyes.
DUE = """
CREATE FUNCTION people_with_proofs_due(at timestamptz, after bigint, most int) RETURNS SETOF bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT m.person_id FROM membership m JOIN proof p ON p.membership_id = m.id
  WHERE m.ended_at IS NULL AND p.ended_at IS NULL AND p.held_at IS NULL AND m.person_id > after
    AND (p.expires_at <= at + interval '30 days' OR coalesce(p.renewed_at, p.created_at) <= at - interval '365 days')
  ORDER BY m.person_id LIMIT most
$$;
"""

# What is long over is forgotten: who invited whom, how flyers were used, alarms, batches. Proofs stay.
FORGET = """
CREATE FUNCTION forget_codes(before timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  DELETE FROM invitation WHERE expires_at < before;
  DELETE FROM flyer WHERE expires_at < before;
  DELETE FROM code_alarm WHERE at < before;
  DELETE FROM print_run WHERE asked_at < before;
$$;
"""

REFUSE = """
CREATE OR REPLACE FUNCTION refuse_letters(code_hash bytea, whole_house boolean, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  card letter%ROWTYPE;
  targets bytea[];
BEGIN
  SELECT * INTO card FROM letter WHERE refusal_hashes @> ARRAY[code_hash];
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  targets := card.name_hashes;
  IF whole_house AND NOT EXISTS (SELECT 1 FROM home h JOIN membership m ON m.person_id = h.person_id
      WHERE h.address_hash = card.address_hash AND m.ended_at IS NULL AND m.level = 'verified') THEN
    targets := targets || card.address_hash;
  END IF;
  INSERT INTO letter_refusal (target_hash, since) SELECT unnest(targets), at ON CONFLICT DO NOTHING;
  UPDATE letter SET state = 'refused' WHERE state IN ({states})
    AND (id = card.id OR name_hashes && targets OR address_hash = ANY (targets));
  RETURN true;
END $$;
"""
FUNCTIONS = (
    "forget_codes(timestamptz)",
    "people_with_proofs_due(timestamptz, bigint, int)",
    "use_flyer(bytea, timestamptz)",
    "use_invitation(bytea, timestamptz, int)",
    "raise_code_alarm(int, text, text, timestamptz)",
    "team_of(int)",
    "works_at_desk_of(int)",
    "app_prints()",
)
CALLED_BY_THE_APP = (
    "people_with_proofs_due",
    "use_flyer",
    "use_invitation",
    "team_of",
    "works_at_desk_of",
    "forget_codes",
)
LETTER_STATES = "'requested', 'printed', 'used', 'dead', 'expired', 'refused', 'withdrawn'"


def upgrade() -> None:
    _tables()
    for part in (
        PRINTS,
        DESK,
        TEAM,
        ALARM,
        USE_INVITATION,
        USE_FLYER,
        DUE,
        FORGET,
        REFUSE.format(states="'requested', 'printed', 'resent'"),
    ):
        op.execute(part)
    for name in FUNCTIONS:
        if name.startswith(CALLED_BY_THE_APP):
            for_the_app(name)
    op.execute("REVOKE ALL ON FUNCTION raise_code_alarm(int, text, text, timestamptz) FROM PUBLIC")
    _letter_states(LETTER_STATES + ", 'resent'")
    _walls()
    _printing(" OR (SELECT app_prints())")


def _tables() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("depth", sa.SmallInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("most_uses", sa.SmallInteger(), nullable=False),
        sa.Column("uses", sa.SmallInteger(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("is_named", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *_points_to("invitation", ("person_id", "person", "CASCADE"), ("quarter_id", "quarter", "CASCADE")),
        *_keys("invitation", "public_id", "code_hash"),
        sa.CheckConstraint("uses BETWEEN 0 AND most_uses", name=op.f("ck_invitation_uses")),
    )
    op.create_table(
        "invitation_use",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("invitation_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        *_points_to("invitation_use", ("invitation_id", "invitation", "CASCADE"), ("person_id", "person", "SET NULL")),
        *_keys("invitation_use", "public_id"),
        sa.UniqueConstraint("invitation_id", "person_id", name="uq_invitation_use_once"),
    )
    op.create_table(
        "flyer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=True),
        sa.Column("streets", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("most_uses", sa.SmallInteger(), nullable=False),
        sa.Column("uses", sa.SmallInteger(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("strays", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *_points_to("flyer", ("made_by_id", "person", "SET NULL"), ("quarter_id", "quarter", "CASCADE")),
        *_keys("flyer", "public_id", "code_hash"),
        sa.CheckConstraint("uses BETWEEN 0 AND most_uses", name=op.f("ck_flyer_uses")),
    )
    op.create_table(
        "flyer_house",
        sa.Column("flyer_id", sa.BigInteger(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        *_points_to("flyer_house", ("flyer_id", "flyer", "CASCADE")),
        sa.PrimaryKeyConstraint("flyer_id", "address_hash", name=op.f("pk_flyer_house")),
    )
    op.create_table(
        "flyer_use",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("flyer_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        *_points_to("flyer_use", ("flyer_id", "flyer", "CASCADE"), ("person_id", "person", "SET NULL")),
        *_keys("flyer_use"),
        sa.UniqueConstraint("flyer_id", "person_id", name="uq_flyer_use_once"),
    )
    _tables_of_the_desk()
    for table, column in INDEXED:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


INDEXED = (
    ("invitation", "person_id"),
    ("invitation", "quarter_id"),
    ("invitation_use", "person_id"),
    ("flyer", "quarter_id"),
    ("flyer", "made_by_id"),
    ("flyer_use", "person_id"),
    ("code_alarm", "quarter_id"),
    ("code_alarm", "seen_by_id"),
    ("print_run", "asked_by_id"),
)


def _tables_of_the_desk() -> None:
    op.create_table(
        "code_alarm",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by_id", sa.BigInteger(), nullable=True),
        *_points_to("code_alarm", ("quarter_id", "quarter", "CASCADE"), ("seen_by_id", "person", "SET NULL")),
        *_keys("code_alarm", "public_id"),
        sa.UniqueConstraint("source", "kind", name="uq_code_alarm_once"),
        sa.CheckConstraint(
            "kind IN ('invitation_burst', 'invitation_full', 'flyer_burst', 'flyer_limit', 'flyer_full', 'flyer_elsewhere')",
            name=op.f("ck_code_alarm_kind"),
        ),
    )
    op.create_table(
        "print_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("wants_table", sa.Boolean(), nullable=False),
        sa.Column("again", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pdf_fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("table_fetched_at", sa.DateTime(timezone=True), nullable=True),
        *_points_to("print_run", ("asked_by_id", "person", "SET NULL")),
        *_keys("print_run", "public_id"),
        sa.CheckConstraint("state IN ('asked', 'ready', 'nothing', 'failed')", name=op.f("ck_print_run_state")),
    )


def _keys(table: str, *unique: str) -> list[sa.Constraint]:
    made: list[sa.Constraint] = [sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))]
    return made + [sa.UniqueConstraint(column, name=op.f(f"uq_{table}_{column}")) for column in unique]


def _points_to(table: str, *keys: tuple[str, str, str]) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=rule)
        for column, other, rule in keys
    ]


def _walls() -> None:
    desk = "works_at_desk_of(quarter_id)"
    own = f"person_id = {ME}"
    grant("SELECT, INSERT, UPDATE", "invitation, flyer, print_run")
    wall("invitation", select=f"{own} OR {desk}", insert=own, update=f"{own} OR {desk}")
    grant("SELECT", "invitation_use, flyer_use")
    op.execute(f"GRANT UPDATE (taken_back_at) ON invitation_use TO {app_role()}")
    by_me = f"EXISTS (SELECT 1 FROM invitation i WHERE i.id = invitation_use.invitation_id AND i.person_id = {ME})"
    wall("invitation_use", select=f"{own} OR {by_me}", update=by_me)
    wall("flyer", select=desk, insert=desk, update=desk)
    grant("SELECT, INSERT", "flyer_house")
    of_desk = "EXISTS (SELECT 1 FROM flyer f WHERE f.id = {0}.flyer_id)"
    wall("flyer_house", select=of_desk.format("flyer_house"), insert=of_desk.format("flyer_house"))
    wall("flyer_use", select=f"{own} OR {of_desk.format('flyer_use')}")
    grant("SELECT", "code_alarm")
    op.execute(f"GRANT UPDATE (seen_at, seen_by_id) ON code_alarm TO {app_role()}")
    wall("code_alarm", select=desk, update=desk)
    operates = "(SELECT app_operates())"
    wall("print_run", select=operates, insert=operates, update=operates)
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app_role()}")


def _printing(more: str) -> None:
    """Letters, homes, and the list of who opened them, for the transaction that prints."""
    own = f"person_id = {ME}"
    for table, verbs in {
        "letter": ("select", "update"),
        "home": ("select",),
        "address_access": ("select", "insert"),
    }.items():
        for verb in verbs:
            check = {"insert": f"WITH CHECK ({own}{more})", "select": f"USING ({own}{more})"}
            op.execute(f"DROP POLICY {table}_{verb} ON {table}")
            rule = check.get(verb, f"USING ({own}{more}) WITH CHECK ({own}{more})")
            op.execute(f"CREATE POLICY {table}_{verb} ON {table} FOR {verb.upper()} TO {app_role()} {rule}")


def _letter_states(states: str) -> None:
    op.drop_constraint(op.f("ck_letter_state"), "letter", type_="check")
    op.create_check_constraint(op.f("ck_letter_state"), "letter", f"state IN ({states})")


def downgrade() -> None:
    _printing("")
    op.execute("UPDATE letter SET state = 'expired' WHERE state = 'resent'")
    _letter_states(LETTER_STATES)
    op.execute(REFUSE.format(states="'requested', 'printed'"))
    tables = ("print_run", "code_alarm", "flyer_use", "flyer_house", "flyer", "invitation_use", "invitation")
    for table in tables:
        open_wall(table)
    for function in FUNCTIONS[:-1]:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP FUNCTION app_prints()")
    for table in tables:
        op.drop_table(table)
