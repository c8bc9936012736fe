"""Silence decides nothing about an account with an office: an operator, somebody of a team, an initiative's editor.

Many of them live nowhere here, so that there is no proven home to ask at. Whose eyes and words the neighbourhood trusts is said by
an operator who is no party. Whoever is leaving has laid their office down in the erasure's stash, until they come back.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0097"
down_revision = "0096"
branch_labels = None
depends_on = None

SILENCE = import_module("migrations.versions.0079_silence")
ASKS_PEOPLE = """
CREATE OR REPLACE FUNCTION asks_operator(of_person bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM membership m WHERE m.person_id = of_person
                 AND (m.proven_at IS NOT NULL OR m.level <> 'unproven' OR m.role <> 'resident'))
    OR EXISTS (SELECT FROM person p WHERE p.id = of_person AND (p.is_protected OR p.is_operator))
    OR EXISTS (SELECT FROM initiative_editor i WHERE i.person_id = of_person)
    OR EXISTS (SELECT FROM erasure e WHERE e.person_id = of_person AND e.state = 'hidden'
               AND 'true' IN (e.stash #>> '{person,is_protected}', e.stash #>> '{person,is_operator}'))
$$;
"""


def upgrade() -> None:
    op.execute(ASKS_PEOPLE)


def downgrade() -> None:
    op.execute(SILENCE.ASKS_PEOPLE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
