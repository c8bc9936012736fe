"""When a name was changed, and from when on it may stand in lists.

Whoever was protected and in no list stays in none; whoever was protected and listed is named as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None

COLUMNS = ("listed_from", "renamed_at")
# Whoever took another name since, with the names of those who bore theirs in that quarter before. For the hourly look alone.
RENAMED = """
CREATE FUNCTION renamed_beside(since timestamptz) RETURNS TABLE (person_id bigint, proof_id bigint, name text, other text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.person_id, s.proof_id, p.display_name, o.display_name
  FROM proven_seats() s JOIN person p ON p.id = s.person_id JOIN membership m ON m.id = s.id
    JOIN membership n ON n.quarter_id = m.quarter_id AND n.ended_at IS NULL AND n.level <> 'unproven' AND n.person_id <> p.id
    JOIN person o ON o.id = n.person_id AND o.status <> 'erased'
  WHERE p.renamed_at > since AND s.proof_id IS NOT NULL AND (o.renamed_at IS NULL OR o.renamed_at < p.renamed_at)
    AND NOT EXISTS (SELECT 1 FROM proof_case c JOIN case_ground g ON g.case_id = c.id AND g.ground = 'name'
                    WHERE c.membership_id = s.id AND c.created_at >= p.renamed_at)
$$;
"""


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("person", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.execute(RENAMED)
    for_the_app("renamed_beside(timestamptz)")


def downgrade() -> None:
    op.execute("DROP FUNCTION renamed_beside(timestamptz)")
    for column in COLUMNS:
        op.drop_column("person", column)
