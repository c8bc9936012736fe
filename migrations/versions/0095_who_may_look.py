"""Who may look at THIS case is counted, not how many a team has; a no is answered at a fixed age; one operator looks twice.

Until now nobody of the team was asked to look at their own household, and nobody else was instead: of a puppet's papers at two
houses the ones at a steward's stayed open for ever, so they said where she lives. A case with a word of hers was on her list and
never hers to open. Where one person operates, what lies with operators alone was never decided. And an editor's desk said
"wrong" to a code that claims the editor's household.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0095"
down_revision = "0094"
branch_labels = None
depends_on = None

DESK, ANEW = (import_module(f"migrations.versions.{name}") for name in ("0029_desk", "0087_looks_begun_anew_once"))
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
HALF = "uq_case_half_case_id_by_person_id"
VALID = sa.text("voided_at IS NULL")

# Whoever the case is about, is of the household, confirmed the proof or gave a word for it, or lives with who did.
PARTY = f"""
CREATE FUNCTION is_party(who bigint, about uuid) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS $$
  WITH mine AS (SELECT m.household_hash AS home FROM membership m WHERE m.person_id = who AND m.ended_at IS NULL)
  SELECT EXISTS (
    SELECT 1 FROM proof_case c WHERE c.id = about
      AND (c.person_id = who OR c.household_hash = (SELECT home FROM mine) OR EXISTS (
        SELECT 1 FROM proof f WHERE f.membership_id = c.membership_id
          AND (f.id = c.proof_id OR (c.kind = 'words' AND f.vouch_household IS NOT NULL AND f.id <= c.proof_id))
          AND (f.by_person_id = who OR f.vouch_household = (SELECT home FROM mine)))))
$$;
"""
# Everybody who works at a desk, operators at each (no quarter); whoever has no household counts as one of their own.
STAFF = f"""
CREATE FUNCTION desk_staff() RETURNS TABLE (person_id bigint, quarter_id int, household bytea) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT s.person_id, s.quarter_id, coalesce(m.household_hash, int8send(s.person_id))
  FROM (SELECT t.person_id, t.quarter_id FROM desk_team() t
        UNION ALL SELECT p.id, NULL FROM person p WHERE p.is_operator AND p.status = 'active' AND p.confirmed_at IS NOT NULL) s
    LEFT JOIN membership m ON m.person_id = s.person_id AND m.ended_at IS NULL
$$;
CREATE FUNCTION operators_apart() RETURNS bigint LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT count(DISTINCT s.household) FROM desk_staff() s WHERE s.quarter_id IS NULL
$$;
"""
# `is_theirs`: somebody waits for them. Operators may look everywhere, and have to where a case is theirs alone, two did not
# agree, somebody appeals, fewer than two households of the team may look, or one half has waited two days for the other.
# `is_alone`: nobody else can do it, so an operator looks twice; `again_from`: when the second look is due. `is_known`: it would be
# so whoever lived where, and may be told. Of what was refused and is not told yet nothing waits.
CASES = f"""
CREATE FUNCTION desk_cases_of(who bigint, operates boolean, at timestamptz) RETURNS TABLE (
  case_id uuid, since timestamptz, is_theirs boolean, is_alone boolean, is_known boolean, again_from timestamptz)
LANGUAGE sql STABLE {DEFINER} AS $$
  WITH staff AS MATERIALIZED (SELECT * FROM desk_staff()),
  lying AS MATERIALIZED (
    SELECT c.id, c.quarter_id, c.created_at, (p.is_protected OR c.kind = 'quiet') AS is_high,
           CASE WHEN c.appeal = 'open' THEN 'appeal' WHEN c.state = 'contested' THEN 'final' ELSE 'half' END AS part
    FROM proof_case c JOIN person p ON p.id = c.person_id JOIN membership o ON o.id = c.membership_id AND o.ended_at IS NULL
    WHERE (c.appeal = 'open' OR (c.state IN ('open', 'contested') AND c.refused_at IS NULL))
      AND (operates OR (c.state = 'open' AND c.kind <> 'quiet' AND NOT p.is_protected
                        AND EXISTS (SELECT 1 FROM staff t WHERE t.person_id = who AND t.quarter_id = c.quarter_id)))
      AND NOT is_party(who, c.id)),
  said AS (
    SELECT h.case_id, h.by_person_id, h.household_hash, h.part, h.said_at FROM case_half h JOIN lying l ON l.id = h.case_id
    WHERE h.says IS NOT NULL AND h.voided_at IS NULL),
  eyes AS (
    SELECT l.id, s.person_id, s.quarter_id, s.household, is_party(s.person_id, l.id) AS is_party,
           EXISTS (SELECT 1 FROM said d WHERE d.case_id = l.id AND d.by_person_id = s.person_id AND d.part <> l.part) AS had_part
    FROM lying l JOIN staff s ON s.quarter_id IS NULL OR (s.quarter_id = l.quarter_id AND NOT l.is_high)),
  counted AS (
    SELECT e.id, count(DISTINCT e.household) AS all_of_them,
           count(DISTINCT e.household) FILTER (WHERE NOT e.is_party) AS may_look,
           count(DISTINCT e.household) FILTER (WHERE NOT e.is_party AND e.quarter_id IS NOT NULL) AS of_team,
           count(DISTINCT e.household) FILTER (WHERE NOT e.is_party AND e.quarter_id IS NULL) AS of_operators,
           count(DISTINCT e.household) FILTER (WHERE NOT e.is_party AND e.quarter_id IS NULL AND NOT e.had_part) AS fresh
    FROM eyes e GROUP BY e.id),
  found AS (
    SELECT l.*, k.of_team, k.of_operators, k.all_of_them < 2 AS is_known,
           CASE l.part WHEN 'half' THEN k.may_look < 2 ELSE k.fresh = 0 AND k.of_operators < 2 END AS is_alone,
           (SELECT max(d.said_at) FROM said d WHERE d.case_id = l.id AND d.by_person_id = who AND d.part = l.part) AS mine,
           EXISTS (SELECT 1 FROM said d WHERE d.case_id = l.id AND d.by_person_id = who) AS has_said,
           EXISTS (SELECT 1 FROM said d JOIN membership m ON m.person_id = who AND m.ended_at IS NULL
                   AND m.household_hash = d.household_hash WHERE d.case_id = l.id) AS home_has_said
    FROM lying l JOIN counted k ON k.id = l.id)
  SELECT f.id, f.created_at,
         NOT operates OR f.part <> 'half' OR f.is_high OR f.of_team < 2
           OR EXISTS (SELECT 1 FROM staff t WHERE t.person_id = who AND t.quarter_id = f.quarter_id)
           OR EXISTS (SELECT 1 FROM said d WHERE d.case_id = f.id AND d.said_at <= at - interval '2 days'),
         f.is_alone AND operates, f.is_known, CASE WHEN f.is_alone AND operates THEN f.mine + interval '24 hours' END
  FROM found f
  WHERE CASE WHEN f.is_alone THEN operates OR (f.of_operators = 0 AND NOT f.has_said AND NOT f.home_has_said)
             ELSE NOT f.has_said AND NOT (f.part = 'half' AND f.home_has_said) END
$$;
CREATE FUNCTION desk_cases(operates boolean, at timestamptz) RETURNS TABLE (
  case_id uuid, since timestamptz, is_theirs boolean, is_alone boolean, is_known boolean, again_from timestamptz)
LANGUAGE sql STABLE {DEFINER} AS $$ SELECT * FROM desk_cases_of(app_person(), operates AND app_operates(), at) $$;
"""
# As it was (0029), with the same count for a crowded house, and how many of the cases wait for a second look.
WAITING = f"""
CREATE FUNCTION desks_waiting(before timestamptz, at timestamptz) RETURNS TABLE (person_id bigint, proofs bigint, again bigint)
LANGUAGE sql STABLE {DEFINER} AS $$
  WITH eyes AS (
    SELECT p.id, p.is_operator FROM person p WHERE p.status = 'active' AND p.confirmed_at IS NOT NULL
      AND (p.is_operator OR p.id IN (SELECT t.person_id FROM desk_team() t))),
  held AS MATERIALIZED (SELECT f.house_hash, f.quarter_id, f.proof_id FROM held_for_house() f WHERE f.since <= before),
  team AS MATERIALIZED (SELECT t.person_id, t.quarter_id FROM desk_team() t),
  theirs AS (
    SELECT e.id AS person_id, c.case_id::text AS what, c.again_from IS NOT NULL AS is_again
    FROM eyes e, desk_cases_of(e.id, e.is_operator, at) c
    WHERE c.is_theirs AND c.since <= before AND (c.again_from IS NULL OR c.again_from <= at)
    UNION ALL
    SELECT e.id, h.proof_id::text, false FROM eyes e JOIN held h ON NOT lives_at(e.id, h.house_hash)
      AND (EXISTS (SELECT 1 FROM team t WHERE t.person_id = e.id AND t.quarter_id = h.quarter_id)
           OR (e.is_operator AND (SELECT count(*) FROM team t WHERE t.quarter_id = h.quarter_id
                                  AND NOT lives_at(t.person_id, h.house_hash)) < 2)))
  SELECT t.person_id, count(*), count(*) FILTER (WHERE t.is_again) FROM theirs t GROUP BY t.person_id
$$;
"""
# Refused by the desk and old enough to be told. Belongs to nobody's eyes: the hour goes on as each of them.
DUE = f"""
CREATE FUNCTION refusals_due(before timestamptz) RETURNS TABLE (case_id uuid, person_id bigint) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT c.id, c.person_id FROM proof_case c
  WHERE c.refused_at IS NOT NULL AND c.state IN ('open', 'contested') AND c.created_at <= before ORDER BY c.created_at
$$;
"""
# The look that begins anew takes a no with it that was not told yet.
SINCE_ANEW = "SET state = 'open', anew_at", "SET state = 'open', refused_at = NULL, looked_twice = false, anew_at"
ANEW_FUNCTION = ANEW.RENAMED[ANEW.RENAMED.index("CREATE OR REPLACE") : ANEW.RENAMED.index("CREATE TRIGGER")]
# A code is taken whatever the household: a proof that an editor confirms for their own waits for others to look.
OF_THEIR_OWN = DESK.TAKE_VISIT[DESK.TAKE_VISIT.index("    AND NOT EXISTS (SELECT 1 FROM membership a") : DESK.TAKE_VISIT.index("  RETURNING")]  # fmt: skip

GONE = (
    "desks_waiting(timestamptz)",
    "desk_cases(boolean)",
    "desk_cases_of(bigint, boolean)",
    "is_on_desk(bigint, boolean, int)",
)
OURS = ("is_party(bigint, uuid)", "desk_staff()", "desk_cases_of(bigint, boolean, timestamptz)")
ASKED = (
    "operators_apart()",
    "desk_cases(boolean, timestamptz)",
    "desks_waiting(timestamptz, timestamptz)",
    "refusals_due(timestamptz)",
)


def upgrade() -> None:
    op.add_column("proof_case", sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True))
    for table, column in (("proof_case", "looked_twice"), ("case_half", "is_second")):
        op.add_column(table, sa.Column(column, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.drop_index(HALF, "case_half")
    one = ["case_id", "by_person_id", "part", "is_second"]
    op.create_index(HALF, "case_half", one, unique=True, postgresql_where=VALID)
    for function in GONE:
        op.execute(f"DROP FUNCTION {function}")
    for part in (PARTY, STAFF, CASES, WAITING, DUE, ANEW_FUNCTION.replace(*SINCE_ANEW)):
        op.execute(part)
    op.execute(DESK.TAKE_VISIT.replace(OF_THEIR_OWN, ""))
    for function in OURS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in ASKED:
        for_the_app(function)


def downgrade() -> None:
    """What one person said twice is one look again; what was refused and not told yet is looked at anew."""
    for function in (*reversed(ASKED), *reversed(OURS)):
        op.execute(f"DROP FUNCTION {function}")
    op.execute(DESK.TAKE_VISIT)
    op.execute(ANEW_FUNCTION)
    op.execute(
        "DELETE FROM case_half h USING proof_case c WHERE c.id = h.case_id AND c.refused_at IS NOT NULL"
        " AND c.state IN ('open', 'contested')"
    )
    op.execute("UPDATE proof_case SET state = 'open' WHERE refused_at IS NOT NULL AND state = 'contested'")
    op.execute(
        "DELETE FROM case_half h USING case_half o WHERE o.case_id = h.case_id AND o.by_person_id = h.by_person_id"
        " AND o.id < h.id AND o.voided_at IS NULL AND h.voided_at IS NULL"
    )
    op.drop_index(HALF, "case_half")
    op.create_index(HALF, "case_half", ["case_id", "by_person_id"], unique=True, postgresql_where=VALID)
    for table, column in (("proof_case", "refused_at"), ("proof_case", "looked_twice"), ("case_half", "is_second")):
        op.drop_column(table, column)
    cases = DESK.DESK[DESK.DESK.index("CREATE FUNCTION is_on_desk") :]
    op.execute(cases)
    op.execute(ANEW._cases_of().replace(*ANEW.SAID))
    op.execute(DESK.WAITING.partition(";")[2])
    for function in ("desk_cases_of(bigint, boolean)", "is_on_desk(bigint, boolean, int)"):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in ("desk_cases(boolean)", "desks_waiting(timestamptz)"):
        for_the_app(function)
