"""Where another name stood behind the mark first, whoever takes it later is asked about, whatever kind of name theirs is.

Until now whoever wears another name was asked about wherever it is a neighbour's own. So whoever typed a protected neighbour's other
name as first and last name had her looked at, and was never looked at themselves. And the desk did not learn who had borne it first.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.helpers import for_the_app

revision = "0111"
down_revision = "0110"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

# What 0094 says of two who read alike: which one is asked about is a, and not o. When each came to stand behind the mark decides here.
NAMES = import_module("migrations.versions.0094_worn_names").FOUND
BEFORE = (
    "CREATE OR REPLACE" + NAMES[NAMES.index(" FUNCTION names_alike") : NAMES.index("CREATE FUNCTION keep_name_pair")]
)
LATER = "(greatest(a.worn_at, s.since), a.person_id) > (greatest(o.worn_at, t.since), o.person_id)"
RULE = f"""(o.kind = 'real' OR (a.kind = 'alias' AND o.kind = 'name') OR (a.kind = o.kind
      AND {LATER}))"""
FIRST = f"""CASE
      WHEN a.kind = 'alias' AND o.kind <> 'alias' THEN greatest(a.worn_at, s.since) >= greatest(o.worn_at, t.since)
      WHEN o.kind = 'alias' AND a.kind <> 'alias' THEN greatest(a.worn_at, s.since) > greatest(o.worn_at, t.since)
      ELSE a.kind <> 'real' AND (o.kind = 'real' OR {LATER}) END"""
NOW = BEFORE.replace("a.kind <> 'real' AND o.until", "o.until").replace(RULE, FIRST)
# Of a case about a name: how each of the two bears it, and since when; for operators. Nothing of a name that was taken off since.
BORNE = f"""
CREATE FUNCTION names_borne(of_case uuid) RETURNS TABLE (is_asked boolean, kind text, since timestamptz) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT w.person_id = n.person_id, w.kind, min(greatest(w.worn_at, s.since))
  FROM name_pair n JOIN worn_name w ON w.person_id IN (n.person_id, n.other_id)
    JOIN worn_name v ON v.hash = w.hash AND v.person_id IN (n.person_id, n.other_id) AND v.person_id <> w.person_id,
    LATERAL (SELECT min(f.created_at) AS since FROM membership m JOIN proof f ON f.membership_id = m.id
      WHERE m.person_id = w.person_id AND m.ended_at IS NULL AND f.ended_at IS NULL AND f.held_at IS NULL) s
  WHERE n.case_id = of_case AND app_operates()
  GROUP BY w.person_id = n.person_id, w.person_id, w.kind ORDER BY w.person_id = n.person_id DESC, 3, w.person_id
$$;
"""


def upgrade() -> None:
    op.execute(NOW)
    op.execute(BORNE)
    for_the_app("names_borne(uuid)")


def downgrade() -> None:
    op.execute("DROP FUNCTION names_borne(uuid)")
    op.execute(BEFORE)
