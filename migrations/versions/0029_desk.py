"""Who may look at what is said once; crowded houses are waited for like cases; whoever leaves finds their cases when they
come back; an appeal that ends with a move is withdrawn, not rejected.

Until now who may look at a case stood in the pages, in the counting for the front page and in the daily reminder, and the
reminder knew cases only: where nothing but the house is crowded there is none, so nobody was told. And leaving ended what was
to be decided at once: who came back within the 14 days had lost their document, and read that an appeal nobody had seen was
rejected.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.helpers import for_the_app

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BEFORE, NEAR_BEFORE = (import_module(f"migrations.versions.{name}") for name in ("0022_verifying", "0026_attack"))
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

# Who looks at proofs where, and which cases somebody may look at: the one place that says so. `is_theirs`: somebody waits for
# them; operators may look everywhere and have to where a quarter has no two verifiers, two did not agree, somebody appeals or
# is protected, or where they are of the team themselves. Not for the application, which asks for its own eyes (`desk_cases`).
DESK = f"""
CREATE FUNCTION desk_team() RETURNS TABLE (person_id bigint, quarter_id int) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT m.person_id, m.quarter_id FROM membership m JOIN person p ON p.id = m.person_id
  WHERE m.ended_at IS NULL AND m.level = 'verified' AND m.role IN ('verifier', 'steward')
    AND p.status = 'active' AND p.confirmed_at IS NOT NULL
$$;
CREATE FUNCTION is_on_desk(who bigint, operates boolean, quarter int) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT EXISTS (SELECT 1 FROM desk_team() t WHERE t.person_id = who AND t.quarter_id = quarter)
    OR (operates AND (SELECT count(*) FROM desk_team() t WHERE t.quarter_id = quarter) < 2)
$$;
CREATE FUNCTION desk_cases_of(who bigint, operates boolean) RETURNS TABLE (case_id uuid, since timestamptz, is_theirs boolean)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT c.id, c.created_at,
         c.state = 'contested' OR coalesce(c.appeal = 'open', false) OR p.is_protected
         OR is_on_desk(who, operates, c.quarter_id)
  FROM proof_case c JOIN person p ON p.id = c.person_id
    JOIN membership o ON o.id = c.membership_id AND o.ended_at IS NULL
  WHERE CASE WHEN operates THEN c.state IN ('open', 'contested') OR c.appeal = 'open'
             ELSE c.state = 'open' AND NOT p.is_protected AND is_on_desk(who, false, c.quarter_id) END
    AND c.person_id <> who
    AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.person_id = who AND m.ended_at IS NULL
                    AND m.household_hash = c.household_hash)
    AND NOT EXISTS (SELECT 1 FROM case_half h WHERE h.case_id = c.id AND h.by_person_id = who AND h.says IS NOT NULL)
$$;
CREATE FUNCTION desk_cases(operates boolean) RETURNS TABLE (case_id uuid, since timestamptz, is_theirs boolean)
LANGUAGE sql STABLE {DEFINER} AS $$ SELECT * FROM desk_cases_of(app_person(), operates AND app_operates()) $$;
"""

# Proofs that wait only because many live at a house: whose, and where. Not for the application.
HOUSES = f"""
CREATE FUNCTION held_for_house() RETURNS TABLE (house_hash bytea, quarter_id int, person_id bigint, proof_id bigint,
                                               since timestamptz) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT h.address_hash, m.quarter_id, f.person_id, f.id, f.held_at
  FROM proof f JOIN membership m ON m.id = f.membership_id JOIN home h ON h.person_id = f.person_id
  WHERE f.held_at IS NOT NULL AND f.ended_at IS NULL AND m.ended_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM proof_case c WHERE c.proof_id = f.id)
$$;
CREATE FUNCTION lives_at(who bigint, house bytea) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT EXISTS (SELECT 1 FROM home x WHERE x.person_id = who AND x.address_hash = house)
$$;
CREATE OR REPLACE FUNCTION crowded_houses() RETURNS TABLE (house_hash bytea, quarter_id int, waiting bigint, accounts bigint,
                                                           since timestamptz) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT f.house_hash, f.quarter_id, count(*),
         (SELECT count(*) FROM home o JOIN membership n ON n.person_id = o.person_id
          WHERE o.address_hash = f.house_hash AND n.ended_at IS NULL AND n.level <> 'unproven'),
         min(f.since)
  FROM held_for_house() f WHERE f.quarter_id = ANY (app_desks()) AND NOT lives_at(app_person(), f.house_hash)
  GROUP BY f.house_hash, f.quarter_id
$$;
CREATE OR REPLACE FUNCTION held_at_house(house bytea) RETURNS TABLE (person_id bigint, proof_id bigint)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT f.person_id, f.proof_id FROM held_for_house() f
  WHERE f.house_hash = house AND f.quarter_id = ANY (app_desks()) AND NOT lives_at(app_person(), house)
  ORDER BY f.since, f.proof_id
$$;
"""

# Who is told once a day that something waits for them, and how many proofs. Belongs to nobody's eyes.
WAITING = f"""
DROP FUNCTION desks_waiting(timestamptz);
CREATE FUNCTION desks_waiting(before timestamptz) RETURNS TABLE (person_id bigint, proofs bigint)
LANGUAGE sql STABLE {DEFINER} AS $$
  WITH eyes AS (
    SELECT p.id, p.is_operator FROM person p WHERE p.status = 'active' AND p.confirmed_at IS NOT NULL
      AND (p.is_operator OR p.id IN (SELECT t.person_id FROM desk_team() t))),
  held AS MATERIALIZED (SELECT f.house_hash, f.quarter_id, f.proof_id FROM held_for_house() f WHERE f.since <= before),
  theirs AS (
    SELECT e.id AS person_id, c.case_id::text AS what FROM eyes e, desk_cases_of(e.id, e.is_operator) c
    WHERE c.is_theirs AND c.since <= before
    UNION ALL
    SELECT e.id, h.proof_id::text FROM eyes e JOIN held h
      ON is_on_desk(e.id, e.is_operator, h.quarter_id) AND NOT lives_at(e.id, h.house_hash))
  SELECT t.person_id, count(*) FROM theirs t GROUP BY t.person_id
$$;
"""

# Whoever is leaving is out of sight, and nobody has their case in hand; it ends when they are erased, and is there again when
# they come back. A code for a visit lives a quarter of an hour and ends in any case.
FOLLOW = f"""
CREATE OR REPLACE FUNCTION case_follows_membership() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  IF NEW.ended_at IS NOT NULL THEN
    DELETE FROM visit WHERE person_id = NEW.person_id AND confirmed_at IS NULL;
    DELETE FROM case_half h USING proof_case c WHERE c.id = h.case_id AND c.membership_id = NEW.id AND h.says IS NULL;
    IF EXISTS (SELECT 1 FROM erasure e WHERE e.person_id = NEW.person_id AND e.asked_at = NEW.ended_at) THEN
      RETURN NULL;
    END IF;
    DELETE FROM case_page p USING proof_case c WHERE c.id = p.case_id AND c.membership_id = NEW.id;
    DELETE FROM case_key k USING proof_case c WHERE c.id = k.case_id AND c.membership_id = NEW.id;
    UPDATE proof_case SET state = 'withdrawn', decided_at = NEW.ended_at
    WHERE membership_id = NEW.id AND state IN ('open', 'contested');
    UPDATE proof_case SET appeal = 'withdrawn', appeal_decided_at = NEW.ended_at
    WHERE membership_id = NEW.id AND appeal = 'open';
  ELSE
    UPDATE proof_case SET quarter_id = NEW.quarter_id, household_hash = NEW.household_hash WHERE membership_id = NEW.id;
  END IF;
  RETURN NULL;
END $$;
"""

# Which initiatives confirm addresses of a quarter now: those that work there or next door. Pages and `take_visit` ask it.
NEAR = """
CREATE FUNCTION initiatives_confirming(quarter int) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
  SELECT DISTINCT i.id FROM initiative i JOIN initiative_quarter w ON w.initiative_id = i.id
  WHERE i.may_confirm AND i.verified_at IS NOT NULL AND i.suspended_at IS NULL
    AND (w.quarter_id = quarter OR w.quarter_id IN (SELECT d.neighbour_id FROM adjacency d WHERE d.quarter_id = quarter))
$$;
"""
TAKE_VISIT = f"""
CREATE OR REPLACE FUNCTION take_visit(code bytea, at_place text, at timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  UPDATE visit v SET taken_by = app_person(), place = at_place
  WHERE v.code_hash = code AND v.confirmed_at IS NULL AND v.expires_at > at AND v.person_id <> app_person()
    AND (v.taken_by IS NULL OR v.taken_by = app_person())
    AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = v.person_id AND p.is_protected)
    AND EXISTS (SELECT 1 FROM membership m JOIN initiative i ON i.id IN (SELECT initiatives_confirming(m.quarter_id))
      JOIN initiative_editor e ON e.initiative_id = i.id AND e.person_id = app_person()
      WHERE m.person_id = v.person_id AND m.ended_at IS NULL AND i.public_id = at_place)
    AND NOT EXISTS (SELECT 1 FROM membership a JOIN membership b ON a.household_hash = b.household_hash
      WHERE a.person_id = v.person_id AND b.person_id = app_person() AND a.ended_at IS NULL AND b.ended_at IS NULL)
  RETURNING v.id
$$;
"""
OURS = ("desk_team()", "is_on_desk(bigint, boolean, int)", "desk_cases_of(bigint, boolean)", "held_for_house()", "lives_at(bigint, bytea)")  # fmt: skip
ASKED = ("desk_cases(boolean)", "desks_waiting(timestamptz)", "initiatives_confirming(int)")
APPEALS = "ck_proof_case_appeal"


def upgrade() -> None:
    op.drop_constraint(op.f(APPEALS), "proof_case", type_="check")
    op.create_check_constraint(op.f(APPEALS), "proof_case", "appeal IN ('open', 'granted', 'rejected', 'withdrawn')")
    for part in (DESK, HOUSES, WAITING, FOLLOW, NEAR, TAKE_VISIT):
        op.execute(part)
    for function in OURS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in ASKED:
        for_the_app(function)
    op.execute("DROP FUNCTION thin_desks()")


def downgrade() -> None:
    op.execute("UPDATE proof_case SET appeal = 'rejected' WHERE appeal = 'withdrawn'")
    op.drop_constraint(op.f(APPEALS), "proof_case", type_="check")
    op.create_check_constraint(op.f(APPEALS), "proof_case", "appeal IN ('open', 'granted', 'rejected')")
    op.execute("DROP FUNCTION desks_waiting(timestamptz)")
    follow = BEFORE.FOLLOW.partition("CREATE TRIGGER")[0]
    for part in (
        BEFORE.THIN,
        BEFORE.WAITING,
        BEFORE.HOUSES,
        follow,
        NEAR_BEFORE.TAKE_VISIT.format(near=NEAR_BEFORE.NEAR),
    ):
        op.execute(part.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    for function in ("thin_desks()", "desks_waiting(timestamptz)"):
        for_the_app(function)
    for function in (*reversed(OURS), "desk_cases(boolean)", "initiatives_confirming(int)"):
        op.execute(f"DROP FUNCTION {function}")
