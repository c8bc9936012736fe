"""The demo city moved in: completely, once, and behind the same walls as everybody."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from neighbour.accounts import passwords
from neighbour.accounts.models import Person
from neighbour.contributions.models import Audience, Comment, Contribution, Helped, Reach
from neighbour.core import clock, scope
from neighbour.core.crypto import open_sealed
from neighbour.core.db import as_owner, db
from neighbour.demo import city, seed, verifying
from neighbour.demo.events import events
from neighbour.demo.offers import offers
from neighbour.demo.people import people
from neighbour.demo.posts import posts
from neighbour.demo.residents import CARD_CODE
from neighbour.events import importing, sheets, sources
from neighbour.events.importing import Becomes
from neighbour.events.list_rows import Choices, guessed
from neighbour.initiatives.models import Initiative, InitiativeEditor
from neighbour.notices.models import Delivery, DeliveryState
from neighbour.quarters.index import current_index
from neighbour.quarters.models import Quarter, QuarterStat
from neighbour.residency import homes, letters
from neighbour.residency.gazetteer.service import resolve
from neighbour.residency.models import Home, Membership
from tests.factories import make_quarter


@pytest.mark.thorough
def test_the_town_is_there_once_and_everything_about_it_is_true(context, app, frozen_clock):
    """One seeding for many looks at it: moving in takes seconds."""
    counts = seed.seed()
    assert seed.seed() == counts
    assert not seed.seed_if_empty()
    assert counts["people"] == 150
    assert counts["posts"] == len(posts())
    assert counts["events"] == len(events()) + 2, "the town's own and the Treff's list"
    assert counts["offers"] == len(offers()) == 12
    assert counts["comments"] == sum(len(post.comments) for post in posts())
    assert counts["thanks"] == sum(post.thanks for post in posts())
    with as_owner():
        _reach_and_counters_hold()
        _everybody_lives_where_the_story_says()
        _the_treffs_list_is_the_one_its_editor_sends()
        _homes_are_sealed()
        _quarters_are_as_busy_as_the_story()
        _the_board_looks_written_this_morning()
        _every_house_is_found()
        assert set(db.session.scalars(select(Delivery.state))) <= {DeliveryState.SKIPPED}
    _the_newcomers_card_opens_the_door(app)


@pytest.mark.thorough
def test_a_reset_brings_back_what_was_there(context, app, frozen_clock):
    counts = seed.seed()
    _the_newcomers_card_opens_the_door(app)
    assert seed.seed(reset=True) == counts
    with as_owner():
        level = db.session.scalar(select(Membership.level).join(Person).where(Person.id == _number("mira")))
        assert level == "unproven"


def _the_newcomers_card_opens_the_door(app):
    mira = _person("mira")
    with as_owner():
        for _, email, password in seed.demo_logins():
            hashed = db.session.scalar(select(Person.password_hash).where(Person.email == email))
            assert passwords.verify(hashed, password, app.extensions["config"].argon2_memory_kib)
    with scope.use(scope.Viewer(mira, ())):
        assert letters.redeem(mira, CARD_CODE.lower()).outcome is letters.Outcome.PROVEN


def test_another_city_is_left_alone(context):
    make_quarter()
    with pytest.raises(ValueError, match="another city"):
        seed.seed()


def test_it_never_moves_into_production(context, app, monkeypatch):
    monkeypatch.setitem(app.extensions, "config", replace(app.extensions["config"], environment="production"))
    with pytest.raises(ValueError, match="production"):
        seed.seed(reset=True)


def test_three_logins_are_of_people_who_exist():
    emails = {one.email: one for one in people()}
    logins = seed.demo_logins()
    assert len(logins) == len(seed.logins()) == 3
    assert [emails[email].level for _, email, _ in logins] == ["verified", "unproven", "verified"]
    assert emails[logins[2][1]].is_operator and emails[logins[2][1]].is_team


def _reach_and_counters_hold():
    session = db.session
    assert session.execute(text("SELECT rebuild_reach()")).scalar() == 0
    counted = select(func.count()).where(Comment.contribution_id == Contribution.id).scalar_subquery()
    assert not session.scalars(select(Contribution.title).where(Contribution.comment_count != counted)).all()
    thanked = {post.title: post.thanks for post in posts()} | {offer.title: 0 for offer in offers()}
    counted = select(Contribution.title, Contribution.thanks_count).where(Contribution.kind != "event")
    assert dict(session.execute(counted).all()) == thanked
    solved = {post.title for post in posts() if post.is_solved}
    assert (
        set(session.scalars(select(Contribution.title).join(Helped, Helped.contribution_id == Contribution.id)))
        == solved
    )


def _the_treffs_list_is_the_one_its_editor_sends():
    treff = db.session.scalars(select(Initiative)).one()
    ((person_id, quarter_id),) = db.session.execute(select(Membership.person_id, Membership.quarter_id).join(
        InitiativeEditor, InitiativeEditor.person_id == Membership.person_id))  # fmt: skip
    source = sources.of_initiative(treff, db.session.get_one(Quarter, quarter_id), person_id).source
    sheet = sheets.read(verifying.LIST.read_text(encoding="utf-8"))
    said = Choices("Europe/Berlin", audience=Audience.PUBLIC, first_day=clock.today("Europe/Berlin"))
    report = importing.judge(sheet, guessed(sheet.columns), said, source)
    assert {row.becomes for row in report.rows} <= {Becomes.SAME, Becomes.CHANGED}


def _everybody_lives_where_the_story_says():
    rows = db.session.execute(
        select(Person.email, Quarter.key, Membership.level)
        .join(Membership, Membership.person_id == Person.id)
        .join(Quarter, Quarter.id == Membership.quarter_id)
    ).all()
    assert {tuple(row) for row in rows} == {(one.email, one.quarter, one.level) for one in people()}
    weavers = [one for one in people() if one.quarter == "AB-02"]
    query = select(QuarterStat).join(Quarter, Quarter.id == QuarterStat.quarter_id)
    stat = db.session.scalar(query.where(Quarter.key == "AB-02"))
    assert stat.members == sum(one.level != "unproven" for one in weavers)
    assert stat.readers == sum(one.reads_digest for one in weavers)


def _homes_are_sealed():
    sealed = dict(db.session.execute(select(Home.person_id, Home.sealed)).all())
    assert len(sealed) == 150
    assert not any(b"Spulengasse" in bytes(each) for each in sealed.values())
    number = _number("hannelore")
    plain = open_sealed(bytes(sealed[number]), f"home of person {number}".encode())
    exact = homes.ExactHome(**json.loads(plain))
    assert exact.envelope() == ("Hannelore Wieczorek", "Spulengasse 6", "04873 Altenbrück")


def _quarters_are_as_busy_as_the_story():
    per_quarter = select(Quarter.key, func.count(Contribution.id)).outerjoin(Contribution).group_by(Quarter.key)
    busy = dict(db.session.execute(per_quarter).all())
    assert max(busy, key=busy.get) == "AB-02"
    assert (busy["AB-09"], busy["AB-12"]) == (2, 0)
    heard = select(func.count()).select_from(Reach).join(Quarter, Quarter.id == Reach.quarter_id)
    assert db.session.scalar(heard.where(Quarter.key == "AB-12")) > 0  # a silent quarter still hears its neighbours


def _the_board_looks_written_this_morning():
    session, now = db.session, clock.now()
    newest, oldest = session.execute(
        select(func.max(Contribution.published_at), func.min(Contribution.published_at))
    ).one()
    assert timedelta(0) < now - newest < timedelta(hours=1)
    assert timedelta(days=50) < now - oldest < timedelta(days=62)
    late = select(Comment.body_md).join(Contribution, Contribution.id == Comment.contribution_id)
    assert not session.scalars(late.where(Comment.created_at <= Contribution.published_at)).all()
    assert not session.scalars(late.where(Comment.created_at > now)).all()
    in_order = session.scalars(select(Contribution.published_at).order_by(Contribution.id)).all()
    assert in_order == sorted(in_order)


def _every_house_is_found():
    rows = city.addresses()
    found = current_index().locate_many([float(row.lon) for row in rows], [float(row.lat) for row in rows])
    assert [place.key if place else None for place in found] == [row.quarter for row in rows]
    keys = dict(db.session.execute(select(Quarter.id, Quarter.key)).all())
    for typed, house, quarter in (
        (("Kettfadenstr.", "17 I", "04873"), "Kettfadenstraße 17 I", "AB-02"),
        (("kettfadenstrasse", "17A", ""), "Kettfadenstraße 17 a", "AB-02"),
        (("Faerberstr", "12", ""), "Färberstraße 12", "AB-04"),
        (("Färberstraße", "13", ""), "Färberstraße 13", "AB-02"),
        (("Lindenstraße", "4", "04875"), "Lindenstraße 4", "AB-04"),
        (("Lindenstraße", "4", "04873"), "Lindenstraße 4", "AB-07"),
    ):
        entry = resolve(*typed).entry
        assert entry is not None, typed
        assert (f"{entry.street} {entry.house}", keys[entry.quarter_id]) == (house, quarter)
    assert resolve("Kettfadenstraße", "171").entry is None
    assert resolve("Lindenstraße", "4").entry is None  # there are two


def _number(key: str) -> int:
    return db.session.scalar(select(Person.id).where(Person.email == f"{key}@altenbrueck.example"))


def _person(key: str) -> int:
    with as_owner():
        return _number(key)
