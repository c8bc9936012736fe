"""What is looked at afterwards is a kind of case of its own, and nobody reads off a count who lives in a house.

A quiet case is about a proof that counts meanwhile; nothing of it reaches its person (``residency/cases/crowds.py``). Of two of
one name at one house it goes to the weaker proof, and only then to the later: whoever squats on a name with a neighbour's word
no longer makes a case of her who comes with a card. Words neither count nor wait where a house or household is counted; more
than so many of them are looked at afterwards as well. A look at an address says what for, not which team it was.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.helpers import for_the_app

revision = "0075"
down_revision = "0070"
branch_labels = None
depends_on = None

VERIFYING, DESK, ENDS, NAMES = (
    import_module(f"migrations.versions.{name}")
    for name in ("0022_verifying", "0029_desk", "0031_case_follows_proof", "0039_namesakes")
)
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
KIND = "ck_proof_case_kind"

STRONG = f"""
CREATE FUNCTION has_strong_proof(seat bigint) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT EXISTS (SELECT 1 FROM proof f WHERE f.membership_id = seat AND f.level = 'verified' AND f.ended_at IS NULL
                 AND f.held_at IS NULL)
$$;
"""
# Everybody of whom a proof counts, with what has to be compared. `proof_id`: the latest that counts.
SEATS = f"""
CREATE FUNCTION proven_seats() RETURNS TABLE (id bigint, person_id bigint, person_hash bytea, household_hash bytea,
                                              is_strong boolean, first bigint, proof_id bigint)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT m.id, m.person_id, m.person_hash, m.household_hash, coalesce(bool_or(f.level = 'verified') FILTER (WHERE f.ended_at IS NULL), false),
         min(f.id), max(f.id) FILTER (WHERE f.ended_at IS NULL)
  FROM membership m JOIN person p ON p.id = m.person_id JOIN proof f ON f.membership_id = m.id
  WHERE m.ended_at IS NULL AND m.level <> 'unproven' AND p.status <> 'erased' AND f.held_at IS NULL
  GROUP BY m.id
$$;
-- Whether these proofs were looked at quietly for this reason before. Refused ones stand to their day; a newer proof is asked about anew.
CREATE FUNCTION was_looked_at(seat bigint, proof bigint, why text) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT EXISTS (SELECT 1 FROM proof_case c WHERE c.membership_id = seat AND c.kind <> 'document'
    AND (c.state IN ('open', 'contested', 'accepted') OR (c.state = 'refused' AND c.proof_id = proof))
    AND EXISTS (SELECT 1 FROM case_ground g WHERE g.case_id = c.id AND g.ground = why))
$$;
"""
# Of two of one name at one house the one with the weaker proof, of two alike the one whose first proof is the later.
SUSPECTS = f"""
CREATE FUNCTION suspect_namesakes() RETURNS TABLE (seat bigint, person_id bigint, proof_id bigint) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT s.id, s.person_id, s.proof_id FROM proven_seats() s
  WHERE s.proof_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM proven_seats() o WHERE o.person_hash = s.person_hash AND o.person_id <> s.person_id
      AND (o.is_strong > s.is_strong OR (o.is_strong = s.is_strong AND o.first < s.first)))
$$;
CREATE OR REPLACE FUNCTION namesakes() RETURNS TABLE (person_id bigint, proof_id bigint) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT s.person_id, s.proof_id FROM suspect_namesakes() s
  WHERE NOT was_looked_at(s.seat, s.proof_id, 'person') ORDER BY s.proof_id
$$;
"""
# Whoever proved more strongly since is nobody's suspect any more.
CLEARED = f"""
CREATE FUNCTION clear_namesakes(at timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH over AS (
    UPDATE proof_case c SET state = 'withdrawn', decided_at = at
    WHERE c.kind = 'quiet' AND c.state IN ('open', 'contested')
      AND EXISTS (SELECT 1 FROM case_ground g WHERE g.case_id = c.id AND g.ground = 'person')
      AND NOT EXISTS (SELECT 1 FROM suspect_namesakes() s WHERE s.seat = c.membership_id) RETURNING c.id),
  gone AS (DELETE FROM case_half h USING over WHERE h.case_id = over.id AND h.says IS NULL)
  SELECT count(*) FROM over
$$;
"""
# How the others of this name at this house proved it; names and people it does not say. For whoever works at that desk.
METHODS = f"""
CREATE FUNCTION namesake_methods(seat bigint) RETURNS SETOF text LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT DISTINCT ON (o.id) f.method FROM membership m JOIN proven_seats() o ON o.person_hash = m.person_hash AND o.person_id <> m.person_id
    JOIN proof f ON f.membership_id = o.id AND f.ended_at IS NULL AND f.held_at IS NULL
  WHERE m.id = seat AND m.quarter_id = ANY (app_desks()) ORDER BY o.id, f.level = 'verified' DESC, f.id DESC
$$;
"""
# More words than usual at one household, or at one house of which nobody has said that it is large: those beyond, the later ones.
VOUCHED = f"""
CREATE FUNCTION vouched_crowds(most int) RETURNS TABLE (person_id bigint, proof_id bigint, ground text) LANGUAGE sql STABLE {DEFINER} AS $$
  WITH word AS (
    SELECT s.*, h.address_hash AS house FROM proven_seats() s JOIN home h ON h.person_id = s.person_id
    WHERE NOT s.is_strong AND s.proof_id IS NOT NULL),
  turn AS (
    SELECT w.*, row_number() OVER (PARTITION BY w.household_hash ORDER BY w.first) AS at_bell,
      row_number() OVER (PARTITION BY w.house ORDER BY w.first) AS at_door FROM word w),
  beyond AS (
    SELECT t.*, CASE WHEN t.household_hash IS NOT NULL AND t.at_bell > most THEN 'household' ELSE 'house' END AS why FROM turn t
    WHERE (t.household_hash IS NOT NULL AND t.at_bell > most)
      OR t.at_door > coalesce((SELECT r.up_to FROM house_rule r WHERE r.house_hash = t.house), most))
  SELECT b.person_id, b.proof_id, b.why FROM beyond b
  WHERE NOT was_looked_at(b.id, b.proof_id, 'household') AND NOT was_looked_at(b.id, b.proof_id, 'house')
  ORDER BY b.first
$$;
"""
COUNTED = "m.level <> 'unproven'", "has_strong_proof(m.id)"
COUNTED_HOUSE = "n.level <> 'unproven'", "has_strong_proof(n.id)"
PURPOSES = """
UPDATE address_access a SET purpose = 'quiet' FROM proof_case c
WHERE a.purpose IN ('held team', 'held operator') AND c.person_id = a.person_id AND c.kind = 'quiet' AND a.at >= c.created_at
  AND (c.decided_at IS NULL OR a.at <= c.decided_at)
  AND NOT EXISTS (SELECT 1 FROM proof_case o WHERE o.person_id = a.person_id AND o.kind = 'held' AND a.at >= o.created_at
                  AND (o.decided_at IS NULL OR a.at <= o.decided_at));
UPDATE address_access SET purpose = split_part(purpose, ' ', 1)
WHERE purpose IN ('held team', 'held operator', 'document team', 'document operator')
"""
# Until now they were cases of proofs that wait, known by their one ground and by a proof that was never held.
QUIET = """
UPDATE proof_case c SET kind = 'quiet' FROM proof f
WHERE c.kind = 'held' AND f.id = c.proof_id AND f.held_at IS NULL AND c.state IN ('open', 'contested')
  AND NOT EXISTS (SELECT 1 FROM case_ground g WHERE g.case_id = c.id AND g.ground <> 'person')
"""
OURS = ("has_strong_proof(bigint)", "proven_seats()", "was_looked_at(bigint, bigint, text)", "suspect_namesakes()")
ASKED = ("clear_namesakes(timestamptz)", "namesake_methods(bigint)", "vouched_crowds(int)")


def _again(text: str) -> str:
    return text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def _crowded() -> str:
    return DESK.HOUSES[DESK.HOUSES.index("CREATE OR REPLACE FUNCTION crowded_houses") :]


def _ends() -> str:
    return _again(ENDS.FOLLOW.partition("CREATE TRIGGER")[0])


def upgrade() -> None:
    op.drop_constraint(op.f(KIND), "proof_case", type_="check")
    op.create_check_constraint(op.f(KIND), "proof_case", "kind IN ('document', 'held', 'quiet')")
    for part in (STRONG, SEATS, SUSPECTS, CLEARED, METHODS, VOUCHED):
        op.execute(part)
    for function in OURS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in ASKED:
        for_the_app(function)
    op.execute(_again(VERIFYING.NEEDS_LOOK).replace(*COUNTED))
    op.execute(_crowded().replace(*COUNTED_HOUSE))
    op.execute(_ends().replace("kind = 'held'", "kind <> 'document'"))
    op.execute(QUIET)
    op.execute(PURPOSES)


def downgrade() -> None:
    op.execute("UPDATE address_access SET purpose = CASE purpose WHEN 'document' THEN 'document team' ELSE 'held team' END"
               " WHERE purpose IN ('document', 'held', 'quiet')")  # fmt: skip
    op.execute("UPDATE proof_case SET kind = 'held' WHERE kind = 'quiet'")
    op.execute(_ends())
    op.execute(_crowded())
    op.execute(_again(VERIFYING.NEEDS_LOOK))
    op.execute(_again(NAMES.NAMESAKES))
    for function in (*reversed(ASKED), *reversed(OURS)):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_constraint(op.f(KIND), "proof_case", type_="check")
    op.create_check_constraint(op.f(KIND), "proof_case", "kind IN ('document', 'held')")
