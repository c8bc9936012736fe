"""One event is the beginning of another: all it says but what is over, in the composer of whoever's own it is."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest

from neighbour.contributions import service as base
from neighbour.contributions.models import Audience
from neighbour.core import scope
from neighbour.core.db import atomic
from neighbour.core.tokens import to_uid
from neighbour.events import changing, service
from neighbour.events.copying import copied
from tests.events.test_pages import page
from tests.factories import make_event, make_initiative, sign_in, viewer_of
from tests.support.photos import no_photos, photo, post

TUESDAY = datetime(2026, 5, 19, 18)
TODAY = datetime(2026, 5, 12)


def composer_of(event):
    return f"/write?kind=event&copy={to_uid(event.id)}"


def inputs(html):
    """What the fields of the composer hold that are typed into."""
    typed = [
        field for field in re.findall(r"<input[^>]*>", html) if not re.search('type="(checkbox|radio|file)"', field)
    ]
    pairs = re.findall(r'name="(\w+)"[^>]* value="([^"]+)"', "".join(typed))
    return dict(pairs)


def test_what_is_over_begins_another_one_with_its_words_and_times_on_a_day_to_be_chosen(
    client, author, here, owner, frozen_clock
):
    event = make_event(
        author, here, TUESDAY, title="Chorprobe", place="Hof", cost="Kuchen", access="Stufenlos", capacity=9,
        audience=Audience.NEARBY, category="learning", body="Mit Noten.", online_url="https://meet.example.org/chor",
    )  # fmt: skip
    with scope.use(viewer_of(author, here)), atomic():
        service.tell_guests(service.of_person(event.id), "Klingel Hof")
        changing.call_off(service.of_person(event.id), None, "Regen")
    frozen_clock.tick(14 * 86_400)
    sign_in(client, author)
    assert composer_of(event).replace("&", "&amp;") in page(client, f"/c/{to_uid(event.id)}")
    html = page(client, composer_of(event))
    held = inputs(html)
    assert {held[name] for name in ("title", "place", "cost", "access", "capacity", "online_url", "for_guests")} == {
        "Chorprobe", "Hof", "Kuchen", "Stufenlos", "9", "https://meet.example.org/chor", "Klingel Hof",
    }  # fmt: skip
    assert "day" not in held and "last_day" not in held
    assert (held["from_time"], held["until_time"]) == ("18:00", "20:00")
    assert "Mit Noten." in html and "Regen" not in html
    assert re.search(r'checked[^>]*value="nearby"', html) and re.search(r'checked[^>]*value="learning"', html)
    sent = {
        **held,
        "kind": "event",
        "body_md": "Mit Noten.",
        "category": "learning",
        "audience": "nearby",
        "repeats": "",
    }
    again = client.post(f"/write?copy={to_uid(event.id)}", data=sent)
    assert again.status_code == 422, "a day is missing"
    draft = 'data-draft="copy-' + to_uid(event.id)
    assert draft in html and draft in again.get_data(as_text=True), "until it is pinned up it is one and the same draft"
    for _twice in range(2):
        assert client.post("/write", data={**sent, "day": "2026-06-30"}).status_code == 303
    found = owner.execute("SELECT begins, cancelled_at IS NULL FROM event ORDER BY begins").fetchall()
    assert found == [(TUESDAY, False), (datetime(2026, 6, 30, 18), True)], "a second one, once; the first stays"


def test_photos_of_the_template_stay_with_it(app, client, author, here, owner, jobs):
    with no_photos(app):
        fields = {"kind": "event", "category": "gathering", "title": "Chor", "day": "2026-05-19", "from_time": "18:00"}
        assert post(client, "/write", photo(), **fields, audience="quarter").status_code == 303
        jobs.run()
        event_id, photo_id = owner.execute("SELECT contribution_id, id FROM photo").fetchone()
        uid, hanging = to_uid(event_id), to_uid(photo_id)
        assert hanging in page(client, f"/c/{uid}/edit") and hanging not in page(
            client, f"/write?kind=event&copy={uid}"
        )


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({}, {"day": TUESDAY.date(), "repeats": "", "last_day": None}),
        (
            {"rule": "FREQ=WEEKLY", "until_on": date(2026, 7, 31)},
            {"day": date(2026, 6, 2), "repeats": "weekly", "repeats_until": date(2026, 7, 31)},
        ),
        ({"rule": "FREQ=WEEKLY", "until_on": date(2026, 5, 26)}, {"day": None, "repeats_until": None}),
        (
            {"more_on": (date(2026, 5, 20), date(2026, 6, 5), date(2026, 6, 9))},
            {"day": date(2026, 6, 5), "repeats": "days", "more_days": [date(2026, 6, 9)]},
        ),
        ({"rule": "FREQ=MONTHLY;BYDAY=3TU"}, {"day": date(2026, 6, 16), "repeats": "monthly"}),
    ],
)
def test_a_series_begins_anew_with_its_next_date(author, here, frozen_clock, plan, expected):
    event = make_event(author, here, TUESDAY, **plan)
    if plan:
        frozen_clock.tick(15 * 86_400)
    with scope.use(viewer_of(author, here)):
        fields = copied(service.of_person(event.id))
    assert {name: fields[name] for name in expected} == expected


def test_a_festival_of_three_days_stays_one_of_three_days(author, here):
    event = make_event(author, here, TODAY + timedelta(days=9), hours=72, is_all_day=True)
    with scope.use(viewer_of(author, here)):
        fields = copied(service.of_person(event.id))
    assert (fields["day"], fields["last_day"], fields["is_all_day"]) == (date(2026, 5, 21), date(2026, 5, 23), True)


def test_only_ones_own_event_that_hangs_is_copied(client, author, neighbour, here):
    event = make_event(author, here, TUESDAY, audience=Audience.CITY)
    kept = make_event(author, here, TUESDAY, initiative_id=make_initiative(here, author).id)
    assert neighbour.get(composer_of(event)).status_code == 404
    assert "copy=" not in page(neighbour, f"/c/{to_uid(event.id)}")
    assert client.get(composer_of(kept)).status_code == 404
    assert "copy=" not in page(client, f"/c/{to_uid(kept.id)}")
    for wrong in ("", "x", "a" * 26, "ß"):
        assert client.get(f"/write?kind=event&copy={wrong}").status_code == 404
    assert client.get(composer_of(event).replace("event", "post")).status_code == 404
    with scope.use(viewer_of(author, here)), atomic():
        base.withdraw(service.of_person(event.id))
    assert client.get(composer_of(event)).status_code == 404
