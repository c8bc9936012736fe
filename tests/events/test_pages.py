"""The way of an event by its pages: composed, seen on the board, one date moved, one called off, all called off."""

from __future__ import annotations

import re
import uuid
from datetime import datetime

import pytest

from neighbour.contributions.models import Audience
from neighbour.core import scope
from neighbour.core.db import atomic
from neighbour.core.tokens import to_uid
from neighbour.events import answers
from tests.factories import make_comment, make_event, make_person, sign_in, viewer_of
from tests.support.composer import stood

TUESDAY = datetime(2026, 5, 19, 18)


def fields(**given):
    usual = {
        "kind": "event",
        "category": "learning",
        "title": "Repair-Café",
        "body_md": "Bring mit, was nicht mehr will.",
    }
    usual |= {"day": "2026-05-30", "from_time": "14:00", "until_time": "17:30", "place": "Spulengasse 11, Hof"}
    usual |= {
        "cost": "Kostenlos",
        "access": "Stufenlos",
        "repeats": "monthly_last",
        "repeats_until": "",
        "more_days": "",
    }
    return {**usual, "online_url": "", "audience": "quarter", "form_key": str(uuid.uuid4()), **given}


def page(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status, response.status_code
    return re.sub(r"&shy;|<wbr>", "", response.get_data(as_text=True))


def test_what_is_composed_hangs_on_the_board_with_leaf_and_facts(client, author, neighbour, owner):
    composer = page(client, "/write?kind=event")
    assert composer.count('type="date"') == 3 and "Jede Woche".lower() in composer.lower()
    key = fields()
    for _twice in range(2):
        response = client.post("/write", data=key)
        assert (response.status_code, response.location) == (303, "/board")
    assert owner.execute("SELECT rule, place FROM event").fetchall() == [
        ("FREQ=MONTHLY;BYDAY=-1SA", "Spulengasse 11, Hof")
    ]
    board = page(neighbour, "/board")
    assert 'datetime="2026-05-30"' in board and "Lernen und Reparieren" in board
    assert "Samstag, 30. Mai, 14:00 bis 17:30, jeden letzten Samstag im Monat" in board
    assert all(word in board for word in ("Spulengasse 11, Hof", "Kostenlos", "Stufenlos"))
    (uid,) = re.findall(r'href="(/c/[a-z2-7]{26})"', board)
    thread = page(neighbour, uid)
    assert "Die nächsten Male" in thread and "Samstag, 27. Juni, 14:00 bis 17:30" in thread and "Absagen" not in thread


def test_the_composer_says_what_the_dates_will_be_before_and_without_scripts(client, author):
    typed = fields(repeats="fortnightly", repeats_until="2026-06-30")
    seen = page(
        client, "/write/dates?" + "&".join(f"{name}={value}" for name, value in typed.items() if name != "body_md")
    )
    assert re.findall(r"<li>(.+?),", seen) == ["Samstag"] * 3 and "So werden die nächsten Termine:" in seen
    whole = client.post("/write", data={**typed, "preview": "1"}).get_data(as_text=True)
    assert whole.count("13. Juni") == whole.count("27. Juni") == 1
    assert "<li>" not in page(client, "/write/dates?day=2026-05-30&repeats=")
    days = fields(repeats="days", more_days="30.5.2026, 7.6.26 2026-06-21", is_all_day="y", from_time="")
    said = client.post("/write", data={**days, "preview": "1"}).get_data(as_text=True)
    assert all(f"{day}, ganztägig" in said for day in ("30. Mai", "7. Juni", "21. Juni"))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"day": ""}, "day"),
        ({"day": "30.2.2026"}, "day"),
        ({"day": "2026-05-01", "repeats": ""}, "day"),
        ({"from_time": ""}, "from_time"),
        ({"from_time": "25:00"}, "from_time"),
        ({"last_day": "2026-05-29"}, "last_day"),
        ({"day": "0001-01-01"}, "day"),
        ({"last_day": "9999-12-31"}, "last_day"),
        ({"repeats": "days", "more_days": "31.12.9999"}, "more_days"),
        ({"day": "2026-05-23"}, "repeats"),
        ({"day": "2027-03-28", "from_time": "02:30", "until_time": "", "repeats": ""}, "from_time"),
        ({"day": "2027-03-27", "from_time": "22:00", "until_time": "02:30", "repeats": ""}, "until_time"),
        ({"repeats": "yearly"}, "repeats"),
        ({"repeats_until": "2026-05-29"}, "repeats_until"),
        ({"repeats": "days", "more_days": "morgen"}, "more_days"),
        ({"online_url": "javascript:alert(1)"}, "online_url"),
        ({"online_url": "meet.example.org"}, "online_url"),
        ({"title": ""}, "title"),
        ({"category": "question"}, "category"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_lost(client, author, owner, wrong, field):
    response = client.post("/write", data=fields(**wrong))
    html = response.get_data(as_text=True)
    assert (response.status_code, owner.execute("SELECT count(*) FROM contribution").fetchone()) == (422, (0,))
    assert re.search(rf'href="#{field}(-0)?"', html), "the list of errors leads to the field"
    assert "Bring mit, was nicht mehr will." in html and "Spulengasse 11, Hof" in html


@pytest.mark.parametrize("until", ["17:00", "13:59"])
def test_an_end_before_its_beginning_is_meant_for_the_next_morning_or_asked_about(client, author, owner, until):
    slip = fields(from_time="14:00" if until == "13:59" else "18:00", until_time=until)
    asked = client.post("/write", data=slip)
    assert asked.status_code == 422 and f"Er ginge bis {until} Uhr am nächsten Tag." in asked.text
    assert owner.execute("SELECT count(*) FROM event").fetchone() == (0,)
    assert client.post("/write", data={**slip, "sure": "1"}).status_code == 303
    for plain_ in ({"from_time": "20:00", "until_time": "02:00"}, {"last_day": "2026-05-31", "until_time": "09:00"}):
        assert client.post("/write", data=fields(**plain_)).status_code == 303


def test_one_date_is_changed_and_called_off_by_its_author_and_everybody_sees_what_it_was(
    client, author, neighbour, here
):
    event = make_event(author, here, TUESDAY, rule="FREQ=WEEKLY", place="Hof")
    uid = to_uid(event.id)
    form = page(client, f"/c/{uid}/date?day=2026-05-26")
    assert 'value="2026-05-26"' in form and 'value="18:00"' in form and 'value="Hof"' in form
    change = {"day": "2026-05-27", "from_time": "19:00", "until_time": "", "place": "Garten", "reaches": "one"}
    assert client.post(f"/c/{uid}/date?day=2026-05-26", data={**change, "day": ""}).status_code == 422
    assert client.post(f"/c/{uid}/date?day=2026-05-26", data={**change, "day": "2026-05-11"}).status_code == 422
    assert client.post(f"/c/{uid}/date?day=2026-05-26", data=change).status_code == 303
    assert "Diesen Termin absagen?" in page(client, f"/c/{uid}/call-off?day=2026-06-02")
    for _twice in range(2):
        assert client.post(f"/c/{uid}/call-off?day=2026-06-02").status_code == 303
    seen = page(neighbour, f"/c/{uid}")
    assert "<del>Dienstag, 26. Mai, 18:00 bis 20:00</del> <ins>Mittwoch, 27. Mai, 19:00</ins>" in seen
    assert "<del>Hof</del> <ins>Garten</ins>" in seen and seen.count("abgesagt") == 1
    assert client.post(f"/c/{uid}/call-off?day=2026-06-02", data={"open": "1"}).status_code == 303
    assert "abgesagt" not in page(neighbour, f"/c/{uid}")
    for path in (f"/c/{uid}/date?day=2026-05-26", f"/c/{uid}/call-off", f"/c/{uid}/call-off?day=2026-06-02"):
        page(neighbour, path, 404)
        assert neighbour.post(path).status_code == 404
    for day in ("2026-05-20", "gestern"):
        page(client, f"/c/{uid}/date?day={day}", 404)
        page(client, f"/c/{uid}/call-off?day={day}", 404)
    nights = make_event(author, here, TUESDAY, hours=12, rule="FREQ=DAILY")
    for day in ("9999-12-31", "0001-01-01"):
        page(client, f"/c/{to_uid(nights.id)}/date?day={day}", 404)
    gone = client.post(f"/c/{uid}/date?day=2026-05-20", data=change)
    assert gone.status_code == 303 and "inzwischen geändert" in page(client, gone.location)


def test_the_date_that_was_asked_for_is_the_one_that_is_answered_and_changed_or_none(
    client, author, neighbour, visitor, here
):
    event = make_event(author, here, TUESDAY, rule="FREQ=WEEKLY", audience=Audience.PUBLIC)
    url, tenth, off = f"/c/{to_uid(event.id)}", "2026-07-21", "2026-07-28"

    def box(browser, day):
        return re.search(r'id="coming".*?</section>', page(browser, f"{url}?date={day}"), re.S)

    assert f"{url}?date={tenth}" in page(neighbour, "/events?day=2026-07-21")
    assert "21. Juli" in box(neighbour, tenth)[0] and "19. Mai" not in box(neighbour, tenth)[0]
    assert f"next={url}?date%3D{tenth}%23coming" in box(visitor(), tenth)[0].replace("%2F", "/").replace("%3F", "?")
    (further,) = re.findall(rf'href="({url}\?from=[\d-]+)#', page(client, url))
    for way in (further, f"{url}?date={off}"):
        assert f"{url}/call-off?day={off}" in page(client, way) and f"{url}/date?day={off}" in page(client, way)
    assert client.post(f"{url}/call-off?day={off}", data={"why": "Ferien"}).status_code == 303
    said = page(neighbour, f"{url}?date={off}")
    assert "Dieser Termin ist abgesagt: Dienstag, 28. Juli" in said and "Grund: Ferien" in said
    assert "Diesen Termin gibt es nicht" in page(neighbour, f"{url}?date=2026-07-22")
    assert box(neighbour, off) is box(neighbour, "2026-07-22") is box(neighbour, "gestern") is None


def test_all_dates_are_changed_in_the_composer_and_the_old_time_is_struck(client, author, neighbour, here, owner):
    event = make_event(author, here, TUESDAY, rule="FREQ=WEEKLY", place="Hof", title="Chorprobe")
    uid = to_uid(event.id)
    composer = page(client, f"/c/{uid}/edit")
    assert 'value="2026-05-19"' in composer and re.search(r'<option selected value="weekly">', composer)
    now = fields(
        title="Chorprobe", day="2026-05-19", from_time="19:00", until_time="21:00", repeats="weekly", place="Saal"
    )
    for _twice in range(2):
        assert client.post(f"/c/{uid}/edit", data=now).status_code == 303
    seen = page(neighbour, f"/c/{uid}")
    assert "<del>Dienstag, 18:00</del> <ins>Dienstag, 19:00</ins>" in seen and "<del>Hof</del> <ins>Saal</ins>" in seen
    assert "tag--event" in page(neighbour, "/board") and "19. Mai, 19:00 bis 21:00" in page(neighbour, "/board")
    assert owner.execute("SELECT sequence FROM event").fetchone() == (1,)
    older = {**now, "body_md": "Wir singen.", "from_time": "18:00", "until_time": "20:00", "place": "Hof"}
    late = client.post(f"/c/{uid}/edit", data={**older, "stood": stood(composer)})
    said = late.get_data(as_text=True)
    assert late.status_code == 422 and "Wir singen." in said and 'value="18:00"' in said, "what was typed stands there"
    meanwhile = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", said)
    assert meanwhile[1:] == [("Beginn", "19:00"), ("Ende", "21:00"), ("Ort", "Saal")]
    assert owner.execute("SELECT sequence, place FROM event").fetchone() == (1, "Saal"), (
        "and nobody is told of anything"
    )
    assert client.post(f"/c/{uid}/edit", data={**older, "stood": stood(said)}).status_code == 303, "knowingly"
    assert owner.execute("SELECT sequence, place FROM event").fetchone() == (2, "Hof")


def test_this_and_all_that_follow_lead_to_the_series_they_are_now(client, author, here, owner):
    event = make_event(author, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe")
    change = {"day": "2026-06-03", "from_time": "19:00", "until_time": "21:00", "place": "", "reaches": "following"}
    answer = client.post(f"/c/{to_uid(event.id)}/date?day=2026-06-02", data=change)
    assert answer.location != f"/c/{to_uid(event.id)}" and "Mittwoch, 3. Juni, 19:00 bis 21:00" in page(
        client, answer.location
    )
    assert owner.execute("SELECT count(*) FROM event").fetchone() == (2,)


def test_an_event_that_is_called_off_says_so_everywhere(client, author, neighbour, here):
    event = make_event(author, here, TUESDAY, title="Sommerfest", online_url="https://meet.example.org/fest")
    uid = to_uid(event.id)
    assert "https://meet.example.org/fest" in page(neighbour, f"/c/{uid}")
    assert "Alles absagen?" in page(client, f"/c/{uid}/call-off")
    assert client.post(f"/c/{uid}/call-off").status_code == 303
    assert "abgesagt" in page(neighbour, "/board")
    seen = page(neighbour, f"/c/{uid}")
    assert "Abgesagt heute, 10:00." in seen and "meet.example.org" not in seen
    assert client.post(f"/c/{uid}/call-off", data={"open": "1"}).status_code == 303
    assert "abgesagt" not in page(neighbour, "/board")


@pytest.mark.parametrize("day", ["", "?day=2026-05-26"])
def test_why_it_is_called_off_stands_on_its_page_until_it_is_on_again(
    client, author, neighbour, here, frozen_clock, day
):
    url = f"/c/{to_uid(make_event(author, here, TUESDAY, rule='FREQ=WEEKLY').id)}"
    form = page(client, f"{url}/call-off{day}")
    assert "Warum?" in form and 'name="why"' in form
    refused = client.post(f"{url}/call-off{day}", data={"why": "Regen " * 34})
    assert refused.status_code == 422 and "Regen Regen" in refused.get_data(as_text=True)
    assert "bgesagt" not in page(neighbour, url)
    assert client.post(f"{url}/call-off{day}", data={"why": " Dauerregen,\n<i>leider</i> "}).status_code == 303
    assert page(neighbour, url).count("Grund: Dauerregen, &lt;i&gt;leider&lt;/i&gt;") == 1
    frozen_clock.tick(3600)
    sign_in(client, author)
    sign_in(neighbour, neighbour.person)
    assert client.post(f"{url}/call-off{day}", data={"open": "1"}).status_code == 303
    seen = page(neighbour, url)
    assert "Grund:" not in seen and "indet doch statt" in seen


def test_a_card_says_what_came_last_of_its_next_date_and_all_of_them(client, author, neighbour, here, frozen_clock):
    url = f"/c/{to_uid(make_event(author, here, TUESDAY, rule='FREQ=WEEKLY').id)}"
    change = {"day": "2026-05-19", "from_time": "19:00", "until_time": "", "place": "Garten", "reaches": "one"}
    for path, data in ((f"{url}/date?day=2026-05-19", change), (f"{url}/call-off", {"why": ""})):
        assert client.post(path, data=data).status_code == 303
    frozen_clock.tick(3600)
    for person, browser in ((author, client), (neighbour.person, neighbour)):
        sign_in(browser, person)
    for path, data, said in (
        (f"{url}/call-off", {"open": "1"}, "findet doch statt"),
        (f"{url}/date?day=2026-05-19", {**change, "place": "Hof"}, "geändert"),
    ):
        assert client.post(path, data=data).status_code == 303
        ribbons = re.findall(r'tag--event">.*?</svg>([^<]+)', page(neighbour, "/board"))
        assert ribbons == [said]
        frozen_clock.tick(1)


def test_a_card_shows_the_next_date_from_the_morning_after(client, author, neighbour, here, frozen_clock):
    make_event(author, here, TUESDAY, rule="FREQ=WEEKLY")
    leaves = []
    for days in (0, 7, 1):
        frozen_clock.tick(days * 86_400)
        sign_in(neighbour, neighbour.person)
        leaves += re.findall(r'date-leaf" datetime="([\d-]+)"', page(neighbour, "/board"))
    assert leaves == ["2026-05-19", "2026-05-19", "2026-05-26"]


def test_an_event_is_called_off_and_never_solved(client, author, neighbour, here, owner):
    event = make_event(author, here, TUESDAY, title="Sommerfest")
    make_comment(neighbour.person, here, event)
    uid = to_uid(event.id)
    for path in ("/board", f"/c/{uid}"):
        assert "/solve" not in page(client, path) and "Abnehmen" in page(client, path)
    assert client.post(f"/c/{uid}/solve").status_code == 404
    assert owner.execute("SELECT solved_at FROM contribution").fetchone() == (None,)


def box(client, path):
    """What a page says, and where its links lead."""
    html = re.search(r"<main.*</main>", page(client, path), re.S)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", html).split()), re.findall(r'href="([^"]*)"', html)


def test_a_series_cut_in_two_says_where_it_goes_on_and_stays_cut(
    client, author, neighbour, owner, here, visitor, frozen_clock
):
    event = make_event(author, here, TUESDAY, rule="FREQ=WEEKLY", title="Chor", place="Hof")
    old = f"/c/{to_uid(event.id)}"
    stale = fields(title="Chor", category="gathering", day="2026-05-19", from_time="18:00", until_time="20:00",
                   place="Hof", repeats="weekly", cost="", access="")  # fmt: skip
    guest, late = make_person(here), "SELECT id FROM occurrence WHERE slot_on = '2026-06-09'"
    with scope.use(viewer_of(guest, here)), atomic():
        answers.answer(owner.execute(late).fetchone()[0], is_coming=True)
    change = {"day": "2026-06-03", "from_time": "19:00", "until_time": "21:00", "place": "Hof", "reaches": "following"}
    moved = client.post(f"{old}/date?day=2026-06-02", data=change)
    new = moved.location.split("?")[0]
    assert new != old
    assert "jeden Dienstag bis 1. Juni 2026" in box(neighbour, old)[0]
    said, links = box(neighbour, f"{old}?date=2026-06-09")
    assert "geht auf einem eigenen Zettel weiter: jeden Mittwoch, ab 3. Juni 2026." in said
    assert "Mittwoch, 10. Juni, 19:00" in said and {new, f"{new}?date=2026-06-10#coming"} <= set(links)
    mine = visitor()
    sign_in(mine, guest)
    said, links = box(mine, f"{old}?date=2026-06-02")
    assert "Deiner ist: Mittwoch, 10. Juni, 19:00 bis 21:00." in said and f"{new}?date=2026-06-10#coming" in links
    for more in ({}, {"repeats_until": "2026-06-02"}, {"repeats": "days", "more_days": "26.5.2026, 9.6.2026"}):
        refused = client.post(f"{old}/edit", data={**stale, **more})
        assert refused.status_code == 422 and "Ab 2. Juni 2026 ist die Reihe ein eigener Zettel." in refused.text
        assert f'href="{new}"' in refused.text and ("spätestens am 1. Juni 2026" in refused.text) is (
            "days" not in more.values()
        )
    assert client.post(f"{old}/edit", data={**stale, "repeats_until": "2026-06-01"}).status_code == 303
    earlier = {**change, "day": "2026-05-28"}
    between = client.post(f"{old}/date?day=2026-05-26", data=earlier).location.split("?")[0]
    assert f"{new}?date=2026-06-10#coming" in box(neighbour, f"{old}?date=2026-06-09")[1], "through both cuts"
    again = {**earlier, "day": "2026-05-29"}
    assert client.post(f"{between}/date?day=2026-05-28", data=again).location.split("?")[0] == between
    begun = "An diesem Tag hat die Reihe begonnen."
    assert begun not in client.get(f"{old}/edit").text
    frozen_clock.tick(9 * 86_400)
    sign_in(client, author)
    assert begun in client.get(f"{old}/edit").text
    for each, person in ((client, author), (mine, guest)):
        sign_in(each, person)
        said, links = box(each, old)
        assert "Das ist vorbei" not in said and between in links
    owner.execute(
        "UPDATE contribution SET state = 'withdrawn' WHERE id = (SELECT goes_on_as FROM event WHERE id = %s)",
        [event.id],
    )
    assert "Das ist vorbei" in box(mine, old)[0]


def test_a_link_to_a_date_of_before_says_what_became_of_it(client, author, neighbour, owner, here, visitor):
    event = make_event(author, here, TUESDAY, rule="FREQ=WEEKLY", title="Chor", place="Hof")
    guest, page_ = make_person(here), f"/c/{to_uid(event.id)}"
    with scope.use(viewer_of(guest, here)), atomic():
        day = "SELECT id FROM occurrence WHERE slot_on = '2026-05-26'"
        answers.answer(owner.execute(day).fetchone()[0], is_coming=True)
    mine = visitor()
    sign_in(mine, guest)
    assert "Diesen Termin gibt es nicht oder nicht mehr." in box(mine, f"{page_}?date=2026-05-25")[0]
    day = fields(title="Chor", category="gathering", day="2026-05-20", from_time="18:00", until_time="20:00",
                 place="Hof", repeats="weekly", cost="", access="")  # fmt: skip
    assert client.post(f"{page_}/edit", data=day).status_code == 303
    said, links = box(mine, f"{page_}?date=2026-05-26")
    assert "Deiner ist: Mittwoch, 27. Mai, 18:00 bis 20:00." in said and f"{page_}?date=2026-05-27#coming" in links
    said, _links = box(neighbour, f"{page_}?date=2026-05-26")
    assert "die Reihe wurde geändert. Das nächste Mal: Mittwoch, 20. Mai, 18:00" in said
