"""Events: when they are, what is different on single dates, and the dates to come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.helpers import follow_version, for_the_app, grant, open_wall, unfollow_version, wall

revision = "0035"
down_revision = "0032"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
MY_QUARTERS = "(SELECT app_quarters())::int[]"
SEEN = "EXISTS (SELECT 1 FROM contribution c WHERE c.id = {0})"
MINE = f"EXISTS (SELECT 1 FROM contribution c WHERE c.id = {{0}} AND c.author_id = {ME})"
# Lists read many dates at once: one look into an index for each row, as the contribution's own wall does (0013).
DATES = f"""(SELECT true FROM reach r WHERE r.contribution_id = occurrence.event_id
  AND r.quarter_id = ANY ({MY_QUARTERS}) LIMIT 1) OR {SEEN.format("occurrence.event_id")}"""

# Events whose dates do not reach far enough any more, each with its author: through their eyes further ones are made.
RUNNING_OUT = """
CREATE FUNCTION events_running_out(before date) RETURNS TABLE (event_id uuid, author_id bigint) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.id, c.author_id FROM event e JOIN contribution c ON c.id = e.id
  WHERE e.rule <> '' AND e.dated_until < before AND (e.until_on IS NULL OR e.until_on > e.dated_until)
    AND e.cancelled_at IS NULL AND c.state = 'published'
  ORDER BY e.dated_until
$$;
"""


def upgrade() -> None:
    _event()
    _dates()
    _walls()
    op.execute(RUNNING_OUT)
    for_the_app("events_running_out(date)")
    follow_version("event", "id", on="UPDATE OF {}".format(", ".join(SHOWN)))
    follow_version("event_exception", "event_id")


#: columns that a card or a page shows; up to when dates are made is none
SHOWN = (
    "zone", "begins", "ends", "is_all_day", "rule", "until_on", "more_on", "place", "lon", "lat", "online_url", "cost",
    "access", "cancelled_at", "changed_at", "was_begins", "was_place",
)  # fmt: skip


def _event() -> None:
    wall_time, moment = sa.DateTime(timezone=False), sa.DateTime(timezone=True)
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("begins", wall_time, nullable=False),
        sa.Column("ends", wall_time, nullable=False),
        sa.Column("is_all_day", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("more_on", sa.ARRAY(sa.Date()), server_default=sa.text("'{}'"), nullable=False),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("place", "online_url", "cost", "access")
        ),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("cancelled_at", moment, nullable=True),
        sa.Column("changed_at", moment, nullable=True),
        sa.Column("was_begins", wall_time, nullable=True),
        sa.Column("was_place", sa.Text(), nullable=True),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("dated_until", sa.Date(), nullable=True),
        sa.CheckConstraint("ends >= begins", name=op.f("ck_event_order")),
        sa.CheckConstraint("(lon IS NULL) = (lat IS NULL)", name=op.f("ck_event_point")),
        sa.ForeignKeyConstraint(["id"], ["contribution.id"], name=op.f("fk_event_id_contribution"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_dated_until", "event", ["dated_until"], postgresql_where=sa.text("rule <> ''"))


def _dates() -> None:
    wall_time, moment = sa.DateTime(timezone=False), sa.DateTime(timezone=True)
    op.create_table(
        "event_exception",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("slot_on", sa.Date(), nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("begins", wall_time, nullable=True),
        sa.Column("ends", wall_time, nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("changed_at", moment, nullable=False),
        sa.CheckConstraint(
            "(begins IS NULL) = (ends IS NULL) AND ends >= begins", name=op.f("ck_event_exception_times")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_exception_event_id_event"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "slot_on", name=op.f("pk_event_exception")),
    )
    op.create_table(
        "occurrence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("slot_on", sa.Date(), nullable=False),
        sa.Column("begins_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("is_long", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_occurrence_event_id_event"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        sa.UniqueConstraint("event_id", "slot_on", name="uq_occurrence_event_slot"),
    )
    op.create_index("ix_occurrence_event_begins", "occurrence", ["event_id", "begins_at"])
    op.create_index("ix_occurrence_long", "occurrence", ["event_id"], postgresql_where=sa.text("is_long"))


def _walls() -> None:
    grant("SELECT, INSERT, UPDATE", "event")
    mine = MINE.format("event.id")
    wall("event", select=SEEN.format("event.id"), insert=mine, update=mine)
    for table, select in (("event_exception", SEEN.format("event_exception.event_id")), ("occurrence", DATES)):
        grant("SELECT, INSERT, UPDATE, DELETE", table)
        mine = MINE.format(f"{table}.event_id")
        wall(table, select=select, insert=mine, update=mine, delete=mine)


def downgrade() -> None:
    for table in ("event_exception", "event"):
        unfollow_version(table)
    op.execute("DROP FUNCTION events_running_out(date)")
    for table in ("occurrence", "event_exception", "event"):
        open_wall(table)
        op.drop_table(table)
    op.execute("DELETE FROM contribution WHERE kind = 'event'")
