"""A series that was cut in two knows as which event it goes on; who has answered a date reads what it was when they last heard of
it; a silenced thread is silent in the series it goes on as.

Until now the page of the first part ended without a word, a mail could name a place of before only where it was everybody's, and
what was changed while it was off was never told. Places of before stand with the event, so that mails name them without keeping
words themselves.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.helpers import for_the_app

revision = "0117"
down_revision = "0116"
branch_labels = None
depends_on = None

# As carry_bookmarks (0101): nobody else can tell who has silenced what.
CARRY = """
CREATE FUNCTION carry_silences(old uuid, new uuid, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO mute (id, person_id, contribution_id, created_at)
    SELECT gen_random_uuid(), m.person_id, new, at FROM mute m WHERE m.contribution_id = old AND 2 =
      (SELECT count(*) FROM contribution c WHERE c.id IN (old, new) AND c.author_id = app_person())
    ON CONFLICT DO NOTHING
$$;
"""


def upgrade() -> None:
    op.add_column("event", sa.Column("goes_on_as", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_event_goes_on_as_event"), "event", "event", ["goes_on_as"], ["id"], ondelete="SET NULL"
    )
    there = sa.text("goes_on_as IS NOT NULL")
    op.create_index("ix_event_goes_on_as", "event", ["goes_on_as"], postgresql_where=there)
    places = sa.Column("places_before", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    op.add_column("event", places)
    op.add_column("occurrence", sa.Column("known", JSONB(), nullable=True))
    op.execute(CARRY)
    for_the_app("carry_silences(uuid, uuid, timestamptz)")


def downgrade() -> None:
    op.execute("DROP FUNCTION carry_silences(uuid, uuid, timestamptz)")
    op.drop_column("occurrence", "known")
    op.drop_column("event", "places_before")
    op.drop_index("ix_event_goes_on_as", table_name="event")
    op.drop_constraint(op.f("fk_event_goes_on_as_event"), "event", type_="foreignkey")
    op.drop_column("event", "goes_on_as")
