"""Whoever moves away leaves no name behind, reads no answers from there any more, and may take along what nobody answered.

Marks are set by the database when somebody takes an address in another quarter, and taken off when they have proven to
live there again: whatever room ends or begins a membership, none can forget it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import app_role

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

MOVING = """
CREATE FUNCTION leave_quarter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE lived_in int;
BEGIN
  SELECT quarter_id INTO lived_in FROM membership WHERE person_id = NEW.person_id AND id <> NEW.id ORDER BY id DESC LIMIT 1;
  IF lived_in IS NULL OR lived_in = NEW.quarter_id THEN
    RETURN NULL;
  END IF;
  UPDATE contribution SET is_left = true
    WHERE author_id = NEW.person_id AND quarter_id <> NEW.quarter_id AND NOT is_left;
  UPDATE comment SET is_left = true WHERE author_id = NEW.person_id AND NOT is_left;
  RETURN NULL;
END $$;
CREATE TRIGGER leave_quarter AFTER INSERT ON membership FOR EACH ROW EXECUTE FUNCTION leave_quarter();

CREATE FUNCTION arrive_in_quarter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE contribution SET is_left = false
    WHERE author_id = NEW.person_id AND quarter_id = NEW.quarter_id AND is_left;
  UPDATE comment a SET is_left = false FROM contribution c
    WHERE a.author_id = NEW.person_id AND a.is_left AND c.id = a.contribution_id AND c.quarter_id = NEW.quarter_id;
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
CREATE TRIGGER arrive_in_quarter AFTER UPDATE OF level ON membership FOR EACH ROW
WHEN (NEW.ended_at IS NULL AND NEW.level <> 'unproven' AND NEW.level <> OLD.level)
EXECUTE FUNCTION arrive_in_quarter();
"""
ME = "(SELECT app_person())"
MINE = f"author_id = {ME}"
THREAD = "EXISTS (SELECT 1 FROM contribution c WHERE c.id = comment.contribution_id{0})"
# What hangs in a quarter one has left is still one's own to take down; the answers there are not one's to read.
LIVES_THERE = f""" AND (NOT c.is_left OR c.author_id IS DISTINCT FROM {ME} OR EXISTS
  (SELECT 1 FROM reach r WHERE r.contribution_id = c.id AND r.quarter_id = ANY ((SELECT app_quarters())::int[])))"""


def upgrade() -> None:
    for table in ("contribution", "comment"):
        op.add_column(table, sa.Column("is_left", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column(
        "contribution", sa.Column("goes_along", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_index(
        "ix_comment_author_id", "comment", ["author_id", "id"]
    )  # what somebody answered, wherever: for the page that lists it, and for the marks above
    op.execute(MOVING)
    op.execute(f"GRANT UPDATE (goes_along) ON contribution TO {app_role()}")
    op.execute(f"ALTER POLICY comment_select ON comment USING ({MINE} OR {THREAD.format(LIVES_THERE)})")
    _mark_those_who_left()


def _mark_those_who_left() -> None:
    """What people who moved before today left behind."""
    op.execute(
        "UPDATE contribution c SET is_left = true WHERE NOT EXISTS (SELECT 1 FROM membership m WHERE"
        " m.person_id = c.author_id AND m.quarter_id = c.quarter_id AND m.ended_at IS NULL)"
        " AND EXISTS (SELECT 1 FROM membership m WHERE m.person_id = c.author_id AND m.ended_at IS NULL)"
    )
    op.execute(
        "UPDATE comment a SET is_left = true FROM membership now, membership was WHERE now.person_id = a.author_id"
        " AND now.ended_at IS NULL AND was.person_id = a.author_id AND was.ended_at > a.created_at"
        " AND was.quarter_id <> now.quarter_id"
    )


def downgrade() -> None:
    op.execute(f"ALTER POLICY comment_select ON comment USING ({MINE} OR {THREAD.format('')})")
    for name in ("arrive_in_quarter", "leave_quarter"):
        op.execute(f"DROP TRIGGER {name} ON membership; DROP FUNCTION {name}();")
    op.drop_index("ix_comment_author_id", table_name="comment")
    op.drop_column("contribution", "goes_along")
    for table in ("comment", "contribution"):
        op.drop_column(table, "is_left")
