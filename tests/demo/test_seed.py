"""The demo city moved in: completely, once, and behind the same walls as everybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from neighbour.accounts.models import Person
from neighbour.contributions.models import Comment, Contribution, Reach
from neighbour.core import clock
from neighbour.core.db import as_owner, db
from neighbour.demo import seed
from neighbour.demo.people import people
from neighbour.demo.posts import posts
from neighbour.quarters.models import Quarter, QuarterStat
from neighbour.residency import homes
from neighbour.residency.models import Home, Membership


@pytest.fixture
def town(context):
    """A seeded instance; yields what seed() counted."""
    return seed.seed()


def test_seeding_twice_changes_nothing(town):
    assert seed.seed() == town
    assert not seed.seed_if_empty()
    assert town["people"] == 150
    assert town["posts"] == len(posts())
    assert town["comments"] == sum(len(post.comments) for post in posts())


def test_everything_the_database_keeps_is_true(town):
    with as_owner():
        session = db.session
        assert session.execute(text("SELECT rebuild_reach()")).scalar() == 0
        counted = select(func.count()).where(Comment.contribution_id == Contribution.id).scalar_subquery()
        assert not session.scalars(select(Contribution.title).where(Contribution.comment_count != counted)).all()
        thanks = {post.title: post.thanks for post in posts()}
        assert dict(session.execute(select(Contribution.title, Contribution.thanks_count)).all()) == thanks
        assert not session.scalars(select(Contribution.title).where(Contribution.published_at > clock.now())).all()
        late = select(Comment.body_md).join(Contribution, Contribution.id == Comment.contribution_id)
        assert not session.scalars(late.where(Comment.created_at <= Contribution.published_at)).all()
        assert not session.scalars(late.where(Comment.created_at > clock.now())).all()


def test_everybody_lives_where_the_story_says(town):
    with as_owner():
        rows = db.session.execute(
            select(Person.email, Quarter.key, Membership.level)
            .join(Membership, Membership.person_id == Person.id)
            .join(Quarter, Quarter.id == Membership.quarter_id)
        ).all()
        assert {tuple(row) for row in rows} == {(one.email, one.quarter, one.level) for one in people()}
        stat = db.session.scalar(
            select(QuarterStat).join(Quarter, Quarter.id == QuarterStat.quarter_id).where(Quarter.key == "AB-02")
        )
        assert stat.members == sum(one.quarter == "AB-02" and one.level != "unproven" for one in people())
        assert stat.readers == sum(one.quarter == "AB-02" and one.digest is not None for one in people())


def test_homes_are_sealed_like_real_ones(town):
    with as_owner():
        sealed = db.session.execute(select(Home.person_id, Home.sealed)).all()
        assert len(sealed) == 150
        assert not any(b"Spulengasse" in bytes(row.sealed) for row in sealed)
        hannelore = db.session.scalar(select(Person.id).where(Person.email == "hannelore@altenbrueck.example"))
        exact = homes.ExactHome(**_opened(hannelore))
        assert exact.envelope() == ("Hannelore Wieczorek", "Spulengasse 6", "04873 Altenbrück")


def _opened(person_id):
    import json

    from neighbour.core.crypto import open_sealed

    row = db.session.scalar(select(Home.sealed).where(Home.person_id == person_id))
    return json.loads(open_sealed(bytes(row), f"home of person {person_id}".encode()))


def test_the_newcomers_card_opens_the_door(town):
    from neighbour.core import scope
    from neighbour.demo.residents import CARD_CODE
    from neighbour.residency import letters

    with as_owner():
        mira = db.session.scalar(select(Person.id).where(Person.email == "mira@altenbrueck.example"))
    with scope.use(scope.Viewer(mira, ())):
        assert letters.redeem(mira, CARD_CODE.lower()).outcome is letters.Outcome.PROVEN


def test_quarters_are_as_busy_as_the_story(town):
    with as_owner():
        rows = db.session.execute(
            select(Quarter.key, func.count(Contribution.id)).outerjoin(Contribution).group_by(Quarter.key)
        ).all()
        busy = dict(rows)
        assert max(busy, key=busy.get) == "AB-02"
        assert busy["AB-12"] == 0
        assert busy["AB-09"] == 2
        silent = db.session.scalar(
            select(func.count())
            .select_from(Reach)
            .join(Quarter, Quarter.id == Reach.quarter_id)
            .where(Quarter.key == "AB-12")
        )
        assert silent > 0  # a silent quarter still hears its neighbours


def test_the_board_looks_written_this_morning(town):
    with as_owner():
        newest = db.session.scalar(select(func.max(Contribution.published_at)))
        oldest = db.session.scalar(select(func.min(Contribution.published_at)))
        assert clock.now() - newest < timedelta(hours=1)
        assert timedelta(days=50) < clock.now() - oldest < timedelta(days=62)
