"""Cases that verifiers look at, visits to initiatives, initiatives, and the counting that holds proofs back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import app_role, for_the_app, grant, open_wall, wall

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
DESKS = "(SELECT app_desks())::int[]"
OPERATES = "(SELECT app_operates())"
OWN = f"person_id = {ME}"

# Where whoever is asking looks at proofs: the quarters of which they are verifier or steward, all for an operator.
DESK = """
CREATE FUNCTION app_desks() RETURNS int[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN p.is_operator THEN (SELECT coalesce(array_agg(q.id), '{}') FROM quarter q)
    ELSE (SELECT coalesce(array_agg(m.quarter_id), '{}') FROM membership m WHERE m.person_id = p.id
          AND m.ended_at IS NULL AND m.level = 'verified' AND m.role IN ('verifier', 'steward')) END
  FROM person p WHERE p.id = app_person() AND p.status = 'active' AND p.confirmed_at IS NOT NULL
$$;
CREATE FUNCTION app_operates() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM person p WHERE p.id = app_person() AND p.is_operator AND p.status = 'active'
                 AND p.confirmed_at IS NOT NULL)
$$;
"""

# Quarters in which nobody but the operators can look: fewer than two verifiers. For operators.
THIN = """
CREATE FUNCTION thin_desks() RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT q.id FROM quarter q WHERE app_operates() AND
    (SELECT count(*) FROM membership m JOIN person p ON p.id = m.person_id WHERE m.quarter_id = q.id AND m.ended_at IS NULL
     AND m.level = 'verified' AND m.role IN ('verifier', 'steward') AND p.status = 'active') < 2
$$;
"""

# The counting reads across people, so it is one function. It speaks about the asker's own home alone and answers yes or
# no. Proofs of one house are counted one after the other (the lock), so that twenty at once are not each the sixth.
NEEDS_LOOK = """
CREATE FUNCTION needs_look(what text, most int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  mine membership%ROWTYPE;
  house bytea;
BEGIN
  SELECT * INTO mine FROM membership WHERE person_id = app_person() AND ended_at IS NULL;
  SELECT address_hash INTO house FROM home WHERE person_id = app_person();
  IF mine.id IS NULL OR house IS NULL THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(encode(house, 'hex'), 7216018));
  IF what = 'person' THEN
    RETURN EXISTS (SELECT 1 FROM membership m JOIN person p ON p.id = m.person_id WHERE m.person_hash = mine.person_hash
      AND m.person_id <> mine.person_id AND m.ended_at IS NULL AND p.status <> 'erased');
  ELSIF what = 'household' THEN
    RETURN (SELECT count(*) FROM membership m JOIN person p ON p.id = m.person_id
      WHERE m.household_hash = mine.household_hash AND m.person_id <> mine.person_id AND m.ended_at IS NULL
      AND m.level <> 'unproven' AND p.status <> 'erased') >= most;
  ELSIF what = 'house' THEN
    RETURN (SELECT count(*) FROM home h JOIN membership m ON m.person_id = h.person_id JOIN person p ON p.id = h.person_id
      WHERE h.address_hash = house AND h.person_id <> mine.person_id AND m.ended_at IS NULL
      AND m.level <> 'unproven' AND p.status <> 'erased')
      >= coalesce((SELECT r.up_to FROM house_rule r WHERE r.house_hash = house), most);
  END IF;
  RETURN EXISTS (SELECT 1 FROM house_rule r WHERE r.house_hash = house AND r.one_by_one);  -- what = 'one by one'
END $$;
"""

# A house at which proofs wait because there are many accounts: how many, since when. Names and people it does not say.
HOUSES = """
CREATE FUNCTION crowded_houses() RETURNS TABLE (house_hash bytea, quarter_id int, waiting bigint, accounts bigint,
                                               since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT h.address_hash, m.quarter_id, count(*),
         (SELECT count(*) FROM home o JOIN membership n ON n.person_id = o.person_id
          WHERE o.address_hash = h.address_hash AND n.ended_at IS NULL AND n.level <> 'unproven'),
         min(f.held_at)
  FROM proof f JOIN membership m ON m.id = f.membership_id JOIN home h ON h.person_id = f.person_id
  WHERE f.held_at IS NOT NULL AND f.ended_at IS NULL AND m.ended_at IS NULL AND m.quarter_id = ANY (app_desks())
    AND NOT EXISTS (SELECT 1 FROM proof_case c WHERE c.proof_id = f.id)
    AND h.address_hash IS DISTINCT FROM (SELECT x.address_hash FROM home x WHERE x.person_id = app_person())
  GROUP BY h.address_hash, m.quarter_id
$$;
CREATE FUNCTION held_at_house(house bytea) RETURNS TABLE (person_id bigint, proof_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT f.person_id, f.id FROM proof f JOIN membership m ON m.id = f.membership_id JOIN home h ON h.person_id = f.person_id
  WHERE h.address_hash = house AND f.held_at IS NOT NULL AND f.ended_at IS NULL AND m.ended_at IS NULL
    AND m.quarter_id = ANY (app_desks()) AND NOT EXISTS (SELECT 1 FROM proof_case c WHERE c.proof_id = f.id)
    AND house IS DISTINCT FROM (SELECT x.address_hash FROM home x WHERE x.person_id = app_person())
  ORDER BY f.held_at, f.id
$$;
"""

# The nightly forgetting belongs to nobody's eyes: it learns which cases are overdue and whose, and goes on as each of them.
OVERDUE = """
CREATE FUNCTION overdue_documents(before timestamptz) RETURNS TABLE (case_id uuid, person_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id, c.person_id FROM proof_case c WHERE c.kind = 'document' AND c.state IN ('open', 'contested')
    AND (c.created_at <= before OR NOT EXISTS (SELECT 1 FROM case_key k WHERE k.case_id = c.id))
$$;
"""

# Who is told once a day that something waits: verifiers of cases they may look at, operators of those that are theirs
# (two did not agree, an appeal, or no two verifiers there). Only how many; belongs to nobody's eyes.
WAITING = """
CREATE FUNCTION desks_waiting(before timestamptz) RETURNS TABLE (person_id bigint, cases bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH team AS (
    SELECT m.person_id, m.quarter_id, m.household_hash FROM membership m JOIN person p ON p.id = m.person_id
    WHERE m.ended_at IS NULL AND m.level = 'verified' AND m.role IN ('verifier', 'steward') AND p.status = 'active'),
  open AS (SELECT c.* FROM proof_case c WHERE c.created_at <= before AND (c.state IN ('open', 'contested') OR c.appeal = 'open')),
  theirs AS (
    SELECT t.person_id, o.id, t.household_hash, o.household_hash AS of_case, o.person_id AS about FROM team t
      JOIN open o ON o.quarter_id = t.quarter_id AND o.state = 'open'
    UNION
    SELECT p.id, o.id, m.household_hash, o.household_hash, o.person_id FROM person p
      JOIN open o ON o.state = 'contested' OR o.appeal = 'open'
        OR (SELECT count(*) FROM team t WHERE t.quarter_id = o.quarter_id) < 2
      LEFT JOIN membership m ON m.person_id = p.id AND m.ended_at IS NULL
    WHERE p.is_operator AND p.status = 'active')
  SELECT t.person_id, count(DISTINCT t.id) FROM theirs t
  WHERE t.about <> t.person_id AND (t.of_case IS NULL OR t.of_case IS DISTINCT FROM t.household_hash)
    AND NOT EXISTS (SELECT 1 FROM case_half h WHERE h.case_id = t.id AND h.by_person_id = t.person_id AND h.says IS NOT NULL)
  GROUP BY t.person_id
$$;
"""

# An editor types the code that a resident shows. A code that is wrong, over, the editor's own or of the editor's household:
# one answer for all of them, so that nobody learns from it who else lives at home.
TAKE_VISIT = """
CREATE FUNCTION take_visit(code bytea, at_place text, at timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  me bigint := app_person();
  found bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM initiative i JOIN initiative_editor e ON e.initiative_id = i.id WHERE i.public_id = at_place
      AND e.person_id = me AND i.may_confirm AND i.verified_at IS NOT NULL AND i.suspended_at IS NULL) THEN
    RETURN NULL;
  END IF;
  UPDATE visit v SET taken_by = me, place = at_place
  WHERE v.code_hash = code AND v.confirmed_at IS NULL AND v.expires_at > at AND v.person_id <> me
    AND (v.taken_by IS NULL OR v.taken_by = me)
    AND NOT EXISTS (SELECT 1 FROM membership a JOIN membership b ON a.household_hash = b.household_hash
      WHERE a.person_id = v.person_id AND b.person_id = me AND a.ended_at IS NULL AND b.ended_at IS NULL)
  RETURNING v.id INTO found;
  RETURN found;
END $$;
"""

# Whichever way somebody moves: what was to be decided about the home before is over and its pages are gone; what is still
# to be decided lies on the desk of the quarter its person belongs to, and knows the household they are of now.
FOLLOW = """
CREATE FUNCTION case_follows_membership() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.ended_at IS NOT NULL THEN
    DELETE FROM visit WHERE person_id = NEW.person_id AND confirmed_at IS NULL;
    DELETE FROM case_page p USING proof_case c WHERE c.id = p.case_id AND c.membership_id = NEW.id;
    DELETE FROM case_key k USING proof_case c WHERE c.id = k.case_id AND c.membership_id = NEW.id;
    UPDATE proof_case SET state = 'withdrawn', decided_at = NEW.ended_at
    WHERE membership_id = NEW.id AND state IN ('open', 'contested');
    UPDATE proof_case SET appeal = 'rejected', appeal_decided_at = NEW.ended_at
    WHERE membership_id = NEW.id AND appeal = 'open';
  ELSE
    UPDATE proof_case SET quarter_id = NEW.quarter_id, household_hash = NEW.household_hash WHERE membership_id = NEW.id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER case_follows_membership AFTER UPDATE OF quarter_id, household_hash, ended_at ON membership
FOR EACH ROW WHEN ((OLD.quarter_id, OLD.household_hash, OLD.ended_at)
  IS DISTINCT FROM (NEW.quarter_id, NEW.household_hash, NEW.ended_at))
EXECUTE FUNCTION case_follows_membership();
"""

FUNCTIONS = (
    "app_desks()",
    "app_operates()",
    "thin_desks()",
    "needs_look(text, int)",
    "crowded_houses()",
    "held_at_house(bytea)",
    "overdue_documents(timestamptz)",
    "desks_waiting(timestamptz)",
    "take_visit(bytea, text, timestamptz)",
)
TABLES = (
    "visit",
    "initiative_editor",
    "initiative_quarter",
    "initiative",
    "house_rule",
    "case_ground",
    "case_half",
    "case_key",
    "case_page",
    "proof_case",
)


def upgrade() -> None:
    op.add_column("membership", sa.Column("person_hash", sa.LargeBinary(), nullable=True))
    for column in ("household_hash", "person_hash"):
        op.create_index(f"ix_membership_{column}", "membership", [column], postgresql_where=sa.text("ended_at IS NULL"))
    _cases()
    _case_parts()
    _initiatives()
    for part in (DESK, THIN, NEEDS_LOOK, HOUSES, OVERDUE, WAITING, TAKE_VISIT, FOLLOW):
        op.execute(part)
    for function in FUNCTIONS:
        for_the_app(function)
    for table in ("case_half", "visit", "initiative"):
        op.execute(f"GRANT USAGE ON SEQUENCE {table}_id_seq TO {app_role()}")
    _wall_cases()
    _wall_initiatives()
    _open_what_was_walled()


def _person(name: str = "person_id", ondelete: str = "CASCADE", nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), sa.ForeignKey("person.id", ondelete=ondelete), nullable=nullable)


def _made() -> sa.Column[object]:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _case_id(**more: bool) -> sa.Column[object]:
    return sa.Column("case_id", sa.Uuid(), sa.ForeignKey("proof_case.id", ondelete="CASCADE"), nullable=False, **more)


def _cases() -> None:
    op.create_table(
        "proof_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        _person(),
        sa.Column("membership_id", sa.BigInteger(), sa.ForeignKey("membership.id", ondelete="CASCADE"), nullable=False),
        sa.Column("quarter_id", sa.Integer(), sa.ForeignKey("quarter.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("proof_id", sa.BigInteger(), sa.ForeignKey("proof.id", ondelete="SET NULL"), nullable=True),
        sa.Column("household_hash", sa.LargeBinary(), nullable=True),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("page_count", sa.SmallInteger(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("appeal", sa.Text(), nullable=True),
        sa.Column("appeal_text", sa.Text(), nullable=False),
        sa.Column("appealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appeal_decided_at", sa.DateTime(timezone=True), nullable=True),
        _made(),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("kind IN ('document', 'held')", name="kind"),
        sa.CheckConstraint(
            "state IN ('open', 'contested', 'accepted', 'refused', 'withdrawn', 'expired')", name="state"
        ),
        sa.CheckConstraint("appeal IN ('open', 'granted', 'rejected')", name="appeal"),
    )
    op.create_index(op.f("ix_proof_case_person_id"), "proof_case", ["person_id"])
    op.create_index(op.f("ix_proof_case_proof_id"), "proof_case", ["proof_id"])
    waiting = "state IN ('open', 'contested')"
    op.create_index("ix_proof_case_waiting", "proof_case", ["quarter_id"], postgresql_where=sa.text(waiting))
    op.create_index(
        "uq_proof_case_document",
        "proof_case",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'document' AND " + waiting),
    )


def _case_parts() -> None:
    op.create_table(
        "case_page",
        _case_id(),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number"),
    )
    op.create_table(
        "case_key",
        _case_id(),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_table(
        "case_half",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _case_id(),
        _person("by_person_id", "SET NULL", nullable=True),
        sa.Column("household_hash", sa.LargeBinary(), nullable=True),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("says", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "by_person_id", name="uq_case_half_case_id_by_person_id"),
        sa.CheckConstraint("says IN ('yes', 'no')", name="says"),
        sa.CheckConstraint("part IN ('half', 'final', 'appeal')", name="part"),
    )
    op.create_index(op.f("ix_case_half_by_person_id"), "case_half", ["by_person_id"])
    op.create_table(
        "case_ground",
        _case_id(),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "ground"),
    )
    op.create_table(
        "house_rule",
        sa.Column("house_hash", sa.LargeBinary(), nullable=False),
        sa.Column("quarter_id", sa.Integer(), sa.ForeignKey("quarter.id", ondelete="CASCADE"), nullable=False),
        sa.Column("up_to", sa.Integer(), nullable=False),
        sa.Column("one_by_one", sa.Boolean(), nullable=False),
        _person("by_person_id", "SET NULL", nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("house_hash"),
    )
    op.create_index(op.f("ix_house_rule_by_person_id"), "house_rule", ["by_person_id"])


def _initiatives() -> None:
    op.create_table(
        "initiative",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("name", "about", "address_line", "hours")),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        _person("verified_by_id", "SET NULL", nullable=True),
        sa.Column("may_confirm", sa.Boolean(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        _made(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "initiative_quarter",
        sa.Column("initiative_id", sa.BigInteger(), sa.ForeignKey("initiative.id", ondelete="CASCADE"), nullable=False),
        sa.Column("quarter_id", sa.Integer(), sa.ForeignKey("quarter.id", ondelete="CASCADE"), nullable=False),
        sa.PrimaryKeyConstraint("initiative_id", "quarter_id"),
    )
    op.create_index(op.f("ix_initiative_quarter_quarter_id"), "initiative_quarter", ["quarter_id"])
    op.create_table(
        "initiative_editor",
        sa.Column("initiative_id", sa.BigInteger(), sa.ForeignKey("initiative.id", ondelete="CASCADE"), nullable=False),
        _person(),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("initiative_id", "person_id"),
        sa.CheckConstraint("role IN ('lead', 'editor')", name="role"),
    )
    op.create_index(op.f("ix_initiative_editor_person_id"), "initiative_editor", ["person_id"])
    op.create_table(
        "visit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _person(),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        _made(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_hash"),
    )
    op.create_index(op.f("ix_visit_person_id"), "visit", ["person_id"])
    op.create_index(
        "uq_visit_open", "visit", ["person_id"], unique=True, postgresql_where=sa.text("confirmed_at IS NULL")
    )
    op.create_index("ix_visit_place", "visit", ["place"], postgresql_where=sa.text("confirmed_at IS NOT NULL"))


def _wall_cases() -> None:
    own_case = f"EXISTS (SELECT 1 FROM proof_case c WHERE c.id = {{0}}.case_id AND c.person_id = {ME})"
    others_case = f"EXISTS (SELECT 1 FROM proof_case c WHERE c.id = {{0}}.case_id AND c.person_id <> {ME})"
    in_hand = f"EXISTS (SELECT 1 FROM case_half h WHERE h.case_id = {{0}}.case_id AND h.by_person_id = {ME} AND h.says IS NULL)"
    grant("SELECT, INSERT, UPDATE, DELETE", "proof_case", "case_half", "house_rule", "visit")
    grant("SELECT, INSERT, DELETE", "case_page", "case_key", "case_ground")
    wall("proof_case", select=f"{OWN} OR quarter_id = ANY ({DESKS})", insert=OWN, update=OWN, delete=OWN)
    for table in ("case_page", "case_key"):
        mine = own_case.format(table)
        wall(table, select=f"{mine} OR {in_hand.format(table)}", insert=mine, delete=mine)
    by_me = f"by_person_id = {ME}"
    about_me = own_case.format("case_half")
    wall(
        "case_half",
        select=f"{by_me} OR {about_me}",
        insert=f"{by_me} AND {others_case.format('case_half')}",
        update=by_me,
        delete=f"says IS NULL AND ({by_me} OR {about_me})",
    )
    mine = own_case.format("case_ground")
    wall("case_ground", select=others_case.format("case_ground"), insert=mine, delete=mine)
    here = f"quarter_id = ANY ({DESKS})"
    wall("house_rule", select=here, insert=here, update=here)
    of_my_initiative = (
        "EXISTS (SELECT 1 FROM initiative i JOIN initiative_editor e ON e.initiative_id = i.id"
        f" WHERE i.public_id = visit.place AND e.person_id = {ME})"
    )
    confirmed = f"(confirmed_at IS NOT NULL AND {OPERATES})"
    wall(
        "visit",
        select=f"{OWN} OR taken_by = {ME} OR {of_my_initiative} OR {confirmed}",
        insert=OWN,
        update=OWN,
        delete=OWN,
    )


def _wall_initiatives() -> None:
    grant("SELECT, INSERT, UPDATE", "initiative")
    grant("SELECT, INSERT, UPDATE, DELETE", "initiative_quarter", "initiative_editor")
    mine = f"EXISTS (SELECT 1 FROM initiative_editor e WHERE e.initiative_id = initiative.id AND e.person_id = {ME})"
    wall("initiative", select="true", insert=OPERATES, update=f"{OPERATES} OR {mine}")
    wall("initiative_quarter", select="true", insert=OPERATES, delete=OPERATES)
    wall("initiative_editor", select=f"{OWN} OR {OPERATES}", insert=OPERATES, update=OPERATES, delete=OPERATES)


def _open_what_was_walled() -> None:
    """A home opens for whoever has a half of its person's case in hand, or their visit; what is missing, for operators."""
    half = (
        "EXISTS (SELECT 1 FROM case_half h JOIN proof_case c ON c.id = h.case_id WHERE c.person_id = home.person_id"
        f" AND c.state IN ('open', 'contested') AND h.by_person_id = {ME} AND h.says IS NULL)"
    )
    visit = f"EXISTS (SELECT 1 FROM visit v WHERE v.person_id = home.person_id AND v.taken_by = {ME} AND v.confirmed_at IS NULL)"
    op.execute(f"ALTER POLICY home_select ON home USING ({OWN} OR {half} OR {visit})")
    op.execute(f"ALTER POLICY missing_address_select ON missing_address USING ({OWN} OR {OPERATES})")
    op.execute(f"ALTER POLICY missing_address_delete ON missing_address USING ({OWN} OR {OPERATES})")
    op.execute(
        f"ALTER POLICY address_access_select ON address_access USING ({OWN} OR (by_person_id <> person_id AND {OPERATES}))"
    )
    op.execute(f"ALTER POLICY address_access_insert ON address_access WITH CHECK ({OWN} OR by_person_id = {ME})")


def downgrade() -> None:
    op.execute(f"ALTER POLICY home_select ON home USING ({OWN})")
    op.execute(f"ALTER POLICY missing_address_select ON missing_address USING ({OWN})")
    op.execute(f"ALTER POLICY missing_address_delete ON missing_address USING ({OWN})")
    op.execute(f"ALTER POLICY address_access_select ON address_access USING ({OWN})")
    op.execute(f"ALTER POLICY address_access_insert ON address_access WITH CHECK ({OWN})")
    op.execute("DROP TRIGGER case_follows_membership ON membership; DROP FUNCTION case_follows_membership();")
    for table in TABLES:
        open_wall(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    for table in TABLES:
        op.drop_table(table)
    for column in ("household_hash", "person_hash"):
        op.drop_index(f"ix_membership_{column}", table_name="membership")
    op.drop_column("membership", "person_hash")
