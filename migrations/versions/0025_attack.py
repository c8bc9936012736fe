"""Answers get their name back only where their author lived when they wrote them.

Until now every answer in the threads of the quarter somebody moved to got it back, also those written from the quarter before:
whoever remembered the words could see in which quarter's threads the name appeared, and so where its bearer lives now.
"""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
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


def upgrade() -> None:
    op.execute(ARRIVE.format(lived_here=LIVED_HERE))


def downgrade() -> None:
    op.execute(ARRIVE.format(lived_here=""))
