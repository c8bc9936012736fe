"""Whoever gives the name and house of a protected person is looked at by operators alone; a word knows from which house it is.

The same name at the same house no longer makes a proof wait (``residency/cases/crowds.py``); it is looked at afterwards. Two
words from one house are one (``residency/grading.py``). Levels of before are counted anew with the next proof that begins or
ends.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

BEFORE = import_module("migrations.versions.0029_desk")
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

# Asked for a case on the desk only; what it says is about somebody of whom the asker has the name and the house already.
NAMESAKE = f"""
CREATE FUNCTION has_protected_namesake(seat bigint) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT EXISTS (
    SELECT 1 FROM membership m JOIN membership n ON n.person_hash = m.person_hash AND n.person_id <> m.person_id
      JOIN person p ON p.id = n.person_id
    WHERE m.id = seat AND n.ended_at IS NULL AND p.is_protected AND p.status <> 'erased')
$$;
"""
# Of two of one name at one house the one whose first proof is the later; `proof_id`: the latest of theirs that counts.
NAMESAKES = f"""
CREATE FUNCTION namesakes() RETURNS TABLE (person_id bigint, proof_id bigint) LANGUAGE sql STABLE {DEFINER} AS $$
  WITH seat AS (
    SELECT m.id, m.person_id, m.person_hash, min(f.id) AS first, max(f.id) FILTER (WHERE f.ended_at IS NULL) AS last
    FROM membership m JOIN person p ON p.id = m.person_id JOIN proof f ON f.membership_id = m.id
    WHERE m.ended_at IS NULL AND m.level <> 'unproven' AND m.person_hash IS NOT NULL AND p.status <> 'erased'
      AND f.held_at IS NULL
    GROUP BY m.id)
  SELECT s.person_id, s.last FROM seat s
  WHERE s.last IS NOT NULL
    AND EXISTS (SELECT 1 FROM seat o WHERE o.person_hash = s.person_hash AND o.person_id <> s.person_id AND o.first < s.first)
    AND NOT EXISTS (SELECT 1 FROM proof_case c WHERE c.membership_id = s.id AND c.kind = 'held'
                    AND c.state IN ('open', 'contested', 'accepted'))
  ORDER BY s.last
$$;
"""
VOUCHED = f"""
CREATE FUNCTION vouched_from() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  SELECT h.address_hash INTO NEW.vouch_house FROM home h WHERE h.person_id = NEW.by_person_id;
  RETURN NEW;
END $$;
CREATE TRIGGER vouched_from BEFORE INSERT ON proof FOR EACH ROW WHEN (NEW.vouch_household IS NOT NULL)
EXECUTE FUNCTION vouched_from();
"""
FROM_NOW = """
UPDATE proof f SET vouch_house = h.address_hash FROM home h
WHERE h.person_id = f.by_person_id AND f.vouch_household IS NOT NULL AND f.ended_at IS NULL
"""
FOR_OPERATORS = "(p.is_protected OR has_protected_namesake(c.membership_id))"
START, END = "CREATE FUNCTION desk_cases_of", "CREATE FUNCTION desk_cases("


def _cases_of() -> str:
    """The function as it was, from its migration."""
    text = BEFORE.DESK
    return text[text.index(START) : text.index(END)].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def upgrade() -> None:
    op.add_column("proof", sa.Column("vouch_house", sa.LargeBinary(), nullable=True))
    for part in (NAMESAKE, NAMESAKES, VOUCHED, FROM_NOW):
        op.execute(part)
    for_the_app("has_protected_namesake(bigint)")
    for_the_app("namesakes()")
    op.execute(_cases_of().replace("p.is_protected", FOR_OPERATORS))


def downgrade() -> None:
    op.execute(_cases_of())
    op.execute("DROP TRIGGER vouched_from ON proof")
    op.execute("DROP FUNCTION vouched_from()")
    op.drop_column("proof", "vouch_house")
    op.execute("DROP FUNCTION namesakes()")
    op.execute("DROP FUNCTION has_protected_namesake(bigint)")
