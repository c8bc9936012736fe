"""A no to what is looked at quietly counts only where an operator was one of the two.

Until now two of the quarter's team could say it, and one's proof ended with its day for ever. What was decided without an operator
goes to one.
"""

from __future__ import annotations

from alembic import op

revision = "0087"
down_revision = "0086"
branch_labels = None
depends_on = None

# The case stands as one about which two did not agree. Only of proofs that stand: nothing follows from the others.
REVIEWED = """
UPDATE proof_case c SET state = 'contested', decided_at = NULL, reason = NULL
WHERE c.kind = 'quiet' AND c.state = 'refused'
  AND EXISTS (SELECT 1 FROM proof f WHERE f.id = c.proof_id AND f.ended_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM case_half h JOIN person p ON p.id = h.by_person_id
                  WHERE h.case_id = c.id AND h.says IS NOT NULL AND p.is_operator)
"""


def upgrade() -> None:
    op.execute(REVIEWED)


def downgrade() -> None:
    """What an operator decided since stays decided."""
