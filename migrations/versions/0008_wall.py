"""The wall, the rows of reach, and the counters: what the database itself keeps true.

Reads ``app.person``, ``app.quarters`` and ``app.public`` of the transaction (neighbour/core/scope.py). The
functions marked SECURITY DEFINER are the only ways around the wall; each does one thing.
"""

from __future__ import annotations

from alembic import op

from migrations.helpers import app_role, for_the_app, grant, open_wall, wall

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
MY_QUARTERS = "(SELECT app_quarters())::int[]"

SCOPE = """
CREATE FUNCTION app_person() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.person', true), '')::bigint $$;

CREATE FUNCTION app_quarters() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(nullif(current_setting('app.quarters', true), '')::int[], '{}') $$;

CREATE FUNCTION app_public() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(current_setting('app.public', true), '') = '1' $$;
"""

# Who holds this session, and where do they live? The statement that asks sets the eyes of the transaction as well
# (neighbour/accounts/sessions.py), so that a page needs one statement for it.
IDENTITY = """
CREATE FUNCTION app_identity(token bytea, at timestamptz)
RETURNS TABLE (person_id bigint, public_id text, display_name text, language text, is_confirmed boolean,
               is_operator boolean, status text, signup_step text, seen_at timestamptz, seats text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT p.id, p.public_id, p.display_name, p.language, p.confirmed_at IS NOT NULL, p.is_operator, p.status,
           p.signup_step, s.seen_at,
           coalesce((SELECT string_agg(m.quarter_id || ':' || m.level || ':' || m.role, ' ' ORDER BY m.id)
                     FROM membership m WHERE m.person_id = p.id AND m.ended_at IS NULL), '')
    FROM login_session s JOIN person p ON p.id = s.person_id
    WHERE s.token_hash = token AND s.expires_at > at AND s.ends_at > at AND p.status <> 'erased';
END $$;
"""

REACH = """
CREATE FUNCTION keep_reach() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.state, NEW.audience, NEW.category, NEW.quarter_id)
       IS NOT DISTINCT FROM (OLD.state, OLD.audience, OLD.category, OLD.quarter_id) THEN
      RETURN NULL;
    END IF;
    DELETE FROM reach WHERE contribution_id = NEW.id;
  END IF;
  IF NEW.state = 'published' THEN
    INSERT INTO reach (quarter_id, contribution_id, is_home, category)
    SELECT q, NEW.id, q = NEW.quarter_id, NEW.category FROM quarters_reached(NEW.quarter_id, NEW.audience) q;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION quarters_reached(home int, audience text) RETURNS SETOF int LANGUAGE sql STABLE AS $$
  SELECT home
  UNION SELECT a.neighbour_id FROM adjacency a WHERE audience = 'nearby' AND a.quarter_id = home
  UNION SELECT q.id FROM quarter q WHERE audience IN ('city', 'public')
$$;

-- After borders were redrawn: what is nearby or city-wide reaches other quarters than before.
CREATE FUNCTION rebuild_reach() RETURNS bigint LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE changed bigint;
BEGIN
  CREATE TEMP TABLE wanted ON COMMIT DROP AS
    SELECT c.id AS contribution_id, q AS quarter_id, q = c.quarter_id AS is_home, c.category
    FROM contribution c, quarters_reached(c.quarter_id, c.audience) q WHERE c.state = 'published';
  DELETE FROM reach r WHERE NOT EXISTS
    (SELECT 1 FROM wanted w WHERE w.contribution_id = r.contribution_id AND w.quarter_id = r.quarter_id);
  GET DIAGNOSTICS changed = ROW_COUNT;
  INSERT INTO reach (quarter_id, contribution_id, is_home, category)
    SELECT quarter_id, contribution_id, is_home, category FROM wanted ON CONFLICT DO NOTHING;
  DROP TABLE wanted;
  RETURN changed;
END $$;

CREATE TRIGGER keep_reach AFTER INSERT OR UPDATE ON contribution FOR EACH ROW EXECUTE FUNCTION keep_reach();
"""

COUNTERS = """
CREATE FUNCTION next_version() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.version := OLD.version + 1; RETURN NEW; END $$;
CREATE TRIGGER next_version BEFORE UPDATE ON contribution FOR EACH ROW EXECUTE FUNCTION next_version();

CREATE FUNCTION count_comment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE step int := 0; thread uuid;
BEGIN
  IF TG_OP <> 'DELETE' THEN thread := NEW.contribution_id; ELSE thread := OLD.contribution_id; END IF;
  IF TG_OP <> 'INSERT' AND OLD.state = 'published' THEN step := step - 1; END IF;
  IF TG_OP <> 'DELETE' AND NEW.state = 'published' THEN step := step + 1; END IF;
  UPDATE contribution SET comment_count = comment_count + step WHERE id = thread;
  RETURN NULL;
END $$;
CREATE TRIGGER count_comment AFTER INSERT OR UPDATE OR DELETE ON comment FOR EACH ROW EXECUTE FUNCTION count_comment();

CREATE FUNCTION count_thanks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE contribution SET thanks_count = thanks_count + 1 WHERE id = NEW.contribution_id;
  ELSE
    UPDATE contribution SET thanks_count = thanks_count - 1 WHERE id = OLD.contribution_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_thanks AFTER INSERT OR DELETE ON thanks FOR EACH ROW EXECUTE FUNCTION count_thanks();

CREATE FUNCTION refresh_quarter_stat(quarter int) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  INSERT INTO quarter_stat AS s (quarter_id, households_on_board, members, readers)
  SELECT quarter,
         (SELECT count(DISTINCT coalesce(encode(household_hash, 'hex'), 'p' || person_id)) FROM membership
          WHERE quarter_id = quarter AND ended_at IS NULL AND level <> 'unproven'),
         (SELECT count(*) FROM membership WHERE quarter_id = quarter AND ended_at IS NULL AND level <> 'unproven'),
         (SELECT count(*) FROM subscription WHERE quarter_id = quarter AND list = 'digest' AND is_on)
  WHERE EXISTS (SELECT 1 FROM quarter q WHERE q.id = quarter)
  ON CONFLICT (quarter_id) DO UPDATE
    SET households_on_board = excluded.households_on_board, members = excluded.members, readers = excluded.readers
$$;

CREATE FUNCTION count_members() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM refresh_quarter_stat(OLD.quarter_id); END IF;
  IF TG_OP <> 'DELETE' AND (TG_OP = 'INSERT' OR NEW.quarter_id <> OLD.quarter_id) THEN
    PERFORM refresh_quarter_stat(NEW.quarter_id);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_members AFTER INSERT OR UPDATE OR DELETE ON membership
  FOR EACH ROW EXECUTE FUNCTION count_members();
CREATE TRIGGER count_readers AFTER INSERT OR DELETE OR UPDATE OF is_on, quarter_id ON subscription
  FOR EACH ROW EXECUTE FUNCTION count_members();
"""

OPEN_TABLES = {
    "period, rate_count, login_session, one_time_token, subscription, delivery, suppression, letter_refusal": "SELECT, INSERT, UPDATE, DELETE",
    "person": "SELECT, INSERT, UPDATE",
    "city, quarter, adjacency, quarter_stat, address, alembic_version": "SELECT",
}
EDITABLE = (
    "category, audience, state, title, body_md, body_html, excerpt, edited_at, solved_at, solved_by_id, expires_at"
)
SEEN = "EXISTS (SELECT 1 FROM contribution c WHERE c.id = {0}.contribution_id)"
MINE = f"EXISTS (SELECT 1 FROM contribution c WHERE c.id = {{0}} AND c.author_id = {ME})"


def upgrade() -> None:
    for part in (SCOPE, IDENTITY, REACH, COUNTERS):
        op.execute(part)
    for_the_app("app_identity(bytea, timestamptz)")
    for_the_app("refresh_quarter_stat(int)")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {app_role()}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app_role()}")
    for tables, privileges in OPEN_TABLES.items():
        grant(privileges, tables)
    _wall_homes()
    _wall_contributions()


def _wall_homes() -> None:
    own = f"person_id = {ME}"
    for table in ("home", "letter", "proof"):
        grant("SELECT, INSERT, UPDATE, DELETE", table)
        wall(table, select=own, insert=own, update=own, delete=own)
    grant("SELECT, INSERT", "address_access")
    wall("address_access", select=own, insert=own)
    grant("SELECT, INSERT, UPDATE", "membership")
    wall("membership", select=f"{own} OR quarter_id = ANY ({MY_QUARTERS})", insert=own, update=own)
    grant("SELECT, INSERT, UPDATE, DELETE", "read_mark")
    wall("read_mark", select=own, insert=own, update=own, delete=own)


def _wall_contributions() -> None:
    grant("SELECT", "reach")  # rows of reach are written by keep_reach() alone
    wall("reach", select=f"quarter_id = ANY ({MY_QUARTERS})")
    grant("SELECT, INSERT", "contribution")
    op.execute(f"GRANT UPDATE ({EDITABLE}) ON contribution TO {app_role()}")
    shown = (
        "state = 'published' AND ((audience = 'public' AND (SELECT app_public())) OR EXISTS"
        f" (SELECT 1 FROM reach r WHERE r.contribution_id = contribution.id AND r.quarter_id = ANY ({MY_QUARTERS})))"
    )
    wall(
        "contribution",
        select=f"author_id = {ME} OR ({shown})",
        insert=f"author_id = {ME} AND quarter_id = ANY ({MY_QUARTERS})",
        update=f"author_id = {ME}",
    )
    grant("SELECT, INSERT, UPDATE", "post")
    mine = MINE.format("post.id")
    wall("post", select="EXISTS (SELECT 1 FROM contribution c WHERE c.id = post.id)", insert=mine, update=mine)
    grant("SELECT, INSERT", "comment")
    op.execute(f"GRANT UPDATE (body_md, body_html, state, edited_at) ON comment TO {app_role()}")
    seen = SEEN.format("comment")
    wall("comment", select=seen, insert=f"author_id = {ME} AND {seen}", update=f"author_id = {ME}")
    grant("SELECT, INSERT, DELETE", "thanks")
    own = f"person_id = {ME}"
    wall("thanks", select=own, insert=f"{own} AND {SEEN.format('thanks')}", delete=own)
    grant("SELECT, INSERT", "revision")
    mine = MINE.format("revision.contribution_id")
    wall("revision", select=SEEN.format("revision"), insert=f"editor_id = {ME} AND {mine}")


WALLED = (
    "home",
    "letter",
    "proof",
    "address_access",
    "membership",
    "read_mark",
    "reach",
    "contribution",
    "post",
    "comment",
    "thanks",
    "revision",
)
TRIGGERS = {
    "contribution": ("keep_reach", "next_version"),
    "comment": ("count_comment",),
    "thanks": ("count_thanks",),
    "membership": ("count_members",),
    "subscription": ("count_readers",),
}
FUNCTIONS = (
    "keep_reach()",
    "rebuild_reach()",
    "quarters_reached(int, text)",
    "next_version()",
    "count_comment()",
    "count_thanks()",
    "count_members()",
    "refresh_quarter_stat(int)",
    "app_identity(bytea, timestamptz)",
    "app_person()",
    "app_quarters()",
    "app_public()",
)


def downgrade() -> None:
    for table in WALLED:
        open_wall(table)
    for table, triggers in TRIGGERS.items():
        for trigger in triggers:
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {app_role()}")
    op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {app_role()}")
