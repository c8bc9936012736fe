"""Answers get their name back only where their author lived when they wrote them; initiatives confirm near where they work.

Until now every answer in the threads of the quarter somebody moved to got it back, also those written from the quarter before:
whoever remembered the words could see in which quarter's threads the name appeared, and so where its bearer lives now.
And an editor of one initiative could confirm addresses in any quarter of the city: one who lies opened all of them.
"""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

ARRIVE = """
CREATE OR REPLACE FUNCTION arrive_in_quarter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE contribution SET is_left = false
    WHERE author_id = NEW.person_id AND quarter_id = NEW.quarter_id AND is_left;
  UPDATE comment a SET is_left = false FROM contribution c
    WHERE a.author_id = NEW.person_id AND a.is_left AND c.id = a.contribution_id AND c.quarter_id = NEW.quarter_id{lived_here};
  IF NEW.level = 'verified' THEN
    DELETE FROM reach_kept WHERE contribution_id IN
      (SELECT id FROM contribution WHERE author_id = NEW.person_id AND goes_along);
    UPDATE contribution c SET quarter_id = NEW.quarter_id, state = 'published', goes_along = false, is_left = false,
           edited_at = (SELECT max(r.replaced_at) FROM revision r WHERE r.contribution_id = c.id)
      WHERE c.author_id = NEW.person_id AND c.goes_along AND c.state = 'withdrawn'
        AND (c.expires_at IS NULL OR c.expires_at > NEW.proven_at);
    UPDATE contribution SET goes_along = false WHERE author_id = NEW.person_id AND goes_along;
  END IF;
  RETURN NULL;
END $$;
"""
LIVED_HERE = """
    AND EXISTS (SELECT 1 FROM membership m WHERE m.person_id = NEW.person_id AND m.quarter_id = NEW.quarter_id
                AND a.created_at BETWEEN m.created_at AND coalesce(m.ended_at, 'infinity'))"""

TAKE_VISIT = """
CREATE OR REPLACE FUNCTION take_visit(code bytea, at_place text, at timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  me bigint := app_person();
  found bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM initiative i JOIN initiative_editor e ON e.initiative_id = i.id WHERE i.public_id = at_place
      AND e.person_id = me AND i.may_confirm AND i.verified_at IS NOT NULL AND i.suspended_at IS NULL) THEN
    RETURN NULL;
  END IF;
  UPDATE visit v SET taken_by = me, place = at_place
  WHERE v.code_hash = code AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = v.person_id AND p.is_protected) AND v.confirmed_at IS NULL AND v.expires_at > at AND v.person_id <> me
    AND (v.taken_by IS NULL OR v.taken_by = me){near}
    AND NOT EXISTS (SELECT 1 FROM membership a JOIN membership b ON a.household_hash = b.household_hash
      WHERE a.person_id = v.person_id AND b.person_id = me AND a.ended_at IS NULL AND b.ended_at IS NULL)
  RETURNING v.id INTO found;
  RETURN found;
END $$;
"""
# As the page that offers it says (``initiatives.places.near``): the quarters an initiative works in, and those beside them.
NEAR = """
    AND EXISTS (SELECT 1 FROM membership m JOIN initiative i ON i.public_id = at_place
      JOIN initiative_quarter w ON w.initiative_id = i.id WHERE m.person_id = v.person_id AND m.ended_at IS NULL
      AND (w.quarter_id = m.quarter_id OR EXISTS (SELECT 1 FROM adjacency d
           WHERE d.quarter_id = m.quarter_id AND d.neighbour_id = w.quarter_id)))"""


def upgrade() -> None:
    op.execute(ARRIVE.format(lived_here=LIVED_HERE))
    op.execute(TAKE_VISIT.format(near=NEAR))


def downgrade() -> None:
    op.execute(ARRIVE.format(lived_here=""))
    op.execute(TAKE_VISIT.format(near=""))
