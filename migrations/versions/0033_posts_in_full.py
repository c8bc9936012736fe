"""Who helped with what is solved, what nobody has answered, what goes next door by itself, alerts by mail, and polls.

Until now one answer could be named as the one that helped. Several help, and some do it without writing.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.helpers import app_role, follow_version, for_the_app, grant, open_wall, wall

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
SEEN = "EXISTS (SELECT 1 FROM contribution c WHERE c.id = {0}.contribution_id)"
MINE = f"EXISTS (SELECT 1 FROM contribution c WHERE c.id = {{0}}.contribution_id AND c.author_id = {ME})"

# A card names who helped: it is made anew when they are called otherwise, and when they live elsewhere.
HELPED = """
CREATE FUNCTION helper_looks_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE who bigint;
BEGIN
  IF TG_TABLE_NAME = 'person' THEN who := NEW.id; ELSE who := NEW.person_id; END IF;
  UPDATE contribution SET author_id = author_id WHERE id IN
    (SELECT h.contribution_id FROM comment a JOIN helped h ON h.comment_id = a.id WHERE a.author_id = who);
  RETURN NULL;
END $$;
CREATE TRIGGER helper_looks_new AFTER UPDATE OF display_name, name_nearby, name_city, status ON person FOR EACH ROW
WHEN ((OLD.display_name, OLD.name_nearby, OLD.name_city, OLD.status)
      IS DISTINCT FROM (NEW.display_name, NEW.name_nearby, NEW.name_city, NEW.status))
EXECUTE FUNCTION helper_looks_new();
CREATE TRIGGER helper_looks_new AFTER UPDATE OF quarter_id, level, ended_at ON membership FOR EACH ROW
WHEN ((OLD.quarter_id, OLD.level, OLD.ended_at) IS DISTINCT FROM (NEW.quarter_id, NEW.level, NEW.ended_at))
EXECUTE FUNCTION helper_looks_new();
"""


# Whoever looks for them has nobody's eyes.
UNANSWERED = """
CREATE FUNCTION still_unanswered(since uuid, until uuid, asking text[]) RETURNS TABLE (id uuid, author_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id, c.author_id FROM contribution c
  WHERE c.id >= since AND c.id < until AND c.state = 'published' AND c.solved_at IS NULL AND NOT c.is_left
    AND c.kind || ':' || c.category = ANY (asking) AND NOT EXISTS
      (SELECT 1 FROM comment a WHERE a.contribution_id = c.id AND a.author_id <> c.author_id AND a.state = 'published')
  ORDER BY c.id
$$;
"""


# Next door only if nobody answers. Quarters that are added read it as new from ``since`` on; whoever read it before does not.
WIDEN = """
CREATE OR REPLACE FUNCTION keep_reach() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.state, NEW.audience, NEW.category, NEW.quarter_id)
       IS NOT DISTINCT FROM (OLD.state, OLD.audience, OLD.category, OLD.quarter_id) THEN
      RETURN NULL;
    END IF;
    DELETE FROM reach WHERE contribution_id = NEW.id;
  END IF;
  IF NEW.state = 'published' AND TG_OP = 'INSERT' THEN
    INSERT INTO reach (quarter_id, contribution_id, is_home, category)
    SELECT q, NEW.id, q = NEW.quarter_id, NEW.category FROM quarters_reached(NEW.quarter_id, NEW.audience) q;
  ELSIF NEW.state = 'published' THEN
    INSERT INTO reach (quarter_id, contribution_id, is_home, category, since)
    SELECT r.quarter_id, NEW.id, r.is_home, NEW.category, CASE WHEN b.quarter_id IS NULL THEN w.since END
    FROM reach_of(NEW.id, NEW.quarter_id, NEW.audience) r
    LEFT JOIN reach_of(NEW.id, NEW.quarter_id, 'quarter') b ON b.quarter_id = r.quarter_id
    LEFT JOIN widening w ON w.contribution_id = NEW.id;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION widen_due(at timestamptz, mark uuid, asking text[]) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE due uuid; asked contribution; widened int := 0;
BEGIN
  FOR due IN SELECT w.contribution_id FROM widening w WHERE w.done_at IS NULL AND w.widens_at <= at
             ORDER BY w.widens_at LIMIT 500 FOR UPDATE SKIP LOCKED LOOP
    SELECT * INTO asked FROM contribution c WHERE c.id = due FOR UPDATE;
    IF asked.state = 'published' AND asked.audience = 'quarter' AND asked.solved_at IS NULL AND NOT asked.is_left
       AND asked.kind || ':' || asked.category = ANY (asking) AND NOT EXISTS
         (SELECT 1 FROM comment a WHERE a.contribution_id = due AND a.author_id <> asked.author_id AND a.state = 'published')
    THEN
      UPDATE widening SET done_at = at, since = mark WHERE contribution_id = due;
      UPDATE contribution SET audience = 'nearby' WHERE id = due;
      widened := widened + 1;
    ELSE
      DELETE FROM widening WHERE contribution_id = due;
    END IF;
  END LOOP;
  RETURN widened;
END $$;
"""

# Everybody in an alert's area who wants to hear of alerts, whom its author's eyes do not see: one mail a person and day. A row
# that was skipped because its alert was over before it was sent stands in nobody's way.
ALERT = """
CREATE FUNCTION promise_alert(wanted uuid, today text, at timestamptz) RETURNS TABLE (quarter_id int, told bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH promised AS (
    INSERT INTO delivery AS d (id, person_id, notice, subject_key, period, channel, quarter_id, payload, due_at, created_at)
    SELECT gen_random_uuid(), s.person_id, 'contributions.alert', '', today, 'mail', s.quarter_id,
           jsonb_build_object('contribution', c.id), at, at
    FROM contribution c JOIN reach r ON r.contribution_id = c.id JOIN subscription s ON s.quarter_id = r.quarter_id
    WHERE c.id = wanted AND c.author_id = app_person() AND c.category = 'urgent' AND c.state = 'published'
      AND s.list = 'alerts' AND s.is_on AND s.person_id <> c.author_id
    ON CONFLICT ON CONSTRAINT uq_delivery_once DO UPDATE
      SET payload = excluded.payload, quarter_id = excluded.quarter_id, state = 'pending', due_at = at, created_at = at,
          attempts = 0, deaths = 0, lease_until = NULL
      WHERE d.state = 'skipped'
    RETURNING d.quarter_id)
  SELECT p.quarter_id, count(*) FROM promised p GROUP BY 1
$$;

CREATE FUNCTION clear_alert(wanted uuid, word text, at timestamptz) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE contribution c SET solved_at = at, solved_word = word
  WHERE c.id = wanted AND c.category = 'urgent' AND c.state = 'published' AND c.solved_at IS NULL AND c.expires_at > at
    AND (c.author_id = app_person()
         OR EXISTS (SELECT 1 FROM membership m WHERE m.person_id = app_person() AND m.quarter_id = c.quarter_id
                    AND m.ended_at IS NULL AND m.level = 'verified' AND m.role = 'steward')
         OR EXISTS (SELECT 1 FROM person p WHERE p.id = app_person() AND p.is_operator AND p.status = 'active'));
  RETURN FOUND;
END $$;

CREATE FUNCTION promise_all_clear(wanted uuid, days text[], key text, at timestamptz)
RETURNS TABLE (quarter_id int, told bigint) LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH promised AS (
    INSERT INTO delivery AS d (id, person_id, notice, subject_key, period, channel, quarter_id, payload, due_at, created_at)
    SELECT gen_random_uuid(), s.person_id, 'contributions.all_clear', '', key, 'mail', s.quarter_id,
           jsonb_build_object('contribution', c.id), at, at
    FROM contribution c JOIN reach r ON r.contribution_id = c.id JOIN subscription s ON s.quarter_id = r.quarter_id
    JOIN delivery t ON t.person_id = s.person_id AND t.notice = 'contributions.alert' AND t.subject_key = ''
         AND t.period = ANY (days) AND t.channel = 'mail' AND t.payload ->> 'contribution' = c.id::text
         AND t.state IN ('leased', 'sent')
    WHERE c.id = wanted AND c.solved_at = at AND s.list = 'alerts' AND s.is_on
    ON CONFLICT DO NOTHING RETURNING d.quarter_id)
  SELECT p.quarter_id, count(*) FROM promised p GROUP BY 1
$$;
"""
# A vote is cast here and nowhere else, one after the other for each poll; counters follow the rows, whoever takes them away.
POLL = """
CREATE FUNCTION cast_vote(wanted uuid, positions int[], at timestamptz) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE me bigint := app_person(); asked poll; chosen int[];
BEGIN
  SELECT * INTO asked FROM poll p WHERE p.contribution_id = wanted FOR UPDATE;
  IF NOT FOUND OR NOT EXISTS (SELECT 1 FROM membership m JOIN reach r ON r.quarter_id = m.quarter_id
      WHERE r.contribution_id = wanted AND m.person_id = me AND m.ended_at IS NULL AND m.level = 'verified') THEN
    RETURN 'none';
  END IF;
  IF asked.closes_at <= at THEN
    RETURN 'closed';
  END IF;
  chosen := ARRAY(SELECT o.position FROM poll_option o WHERE o.contribution_id = wanted AND o.position = ANY (positions));
  IF cardinality(chosen) = 0 OR (cardinality(chosen) > 1 AND NOT asked.is_multiple) THEN
    RETURN 'choose';
  END IF;
  DELETE FROM poll_vote v WHERE v.contribution_id = wanted AND v.person_id = me AND v.position <> ALL (chosen);
  INSERT INTO poll_vote (contribution_id, position, person_id, voted_at)
    SELECT wanted, place, me, at FROM unnest(chosen) place ON CONFLICT DO NOTHING;
  RETURN 'cast';
END $$;

CREATE FUNCTION count_votes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE thing poll_vote;
BEGIN
  IF TG_OP = 'DELETE' THEN thing := OLD; ELSE thing := NEW; END IF;
  UPDATE poll_option o SET votes = votes + CASE WHEN TG_OP = 'DELETE' THEN -1 ELSE 1 END
    WHERE o.contribution_id = thing.contribution_id AND o.position = thing.position;
  UPDATE poll p SET voters = (SELECT count(DISTINCT v.person_id) FROM poll_vote v WHERE v.contribution_id = p.contribution_id)
    WHERE p.contribution_id = thing.contribution_id;
  RETURN NULL;
END $$;
CREATE TRIGGER count_votes AFTER INSERT OR DELETE ON poll_vote FOR EACH ROW EXECUTE FUNCTION count_votes();
"""
ALERT_FUNCTIONS = (
    "promise_alert(uuid, text, timestamptz)",
    "clear_alert(uuid, text, timestamptz)",
    "promise_all_clear(uuid, text[], text, timestamptz)",
)
# Whoever gets the digest, or has left it, lives here: they are on the new list, too, until they leave it.
LISTED = """
INSERT INTO subscription (person_id, quarter_id, list, is_on, includes_nearby, token, created_at)
SELECT person_id, quarter_id, 'alerts', true, true, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), now()
FROM subscription WHERE list = 'digest' ON CONFLICT DO NOTHING
"""
BEFORE = import_module("migrations.versions.0020_quarters_change").REACH


def upgrade() -> None:
    _solved()
    op.execute(UNANSWERED)
    for_the_app("still_unanswered(uuid, uuid, text[])")
    _widening()
    op.execute(ALERT)
    for function in ALERT_FUNCTIONS:
        for_the_app(function)
    op.execute(LISTED)
    _polls()


def _polls() -> None:
    op.create_table(
        "poll",
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("is_multiple", sa.Boolean(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voters", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_poll_contribution_id_contribution"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("contribution_id", name=op.f("pk_poll")),
    )
    op.create_table(
        "poll_option",
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("votes", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["poll.contribution_id"],
            name=op.f("fk_poll_option_contribution_id_poll"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("contribution_id", "position", name=op.f("pk_poll_option")),
    )
    op.create_table(
        "poll_vote",
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("voted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["poll.contribution_id"],
            name=op.f("fk_poll_vote_contribution_id_poll"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_poll_vote_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contribution_id", "position", "person_id", name=op.f("pk_poll_vote")),
    )
    op.create_index(op.f("ix_poll_vote_person_id"), "poll_vote", ["person_id"])
    op.execute(POLL)
    for_the_app("cast_vote(uuid, int[], timestamptz)")
    follow_version("poll", on="INSERT OR UPDATE OF question, is_multiple, closes_at OR DELETE")
    grant("SELECT, INSERT, DELETE", "poll", "poll_option")
    op.execute(f"GRANT UPDATE (closes_at) ON poll TO {app_role()}")  # to hold it while it is looked at
    mine, seen = MINE.format("poll"), SEEN.format("poll")
    wall("poll", select=seen, insert=mine, update=mine, delete=mine)
    untouched = (
        "EXISTS (SELECT 1 FROM poll p JOIN contribution c ON c.id = p.contribution_id"
        f" WHERE p.contribution_id = poll_option.contribution_id AND c.author_id = {ME} AND p.voters = 0)"
    )
    wall("poll_option", select=SEEN.format("poll_option"), insert=untouched, delete=untouched)
    grant("SELECT, DELETE", "poll_vote")
    wall("poll_vote", select=f"person_id = {ME}", delete=f"person_id = {ME}")


def _widening() -> None:
    op.create_table(
        "widening",
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("widens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_widening_contribution_id_contribution"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("contribution_id", name=op.f("pk_widening")),
    )
    op.create_index("ix_widening_due", "widening", ["widens_at"], postgresql_where=sa.text("done_at IS NULL"))
    op.add_column("reach", sa.Column("since", sa.Uuid(), nullable=True))
    op.create_index("ix_reach_since", "reach", ["quarter_id", "since"], postgresql_where=sa.text("since IS NOT NULL"))
    op.execute(WIDEN)
    for_the_app("widen_due(timestamptz, uuid, text[])")
    grant("SELECT, INSERT, UPDATE, DELETE", "widening")
    mine = MINE.format("widening")
    wall("widening", select=SEEN.format("widening"), insert=mine, update=mine, delete=mine)


def _solved() -> None:
    op.create_table(
        "helped",
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_helped_contribution_id_contribution"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_helped_comment_id_comment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contribution_id", "comment_id", name=op.f("pk_helped")),
    )
    op.create_index(op.f("ix_helped_comment_id"), "helped", ["comment_id"])
    op.execute(
        "INSERT INTO helped SELECT c.id, a.id FROM contribution c JOIN comment a ON a.id = c.solved_by_id"
        " WHERE a.author_id <> c.author_id"
    )
    op.drop_column("contribution", "solved_by_id")
    op.add_column("contribution", sa.Column("solved_word", sa.Text(), server_default="", nullable=False))
    op.execute(HELPED)
    follow_version("helped")
    grant("SELECT, INSERT, DELETE", "helped")
    answer = (
        "EXISTS (SELECT 1 FROM comment a WHERE a.id = helped.comment_id"
        f" AND a.contribution_id = helped.contribution_id AND a.author_id <> {ME})"
    )
    mine = MINE.format("helped")
    wall("helped", select=SEEN.format("helped"), insert=f"{mine} AND {answer}", delete=mine)
    op.execute(f"GRANT UPDATE (solved_word) ON contribution TO {app_role()}")


def downgrade() -> None:
    op.execute("DROP TRIGGER count_votes ON poll_vote; DROP FUNCTION count_votes()")
    op.execute("DROP FUNCTION cast_vote(uuid, int[], timestamptz)")
    for table in ("poll_vote", "poll_option", "poll"):
        open_wall(table)
        op.drop_table(table)
    op.execute("DELETE FROM subscription WHERE list = 'alerts'")
    for function in ALERT_FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP FUNCTION widen_due(timestamptz, uuid, text[])")
    start = BEFORE.index("CREATE OR REPLACE FUNCTION keep_reach()")
    op.execute(BEFORE[start : BEFORE.index("$$;", start) + 3])
    op.drop_index("ix_reach_since", table_name="reach")
    op.drop_column("reach", "since")
    open_wall("widening")
    op.drop_table("widening")
    op.execute("DROP FUNCTION still_unanswered(uuid, uuid, text[])")
    _unsolved()


def _unsolved() -> None:
    op.execute(
        "DROP TRIGGER helper_looks_new ON membership; DROP TRIGGER helper_looks_new ON person;"
        "DROP FUNCTION helper_looks_new();"
    )
    op.drop_column("contribution", "solved_word")
    op.add_column("contribution", sa.Column("solved_by_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "fk_contribution_solved_by_id_comment", "contribution", "comment", ["solved_by_id"], ["id"], ondelete="SET NULL"
    )
    op.execute(f"GRANT UPDATE (solved_by_id) ON contribution TO {app_role()}")
    op.execute(
        "UPDATE contribution c SET solved_by_id = h.comment_id FROM"
        " (SELECT DISTINCT ON (contribution_id) contribution_id, comment_id FROM helped ORDER BY 1, 2) h"
        " WHERE h.contribution_id = c.id"
    )
    open_wall("helped")
    op.drop_table("helped")
