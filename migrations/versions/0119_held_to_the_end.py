"""Who got it is clear at the end of an offer, and what somebody held does not end the moment it is given back.

Until now whoever had the promise counted as the one who got it when its author said "done", and was told nothing. What came back, or
was given back, after its sixty days was over in that moment without the question whether it is still there, though its author
had just read that it can be lent again.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.helpers import put_in

revision = "0119"
down_revision = "0118"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
EARLIER = import_module("migrations.versions.0106_queues_in_sight")


QUEUE = EARLIER._function("0040_offers", "QUEUE", "keep_queue").replace(
    "NEW.state = 'left'", "NEW.state IN ('left', 'missed')"
)
# What becomes free again hangs for a week at least; its author is asked whether it is still there, unless they have been within
# this term.
A_WEEK = put_in(
    QUEUE,
    (
        "DECLARE whole contribution;",
        """DECLARE moment timestamptz := CASE WHEN TG_OP = 'DELETE' THEN now() ELSE coalesce(NEW.ended_at, now()) END;
DECLARE whole contribution; before offer; later timestamptz := moment + interval '7 days';""",
    ),
    (
        "  UPDATE offer o SET waiting",
        "  SELECT * INTO before FROM offer WHERE id = wanted;\n  UPDATE offer o SET waiting",
    ),
    (
        "  RETURN NULL;",
        """  IF before.stage <> 'free' AND (SELECT stage FROM offer WHERE id = wanted) = 'free' AND whole.expires_at < later
     AND whole.state = 'published' AND whole.solved_at IS NULL AND NOT whole.is_left THEN
    UPDATE contribution SET expires_at = later WHERE id = wanted;
    UPDATE offer SET asked_for = later WHERE id = wanted AND asked_for = whole.expires_at AND whole.expires_at > moment;
  END IF;
  RETURN NULL;""",
    ),
)
# What somebody holds does not end by its days: its author ends it, by what they say, and can take that back.
BY_WORD = f"""
CREATE FUNCTION end_by_word() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  IF (SELECT stage FROM offer WHERE id = NEW.id) <> 'free' THEN
    NEW.expires_at := NEW.solved_at + interval '7 days';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER end_by_word BEFORE UPDATE OF solved_at ON contribution FOR EACH ROW
WHEN (OLD.kind = 'offer' AND OLD.solved_at IS NULL AND NEW.expires_at <= NEW.solved_at) EXECUTE FUNCTION end_by_word();
"""
TELL = EARLIER._function("0106_queues_in_sight", "TELL", "tell_queue")
# Who has not got it when it is over has missed it, also with a promise: that it was handed over is said by its own step.
MISSED = put_in(
    TELL,
    (
        """SET ended_at = at,
        state = CASE WHEN a.state = 'promised' AND c.solved_at IS NOT NULL AND NOT c.is_left AND p.status <> 'erased'
                     THEN 'done' ELSE 'missed' END
""",
        "SET ended_at = at, state = 'missed'\n",
    ),
)


def upgrade() -> None:
    for statement in (A_WEEK, BY_WORD, MISSED):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER end_by_word ON contribution")
    op.execute("DROP FUNCTION end_by_word()")
    op.execute(TELL)
    op.execute(QUEUE)
