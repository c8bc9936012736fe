"""What waits for a look is looked at no longer when it is over: its case ends with the proof.

Until now a neighbour's word that was taken back while it waited, and a proof that had run out meanwhile, left their case on
the desk: two people opened an address and said yes to nothing.
"""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

# Whichever way a proof ends. Of a refusal too, but there the case has ended first. Nobody has it in hand any more.
FOLLOW = """
CREATE FUNCTION case_follows_proof() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  WITH over AS (
    UPDATE proof_case SET state = 'withdrawn', decided_at = NEW.ended_at
    WHERE proof_id = NEW.id AND kind = 'held' AND state IN ('open', 'contested') RETURNING id)
  DELETE FROM case_half h USING over WHERE h.case_id = over.id AND h.says IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER case_follows_proof AFTER UPDATE OF ended_at ON proof
FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION case_follows_proof();
"""
LEFT = """
UPDATE proof_case c SET state = 'withdrawn', decided_at = p.ended_at FROM proof p
WHERE p.id = c.proof_id AND p.ended_at IS NOT NULL AND c.kind = 'held' AND c.state IN ('open', 'contested')
"""


def upgrade() -> None:
    op.execute(FOLLOW)
    op.execute(LEFT)


def downgrade() -> None:
    op.execute("DROP TRIGGER case_follows_proof ON proof; DROP FUNCTION case_follows_proof()")
