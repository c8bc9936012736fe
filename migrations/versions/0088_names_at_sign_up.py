"""A name taken at sign-up is looked at with the first proof; when somebody protected themselves for the first time.

With the first proof the mark of the proven stands behind whatever other name somebody chose before. And whoever is protected takes a
further name as seldom as anybody: only the first protection is held up by nothing.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0088"
down_revision = "0087"
branch_labels = None
depends_on = None

NEW_NAMES = import_module("migrations.versions.0077_new_names")
# Since when a name stands there with a mark: since it was taken, or, an other name chosen before, since the first proof.
SINCE = """
CREATE FUNCTION worn_since(who bigint, seat bigint) RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT greatest(p.renamed_at, CASE WHEN p.alias <> '' THEN (SELECT min(f.created_at) FROM proof f WHERE f.membership_id = seat) END)
  FROM person p WHERE p.id = who
$$;
"""
RENAMED = """
CREATE OR REPLACE FUNCTION renamed_beside(since timestamptz) RETURNS TABLE (person_id bigint, proof_id bigint, name text, other text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH worn AS (
    SELECT s.id, s.person_id, s.proof_id, worn_since(s.person_id, s.id) AS at FROM proven_seats() s WHERE s.proof_id IS NOT NULL)
  SELECT w.person_id, w.proof_id, p.display_name, o.display_name
  FROM worn w JOIN person p ON p.id = w.person_id JOIN membership m ON m.id = w.id
    JOIN membership n ON n.quarter_id = m.quarter_id AND n.ended_at IS NULL AND n.level <> 'unproven' AND n.person_id <> p.id
    JOIN person o ON o.id = n.person_id AND o.status <> 'erased'
  WHERE w.at > since AND coalesce(worn_since(o.id, n.id) < w.at, true)
    AND NOT EXISTS (SELECT 1 FROM proof_case c JOIN case_ground g ON g.case_id = c.id AND g.ground = 'name'
                    WHERE c.membership_id = w.id AND c.created_at >= w.at)
$$;
"""


def upgrade() -> None:
    op.add_column("person", sa.Column("protected_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE person SET protected_at = now() WHERE is_protected")
    op.execute(SINCE)
    op.execute("REVOKE ALL ON FUNCTION worn_since(bigint, bigint) FROM PUBLIC")
    op.execute(RENAMED)


def downgrade() -> None:
    op.execute(NEW_NAMES.RENAMED.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.execute("DROP FUNCTION worn_since(bigint, bigint)")
    op.drop_column("person", "protected_at")
