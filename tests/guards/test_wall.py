"""The wall between quarters, tried from every side the code has: 0 rows may come through.

Two quarters that do not touch, each with canary texts. Every attempt runs as the application's role with the
eyes of somebody in the one quarter and reaches for the other's rows.
"""

from __future__ import annotations

import uuid
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, exists, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from neighbour.accounts.models import Authenticator, Passkey, RecoveryCode
from neighbour.contributions.models import Audience, Comment, Contribution, Reach, Revision, Thanks
from neighbour.core import clock, scope
from neighbour.core.asking import Asked
from neighbour.core.db import WriteOutsideAtomic, atomic, db
from neighbour.posts.models import Post
from neighbour.residency.models import Home, Letter, Membership, Proof
from neighbour.search import service as search
from neighbour.search.models import SavedSearch
from neighbour.search.service import Wish
from tests.factories import make_comment, make_person, make_post, make_quarter, viewer_of

CANARY = "KANARIENVOGEL"
WALLED = (
    "home",
    "home_before",
    "letter",
    "proof",
    "address_access",
    "missing_address",
    "proof_case",
    "case_page",
    "case_key",
    "case_half",
    "case_ground",
    "house_rule",
    "visit",
    "initiative_editor",
    "membership",
    "read_mark",
    "reach",
    "contribution",
    "post",
    "comment",
    "thanks",
    "helped",
    "poll",
    "poll_option",
    "poll_vote",
    "widening",
    "revision",
    "passkey",
    "authenticator",
    "recovery_code",
    "invitation",
    "invitation_use",
    "flyer",
    "flyer_house",
    "flyer_use",
    "code_alarm",
    "print_run",
    "plan_house",
    "event",
    "event_exception",
    "occurrence",
    "participation",
    "event_for_guests",
    "offer",
    "offer_for_holder",
    "ask",
    "photo",
    "photo_piece",
    "saved_search",
)


@pytest.fixture
def two_quarters(context, owner):
    """Mine, and a foreign one full of canaries; everything of the foreign one by name."""
    mine, foreign = make_quarter("Meins"), make_quarter("Fremd")
    me, stranger = make_person(mine), make_person(foreign, name=CANARY)
    post = make_post(stranger, foreign, title=CANARY, body=CANARY)
    comment = make_comment(stranger, foreign, post, CANARY)
    owner.execute("INSERT INTO thanks (contribution_id, person_id) VALUES (%s, %s)", [post.id, stranger.id])
    owner.execute(
        "INSERT INTO revision (contribution_id, title, body_md, editor_id, audience, replaced_at) VALUES (%s, %s, %s, %s, 'quarter', now())",
        [post.id, CANARY, CANARY, stranger.id],
    )
    owner.execute(
        "INSERT INTO home (person_id, quarter_id, sealed, address_hash, family_hashes, word_hashes) VALUES (%s, %s, %s, %s, %s, %s)",
        [stranger.id, foreign.id, CANARY.encode(), CANARY.encode(), [CANARY.encode()], [CANARY.encode()]],
    )
    owner.execute(
        "INSERT INTO home_before (person_id, membership_id, sealed, left_at) SELECT person_id, id, %s, now() FROM membership"
        " WHERE person_id = %s",
        [CANARY.encode(), stranger.id],
    )
    owner.execute(
        "INSERT INTO passkey (person_id, credential_id, public_key, sign_count, transports, name) VALUES (%s, %s, '', 0, '', %s)",
        [stranger.id, CANARY.encode(), CANARY],
    )
    owner.execute("INSERT INTO authenticator (person_id, sealed, last_step) VALUES (%s, '', 0)", [stranger.id])
    owner.execute("INSERT INTO recovery_code (code_hash, person_id) VALUES ('', %s)", [stranger.id])
    owner.execute(
        "INSERT INTO saved_search (id, person_id, words, filters, ways) VALUES (gen_random_uuid(), %s, %s, '{}', '{}')",
        [stranger.id, CANARY],
    )
    owner.execute("SELECT search_learn(100)")
    mine_post = make_post(me, mine, title="Meiner")
    rows = {
        "me": me,
        "mine": mine,
        "foreign": foreign,
        "stranger": stranger,
        "post": post,
        "comment": comment,
        "my_post": mine_post,
    }
    found = {name: SimpleNamespace(id=row.id) for name, row in rows.items()}
    db.session.expunge_all()
    return {**found, "eyes": viewer_of(me, mine)}


READS = {
    "orm select": lambda t: db.session.scalars(select(Post).where(Post.id == t["post"].id)).all(),
    "orm base select": lambda t: db.session.scalars(select(Contribution).where(Contribution.title == CANARY)).all(),
    "orm get": lambda t: [row for row in [db.session.get(Post, t["post"].id)] if row],
    "orm columns": lambda t: db.session.execute(select(Contribution.title).where(Contribution.title == CANARY)).all(),
    "orm count": lambda t: (
        [None] * db.session.scalar(select(func.count()).select_from(Post).where(Post.quarter_id == t["foreign"].id))
    ),
    "orm exists": lambda t: [1] if db.session.scalar(select(exists().where(Contribution.id == t["post"].id))) else [],
    "orm comment": lambda t: db.session.scalars(select(Comment).where(Comment.contribution_id == t["post"].id)).all(),
    "orm thanks": lambda t: db.session.scalars(select(Thanks)).all(),
    "orm revision": lambda t: db.session.scalars(select(Revision)).all(),
    "orm reach": lambda t: db.session.scalars(select(Reach).where(Reach.quarter_id == t["foreign"].id)).all(),
    "orm membership": lambda t: db.session.scalars(
        select(Membership).where(Membership.quarter_id == t["foreign"].id)
    ).all(),
    "orm home": lambda t: db.session.scalars(select(Home)).all(),
    "orm letter": lambda t: db.session.scalars(select(Letter)).all(),
    "orm passkey": lambda t: db.session.scalars(select(Passkey)).all(),
    "orm authenticator": lambda t: db.session.scalars(select(Authenticator)).all(),
    "orm recovery code": lambda t: db.session.scalars(select(RecoveryCode)).all(),
    "orm proof": lambda t: db.session.scalars(select(Proof)).all(),
    "core table": lambda t: db.session.execute(
        select(Contribution.__table__).where(Contribution.__table__.c.title == CANARY)
    ).all(),
    "core join": lambda t: db.session.execute(
        select(Reach.__table__.c.quarter_id)
        .join(Contribution.__table__, Contribution.__table__.c.id == Reach.__table__.c.contribution_id)
        .where(Contribution.__table__.c.title == CANARY)
    ).all(),
    "core union": lambda t: db.session.execute(
        select(Comment.__table__.c.body_md)
        .where(Comment.__table__.c.body_md == CANARY)
        .union(select(Contribution.__table__.c.title).where(Contribution.__table__.c.title == CANARY))
    ).all(),
    "orm saved search": lambda t: db.session.scalars(select(SavedSearch)).all(),
    "the search": lambda t: [hit for hit in search.find(Wish(CANARY)).hits if hit.contribution_id == t["post"].id],
    "the search's spellings": lambda t: db.session.scalars(
        text("SELECT search_near(ARRAY[:word])"), {"word": CANARY.lower()}
    ).all(),
    "raw select": lambda t: db.session.execute(
        text("SELECT * FROM contribution WHERE title = :t"), {"t": CANARY}
    ).all(),
    "asked": lambda t: Asked(text("SELECT * FROM contribution WHERE title = :t")).rows({"t": CANARY}),
    "raw subquery": lambda t: (
        (
            db.session.execute(text("SELECT (SELECT title FROM contribution WHERE id = :i)"), {"i": t["post"].id})
            .scalars()
            .first()
            and [1]
        )
        or []
    ),
    "raw exists": lambda t: (
        [1]
        if db.session.execute(text("SELECT EXISTS (SELECT 1 FROM comment WHERE body_md = :t)"), {"t": CANARY}).scalar()
        else []
    ),
    "raw lateral": lambda t: db.session.execute(
        text(
            "SELECT c.title FROM quarter q, LATERAL (SELECT title FROM contribution WHERE quarter_id = q.id) c WHERE q.id = :q"
        ),
        {"q": t["foreign"].id},
    ).all(),
    "raw cte": lambda t: db.session.execute(
        text("WITH x AS MATERIALIZED (SELECT * FROM post) SELECT * FROM x WHERE id = :i"), {"i": t["post"].id}
    ).all(),
    "raw aggregate": lambda t: (
        [1]
        if CANARY in (db.session.execute(text("SELECT string_agg(title, ',') FROM contribution")).scalar() or "")
        else []
    ),
    "raw leaky error": lambda t: _leak(t),
}


def _leak(t):
    """A condition that fails on a foreign row would betray it: the policy must be applied first."""
    try:
        with db.session.begin_nested():
            db.session.execute(
                text("SELECT 1 FROM contribution WHERE title = :t AND 1 / (length(title) - length(title)) = 0"),
                {"t": CANARY},
            ).all()
    except DBAPIError:
        return [1]
    return []


WRITES = {
    "orm bulk update": lambda t: db.session.execute(update(Contribution).values(title="x")),
    "core update": lambda t: db.session.execute(
        update(Contribution.__table__).where(Contribution.__table__.c.id == t["post"].id).values(title="x")
    ),
    "raw update": lambda t: db.session.execute(
        text("UPDATE contribution SET title = 'x' WHERE title = :t"), {"t": CANARY}
    ),
    "raw update comment": lambda t: db.session.execute(text("UPDATE comment SET body_md = 'x'")),
    "raw update from": lambda t: db.session.execute(
        text("UPDATE contribution c SET title = 'x' FROM quarter q WHERE q.id = c.quarter_id")
    ),
    "raw update membership": lambda t: db.session.execute(
        text("UPDATE membership SET level = 'verified' WHERE quarter_id = :q"), {"q": t["foreign"].id}
    ),
    "raw update home": lambda t: db.session.execute(text("UPDATE home SET quarter_id = quarter_id")),
    "raw delete home": lambda t: db.session.execute(text("DELETE FROM home")),
    "raw delete thanks": lambda t: db.session.execute(text("DELETE FROM thanks")),
    "orm bulk delete": lambda t: db.session.execute(delete(Contribution)),
    "core delete": lambda t: db.session.execute(delete(Reach.__table__)),
    "raw insert reach": lambda t: db.session.execute(
        text("INSERT INTO reach VALUES (:q, :i, true, 'question')"), {"q": t["foreign"].id, "i": t["my_post"].id}
    ),
    "raw insert foreign post": lambda t: db.session.execute(
        insert(Contribution.__table__).values(
            id=uuid.uuid4(),
            kind="post",
            category="question",
            quarter_id=t["foreign"].id,
            author_id=t["me"].id,
            audience="quarter",
            state="published",
            title="x",
            body_md="",
            body_html="",
            excerpt="",
            published_at=clock.now(),
        )
    ),
    "raw insert as somebody else": lambda t: db.session.execute(
        insert(Contribution.__table__).values(
            id=uuid.uuid4(),
            kind="post",
            category="question",
            quarter_id=t["mine"].id,
            author_id=t["stranger"].id,
            audience="quarter",
            state="published",
            title="x",
            body_md="",
            body_html="",
            excerpt="",
            published_at=clock.now(),
        )
    ),
    "raw insert comment": lambda t: db.session.execute(
        insert(Comment.__table__).values(
            id=uuid.uuid4(),
            contribution_id=t["post"].id,
            author_id=t["me"].id,
            body_md="x",
            body_html="x",
            state="published",
            created_at=clock.now(),
        )
    ),
    "raw insert membership of another": lambda t: db.session.execute(
        text("INSERT INTO membership (person_id, quarter_id, level, role) VALUES (:p, :q, 'verified', 'steward')"),
        {"p": t["stranger"].id, "q": t["mine"].id},
    ),
    "move my post over": lambda t: db.session.execute(
        text("UPDATE contribution SET quarter_id = :q WHERE id = :i"), {"q": t["foreign"].id, "i": t["my_post"].id}
    ),
    "give my post away": lambda t: db.session.execute(
        text("UPDATE contribution SET author_id = :p WHERE id = :i"), {"p": t["stranger"].id, "i": t["my_post"].id}
    ),
    "raw truncate": lambda t: db.session.execute(text("TRUNCATE thanks")),
    "switch the wall off": lambda t: db.session.execute(text("ALTER TABLE contribution DISABLE ROW LEVEL SECURITY")),
    "become the owner": lambda t: db.session.execute(text("SET ROLE neighbour_owner")),
}


@pytest.mark.parametrize("way", READS)
def test_no_foreign_row_can_be_read(two_quarters, way):
    with scope.use(two_quarters["eyes"]):
        assert not READS[way](two_quarters)


@pytest.mark.parametrize("way", WRITES)
def test_no_foreign_row_can_be_written(two_quarters, owner, way):
    before = _foreign_rows(owner, two_quarters)
    with scope.use(two_quarters["eyes"]):
        try:
            with atomic():
                WRITES[way](two_quarters)
        except (ProgrammingError, IntegrityError, DBAPIError):
            pass
    assert _foreign_rows(owner, two_quarters) == before


def _foreign_rows(owner, t):
    tables = ("contribution", "comment", "thanks", "revision", "home", "membership", "reach")
    rows = {}
    for table in tables:
        condition = {
            "contribution": "quarter_id = %(q)s OR author_id = %(p)s",
            "membership": "quarter_id = %(q)s OR person_id = %(p)s",
            "home": "true",
            "reach": "quarter_id = %(q)s",
        }.get(table, "contribution_id = %(i)s")
        rows[table] = owner.execute(
            f"SELECT * FROM {table} WHERE {condition} ORDER BY 1",
            {"q": t["foreign"].id, "p": t["stranger"].id, "i": t["post"].id},
        ).fetchall()
    return rows


def test_the_attempts_would_succeed_without_the_wall(two_quarters):
    """The list above is no list of typing errors: through the foreigner's own eyes nearly all of it reads."""
    with scope.use(viewer_of(two_quarters["stranger"], two_quarters["foreign"])):
        blind = [way for way, read in READS.items() if not read(two_quarters)]
    assert set(blind) <= {"orm letter", "orm proof"}


@pytest.mark.parametrize("eyes", [scope.NOBODY, scope.PUBLIC])
def test_unset_and_public_eyes_see_nothing_of_any_quarter(two_quarters, eyes):
    with scope.use(eyes):
        for table in WALLED:
            assert db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0, table


def test_what_is_public_is_there_for_public_eyes_and_not_without_any(two_quarters):
    make_post(two_quarters["stranger"], two_quarters["foreign"], title="Für alle", audience=Audience.PUBLIC)
    seen = {}
    for eyes in (scope.NOBODY, scope.PUBLIC):
        with scope.use(eyes):
            seen[eyes] = list(db.session.scalars(select(Contribution.title)))
    assert seen == {scope.NOBODY: [], scope.PUBLIC: ["Für alle"]}


def test_eyes_end_with_the_transaction_also_on_a_pooled_connection(two_quarters, raw):
    connection = raw()
    with connection.transaction():
        connection.execute("SELECT set_config('app.quarters', %s, true)", ["{" + str(two_quarters["foreign"].id) + "}"])
        assert connection.execute("SELECT count(*) FROM contribution").fetchone()[0] == 1
    assert connection.execute("SELECT count(*) FROM contribution").fetchone()[0] == 0


def test_a_session_without_a_viewer_raises(context):
    with pytest.raises(scope.NoViewer):
        db.session.scalars(select(Post)).all()
    with pytest.raises(scope.NoViewer):
        Asked(text("SELECT 1")).rows({})


def test_a_write_outside_atomic_raises(two_quarters):
    with scope.use(two_quarters["eyes"]), pytest.raises(WriteOutsideAtomic):
        db.session.execute(update(Contribution).values(title="x"))


def test_the_application_is_neither_owner_nor_superuser_nor_bypasses_the_wall(raw, owner):
    role = (
        raw()
        .execute("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        .fetchone()
    )
    assert role == (False, False, False)
    owned = (
        raw()
        .execute(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'"
            " AND relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
        )
        .fetchall()
    )
    assert owned == []


def test_every_table_about_people_or_contributions_has_a_wall(owner):
    walled = {name for (name,) in owner.execute("SELECT relname FROM pg_class WHERE relrowsecurity")}
    assert walled >= set(WALLED)
    pointing = {
        name
        for (name,) in owner.execute(
            "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND confrelid = 'contribution'::regclass"
        )
    }
    assert pointing <= walled, f"hangs on contributions without a wall: {pointing - walled}"
