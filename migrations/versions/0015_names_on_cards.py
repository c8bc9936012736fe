"""A card names its author, their street and the quarter: when one of these changes, the card has a new version."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# The update itself changes nothing; ``next_version`` (0008) counts each row up. Whoever changes their name may not
# write other columns of what they published, hence SECURITY DEFINER.
RENAMED = """
CREATE FUNCTION author_looks_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE contribution SET author_id = author_id WHERE author_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER author_looks_new AFTER UPDATE OF display_name, street_shown, public_id, status ON person FOR EACH ROW
WHEN ((OLD.display_name, OLD.street_shown, OLD.public_id, OLD.status)
      IS DISTINCT FROM (NEW.display_name, NEW.street_shown, NEW.public_id, NEW.status))
EXECUTE FUNCTION author_looks_new();

CREATE FUNCTION quarter_looks_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE contribution SET author_id = author_id
  WHERE id IN (SELECT contribution_id FROM reach WHERE quarter_id = NEW.id AND is_home);  -- there is an index for it
  RETURN NULL;
END $$;
CREATE TRIGGER quarter_looks_new AFTER UPDATE OF name ON quarter FOR EACH ROW
WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION quarter_looks_new();
"""


def upgrade() -> None:
    op.execute(RENAMED)


def downgrade() -> None:
    op.execute(
        "DROP TRIGGER quarter_looks_new ON quarter; DROP FUNCTION quarter_looks_new();"
        "DROP TRIGGER author_looks_new ON person; DROP FUNCTION author_looks_new();"
    )
