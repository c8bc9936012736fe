"""What each ring reads of a person; protected people; where somebody who answers lives.

``quarters_of`` tells the quarter of people by number, which the wall around memberships hides from readers elsewhere: a
thread that reaches other quarters has to know whether a writer lives in the reader's own. Nothing finer than the quarter.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SHOWS = "IN ('full', 'short', 'first', 'quarter')"
TEXTS = {
    "alias": "",
    "shows_own": "short",
    "shows_nearby": "short",
    "shows_city": "first",
    "name_nearby": "",
    "name_city": "",
}
PROTECTED = (
    "NOT is_protected OR (alias <> '' AND display_name = alias AND street_shown IS NULL"
    " AND name_nearby IN ('', alias) AND name_city IN ('', alias))"
)

# Whoever is called otherwise than by first name and initial chose another name; everybody keeps what nearby read so far.
WHAT_WAS_READ = r"""
UPDATE person SET alias = display_name WHERE display_name NOT IN
  ('', first_name, first_name || ' ' || upper(coalesce(
     substring(substring(last_name from '(\S+)\s*$') from '[[:alpha:]]'), '')) || '.');
UPDATE person SET name_nearby = display_name, name_city = CASE WHEN alias <> '' THEN alias ELSE first_name END
  WHERE display_name <> '';
"""

LOOKS_NEW = """
DROP TRIGGER author_looks_new ON person;
CREATE TRIGGER author_looks_new AFTER UPDATE OF {0} ON person FOR EACH ROW
WHEN ((OLD.{1}) IS DISTINCT FROM (NEW.{2})) EXECUTE FUNCTION author_looks_new();
"""
BEFORE = ("display_name", "street_shown", "public_id", "status")
SHOWN = ("display_name", "name_nearby", "name_city", "street_shown", "public_id", "status")

QUARTERS_OF = """
CREATE FUNCTION quarters_of(people bigint[]) RETURNS TABLE (person_id bigint, quarter_id int, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.person_id, m.quarter_id, q.name FROM membership m JOIN quarter q ON q.id = m.quarter_id
  WHERE m.person_id = ANY (people) AND m.ended_at IS NULL AND m.level <> 'unproven'
$$;
"""

# Whatever lays cells anew: a protected person has none.
NO_CELL = """
CREATE FUNCTION keep_cell_away() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.cell IS NOT NULL AND EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.is_protected) THEN
    NEW.cell := NULL;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_cell_away BEFORE INSERT OR UPDATE ON home FOR EACH ROW EXECUTE FUNCTION keep_cell_away();

CREATE FUNCTION take_cell_away() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE home SET cell = NULL WHERE person_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER take_cell_away AFTER UPDATE OF is_protected ON person FOR EACH ROW
WHEN (NEW.is_protected AND NOT OLD.is_protected) EXECUTE FUNCTION take_cell_away();
"""


def upgrade() -> None:
    for name, default in TEXTS.items():
        op.add_column("person", sa.Column(name, sa.Text(), server_default=default, nullable=False))
    op.add_column("person", sa.Column("is_protected", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("person", sa.Column("is_listed", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.execute(WHAT_WAS_READ)
    for ring in ("own", "nearby", "city"):
        op.create_check_constraint(op.f(f"ck_person_shows_{ring}"), "person", f"shows_{ring} {SHOWS}")
    op.create_check_constraint(op.f("ck_person_protected"), "person", PROTECTED)
    _look_new(SHOWN)
    op.execute(QUARTERS_OF + NO_CELL)
    for_the_app("quarters_of(bigint[])")


def downgrade() -> None:
    op.execute(
        "DROP TRIGGER take_cell_away ON person; DROP FUNCTION take_cell_away();"
        "DROP TRIGGER keep_cell_away ON home; DROP FUNCTION keep_cell_away();"
        "DROP FUNCTION quarters_of(bigint[]);"
    )
    _look_new(BEFORE)
    for column in ("is_listed", "is_protected", *reversed(TEXTS)):  # their checks go with them
        op.drop_column("person", column)


def _look_new(columns: tuple[str, ...]) -> None:
    """The cards of an author are made anew when one of these columns changes."""
    op.execute(LOOKS_NEW.format(", ".join(columns), ", OLD.".join(columns), ", NEW.".join(columns)))
