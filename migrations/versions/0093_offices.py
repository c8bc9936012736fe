"""What comes with an initiative's list, or the operator's, is theirs: it is signed by them and passes on to whoever speaks for them next.

Until now an event from a list belonged to whoever had sent it: it lost its name when they moved and went with their account. Now it
is kept in an *office*. An office is an initiative, or whoever runs the instance (no initiative); its keeper, the column
``author_id``, is one of its holders: whoever speaks for the initiative, or where nobody does, an operator. When a keeper is none any
more – another role, another life, no account – all of it passes to whoever has held the office longest. Rooms need not think of it:
triggers do, whatever ends or begins a role.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.helpers import for_the_app

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None

ME = "(SELECT app_person())"
DEFINER = "SECURITY DEFINER SET search_path = public, pg_temp"

HOLDING = f"""
-- Who holds an office, and since when: those who speak for the initiative; where there are none, or no initiative, the operators.
CREATE FUNCTION office_holders(invites bigint) RETURNS TABLE (person_id bigint, since timestamptz) LANGUAGE sql STABLE {DEFINER} AS $$
  WITH speaks AS (
    SELECT e.person_id, e.since FROM initiative_editor e JOIN person p ON p.id = e.person_id
    WHERE e.initiative_id = invites AND p.status = 'active' AND p.confirmed_at IS NOT NULL)
  SELECT s.person_id, s.since FROM speaks s
  UNION ALL SELECT p.id, p.created_at FROM person p WHERE p.is_operator AND p.status = 'active' AND p.confirmed_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM speaks)
$$;

CREATE FUNCTION holds_office(who bigint, invites bigint) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS
$$ SELECT EXISTS (SELECT FROM office_holders(invites) h WHERE h.person_id = who) $$;

-- Whatever is kept by somebody who holds the office no longer passes to whoever has held it longest, with its photos and earlier
-- wordings; gives how much that was. Where nobody holds it, it waits where it is. One at a time, and lists of events come in
-- meanwhile or afterwards: none is overlooked. Whoever is about to leave is nobody's heir (SKIP LOCKED).
CREATE FUNCTION settle_offices() RETURNS bigint LANGUAGE plpgsql {DEFINER} AS $$
DECLARE kept record; heir bigint; given uuid[]; passed bigint := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('offices', 0));
  FOR kept IN SELECT DISTINCT c.author_id AS keeper, c.initiative_id AS invites FROM contribution c WHERE c.is_office LOOP
    CONTINUE WHEN holds_office(kept.keeper, kept.invites);
    SELECT p.id INTO heir FROM office_holders(kept.invites) h JOIN person p ON p.id = h.person_id
      ORDER BY h.since, p.id LIMIT 1 FOR KEY SHARE OF p SKIP LOCKED;
    CONTINUE WHEN heir IS NULL;
    WITH moved AS (UPDATE contribution c SET author_id = heir
        WHERE c.is_office AND c.author_id = kept.keeper AND c.initiative_id IS NOT DISTINCT FROM kept.invites RETURNING c.id)
      SELECT array_agg(m.id) INTO given FROM moved m;
    UPDATE photo SET author_id = heir WHERE contribution_id = ANY (given);
    UPDATE revision SET editor_id = heir WHERE contribution_id = ANY (given) AND editor_id = kept.keeper;
    passed := passed + coalesce(cardinality(given), 0);
  END LOOP;
  RETURN passed;
END $$;

CREATE FUNCTION editors_change() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  PERFORM settle_offices();
  RETURN NULL;
END $$;
CREATE TRIGGER editors_change AFTER INSERT OR DELETE ON initiative_editor FOR EACH STATEMENT EXECUTE FUNCTION editors_change();

-- Of most people nobody has to ask: they hold no office and keep nothing of one.
CREATE FUNCTION holder_changes() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  IF NEW.is_operator OR (TG_OP = 'UPDATE' AND OLD.is_operator)
     OR EXISTS (SELECT FROM initiative_editor e WHERE e.person_id = NEW.id)
     OR EXISTS (SELECT FROM contribution c WHERE c.author_id = NEW.id AND c.is_office) THEN
    PERFORM settle_offices();
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER holder_begins AFTER INSERT ON person FOR EACH ROW WHEN (NEW.is_operator) EXECUTE FUNCTION holder_changes();
CREATE TRIGGER holder_changes AFTER UPDATE OF status, is_operator, confirmed_at ON person FOR EACH ROW
WHEN (OLD.status <> NEW.status OR OLD.is_operator <> NEW.is_operator OR (OLD.confirmed_at IS NULL) <> (NEW.confirmed_at IS NULL))
EXECUTE FUNCTION holder_changes();

-- Cards are signed with the initiative's name while its page is public: they say something else when it is not.
CREATE FUNCTION signed_anew() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  UPDATE contribution SET author_id = author_id WHERE initiative_id = NEW.id AND is_office;
  RETURN NULL;
END $$;
CREATE TRIGGER signed_anew AFTER UPDATE OF name, slug, verified_at, suspended_at ON initiative FOR EACH ROW
WHEN ((OLD.name, OLD.slug, OLD.verified_at IS NULL, OLD.suspended_at IS NULL)
      IS DISTINCT FROM (NEW.name, NEW.slug, NEW.verified_at IS NULL, NEW.suspended_at IS NULL)) EXECUTE FUNCTION signed_anew();
"""
ASKED = ("holds_office(bigint, bigint)", "settle_offices()")
TRIGGERS = {
    "editors_change": ("initiative_editor",),
    "holder_changes": ("person",),
    "signed_anew": ("initiative",),
}

# Functions of before that now ask whether something is an office's: module, constant, function, what becomes of which words.
# Its keeper's way is not its own: it stays where it takes place, under its own name, and nobody silences it with the keeper.
SILENT, KEPT_APART = "c.author_id <> ALL ({})", "(c.is_office OR c.author_id <> ALL ({}))"
MAPPED = import_module("migrations.versions.0081_map_as_board").SILENCED.format("author_id") + "::bigint[]"
REMADE = (
    ("0021_moved_away", "MOVING", "leave_quarter", "quarter_id <> NEW.quarter_id AND NOT is_left",
     "quarter_id <> NEW.quarter_id AND NOT is_left AND NOT is_office"),
    ("0030_people_follow", "FOLLOW", "people_follow", "c.quarter_id = m.was_id", "c.quarter_id = m.was_id AND NOT c.is_office"),
    ("0080_quick_search", "ASK", "search_seen", SILENT.format("silent_people"), KEPT_APART.format("silent_people")),
    ("0081_map_as_board", "EVENTS", "events_on_map", SILENT.format(MAPPED), KEPT_APART.format(MAPPED)),
)  # fmt: skip

BEFORE_PHOTOS = import_module("migrations.versions.0041_photos").SEEN
SEEN_PHOTOS = (
    "state = 'ready' AND EXISTS (SELECT 1 FROM contribution c WHERE c.id = photo.contribution_id AND (c.is_office OR"
    " EXISTS (SELECT 1 FROM person p WHERE p.id = photo.author_id AND p.status <> 'erased')))"
)
LIVES_THERE = "quarter_id = ANY ((SELECT app_quarters())::int[])"
OPERATES = "(SELECT app_operates())"


def upgrade() -> None:
    op.add_column("contribution", sa.Column("is_office", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("contribution", sa.Column("initiative_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_contribution_initiative_id_initiative"), "contribution", "initiative", ["initiative_id"], ["id"],
        ondelete="SET NULL",
    )  # fmt: skip
    op.create_check_constraint(op.f("ck_contribution_office"), "contribution", "initiative_id IS NULL OR is_office")
    op.create_index(
        "ix_contribution_office", "contribution", ["author_id", "initiative_id"], postgresql_where=sa.text("is_office")
    )
    op.create_index(
        "ix_contribution_initiative_id", "contribution", ["initiative_id"],
        postgresql_where=sa.text("initiative_id IS NOT NULL"),
    )  # fmt: skip
    _remake(is_new=True)
    op.execute(HOLDING)
    for function in ("office_holders(bigint)", *(f"{name}()" for name in TRIGGERS)):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in ASKED:
        for_the_app(function)
    _take_over()
    _walls()


def _take_over() -> None:
    """What came from lists before today becomes the office's: whoever moved or is leaving has taken nothing along."""
    op.execute("""
        UPDATE contribution c SET is_office = true, initiative_id = e.initiative_id, is_left = false, goes_along = false,
          state = CASE WHEN c.state = 'withdrawn' AND (c.goes_along OR EXISTS (SELECT FROM erasure r
            WHERE r.person_id = c.author_id AND r.state = 'hidden' AND r.stash -> 'hidden' -> 'contribution' ? c.id::text))
            THEN 'published' ELSE c.state END
        FROM event e WHERE e.id = c.id
          AND (e.initiative_id IS NOT NULL OR EXISTS (SELECT FROM event_import i WHERE i.event_id = e.id))
    """)
    op.drop_index("ix_event_initiative_id", table_name="event")
    op.drop_constraint(op.f("fk_event_initiative_id_initiative"), "event", type_="foreignkey")
    op.drop_column("event", "initiative_id")
    op.execute("SELECT settle_offices()")


def _walls() -> None:
    """Whoever holds an office pins up in it wherever that is; what it has pinned up is seen whoever keeps it; and whoever is erased
    speaks for nobody any more."""
    mine = f"author_id = {ME} AND ({LIVES_THERE} OR (is_office AND holds_office({ME}, initiative_id)))"
    op.execute(f"ALTER POLICY contribution_insert ON contribution WITH CHECK ({mine})")
    op.execute(f"ALTER POLICY photo_select ON photo USING (author_id = {ME} OR ({SEEN_PHOTOS}))")
    erased = "person_id = (SELECT app_erasing())"
    op.execute(f"ALTER POLICY initiative_editor_delete ON initiative_editor USING ({OPERATES} OR {erased})")


def _remake(*, is_new: bool) -> None:
    for module, constant, name, was, becomes in REMADE:
        whole = getattr(import_module(f"migrations.versions.{module}"), constant)
        body = "CREATE OR REPLACE FUNCTION " + name + whole.partition(f"CREATE FUNCTION {name}")[2]
        body = body[: body.index("$$;", body.index("AS $$")) + 3] if "AS $$" in body else body
        op.execute(body.replace(was, becomes) if is_new else body)


def downgrade() -> None:
    op.execute(f"ALTER POLICY initiative_editor_delete ON initiative_editor USING ({OPERATES})")
    op.execute(f"ALTER POLICY photo_select ON photo USING (author_id = {ME} OR ({BEFORE_PHOTOS}))")
    op.execute(f"ALTER POLICY contribution_insert ON contribution WITH CHECK (author_id = {ME} AND {LIVES_THERE})")
    for trigger, (table,) in TRIGGERS.items():
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    op.execute("DROP TRIGGER holder_begins ON person")
    for function in (*(f"{name}()" for name in TRIGGERS), *reversed(ASKED), "office_holders(bigint)"):
        op.execute(f"DROP FUNCTION {function}")
    _remake(is_new=False)
    op.add_column("event", sa.Column("initiative_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_event_initiative_id_initiative"), "event", "initiative", ["initiative_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index(
        "ix_event_initiative_id", "event", ["initiative_id"], postgresql_where=sa.text("initiative_id IS NOT NULL")
    )
    op.execute(
        "UPDATE event e SET initiative_id = c.initiative_id FROM contribution c WHERE c.id = e.id AND c.is_office"
    )
    op.drop_index("ix_contribution_initiative_id", table_name="contribution")
    op.drop_index("ix_contribution_office", table_name="contribution")
    op.drop_constraint(op.f("ck_contribution_office"), "contribution", type_="check")
    op.drop_constraint(op.f("fk_contribution_initiative_id_initiative"), "contribution", type_="foreignkey")
    op.drop_column("contribution", "initiative_id")
    op.drop_column("contribution", "is_office")
