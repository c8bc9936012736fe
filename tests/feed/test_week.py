"""What is on this week, above the board: the next seven days, true at every look, for whom it is meant."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from neighbour.contributions import muting, soon
from neighbour.contributions.models import Audience, Contribution
from neighbour.contributions.muting import What
from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.core.tokens import to_uid
from neighbour.events import changing
from neighbour.events.models import Event
from neighbour.policy import Level
from tests.factories import make_event, make_person, make_post, make_quarter, make_signed_in, sign_in, viewer_of

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def host(here):
    return make_person(here, name="Aylin")


@pytest.fixture
def reader(here, client):
    return make_signed_in(client, here)


def in_days(days, hour=18):
    """On the clock of the place."""
    local = clock.now().astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)
    return (local + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)


def strip(client, query=""):
    """The titles in the strip, in their order."""
    found = re.search(r'<section class="week".*?</section>', client.get("/board" + query).text, re.DOTALL)
    return re.findall(r'<p><a href="[^"]+">([^<]+)</a>', found[0].replace("\xad", "")) if found else []


def test_the_next_seven_days_stand_there_the_soonest_first_each_event_once(here, host, reader, client, frozen_clock):
    make_event(host, here, in_days(3), title="Lesekreis", rule="FREQ=DAILY")
    make_event(host, here, in_days(1), title="Hofflohmarkt", place="Webergasse")
    make_event(host, here, in_days(2, 0), hours=24, title="Putztag", is_all_day=True)
    make_event(host, here, in_days(8), title="Nächste Woche")
    make_post(host, here, title="Kein Termin")
    assert strip(client) == ["Hofflohmarkt", "Putztag", "Lesekreis"]
    html = client.get("/board").text
    assert re.search(r"<small>\w+, 18:00 · Webergasse</small>", html.replace("\xad", "")), "when and where"
    link = re.search(r'<p><a href="(/c/\w{26}\?date=[\d-]+)">Hofflohmarkt', html)[1]
    assert client.get(link).status_code == 200
    frozen_clock.tick(3 * 24 * 3600)
    assert strip(client) == ["Lesekreis", "Nächste Woche"], "what is over is gone"


def test_it_stands_above_everything_only_and_not_where_nothing_is_on(here, host, reader, client, visitor):
    elsewhere, quiet = make_quarter("Ohne Termine"), visitor()
    sign_in(quiet, make_person(elsewhere))
    assert 'class="week"' not in quiet.get("/board").text
    make_event(host, here, in_days(1), title="Hofflohmarkt")
    for query in ("?kind=event", "?category=question", "?before=" + to_uid(make_post(host, here).id)):
        assert strip(client, query) == [], query
    assert strip(client) == ["Hofflohmarkt"]


@pytest.mark.parametrize("how", ["called off", "one date called off", "taken down", "hidden", "moved", "renamed"])
def test_what_changes_is_gone_or_other_at_the_next_look_though_it_is_kept_for_a_minute(
    here, host, reader, client, owner, how
):
    event = make_event(host, here, in_days(1), title="Hofflohmarkt")
    assert not clock.is_frozen() and strip(client) == ["Hofflohmarkt"]
    if how in ("hidden", "renamed"):
        new = {"hidden": "state = 'hidden'", "renamed": "title = 'Hoffest'"}[how]
        owner.execute(f"UPDATE contribution SET {new} WHERE id = %s", [event.id])
    else:
        with scope.use(viewer_of(host, here)), atomic():
            mine = db.session.get_one(Event, event.id, populate_existing=True)
            if how == "called off":
                changing.call_off(mine, None)
            elif how == "one date called off":
                changing.call_off(mine, mine.begins.date())
            elif how == "taken down":
                from neighbour.contributions import service

                service.withdraw(mine)
        if how == "moved":
            owner.execute(
                "UPDATE occurrence SET begins_at = begins_at + interval '20 days', ends_at = ends_at + interval '20 days'"
            )
            owner.execute(
                "UPDATE event SET begins = begins + interval '20 days', ends = ends + interval '20 days' WHERE id = %s",
                [event.id],
            )
    assert strip(client) == (["Hoffest"] if how == "renamed" else [])


def test_within_the_minute_it_is_asked_for_once_and_told_with_the_boards_own_question(
    here, host, reader, client, count_queries, monkeypatch
):
    make_event(host, here, in_days(1), title="Hofflohmarkt")
    asked = []
    real = soon.coming
    monkeypatch.setattr(soon, "coming", lambda *args, **how: asked.append(args) or real(*args, **how))
    for _time in range(3):
        with count_queries() as queries:
            assert strip(client) == ["Hofflohmarkt"]
    assert len(asked) == 1 and len(queries) <= 3, queries


def test_nobody_reads_what_is_on_elsewhere_and_everybody_their_own_choice(here, host, reader, client, visitor):
    beside, away = make_quarter("Nebenan", beside=here), make_quarter("Anderswo")
    make_event(make_person(beside), beside, in_days(1), title="Von nebenan", audience=Audience.NEARBY)
    make_event(make_person(beside), beside, in_days(1), title="Nur drüben")
    make_event(make_person(away), away, in_days(1), title="Weit weg")
    make_event(host, here, in_days(2), title="Hier")
    assert strip(client) == ["Von nebenan", "Hier"] and strip(client, "?own=1") == ["Hier"]
    vouched = visitor()
    sign_in(vouched, make_person(here, level=Level.VOUCHED))
    assert strip(vouched) == ["Von nebenan", "Hier"]
    with scope.use(viewer_of(reader, here)), atomic():
        event = db.session.query(Contribution).filter_by(title="Hier").one()
        muting.mute(reader.id, event, What.AUTHOR)
    assert strip(client) == ["Von nebenan"], "whom one does not want to hear of"
    assert strip(vouched) == ["Von nebenan", "Hier"], "and nobody else notices"


def test_a_strip_is_filled_however_much_of_what_comes_first_its_reader_has_left_out(here, host, reader, client):
    """Twelve are kept for everybody: the ones before what this reader wants are a neighbour's, daily, and from nearby."""
    beside, loud = make_quarter("Nebenan", beside=here), make_person(here)
    for number in range(12):
        make_event(make_person(beside), beside, in_days(1), title=f"Nebenan {number}", audience=Audience.NEARBY)
    make_event(host, here, in_days(2), title="Hier")
    assert "Hier" not in strip(client) and strip(client, "?own=1") == ["Hier"]
    for number in range(12):
        loudest = make_event(loud, here, in_days(1), title=f"Laut {number}", rule="FREQ=DAILY")
    with scope.use(viewer_of(reader, here)), atomic():
        muting.mute(reader.id, db.session.get(Event, loudest.id), What.AUTHOR)
    assert strip(client, "?own=1") == ["Hier"], "what is silenced takes no place either"


def test_what_one_reader_has_silenced_is_not_missing_from_the_strip_of_another(here, host, visitor):
    """The strip is kept for a minute for a whole quarter, while the clock runs; whoever comes first makes it."""
    event = make_event(host, here, in_days(2), title="Chor")
    first, second = make_person(here), make_person(here)
    with scope.use(viewer_of(first, here)), atomic():
        muting.mute(first.id, db.session.get(Event, event.id), What.AUTHOR)
    first_client, second_client = visitor(), visitor()
    sign_in(first_client, first)
    sign_in(second_client, second)
    assert not clock.is_frozen() and strip(first_client) == [] and strip(second_client) == ["Chor"]
