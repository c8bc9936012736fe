"""Whose house belongs to another quarter goes there in one way, whatever the reason, and helps out only where they were asked to.

Until now a register that named another quarter for a house took its people along but left their words, marks of reading and
waiting mails behind. And whoever helped in a quarter that went on without their house helped in the one they came to.
"""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# Of the temporary table ``moving`` (person_id, was_id, now_id, keeps_role): everything of theirs that says in which quarter.
FOLLOW = """
CREATE FUNCTION people_follow() RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  WITH ended AS (
    UPDATE membership x SET role = 'resident' FROM moving m
      WHERE m.person_id = x.person_id AND x.ended_at IS NULL AND x.role <> 'resident' AND NOT m.keeps_role
      RETURNING x.person_id, m.was_id)
  INSERT INTO security_event (at, kind, subject_id, object, route, result)
    SELECT now(), 'role.taken', e.person_id, q.key, '', 'done' FROM ended e JOIN quarter q ON q.id = e.was_id;
  UPDATE membership x SET quarter_id = m.now_id FROM moving m WHERE m.person_id = x.person_id AND x.ended_at IS NULL;
  UPDATE subscription x SET quarter_id = m.now_id FROM moving m WHERE m.person_id = x.person_id;
  UPDATE delivery x SET quarter_id = m.now_id FROM moving m
    WHERE m.person_id = x.person_id AND x.quarter_id = m.was_id AND x.state IN ('pending', 'leased');
  INSERT INTO read_mark AS r (person_id, quarter_id, seen_up_to, moved_at)
    SELECT x.person_id, m.now_id, x.seen_up_to, x.moved_at FROM read_mark x
    JOIN moving m ON m.person_id = x.person_id AND m.was_id = x.quarter_id
    ON CONFLICT (person_id, quarter_id) DO UPDATE SET seen_up_to = greatest(r.seen_up_to, excluded.seen_up_to);
  UPDATE contribution c SET quarter_id = m.now_id FROM moving m
    WHERE m.person_id = c.author_id AND c.quarter_id = m.was_id;
END $$;
"""

# Everybody who lives here, each into the quarter of their house, or into the one they chose beside it. What somebody does in
# a quarter they go on doing in what takes its place and in what is divided from it.
PEOPLE = """
CREATE OR REPLACE FUNCTION plan_people(wanted bigint) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  CREATE TEMP TABLE moving ON COMMIT DROP AS
    SELECT m.person_id, m.quarter_id AS was_id, coalesce(t.id, g.now_id, m.quarter_id) AS now_id,
           p.plan_id IS NOT NULL AS is_house, p.cell,
           g.was_id IS NOT NULL OR EXISTS (SELECT FROM plan_quarter n WHERE n.plan_id = wanted AND n.key = t.key
                                                                        AND n.change = 'new') AS keeps_role
    FROM membership m
    LEFT JOIN home h ON h.person_id = m.person_id
    LEFT JOIN plan_house p ON p.plan_id = wanted AND p.address_hash = h.address_hash
    LEFT JOIN quarter t ON t.key = plan_target(wanted, p.to_key, p.other_key, h.chosen_key)
    LEFT JOIN gone g ON g.was_id = m.quarter_id
    WHERE m.ended_at IS NULL AND (p.plan_id IS NOT NULL OR g.was_id IS NOT NULL);
  UPDATE home h SET quarter_id = m.now_id, cell = CASE WHEN m.is_house THEN m.cell ELSE h.cell END
    FROM moving m WHERE m.person_id = h.person_id;
  DELETE FROM moving WHERE was_id = now_id;
  PERFORM people_follow();
  -- Who reads on: the quarter itself, what takes its place or part of it, and wherever somebody of it lives now.
  CREATE TEMP TABLE successor ON COMMIT DROP AS
    SELECT was_id, now_id, bool_or(is_heir) AS is_heir FROM (
      SELECT q.id, q.id, true FROM quarter q WHERE q.id NOT IN (SELECT was_id FROM gone)
      UNION ALL SELECT was_id, now_id, true FROM gone WHERE now_id IS NOT NULL
      UNION ALL SELECT w.id, n.id, true FROM plan_link l JOIN quarter w ON w.key = l.from_key
                JOIN plan_quarter p ON p.plan_id = wanted AND p.key = l.to_key AND p.change = 'new'
                JOIN quarter n ON n.key = p.key WHERE l.plan_id = wanted
      UNION ALL SELECT DISTINCT was_id, now_id, false FROM moving
    ) found (was_id, now_id, is_heir) GROUP BY 1, 2;
END $$;
"""

PEOPLE_BEFORE = """
CREATE OR REPLACE FUNCTION plan_people(wanted bigint) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  CREATE TEMP TABLE moving ON COMMIT DROP AS
    SELECT m.person_id, m.quarter_id AS was_id, coalesce(t.id, g.now_id, m.quarter_id) AS now_id,
           p.plan_id IS NOT NULL AS is_house, p.cell
    FROM membership m
    LEFT JOIN home h ON h.person_id = m.person_id
    LEFT JOIN plan_house p ON p.plan_id = wanted AND p.address_hash = h.address_hash
    LEFT JOIN quarter t ON t.key = plan_target(wanted, p.to_key, p.other_key, h.chosen_key)
    LEFT JOIN gone g ON g.was_id = m.quarter_id
    WHERE m.ended_at IS NULL AND (p.plan_id IS NOT NULL OR g.was_id IS NOT NULL);
  UPDATE home h SET quarter_id = m.now_id, cell = CASE WHEN m.is_house THEN m.cell ELSE h.cell END
    FROM moving m WHERE m.person_id = h.person_id;
  DELETE FROM moving WHERE was_id = now_id;
  UPDATE membership x SET quarter_id = m.now_id FROM moving m WHERE m.person_id = x.person_id AND x.ended_at IS NULL;
  UPDATE subscription x SET quarter_id = m.now_id FROM moving m WHERE m.person_id = x.person_id;
  UPDATE delivery x SET quarter_id = m.now_id FROM moving m
    WHERE m.person_id = x.person_id AND x.quarter_id = m.was_id AND x.state IN ('pending', 'leased');
  INSERT INTO read_mark AS r (person_id, quarter_id, seen_up_to, moved_at)
    SELECT x.person_id, m.now_id, x.seen_up_to, x.moved_at FROM read_mark x
    JOIN moving m ON m.person_id = x.person_id AND m.was_id = x.quarter_id
    ON CONFLICT (person_id, quarter_id) DO UPDATE SET seen_up_to = greatest(r.seen_up_to, excluded.seen_up_to);
  UPDATE contribution c SET quarter_id = m.now_id FROM moving m
    WHERE m.person_id = c.author_id AND c.quarter_id = m.was_id;
  -- Who reads on: the quarter itself, what takes its place or part of it, and wherever somebody of it lives now.
  CREATE TEMP TABLE successor ON COMMIT DROP AS
    SELECT was_id, now_id, bool_or(is_heir) AS is_heir FROM (
      SELECT q.id, q.id, true FROM quarter q WHERE q.id NOT IN (SELECT was_id FROM gone)
      UNION ALL SELECT was_id, now_id, true FROM gone WHERE now_id IS NOT NULL
      UNION ALL SELECT w.id, n.id, true FROM plan_link l JOIN quarter w ON w.key = l.from_key
                JOIN plan_quarter p ON p.plan_id = wanted AND p.key = l.to_key AND p.change = 'new'
                JOIN quarter n ON n.key = p.key WHERE l.plan_id = wanted
      UNION ALL SELECT DISTINCT was_id, now_id, false FROM moving
    ) found (was_id, now_id, is_heir) GROUP BY 1, 2;
END $$;
"""


def upgrade() -> None:
    op.execute(FOLLOW)
    op.execute("REVOKE ALL ON FUNCTION people_follow() FROM PUBLIC")
    op.execute(PEOPLE)


def downgrade() -> None:
    op.execute(PEOPLE_BEFORE)
    op.execute("DROP FUNCTION people_follow()")
