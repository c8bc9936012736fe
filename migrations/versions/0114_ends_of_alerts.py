"""Whoever was told of an alert hears of its end, however it ends, and whoever comes within its reach later hears of it.

Until now only an all-clear was told, to those whom the alert still reached: one that was taken down, or is a plain notice now, left
everybody who had been mailed without an end. A wider reach told those who were already told a second time after midnight.
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.helpers import for_the_app

revision = "0114"
down_revision = "0113"
branch_labels = None
depends_on = None

BEFORE = import_module("migrations.versions.0033_posts_in_full").ALERT
CLEAR_BEFORE = "promise_all_clear(uuid, text[], text, timestamptz)"
CLEAR = "promise_all_clear(uuid, text[], text, timestamptz, timestamptz)"
TOLD = "alert_i_was_told_of(uuid)"


def _before(name: str) -> str:
    start = BEFORE.index(f"CREATE FUNCTION {name}")
    return BEFORE[start : BEFORE.index("$$;", start) + 3]


# As in 0033, but nobody is told of the same alert twice, on whatever day.
AS_IT_WAS = _before("promise_alert").replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
OTHERS = "AND s.person_id <> c.author_id"
assert AS_IT_WAS.count(OTHERS) == 1
ONCE = AS_IT_WAS.replace(
    OTHERS,
    f"""{OTHERS}
      AND NOT EXISTS (SELECT 1 FROM delivery t WHERE t.person_id = s.person_id AND t.notice = 'contributions.alert'
                      AND t.payload ->> 'contribution' = c.id::text AND t.state <> 'skipped')""",
)

# To whoever was told, not to whom it reaches: what was taken down reaches nobody. What was skipped because an end was taken back
# stands in nobody's way, and what waits is told earlier where the all-clear is given meanwhile.
END = """
CREATE FUNCTION promise_all_clear(wanted uuid, days text[], key text, at timestamptz, due timestamptz)
RETURNS TABLE (quarter_id int, told bigint) LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH promised AS (
    INSERT INTO delivery AS d (id, person_id, notice, subject_key, period, channel, quarter_id, payload, due_at, created_at)
    SELECT gen_random_uuid(), s.person_id, 'contributions.all_clear', '', key, 'mail', s.quarter_id,
           jsonb_build_object('contribution', c.id), due, at
    FROM contribution c
    JOIN delivery t ON t.notice = 'contributions.alert' AND t.subject_key = '' AND t.period = ANY (days)
         AND t.channel = 'mail' AND t.payload ->> 'contribution' = c.id::text AND t.state IN ('leased', 'sent')
    JOIN subscription s ON s.person_id = t.person_id
    WHERE c.id = wanted AND s.list = 'alerts' AND s.is_on
      AND (c.solved_at = at OR (c.author_id = app_person() AND (c.state = 'withdrawn' OR c.category <> 'urgent')))
    ON CONFLICT ON CONSTRAINT uq_delivery_once DO UPDATE
      SET quarter_id = excluded.quarter_id, state = 'pending', due_at = due, created_at = at, attempts = 0, deaths = 0,
          lease_until = NULL
      WHERE d.state IN ('skipped', 'pending')
    RETURNING d.quarter_id)
  SELECT p.quarter_id, count(*) FROM promised p GROUP BY 1
$$;

CREATE FUNCTION alert_i_was_told_of(wanted uuid)
RETURNS TABLE (title text, category text, state text, solved_at timestamptz, solved_word text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.title, c.category, c.state, c.solved_at, c.solved_word FROM contribution c
  WHERE c.id = wanted AND EXISTS
    (SELECT 1 FROM delivery t WHERE t.person_id = app_person() AND t.notice = 'contributions.alert'
     AND t.payload ->> 'contribution' = c.id::text AND t.state IN ('leased', 'sent'))
$$;
"""


def upgrade() -> None:
    op.execute(ONCE)
    op.execute(f"DROP FUNCTION {CLEAR_BEFORE}")
    op.execute(END)
    for function in (CLEAR, TOLD):
        for_the_app(function)


def downgrade() -> None:
    for function in (TOLD, CLEAR):
        op.execute(f"DROP FUNCTION {function}")
    op.execute(AS_IT_WAS)
    op.execute(_before("promise_all_clear"))
    for_the_app(CLEAR_BEFORE)
