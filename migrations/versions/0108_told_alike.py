"""A mail keeps the turn it had; an appeal is told at a fixed age; the terminal is told of cases that nobody may decide.

A mail that another server put off was counted again at the next try, one to an address that somebody owns was not. An appeal was
answered when it was decided: at once where an operator decides alone, a day later where she has to look twice because the team
lives there. And what lies with operators was on nobody's desk where all who operate live there or had a part in it.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0108"
down_revision = "0107"
branch_labels = None
depends_on = None

LOOKS = import_module("migrations.versions.0095_who_may_look")
DEFINER, LYING = LOOKS.DEFINER, "WHERE (c.appeal = 'open' OR ("
NOT_SAID = "WHERE ((c.appeal = 'open' AND c.appeal_said_at IS NULL) OR ("
CASES = LOOKS.CASES[: LOOKS.CASES.index("CREATE FUNCTION desk_cases(")].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
DUE = LOOKS.DUE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
REFUSED = "WHERE c.refused_at IS NOT NULL AND c.state IN ('open', 'contested') AND c.created_at <= before"
OR_APPEALED = """WHERE (c.refused_at IS NOT NULL AND c.state IN ('open', 'contested') AND c.created_at <= before)
    OR (c.appeal = 'open' AND c.appeal_said_at IS NOT NULL AND c.appealed_at <= before)"""
# The same eyes as at the desk (0095): two households for a half, an operator for all else. Of what lies with operators alone
# (somebody protected, a quiet look) nothing is said where no operator may look, as it would tell them who lives with them.
NOBODY = f"""
CREATE FUNCTION cases_of_nobody() RETURNS TABLE (case_id uuid, person_id bigint, part text, since timestamptz)
LANGUAGE sql STABLE {DEFINER} AS $$
  WITH lying AS MATERIALIZED (
    SELECT c.id, c.person_id, c.quarter_id, (p.is_protected OR c.kind = 'quiet') AS is_high,
           CASE WHEN c.appeal = 'open' THEN c.appealed_at ELSE c.created_at END AS since,
           CASE WHEN c.appeal = 'open' THEN 'appeal' WHEN c.state = 'contested' THEN 'final' ELSE 'half' END AS part
    FROM proof_case c JOIN person p ON p.id = c.person_id JOIN membership o ON o.id = c.membership_id AND o.ended_at IS NULL
    {NOT_SAID}c.state IN ('open', 'contested') AND c.refused_at IS NULL))),
  eyes AS (
    SELECT l.id, s.household, s.quarter_id IS NULL AS operates,
           EXISTS (SELECT 1 FROM case_half h WHERE h.case_id = l.id AND h.by_person_id = s.person_id AND h.says IS NOT NULL
                   AND h.voided_at IS NULL AND h.part <> l.part) AS had_part
    FROM lying l JOIN desk_staff() s ON (s.quarter_id IS NULL OR (s.quarter_id = l.quarter_id AND NOT l.is_high))
    WHERE NOT is_party(s.person_id, l.id)),
  counted AS (
    SELECT l.id, count(DISTINCT e.household) AS may_look, count(DISTINCT e.household) FILTER (WHERE e.operates) AS of_operators,
           count(DISTINCT e.household) FILTER (WHERE e.operates AND NOT e.had_part) AS fresh
    FROM lying l LEFT JOIN eyes e ON e.id = l.id GROUP BY l.id)
  SELECT l.id, l.person_id, l.part, l.since FROM lying l JOIN counted k ON k.id = l.id
  WHERE (NOT l.is_high OR k.of_operators > 0)
    AND CASE l.part WHEN 'half' THEN k.may_look < 2 AND k.of_operators = 0 ELSE k.fresh = 0 AND k.of_operators <> 1 END
  ORDER BY l.since, l.id
$$;
"""


def upgrade() -> None:
    op.add_column("delivery", sa.Column("is_counted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("proof_case", sa.Column("appeal_said_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(CASES.replace(LYING, NOT_SAID))
    op.execute(DUE.replace(REFUSED, OR_APPEALED))
    op.execute(NOBODY)
    for_the_app("cases_of_nobody()")


def downgrade() -> None:
    """What was said of an appeal and is not told yet is looked at anew."""
    op.execute("DROP FUNCTION cases_of_nobody()")
    op.execute(DUE)
    op.execute(CASES)
    op.execute(
        "DELETE FROM case_half h USING proof_case c WHERE c.id = h.case_id AND h.part = 'appeal' AND c.appeal = 'open'"
        " AND c.appeal_said_at IS NOT NULL"
    )
    op.drop_column("proof_case", "appeal_said_at")
    op.drop_column("delivery", "is_counted")
