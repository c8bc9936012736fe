"""Two words open everything once somebody has looked; a look is at the name it began with.

Whoever is verified by words stays it: their words count as looked at. A name on the letterbox that changes while somebody looks
begins every look anew, and ends the code that is shown at an initiative: what two people, or an editor, compared was another name.
"""

from __future__ import annotations

from alembic import op

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
KIND = "ck_proof_case_kind"
SEEN = """
INSERT INTO proof_case (id, person_id, membership_id, quarter_id, kind, state, method, proof_id, household_hash, paper,
                        page_count, decided_at, note, appeal_text, created_at)
SELECT gen_random_uuid(), m.person_id, m.id, m.quarter_id, 'words', 'accepted', 'invitation', max(f.id), m.household_hash, '', 0,
       now(), '', '', now()
FROM membership m JOIN proof f ON f.membership_id = m.id AND f.vouch_household IS NOT NULL AND f.ended_at IS NULL
WHERE m.ended_at IS NULL AND m.level = 'verified' AND NOT has_strong_proof(m.id)
GROUP BY m.id
"""
# The sealed home is written anew with each change of it; which words changed nobody can see here. Homes are sealed anew with
# another key as well: a look that is under way then begins again, and nothing else.
RENAMED = f"""
CREATE FUNCTION look_anew() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  DELETE FROM visit v WHERE v.person_id = NEW.person_id AND v.confirmed_at IS NULL;
  DELETE FROM case_half h USING proof_case c WHERE c.id = h.case_id AND c.person_id = NEW.person_id
    AND c.state IN ('open', 'contested');
  UPDATE proof_case SET state = 'open' WHERE person_id = NEW.person_id AND state = 'contested';
  RETURN NULL;
END $$;
CREATE TRIGGER look_anew AFTER UPDATE OF sealed ON home FOR EACH ROW
WHEN (OLD.sealed IS DISTINCT FROM NEW.sealed) EXECUTE FUNCTION look_anew();
"""


def upgrade() -> None:
    op.drop_constraint(op.f(KIND), "proof_case", type_="check")
    op.create_check_constraint(op.f(KIND), "proof_case", "kind IN ('document', 'held', 'quiet', 'words')")
    op.execute(SEEN)
    op.execute(RENAMED)


def downgrade() -> None:
    op.execute("DROP TRIGGER look_anew ON home; DROP FUNCTION look_anew()")
    op.execute("DELETE FROM proof_case WHERE kind = 'words'")
    op.drop_constraint(op.f(KIND), "proof_case", type_="check")
    op.create_check_constraint(op.f(KIND), "proof_case", "kind IN ('document', 'held', 'quiet')")
