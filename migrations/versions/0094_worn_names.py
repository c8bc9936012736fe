"""A neighbour's name is found whenever it was taken, and however short it was worn.

Until now names were compared for a week after they were taken, and for whoever had chosen another name at sign-up after the first
proof. A name typed at sign-up, changed before the card came, or worn between two hourly looks was never compared, nor was anybody's
name in full. Now every name is kept as a keyed hash of how it reads, and has its turn to be compared from the moment the mark of the
proven stands behind it. Names themselves leave no function any more.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app, grant, wall

revision = "0094"
down_revision = "0093"
branch_labels = None
depends_on = None

AT_SIGN_UP = import_module("migrations.versions.0088_names_at_sign_up")
MINE = "person_id = (SELECT app_person())"
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"
NAMES = "first_name, last_name, alias, display_name, name_nearby, name_city"
OLD, NEW = (", ".join(f"{row}.{column}" for column in NAMES.split(", ")) for row in ("OLD", "NEW"))

# The turn of a name to be compared: of everybody behind whose name the mark stands.
TURNS = f"""
CREATE SEQUENCE name_turn;
CREATE FUNCTION wears_mark(who bigint) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT EXISTS (SELECT 1 FROM membership m WHERE m.person_id = who AND m.ended_at IS NULL AND m.level <> 'unproven')
$$;
CREATE FUNCTION name_due() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  IF NEW.until IS NULL THEN
    NEW.due := CASE WHEN wears_mark(NEW.person_id) THEN nextval('name_turn') END;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER name_due BEFORE INSERT OR UPDATE OF until ON worn_name FOR EACH ROW EXECUTE FUNCTION name_due();
"""
# Whoever has the mark anew, or elsewhere, has names to compare; whoever lost it has none.
MARKED = f"""
CREATE FUNCTION names_due_anew() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
DECLARE is_marked boolean := wears_mark(NEW.person_id);
BEGIN
  UPDATE worn_name SET due = CASE WHEN is_marked THEN nextval('name_turn') END WHERE person_id = NEW.person_id AND until IS NULL;
  DELETE FROM worn_name WHERE person_id = NEW.person_id AND until IS NOT NULL AND NOT is_marked;
  RETURN NULL;
END $$;
CREATE TRIGGER names_due_first AFTER INSERT ON membership FOR EACH ROW WHEN (NEW.level <> 'unproven')
EXECUTE FUNCTION names_due_anew();
CREATE TRIGGER names_due_anew AFTER UPDATE OF level, quarter_id, ended_at ON membership FOR EACH ROW
WHEN ((OLD.level <> 'unproven' AND OLD.ended_at IS NULL, OLD.quarter_id)
      IS DISTINCT FROM (NEW.level <> 'unproven' AND NEW.ended_at IS NULL, NEW.quarter_id))
EXECUTE FUNCTION names_due_anew();
"""
# Whatever writes what is read: its hash is missing. With another name, not with another choice of what the rings read of it, what was
# said of two people holds no longer – unless nobody has said it yet.
CHANGED = f"""
CREATE FUNCTION names_changed() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  NEW.names_hashed := false;
  IF (OLD.first_name, OLD.last_name, OLD.alias) IS DISTINCT FROM (NEW.first_name, NEW.last_name, NEW.alias) THEN
    DELETE FROM name_pair n WHERE n.person_id = NEW.id OR (n.other_id = NEW.id AND (NEW.status = 'erased'
      OR NOT EXISTS (SELECT 1 FROM proof_case c WHERE c.id = n.case_id AND c.state IN ('open', 'contested'))));
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER names_changed BEFORE UPDATE OF {NAMES} ON person FOR EACH ROW
WHEN (({OLD}) IS DISTINCT FROM ({NEW})) EXECUTE FUNCTION names_changed();
"""
FOUND = f"""
CREATE FUNCTION names_unhashed(most int) RETURNS SETOF bigint LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT p.id FROM person p WHERE NOT p.names_hashed AND p.status <> 'erased' AND wears_mark(p.id) ORDER BY p.id LIMIT most
$$;
CREATE FUNCTION names_due(most int) RETURNS TABLE (id bigint, turn bigint) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT w.id, w.due FROM worn_name w WHERE w.due IS NOT NULL ORDER BY w.due LIMIT most
$$;
-- Of two who read alike in one quarter one at most is asked about: whoever wears a name that is not theirs where it is the other's own,
-- else whoever has it behind a mark the later. A name in full is worn by nobody who does not show it. What was taken off counts if it was
-- worn with the mark. Once for two people, unless what came of it was withdrawn, or was a no to an earlier proof.
CREATE FUNCTION names_alike(ids bigint[]) RETURNS TABLE (person_id bigint, proof_id bigint, other_id bigint) LANGUAGE sql STABLE {DEFINER} AS $$
  WITH seat AS MATERIALIZED (
    SELECT s.person_id, s.proof_id, m.quarter_id, min(f.created_at) AS since
    FROM proven_seats() s JOIN membership m ON m.id = s.id
      JOIN proof f ON f.membership_id = s.id AND f.ended_at IS NULL AND f.held_at IS NULL
    GROUP BY s.person_id, s.proof_id, m.quarter_id),
  alike AS (
    SELECT d.id AS one, w.id AS two FROM worn_name d JOIN worn_name w ON w.hash = d.hash AND w.person_id <> d.person_id WHERE d.id = ANY (ids)),
  pair AS (SELECT a.one, a.two FROM alike a UNION SELECT a.two, a.one FROM alike a)
  SELECT DISTINCT ON (least(a.person_id, o.person_id), greatest(a.person_id, o.person_id)) a.person_id, s.proof_id, o.person_id
  FROM pair p JOIN worn_name a ON a.id = p.one JOIN worn_name o ON o.id = p.two
    JOIN seat s ON s.person_id = a.person_id JOIN seat t ON t.person_id = o.person_id AND t.quarter_id = s.quarter_id
  WHERE a.kind <> 'real' AND o.until IS NULL AND (a.until IS NULL OR (a.id = ANY (ids) AND a.until > s.since))
    AND (o.kind = 'real' OR (a.kind = 'alias' AND o.kind = 'name') OR (a.kind = o.kind
      AND (greatest(a.worn_at, s.since), a.person_id) > (greatest(o.worn_at, t.since), o.person_id)))
    AND NOT EXISTS (
      SELECT 1 FROM name_pair n JOIN proof_case c ON c.id = n.case_id
      WHERE ((n.person_id, n.other_id) IN ((a.person_id, o.person_id), (o.person_id, a.person_id)))
        AND (c.state IN ('open', 'contested', 'accepted') OR (c.state = 'refused' AND c.proof_id = s.proof_id)))
  ORDER BY least(a.person_id, o.person_id), greatest(a.person_id, o.person_id), a.kind = 'alias' DESC, greatest(a.worn_at, s.since) DESC
$$;
CREATE FUNCTION keep_name_pair(who bigint, other bigint, about uuid) RETURNS void LANGUAGE sql {DEFINER} AS $$
  INSERT INTO name_pair (person_id, other_id, case_id) VALUES (who, other, about)
  ON CONFLICT (person_id, other_id) DO UPDATE SET case_id = about
$$;
-- Only what has not had another turn meanwhile.
CREATE FUNCTION names_compared(ids bigint[], turns bigint[]) RETURNS void LANGUAGE sql {DEFINER} AS $$
  DELETE FROM worn_name w USING unnest(ids, turns) AS was (id, due) WHERE w.id = was.id AND w.due = was.due AND w.until IS NOT NULL;
  UPDATE worn_name w SET due = NULL FROM unnest(ids, turns) AS was (id, due) WHERE w.id = was.id AND w.due = was.due
$$;
"""
ASKED = (
    "names_unhashed(int)",
    "names_due(int)",
    "names_alike(bigint[])",
    "keep_name_pair(bigint, bigint, uuid)",
    "names_compared(bigint[], bigint[])",
)
OURS = ("wears_mark(bigint)", "name_due()", "names_due_anew()", "names_changed()")


def _tables() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "worn_name",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("person_id", sa.BigInteger(), sa.ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("worn_at", moment, nullable=False),
        sa.Column("until", moment, nullable=True),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('alias', 'name', 'real')", name=op.f("ck_worn_name_kind")),
    )
    op.create_index("uq_worn_name_person_id_hash", "worn_name", ["person_id", "hash"], unique=True)
    op.create_index("ix_worn_name_hash", "worn_name", ["hash"])
    op.create_index("ix_worn_name_due", "worn_name", ["due"], postgresql_where=sa.text("due IS NOT NULL"))
    op.create_table(
        "name_pair",
        sa.Column("person_id", sa.BigInteger(), sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("other_id", sa.BigInteger(), sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("proof_case.id", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("ix_name_pair_other_id", "name_pair", ["other_id"])
    op.create_index("ix_name_pair_case_id", "name_pair", ["case_id"])


def upgrade() -> None:
    op.add_column("person", sa.Column("alias_before", sa.Text(), server_default="", nullable=False))
    op.add_column("person", sa.Column("names_hashed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("ix_person_names_unhashed", "person", ["id"], postgresql_where=sa.text("NOT names_hashed"))
    _tables()
    wall("worn_name", select=MINE, insert=MINE, update=MINE, delete=MINE)
    grant("SELECT, INSERT, UPDATE, DELETE", "worn_name")
    wall("name_pair", select="false")
    for part in (TURNS, MARKED, CHANGED, FOUND):
        op.execute(part)
    for function in ASKED:
        for_the_app(function)
    for function in OURS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.execute("DROP FUNCTION renamed_beside(timestamptz); DROP FUNCTION worn_since(bigint, bigint)")


def downgrade() -> None:
    op.execute(AT_SIGN_UP.SINCE)
    op.execute("REVOKE ALL ON FUNCTION worn_since(bigint, bigint) FROM PUBLIC")
    op.execute(AT_SIGN_UP.RENAMED.replace("CREATE OR REPLACE FUNCTION", "CREATE FUNCTION"))
    for_the_app("renamed_beside(timestamptz)")
    op.execute("DROP TRIGGER names_changed ON person")
    for trigger in ("names_due_first", "names_due_anew"):
        op.execute(f"DROP TRIGGER {trigger} ON membership")
    for table in ("name_pair", "worn_name"):
        op.drop_table(table)
    for function in (*ASKED, *OURS):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP SEQUENCE name_turn")
    op.drop_index("ix_person_names_unhashed", "person")
    for column in ("names_hashed", "alias_before"):
        op.drop_column("person", column)
