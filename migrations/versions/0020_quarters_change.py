"""Quarters that change on a day told before, and quarters that are too small for a board of their own.

A plan (``quarters.plans``) holds everything that needs geometry or the key of the addresses' hashes, so that on its day one
function of the database performs it in one transaction: ``perform_quarter_plan``. Nobody who could read a contribution
before loses it: ``reach_kept`` remembers where it stays shown.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app, grant, open_wall, wall

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BEFORE = import_module("migrations.versions.0008_wall")

# A quarter without a board of its own reads what is published beside it, and is read there.
REACH = """
CREATE OR REPLACE FUNCTION quarters_reached(home int, audience text) RETURNS SETOF int LANGUAGE sql STABLE AS $$
  SELECT home
  UNION SELECT a.neighbour_id FROM adjacency a
        WHERE a.quarter_id = home AND (audience = 'nearby' OR EXISTS
          (SELECT 1 FROM quarter q WHERE q.id IN (home, a.neighbour_id) AND q.opened_at IS NULL))
  UNION SELECT q.id FROM quarter q WHERE audience IN ('city', 'public')
$$;

CREATE FUNCTION reach_of(contribution uuid, home int, audience text) RETURNS TABLE (quarter_id int, is_home boolean)
LANGUAGE sql STABLE AS $$
  SELECT found.quarter_id, bool_or(found.is_home) FROM (
    SELECT q, q = home FROM quarters_reached(home, audience) q
    UNION ALL
    SELECT k.quarter_id, k.is_home FROM reach_kept k
    WHERE k.contribution_id = contribution AND (k.audience = 'quarter' OR reach_of.audience <> 'quarter')
  ) found (quarter_id, is_home) GROUP BY 1
$$;

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
    INSERT INTO reach (quarter_id, contribution_id, is_home, category)
    SELECT r.quarter_id, NEW.id, r.is_home, NEW.category FROM reach_of(NEW.id, NEW.quarter_id, NEW.audience) r;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION rebuild_reach() RETURNS bigint LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE changed bigint;
BEGIN
  CREATE TEMP TABLE wanted ON COMMIT DROP AS
    SELECT c.id AS contribution_id, r.quarter_id, r.is_home, c.category
    FROM contribution c, reach_of(c.id, c.quarter_id, c.audience) r WHERE c.state = 'published';
  ANALYZE wanted;
  DELETE FROM reach r WHERE NOT EXISTS
    (SELECT 1 FROM wanted w WHERE w.contribution_id = r.contribution_id AND w.quarter_id = r.quarter_id);
  GET DIAGNOSTICS changed = ROW_COUNT;
  UPDATE reach r SET is_home = w.is_home FROM wanted w
  WHERE w.contribution_id = r.contribution_id AND w.quarter_id = r.quarter_id AND w.is_home <> r.is_home;
  INSERT INTO reach (quarter_id, contribution_id, is_home, category)
    SELECT quarter_id, contribution_id, is_home, category FROM wanted ON CONFLICT DO NOTHING;
  DROP TABLE wanted;
  RETURN changed;
END $$;
"""

# Before a change: which quarters read what is at home in ``homes``. After it: they and their successors still do. Both
# go by the rule and not by the rows of reach, so that what is taken down and pinned up again is the same.
READERS = """
CREATE FUNCTION remember_readers(homes int[]) RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  CREATE TEMP TABLE read_before ON COMMIT DROP AS
    SELECT contribution_id, quarter_id, bool_or(is_home) AS is_home, max(audience) AS audience FROM (
      SELECT c.id, q, q = c.quarter_id, 'quarter' FROM contribution c, quarters_reached(c.quarter_id, 'quarter') q
      WHERE c.quarter_id = ANY (homes) AND c.audience IN ('quarter', 'nearby')
      UNION ALL
      SELECT c.id, q, false, 'nearby' FROM contribution c, quarters_reached(c.quarter_id, 'nearby') q
      WHERE c.quarter_id = ANY (homes) AND c.audience = 'nearby'
      UNION ALL
      SELECT k.contribution_id, k.quarter_id, k.is_home, k.audience
      FROM reach_kept k JOIN contribution c ON c.id = k.contribution_id WHERE c.quarter_id = ANY (homes)
    ) found (contribution_id, quarter_id, is_home, audience) GROUP BY 1, 2;
$$;

CREATE FUNCTION keep_readers() RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO reach_kept AS k (contribution_id, quarter_id, is_home, audience)
    SELECT b.contribution_id, s.now_id, bool_or(b.is_home AND s.is_heir), max(b.audience)
    FROM read_before b JOIN successor s ON s.was_id = b.quarter_id GROUP BY 1, 2
    ON CONFLICT (contribution_id, quarter_id) DO UPDATE
      SET is_home = k.is_home OR excluded.is_home, audience = greatest(k.audience, excluded.audience);
  DELETE FROM reach_kept k USING contribution c
  WHERE c.id = k.contribution_id AND k.contribution_id IN (SELECT contribution_id FROM read_before)
    AND (k.quarter_id = c.quarter_id
         OR (NOT k.is_home AND k.quarter_id IN (SELECT quarters_reached(c.quarter_id, k.audience))));
  DROP TABLE read_before;
END $$;
"""

# In how many quarters something is shown, for its page to say so. Only a number, and of an id that cannot be guessed.
COUNT = """
CREATE FUNCTION count_reached(wanted uuid) RETURNS int LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$ SELECT count(*)::int FROM reach WHERE contribution_id = wanted $$;
"""

PERFORM = """
-- Where a house's person will be: what they chose, as long as it lies beside the house's quarter; else where the house is.
CREATE FUNCTION plan_target(plan bigint, goes text, other text, chosen text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN chosen IN (goes, other) OR EXISTS
    (SELECT 1 FROM plan_border b WHERE b.plan_id = plan AND b.one = least(chosen, goes) AND b.other = greatest(chosen, goes))
  THEN chosen ELSE goes END
$$;

-- A change of quarters whose day has come: everything in this transaction, or nothing.
CREATE FUNCTION perform_quarter_plan(wanted bigint, at timestamptz) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE plan quarter_plan; region int[];
BEGIN
  SELECT * INTO plan FROM quarter_plan WHERE id = wanted FOR UPDATE;
  IF plan.state IS DISTINCT FROM 'planned'
     OR plan.on_day > (at AT TIME ZONE (SELECT time_zone FROM city WHERE id = 1))::date THEN
    RETURN false;
  END IF;
  LOCK TABLE quarter, home, membership, subscription, contribution, read_mark, delivery IN SHARE ROW EXCLUSIVE MODE;
  SELECT array_agg(q.id) INTO region FROM quarter q JOIN plan_quarter p ON p.plan_id = wanted AND p.key = q.key;
  region := coalesce(region, '{}') ||
            ARRAY(SELECT neighbour_id FROM adjacency WHERE quarter_id = ANY (coalesce(region, '{}')));
  PERFORM remember_readers(region);
  PERFORM plan_borders(wanted, at);
  PERFORM plan_people(wanted);
  PERFORM plan_rest(wanted, at);
  DROP TABLE successor, moving, gone;
  UPDATE city SET geo_version = geo_version + 1 WHERE id = 1;
  UPDATE quarter_plan SET state = 'done', ended_at = at WHERE id = wanted;
  DELETE FROM plan_house WHERE plan_id = wanted;
  DELETE FROM plan_entry WHERE plan_id = wanted;
  RETURN true;
END $$;

-- The quarters themselves. On ground that had a board of its own, a new one has so: what was written for few is not
-- shown to more because they are fewer now.
CREATE FUNCTION plan_borders(wanted bigint, at timestamptz) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO quarter (key, name, slug, households, geometry, outline, area_m2, lon, lat, checksum, changed_at, created_at,
                       opened_at)
    SELECT p.key, p.name, p.slug, p.households, p.geometry, p.outline, p.area_m2, p.lon, p.lat, p.checksum, at, at,
           (SELECT min(q.opened_at) FROM plan_link l JOIN quarter q ON q.key = l.from_key
            WHERE l.plan_id = wanted AND l.to_key = p.key)
    FROM plan_quarter p WHERE p.plan_id = wanted AND p.change = 'new';
  INSERT INTO quarter_stat (quarter_id)
    SELECT q.id FROM quarter q JOIN plan_quarter p ON p.key = q.key WHERE p.plan_id = wanted AND p.change = 'new';
  UPDATE quarter q SET name = p.name, households = p.households, geometry = p.geometry, outline = p.outline,
         area_m2 = p.area_m2, lon = p.lon, lat = p.lat, checksum = p.checksum, changed_at = at
  FROM plan_quarter p WHERE p.plan_id = wanted AND p.change IN ('redrawn', 'renamed') AND p.key = q.key;
  DELETE FROM adjacency;
  INSERT INTO adjacency (quarter_id, neighbour_id, border_m)
    SELECT a.id, b.id, p.border_m FROM plan_border p JOIN quarter a ON a.key = p.one JOIN quarter b ON b.key = p.other
    WHERE p.plan_id = wanted
    UNION ALL
    SELECT b.id, a.id, p.border_m FROM plan_border p JOIN quarter a ON a.key = p.one JOIN quarter b ON b.key = p.other
    WHERE p.plan_id = wanted;
  CREATE TEMP TABLE gone ON COMMIT DROP AS
    SELECT w.id AS was_id, n.id AS now_id, w.key, w.slug, w.name FROM plan_quarter p JOIN quarter w ON w.key = p.key
    LEFT JOIN plan_link l ON l.plan_id = wanted AND l.from_key = p.key AND l.is_main
    LEFT JOIN quarter n ON n.key = l.to_key
    WHERE p.plan_id = wanted AND p.change = 'gone';
END $$;

-- Everybody who lives here, each into the quarter of their house, or into the one they chose beside it.
CREATE FUNCTION plan_people(wanted bigint) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

-- What points at a quarter that goes points at its successor, in whatever table; then it can go.
CREATE FUNCTION plan_rest(wanted bigint, at timestamptz) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE pointing record; own int;
BEGIN
  UPDATE address a SET quarter_id = (SELECT q.id FROM quarter q WHERE q.key = e.to_key)
    FROM plan_entry e WHERE e.plan_id = wanted AND e.address_id = a.id;
  FOR pointing IN
    SELECT c.conrelid::regclass AS name, a.attname AS field FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.confrelid = 'quarter'::regclass AND c.conrelid::regclass::text NOT IN
      ('adjacency', 'quarter_stat', 'reach', 'reach_kept', 'read_mark', 'edition', 'initiative_quarter')
  LOOP
    EXECUTE format('UPDATE %s x SET %I = g.now_id FROM gone g WHERE x.%I = g.was_id', pointing.name, pointing.field,
                   pointing.field);
  END LOOP;
  IF to_regclass('initiative_quarter') IS NOT NULL THEN  -- it came later than this function
    INSERT INTO initiative_quarter (initiative_id, quarter_id)
      SELECT DISTINCT i.initiative_id, g.now_id FROM initiative_quarter i JOIN gone g ON g.was_id = i.quarter_id
      WHERE g.now_id IS NOT NULL ON CONFLICT DO NOTHING;
    DELETE FROM initiative_quarter WHERE quarter_id IN (SELECT was_id FROM gone);
  END IF;
  -- An issue that was promised and not sent yet is sent from where its reader lives now.
  INSERT INTO edition (quarter_id, period, number, cut, readers, opened_at)
    SELECT DISTINCT ON (s.now_id, e.period) s.now_id, e.period,
           1 + coalesce((SELECT max(x.number) FROM edition x WHERE x.quarter_id = s.now_id), 0), e.cut, 0, e.opened_at
    FROM edition e JOIN successor s ON s.was_id = e.quarter_id AND s.now_id <> s.was_id
    WHERE EXISTS (SELECT 1 FROM delivery d WHERE d.quarter_id = s.now_id AND d.period = e.period
                                             AND d.state IN ('pending', 'leased'))
    ORDER BY s.now_id, e.period, e.cut DESC ON CONFLICT DO NOTHING;
  PERFORM keep_readers();
  INSERT INTO former_quarter (slug, key, name, became_id, gone_at) SELECT slug, key, name, now_id, at FROM gone
    WHERE now_id IS NOT NULL ON CONFLICT (slug) DO UPDATE SET became_id = excluded.became_id;
  DELETE FROM reach WHERE quarter_id IN (SELECT was_id FROM gone);
  DELETE FROM quarter WHERE id IN (SELECT was_id FROM gone);
  FOR own IN SELECT q.id FROM quarter q JOIN plan_quarter p ON p.plan_id = wanted AND p.key = q.key LOOP
    PERFORM refresh_quarter_stat(own);
  END LOOP;
  PERFORM rebuild_reach();
END $$;

-- A quarter with enough households on board gets a board of its own; what its people and those beside it read, they keep.
CREATE FUNCTION open_own_board(own int, at timestamptz) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM quarter q JOIN quarter_stat s ON s.quarter_id = q.id JOIN city c ON s.households_on_board >= c.opens_at
    WHERE q.id = own AND q.opened_at IS NULL FOR UPDATE OF q;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  LOCK TABLE contribution IN SHARE ROW EXCLUSIVE MODE;
  PERFORM remember_readers(own || ARRAY(SELECT neighbour_id FROM adjacency WHERE quarter_id = own));
  UPDATE quarter SET opened_at = at WHERE id = own;
  CREATE TEMP TABLE successor ON COMMIT DROP AS SELECT id AS was_id, id AS now_id, true AS is_heir FROM quarter;
  PERFORM keep_readers();
  DROP TABLE successor;
  RETURN true;
END $$;
"""
INSIDE = (
    "reach_of(uuid, int, text)",
    "remember_readers(int[])",
    "keep_readers()",
    "plan_borders(bigint, timestamptz)",
    "plan_people(bigint)",
    "plan_rest(bigint, timestamptz)",
)
FOR_THE_APP = (
    "count_reached(uuid)",
    "plan_target(bigint, text, text, text)",
    "perform_quarter_plan(bigint, timestamptz)",
    "open_own_board(int, timestamptz)",
)
MY_HOUSE = "address_hash IN (SELECT h.address_hash FROM home h WHERE h.person_id = (SELECT app_person()))"
TABLES = (
    "reach_kept",
    "plan_house",
    "plan_entry",
    "plan_border",
    "plan_link",
    "plan_move",
    "plan_quarter",
    "quarter_plan",
)


def upgrade() -> None:
    op.add_column("city", sa.Column("opens_at", sa.Integer(), server_default=sa.text("20"), nullable=False))
    op.add_column("quarter", sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE quarter SET opened_at = now()")  # whoever has a board of their own keeps it
    op.add_column("home", sa.Column("chosen_key", sa.Text(), nullable=True))
    _plan_tables()
    _house_tables()
    for part in (REACH, READERS, COUNT, PERFORM):
        op.execute(part)
    for function in INSIDE:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in FOR_THE_APP:
        for_the_app(function)
    grant(
        "SELECT",
        "quarter_plan",
        "plan_quarter",
        "plan_link",
        "plan_border",
        "plan_move",
        "former_quarter",
        "plan_house",
    )
    wall("plan_house", select=MY_HOUSE)
    wall("reach_kept", select="false")


def _plan_tables() -> None:
    op.create_table(
        "former_quarter",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("became_id", sa.Integer(), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["became_id"], ["quarter.id"], name="fk_former_quarter_became_id_quarter"),
        sa.PrimaryKeyConstraint("slug", name="pk_former_quarter"),
    )
    op.create_table(
        "quarter_plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('planned', 'done', 'cancelled')", name="ck_quarter_plan_state"),
        sa.PrimaryKeyConstraint("id", name="pk_quarter_plan"),
    )
    op.create_index(
        "uq_quarter_plan_open", "quarter_plan", ["state"], unique=True, postgresql_where=sa.text("state = 'planned'")
    )
    op.create_table(
        "plan_quarter",
        _plan("plan_quarter"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("geometry", sa.LargeBinary(), nullable=False),
        sa.Column("outline", sa.Text(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.CheckConstraint("change IN ('new', 'redrawn', 'renamed', 'gone')", name="ck_plan_quarter_change"),
        sa.PrimaryKeyConstraint("plan_id", "key", name="pk_plan_quarter"),
    )
    op.create_table(
        "plan_link",
        _plan("plan_link"),
        sa.Column("from_key", sa.Text(), nullable=False),
        sa.Column("to_key", sa.Text(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "from_key", "to_key", name="pk_plan_link"),
    )
    op.create_table(
        "plan_move",
        _plan("plan_move"),
        sa.Column("from_key", sa.Text(), nullable=False),
        sa.Column("to_key", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("entries", "households", "people", "choosers")),
        sa.PrimaryKeyConstraint("plan_id", "from_key", "to_key", name="pk_plan_move"),
    )
    op.create_table(
        "plan_border",
        _plan("plan_border"),
        sa.Column("one", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("border_m", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "one", "other", name="pk_plan_border"),
    )


def _house_tables() -> None:
    op.create_table(
        "plan_entry",
        _plan("plan_entry"),
        sa.Column(
            "address_id",
            sa.Integer(),
            sa.ForeignKey("address.id", ondelete="CASCADE", name="fk_plan_entry_address_id_address"),
            nullable=False,
        ),
        sa.Column("to_key", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("plan_id", "address_id", name="pk_plan_entry"),
    )
    op.create_table(
        "plan_house",
        _plan("plan_house"),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("from_key", sa.Text(), nullable=True),
        sa.Column("to_key", sa.Text(), nullable=False),
        sa.Column("other_key", sa.Text(), nullable=True),
        sa.Column("cell", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("plan_id", "address_hash", name="pk_plan_house"),
    )
    op.create_table(
        "reach_kept",
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("quarter_id", sa.Integer(), nullable=False),
        sa.Column("is_home", sa.Boolean(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.CheckConstraint("audience IN ('quarter', 'nearby')", name="ck_reach_kept_audience"),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            ondelete="CASCADE",
            name="fk_reach_kept_contribution_id_contribution",
        ),
        sa.ForeignKeyConstraint(
            ["quarter_id"], ["quarter.id"], ondelete="CASCADE", name="fk_reach_kept_quarter_id_quarter"
        ),
        sa.PrimaryKeyConstraint("contribution_id", "quarter_id", name="pk_reach_kept"),
    )


def _plan(table: str) -> sa.Column:
    plan = sa.ForeignKey("quarter_plan.id", ondelete="CASCADE", name=f"fk_{table}_plan_id_quarter_plan")
    return sa.Column("plan_id", sa.BigInteger(), plan, nullable=False)


def downgrade() -> None:
    for function in (*FOR_THE_APP, *INSIDE[1:]):
        op.execute(f"DROP FUNCTION {function}")
    for table in ("plan_house", "reach_kept"):
        open_wall(table)
    for head in ("keep_reach()", "quarters_reached(", "rebuild_reach()"):
        start = BEFORE.REACH.index(f"CREATE FUNCTION {head}")
        end = BEFORE.REACH.index("$$;", start) + 3
        op.execute(BEFORE.REACH[start:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.execute(f"DROP FUNCTION {INSIDE[0]}")
    for table in (*TABLES, "former_quarter"):
        op.drop_table(table)
    op.drop_column("home", "chosen_key")
    op.drop_column("quarter", "opened_at")
    op.drop_column("city", "opens_at")
