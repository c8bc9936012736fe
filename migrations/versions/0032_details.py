"""What a kind keeps in a table of its own is a part of its card: whatever changes it gives the contribution a new version.

Cards, slips and mails are kept by version. A kind calls ``follow_version`` (migrations/helpers.py) for each table that its
cards show something of.
"""

from __future__ import annotations

from alembic import op

from migrations.helpers import follow_version, unfollow_version

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# The update itself changes nothing; ``next_version`` (0008) counts the row up. The argument names the column that points at
# the contribution: whoever changes the part may not be the author, so it runs as the owner.
NEXT = """
CREATE FUNCTION next_version_of_whole() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'UPDATE' OR NEW IS DISTINCT FROM OLD THEN
    UPDATE contribution SET version = version
    WHERE id = ((CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END) ->> TG_ARGV[0])::uuid;
  END IF;
  RETURN NULL;
END $$;
"""


def upgrade() -> None:
    op.execute(NEXT)
    follow_version("post", "id", on="UPDATE")


def downgrade() -> None:
    unfollow_version("post")
    op.execute("DROP FUNCTION next_version_of_whole()")
