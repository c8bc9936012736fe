"""What hangs on a series goes along when it goes on as another one: whoever has saved it, and its photos.

Photos of two contributions may be drawn from one file, which goes with the last of them.
"""

from __future__ import annotations

from alembic import op

from migrations.helpers import for_the_app

revision = "0101"
down_revision = "0100"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
# Nobody else can tell who has saved what, whoever wrote it neither: they are carried over here and named nowhere.
CARRY = f"""
CREATE FUNCTION carry_bookmarks(old uuid, new uuid, at timestamptz) RETURNS void LANGUAGE sql {DEFINER} AS $$
  INSERT INTO bookmark (person_id, contribution_id, created_at)
    SELECT b.person_id, new, at FROM bookmark b WHERE b.contribution_id = old AND 2 =
      (SELECT count(*) FROM contribution c WHERE c.id IN (old, new) AND c.author_id = app_person())
    ON CONFLICT DO NOTHING
$$;
"""
# Two that go at once each see the other: the files they leave are found by the job that looks for files no row knows.
GOES = f"""
CREATE OR REPLACE FUNCTION photo_goes() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  {{last}}INSERT INTO photo_trash (stored_as) VALUES (OLD.stored_as) ON CONFLICT DO NOTHING;{{end}}
  RETURN NULL;
END $$;
"""
LAST = "IF NOT EXISTS (SELECT FROM photo WHERE stored_as = OLD.stored_as) THEN\n    "


def upgrade() -> None:
    op.execute(CARRY)
    for_the_app("carry_bookmarks(uuid, uuid, timestamptz)")
    op.drop_constraint("uq_photo_stored_as", "photo")
    op.create_index("ix_photo_stored_as", "photo", ["stored_as"])
    op.execute(GOES.format(last=LAST, end="\n  END IF;"))


def downgrade() -> None:
    op.execute(GOES.format(last="", end=""))
    # One name for one photo: of those that share a file the first keeps it; the others never were in a house that old.
    op.execute("DELETE FROM photo a USING photo b WHERE a.stored_as = b.stored_as AND a.id > b.id")
    op.execute("DELETE FROM photo_trash t WHERE EXISTS (SELECT FROM photo p WHERE p.stored_as = t.stored_as)")
    op.drop_index("ix_photo_stored_as", "photo")
    op.create_unique_constraint("uq_photo_stored_as", "photo", ["stored_as"])
    op.execute("DROP FUNCTION carry_bookmarks(uuid, uuid, timestamptz)")
