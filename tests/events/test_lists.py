"""What is on in a quarter: by day and as a month, what is nearby if one wants it, and nothing of quarters further away."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from neighbour.contributions.models import Audience
from neighbour.core import clock, scope
from neighbour.core.db import atomic
from neighbour.events import changing, service
from neighbour.events.agenda import PAGE
from neighbour.events.listing import in_quarter
from tests.factories import make_event, make_person, make_quarter, make_signed_in, sign_in, viewer_of

TUESDAY = datetime(2026, 5, 19, 18)


@pytest.fixture
def reader(here, client):
    return make_signed_in(client, here)


def page(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status, (path, response.status_code)
    return re.sub(r"&shy;|<wbr>", "", response.get_data(as_text=True))


def titles(html):
    return [re.sub(r"<.+?>", "", found) for found in re.findall(r'agenda__title"[^>]*>(.*?)</a>', html)]


def test_the_list_says_day_by_day_what_is_on(client, reader, host, here, context):
    beside, far = make_quarter("Nebenan", beside=here), make_quarter("Fern")
    make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe", place="Saal")
    make_event(host, here, datetime(2026, 5, 12, 9), hours=2, title="Läuft gerade")
    make_event(host, here, datetime(2026, 5, 12), ends=datetime(2026, 5, 31), is_all_day=True, title="Ausstellung")
    make_event(make_person(beside), beside, TUESDAY - timedelta(hours=1), title="Nebenan", audience=Audience.NEARBY)
    make_event(make_person(far), far, TUESDAY, title="Fern", audience=Audience.NEARBY)
    make_event(make_person(far), far, TUESDAY + timedelta(hours=1), title="Stadtfest", audience=Audience.CITY)
    html = page(client, "/events")
    assert titles(html)[:5] == [
        "Ausstellung",
        "Läuft gerade",
        "Nebenan",
        "Chorprobe",
        "Stadtfest",
    ] and "Fern" not in titles(html)
    assert re.findall(r'day-rule">(.+?)</h2>', html)[:3] == ["Heute", "Dienstag, 19. Mai", "Dienstag, 26. Mai"]
    assert titles(page(client, "/events?own=1"))[:3] == ["Ausstellung", "Läuft gerade", "Chorprobe"]
    assert titles(page(client, "/events?day=2026-05-20"))[:2] == ["Ausstellung", "Chorprobe"]


def test_pages_go_on_where_the_one_before_ended(client, reader, host, here):
    for number in range(2):
        make_event(host, here, TUESDAY + timedelta(days=number), rule="FREQ=WEEKLY", title=f"Reihe {number}")
    seen, path = [], "/events"
    while path:
        html = page(client, path)
        seen += re.findall(r'href="(/c/[a-z2-7]{26}\?date=[\d-]+)"', html)
        path = next(iter(re.findall(r'href="(/events\?after=[a-z2-7]{26})"', html)), None)
    assert len(seen) == len(set(seen)) == 113 > PAGE, "a year of two series"
    assert page(client, seen[-1]), "each leads to its date"


def test_what_is_changed_or_called_off_is_so_in_the_list_at_once(client, reader, host, here):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe", place="Saal")
    assert "Saal" in page(client, "/events") and "abgesagt" not in page(client, "/events")
    with scope.use(viewer_of(host, here)), atomic():
        mine = service.of_person(event.id)
        changing.change_one(
            mine, TUESDAY.date(), TUESDAY + timedelta(days=1), TUESDAY + timedelta(days=1, hours=2), "Hof"
        )
        changing.call_off(mine, TUESDAY.date() + timedelta(days=7))
    html = page(client, "/events")
    assert "Mittwoch, 20. Mai" in html and "Dienstag, 19. Mai" not in html and "Hof" in html
    assert html.count("abgesagt") == 1 and "<del>Chorprobe</del>" in html


def test_a_month_is_a_table_with_what_is_over_too(client, reader, host, here, frozen_clock):
    make_event(host, here, datetime(2026, 5, 13, 18), rule="FREQ=WEEKLY", title="Chorprobe")
    frozen_clock.tick(7 * 86_400)
    sign_in(client, reader)
    html = page(client, "/events/month")
    assert html.count("<th scope") == 7 and titles(html) == ["Chorprobe"] * 3
    for number in range(5):
        make_event(host, here, datetime(2026, 5, 20, 8) + timedelta(minutes=number), title=f"Früh {number}")
    frozen_clock.tick(5 * 86_400)
    sign_in(client, reader)
    html = page(client, "/events/month")
    (more,) = re.findall(r'href="(/events\?day=2026-05-20)">2 weitere', cell(html, "2026-05-20"))
    html = page(client, more)
    assert titles(html) == [*(f"Früh {number}" for number in range(5)), "Chorprobe"] and "<h1>Was los war</h1>" in html
    assert ">Mittwoch, 20. Mai</h2>" in html and 'href="/events">' in html and html.count("day-rule") == 1
    assert "An diesem Tag war nichts los." in page(client, "/events?day=2026-05-21")
    assert titles(page(client, "/events/month?month=2026-06-01")) == ["Chorprobe"] * 5
    for wrong in (
        "/events/month?month=2026-13-01",
        "/events?day=morgen",
        "/events?after=x",
        "/events/month?month=9999-01-01",
    ):
        page(client, wrong, 404)


def cell(html, day):
    """A day of the month's table."""
    return next(each for each in re.findall(r"<td.*?</td>", html, re.S) if f'datetime="{day}"' in each)


def test_every_day_of_a_month_has_its_own_however_much_is_on_before_it(client, reader, host, here):
    """Fifteen every day are 480 to the end of May; what begins on a day comes before what goes on there."""
    for number in range(15):
        make_event(host, here, datetime(2026, 5, 1, 9) + timedelta(minutes=number), rule="FREQ=DAILY")
    make_event(host, here, datetime(2026, 5, 29, 8), title="Frühstück")
    html = page(client, "/events/month?month=2026-05-01")
    last = cell(html, "2026-05-29")
    assert titles(last)[0] == "Frühstück" and len(titles(last)) == 4 and "12 weitere" in last
    assert len(titles(cell(html, "2026-05-31"))) == 4


def test_what_lasts_several_days_stands_under_each_and_says_until_when(client, reader, host, here):
    make_event(host, here, datetime(2026, 5, 29), ends=datetime(2026, 6, 3), is_all_day=True, title="Lichterwochen")
    make_event(host, here, datetime(2026, 5, 15, 18), ends=datetime(2026, 5, 17, 16), title="Kiezfest", place="Hof")
    make_event(host, here, datetime(2026, 5, 15, 22), hours=4, title="Tanz")
    may, june = page(client, "/events/month"), page(client, "/events/month?month=2026-06-01")
    assert [titles(cell(may, f"2026-05-{day}")) for day in range(15, 19)] == [
        ["Kiezfest", "Tanz"],
        ["Kiezfest"],
        ["Kiezfest"],
        [],
    ]
    assert [html.count(">Lichterwochen<") for html in (may, june)] == [3, 2]
    assert "ganztägig" in cell(may, "2026-05-16") and "bis 16:00" in cell(may, "2026-05-17")
    listed = page(client, "/events")
    assert "bis So., 17. Mai · Hof" in listed and "bis Di., 2. Juni" in listed and listed.count("bis ") == 2


def test_a_list_of_five_hundred_series_takes_few_statements(client, reader, host, here, count_queries):
    make_event(host, here, TUESDAY, rule="FREQ=WEEKLY")
    page(client, "/events")
    with count_queries() as queries:
        page(client, "/events")
    assert len(queries) <= 4
    with scope.use(viewer_of(make_person(make_quarter("Fremd")), here)):
        assert len(in_quarter(here.id, clock.now(), clock.now() + timedelta(days=8))) == 1
    with scope.use(scope.PUBLIC):
        assert in_quarter(here.id, clock.now(), clock.now() + timedelta(days=8)) == []
