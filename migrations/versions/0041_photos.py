"""Photos: on every kind of contribution, received in pieces, drawn anew by a worker, taken away with all that hangs on them.

A photo is its author's until it hangs on something and is ready; then whoever may see the contribution sees it. What was
uploaded lies in ``photo_piece``, sealed, until it is drawn; no backup has it. Whichever way a row goes – erased, forgotten,
taken off, with its contribution – its files' name goes to ``photo_trash`` in the same transaction, and a job takes them away.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import follow_version, for_the_app, grant, open_wall, unfollow_version, wall

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
# Whoever is leaving is out of sight at once, also where their words stay.
SEEN = (
    "state = 'ready' AND EXISTS (SELECT 1 FROM contribution c WHERE c.id = photo.contribution_id)"
    " AND EXISTS (SELECT 1 FROM person p WHERE p.id = photo.author_id AND p.status <> 'erased')"
)
MINE = (
    f"author_id = {ME} AND (contribution_id IS NULL OR"
    f" EXISTS (SELECT 1 FROM contribution c WHERE c.id = photo.contribution_id AND c.author_id = {ME}))"
)
OF_MINE = f"EXISTS (SELECT 1 FROM photo p WHERE p.id = photo_piece.photo_id AND p.author_id = {ME})"

FUNCTIONS = {
    "photos_due(at timestamptz)": f"""
CREATE FUNCTION photos_due(at timestamptz) RETURNS TABLE (id uuid, author_id bigint) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT p.id, p.author_id FROM photo p
  WHERE p.state = 'waiting' AND (p.lease_until IS NULL OR p.lease_until <= at) ORDER BY p.id $$;""",
    "photo_files()": f"""
CREATE FUNCTION photo_files() RETURNS TABLE (stored_as uuid, is_ready boolean) LANGUAGE sql STABLE {DEFINER} AS
$$ SELECT stored_as, state = 'ready' FROM photo $$;""",
    "forget_uploads(before timestamptz)": f"""
CREATE FUNCTION forget_uploads(before timestamptz) RETURNS bigint LANGUAGE sql {DEFINER} AS $$
  WITH gone AS (DELETE FROM photo WHERE made_at < before AND (contribution_id IS NULL OR state IN ('receiving', 'refused'))
    RETURNING 1) SELECT count(*) FROM gone $$;""",
}
TRASH = f"""
CREATE FUNCTION photo_goes() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  INSERT INTO photo_trash (stored_as) VALUES (OLD.stored_as) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER photo_goes AFTER DELETE ON photo FOR EACH ROW EXECUTE FUNCTION photo_goes();
"""


def upgrade() -> None:
    _tables()
    for function, text in FUNCTIONS.items():
        op.execute(text)
        for_the_app(function)
    op.execute(TRASH)
    # Not for a lease that is taken or renewed: nobody sees that.
    follow_version("photo", on="INSERT OR DELETE OR UPDATE OF contribution_id, position, alt, state")
    grant("SELECT, INSERT, UPDATE, DELETE", "photo")
    grant("SELECT, INSERT, DELETE", "photo_piece")
    grant("SELECT, DELETE", "photo_trash")
    wall("photo", select=f"author_id = {ME} OR ({SEEN})", insert=MINE, update=MINE, delete=f"author_id = {ME}")
    wall("photo_piece", select=OF_MINE, insert=OF_MINE, delete=OF_MINE)
    # Pictures are packed as well as they can be; trying again would cost each upload half a second.
    op.execute("ALTER TABLE photo_piece ALTER COLUMN sealed SET STORAGE EXTERNAL")


def _tables() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "photo",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("alt", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("trouble", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), server_default="0", nullable=False),
        sa.Column("width", sa.SmallInteger(), nullable=True),
        sa.Column("height", sa.SmallInteger(), nullable=True),
        sa.Column("blur", sa.Text(), server_default="", nullable=False),
        sa.Column("stored_as", sa.Uuid(), nullable=False),
        sa.Column("upload_key", sa.Uuid(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.CheckConstraint("state IN ('receiving', 'waiting', 'ready', 'refused')", name=op.f("ck_photo_state")),
        sa.CheckConstraint("received BETWEEN 0 AND size", name=op.f("ck_photo_received")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["person.id"], name=op.f("fk_photo_author_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_photo_contribution_id_contribution"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo")),
        sa.UniqueConstraint("stored_as", name=op.f("uq_photo_stored_as")),
        sa.UniqueConstraint("upload_key", name=op.f("uq_photo_upload_key")),
    )
    op.create_index("ix_photo_contribution_id", "photo", ["contribution_id", "position"])
    op.create_index("ix_photo_author_id", "photo", ["author_id", "id"])
    op.create_index("ix_photo_waiting", "photo", ["id"], postgresql_where=sa.text("state = 'waiting'"))
    op.create_table(
        "photo_piece",
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name=op.f("fk_photo_piece_photo_id_photo"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("photo_id", "start", name=op.f("pk_photo_piece")),
    )
    op.create_table(
        "photo_trash",
        sa.Column("stored_as", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("stored_as", name=op.f("pk_photo_trash")),
    )


def downgrade() -> None:
    unfollow_version("photo")
    for table in ("photo", "photo_piece"):
        open_wall(table)
    op.execute("DROP TRIGGER photo_goes ON photo; DROP FUNCTION photo_goes()")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    for table in ("photo_trash", "photo_piece", "photo"):
        op.drop_table(table)
