"""A list that is sent again: what it says anew holds, what was changed by hand otherwise stays, and the page says all of it first."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from neighbour.core import clock, i18n, limits, scope
from neighbour.core.db import atomic
from neighbour.core.text import plain
from neighbour.events import answers, changing, importing, service
from neighbour.events.categories import CATEGORIES
from neighbour.events.cells import Wrong, flag, hours, is_off, weekdays
from neighbour.events.import_forms import EXAMPLES
from neighbour.events.importing import Becomes
from neighbour.events.list_rows import Choices, Target
from tests.events.lists import BERLIN, imported, read, rows, source
from tests.events.test_import import carried, send
from tests.events.test_telling import comes, told
from tests.factories import make_initiative, sign_in, viewer_of

HEAD = "id;titel;beginn;zeit;ort;stand;text;tage;endet"
FIRST = f"{HEAD}\n1;Nachtcafé;25.05.2026;18:00-20:00;Hof;;Erst so;Mo;30.11.2026\n"
PLACE = "place, begins, until_on"


def by_hand(owner, host, here, act):
    """Do something to the only event as on its page."""
    ((event_id,),) = owner.execute("SELECT id FROM event").fetchall()
    with scope.use(viewer_of(host, here)), atomic():
        return act(service.of_person(event_id))


def moved(event):
    """To Garnweg, at seven, with a point of its own and a word for its guests."""
    plan = service.Plan(
        datetime(2026, 5, 25, 19), datetime(2026, 5, 25, 21), BERLIN, rule=event.rule, until_on=event.until_on,
        place="Garnweg 3", point=(10.02, 50.01),
    )  # fmt: skip
    words = {"category": event.category, "title": event.title, "body_md": event.body_md, "audience": event.audience}
    service.revise(event, editor_id=event.author_id, plan=plan, for_guests="Klingel: Müller", **words)


def judged(text, where):
    """What the page says of the only row."""
    sheet, mapping = read(text)
    (row,) = importing.judge(sheet, mapping, Choices(BERLIN), where).rows
    names = {"changes": [each.name for each in row.changes], "kept": [each.name for each in row.kept]}
    return row.becomes, names, [each.name for each in row.changes if each.is_by_hand]


def test_what_was_changed_by_hand_stays_unless_the_list_says_something_else(host, here, owner):
    where = source(host, here)
    imported(FIRST, where)
    by_hand(owner, host, here, moved)
    other = FIRST.replace("Erst so", "Jetzt so")
    assert judged(FIRST, where)[0] is Becomes.SAME
    assert judged(other, where) == (Becomes.CHANGED, {"changes": ["text"], "kept": ["when", "place"]}, [])
    imported(other, where)
    assert rows(owner, "body_md, place, begins, has_own_point") == [
        ("Jetzt so", "Garnweg 3", datetime(2026, 5, 25, 19), True)
    ]
    told = by_hand(owner, host, here, lambda event: answers.for_guests(event.id))
    assert told == "Klingel: Müller", "no list says it, so none takes it away"
    saal = other.replace("Hof", "Saal")
    assert judged(saal, where) == (Becomes.CHANGED, {"changes": ["place"], "kept": ["when"]}, ["place"])
    imported(saal, where)
    assert rows(owner, "place, begins, has_own_point") == [("Saal", datetime(2026, 5, 25, 19), False)]
    as_there = saal.replace("18:00-20:00", "19:00-21:00")
    assert judged(as_there, where) == (Becomes.CHANGED, {"changes": [], "kept": []}, [])


def test_what_is_called_off_or_on_by_hand_stays_so_until_the_list_says_otherwise(host, here, owner):
    where, on, off = (
        source(host, here),
        FIRST.replace(";Hof;;", ";Hof;bestätigt;"),
        FIRST.replace("Hof;;", "Hof;abgesagt;"),
    )
    imported(on, where)
    by_hand(owner, host, here, lambda event: changing.call_off(event, None, "Regen"))
    other = on.replace("Erst", "Jetzt")
    assert judged(other, where)[1] == {"changes": ["text"], "kept": ["is_off"]}
    imported(other, where)
    assert rows(owner, "cancelled_at IS NOT NULL, cancelled_why") == [(True, "Regen")]
    imported(off, where)
    by_hand(owner, host, here, lambda event: changing.call_on(event, None))
    imported(off.replace("Erst", "Nun"), where)
    assert rows(owner, "cancelled_at IS NULL, body_md") == [(True, "Nun so")]


def test_a_row_of_an_earlier_version_is_known_and_the_list_holds(host, here, owner):
    """Its digest was one hash of everything: what was changed by hand since cannot be told."""
    where = source(host, here)
    imported(FIRST, where)
    (found, _wrong), *_rest = (importing.wanted(row, read(FIRST)[1], Choices(BERLIN)) for row in read(FIRST)[0].rows)
    whole = importing.comparing.hashlib.sha256(repr(found).encode()).digest()
    owner.execute("UPDATE event_import SET digest = %s", [whole])
    by_hand(owner, host, here, moved)
    assert judged(FIRST, where)[0] is Becomes.SAME
    other = FIRST.replace("Erst", "Jetzt")
    assert judged(other, where) == (Becomes.CHANGED, {"changes": ["when", "place", "text"], "kept": []}, [])
    imported(other, where)
    assert rows(owner, PLACE)[0][:2] == ("Hof", datetime(2026, 5, 25, 18))


def test_the_page_says_what_a_changed_row_changes_and_what_it_leaves(client, host, here, owner):
    house = make_initiative(here, host)
    sign_in(client, host)
    whose = f"i:{house.public_id} {here.key}"

    def said(text):
        return " ".join(plain(send(client, text, whose).get_data(as_text=True)).split())

    new = said(FIRST + "2;Chor;26.05.2026;19:00;;abgesagt;;;\n")
    assert "jeden Montag, bis Montag, 30. November" in new and "1 davon abgesagt" in new
    assert "Chor Zeile 3 Dienstag, 26. Mai, 19:00 abgesagt" in new
    imported(FIRST, source(host, here, f"i:{house.public_id} {here.id}", house))
    off = said(FIRST.replace("Hof;;", "Hof;abgesagt;").replace("30.11.2026", "31.08.2026"))
    assert "Wird abgesagt." in off and "1 davon abgesagt" in off
    assert "bis Montag, 31. August (war: " in off and "bis Montag, 30. November)" in off
    by_hand(owner, host, here, moved)
    kept = said(FIRST.replace("Erst", "Jetzt"))
    assert "Bleibt, wie von Hand geändert: Ort: Garnweg 3 (in der Liste: Hof)" in kept
    assert "Text: Jetzt so (war: Erst so)" in kept and "ganz anderen" not in kept
    assert "Ort: Saal (war: Garnweg 3) Das wurde von Hand geändert" in said(FIRST.replace("Hof", "Saal"))
    another = said("Nr;titel;beginn;zeit\n1;A & B;01.06.2026;10:00\n".replace("Nr", "id"))
    assert "einen ganz anderen" in another and "Überschrift: A &amp; B (war: Nachtcafé)" in another.replace(
        "A & B", "A &amp; B"
    )
    assert rows(owner, "title") == [("Nachtcafé",)]


def test_looking_has_a_limit_of_its_own_and_importing_that_of_all_that_is_published(client, host, here, owner):
    house = make_initiative(here, host)
    sign_in(client, host)
    whose = f"i:{house.public_id} {here.key}"
    limits.hit("publish", str(host.id), limits.RATES["publish"].times)
    looked = send(client, FIRST, whose)
    assert looked.status_code == 200
    fields = carried(looked.get_data(as_text=True)) | {"act": "import"}
    assert client.post("/events/import", data=fields).status_code == 429 and rows(owner) == []
    limits.hit("event_list", str(host.id), limits.RATES["event_list"].times - 2)
    assert send(client, FIRST, whose).status_code == 429


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_the_examples_of_the_page_are_read_in_the_language_they_are_told_in(language):
    with i18n.speaking(language):
        told = {target: str(words) for target, words in EXAMPLES.items()}
        assert [is_off("status", each) for each in told[Target.STATUS].split(", ")] == [False, True]
        assert [flag("all_day", each) for each in told[Target.ALL_DAY].split(", ")] == [True, False]
        assert all(hours("time", each) for each in told[Target.TIME].split(", "))
        assert all(weekdays("weekdays", each) for each in told[Target.WEEKDAYS].split(" / "))
        known = {str(each.label) for each in CATEGORIES} | {str(each.key) for each in CATEGORIES}
        assert set(told[Target.CATEGORY].split(", ")) <= known
        with pytest.raises(Wrong):
            is_off("status", "verlegt")


def test_the_page_shows_all_that_a_new_row_would_publish(client, host, here, owner):
    house = make_initiative(here, host)
    sign_in(client, host)
    whose = f"i:{house.public_id} {here.key}"
    head = "id;titel;beginn;ort;art;eintritt;zugang;plätze;stream;www;beschreibung"
    row = "{0};Fest {0};25.05.2026 18:00;Hof;Lernen und Reparieren;2 Euro;Stufenlos;12;https://s.example/x;https://w.example/y;{1}\n"
    long = "Anfang " + "lang " * 60
    page = send(client, f"{head}\n{row.format(1, long)}", whose).get_data(as_text=True)
    text = " ".join(plain(re.sub("&shy;|<wbr>", "", page.split("<h3>", 1)[1].split("<h2", 1)[0])).split())
    where = "Sie hängen dann im Quartier Weberviertel, für alle, die dort wohnen. Es lädt ein: Haus am Kanal."
    assert where in text
    for said in ("Ort: Hof", "Kategorie: Lernen und Reparieren", "Was es kostet: 2 Euro", "Stufenlos", "Plätze: 12",
                 "https://s.example/x", "Webseite: https://w.example/y", "Text: Anfang lang"):  # fmt: skip
        assert said in text, said
    assert "…" in text and long not in text and '<details class="fold" open>' in page
    many = "".join(row.format(number, "") for number in range(21))
    page = send(client, f"{head}\n{many}", whose).get_data(as_text=True)
    assert '<details class="fold">' in page and "<summary>21 neue Termine" in page and "Text:" not in page


@pytest.mark.parametrize(
    ("to", "today", "becomes"),
    [
        (datetime(2026, 5, 27, 18), datetime(2026, 5, 28, tzinfo=UTC), Becomes.WRONG),
        (datetime(2026, 6, 9, 18), datetime(2026, 6, 2, tzinfo=UTC), Becomes.CHANGED),
    ],
)
def test_a_date_that_was_moved_by_hand_is_over_when_it_is_held_and_not_when_the_list_says(
    client, host, here, owner, frozen_clock, to, today, becomes
):
    """Of a Monday's café with two dates, the last one: pulled forward, or put off."""
    house = make_initiative(here, host)
    whose = f"i:{house.public_id} {here.key}"
    text = FIRST.replace("30.11.2026", "01.06.2026")
    imported(text, source(host, here, f"i:{house.public_id} {here.id}", house))
    last = to, to + timedelta(hours=2)
    by_hand(owner, host, here, lambda event: changing.change_one(event, date(2026, 6, 1), *last, "Hof"))
    frozen_clock.tick((today - clock.now()).total_seconds())
    other = text.replace("Hof", "Saal")
    assert judged(other, source(host, here, f"i:{house.public_id} {here.id}", house))[0] is becomes
    sign_in(client, host)
    seen = send(client, other, whose).get_data(as_text=True)
    done = client.post("/events/import", data=carried(seen) | {"act": "import"})
    assert done.status_code == (303 if becomes is Becomes.CHANGED else 422)
    assert "Dieser Tag ist vorbei." in plain(seen) or becomes is Becomes.CHANGED


def test_what_happens_once_and_was_pulled_forward_by_hand_is_over_for_the_list_too(
    client, host, here, owner, frozen_clock
):
    where, text = source(host, here), "uid;title;begins;place\n1;Chor;2026-06-02 18:00;{}\n"
    imported(text.format("Saal"), where)
    at = datetime(2026, 5, 13, 18)
    by_hand(owner, host, here, lambda event: changing.change_one(event, date(2026, 6, 2), at, at, "Saal"))
    frozen_clock.tick(3 * 86_400)
    assert judged(text.format("Keller"), where)[0] is Becomes.WRONG


@pytest.mark.parametrize("moved", ["2026-06-02 19:00", "2026-06-03 18:00"])
def test_a_row_with_another_time_that_is_called_off_as_well_is_one_mail_about_the_date_its_reader_knows(
    host, here, owner, jobs, mailbox, moved
):
    text = "uid;title;begins;ends;place;status\n1;Chor;{};2026-06-03 22:00;{};{}\n"
    where = source(host, here)
    imported(text.format("2026-06-02 18:00", "Saal", ""), where)
    ((event_id,),) = owner.execute("SELECT id FROM event").fetchall()
    guest = comes(owner, here, SimpleNamespace(id=event_id), date(2026, 6, 2))
    told(jobs, mailbox)
    imported(text.format(moved, "Hof", "abgesagt"), where)
    ((address, subject, words),) = told(jobs, mailbox)
    assert (address, subject) == (guest.email, "Abgesagt: Chor")
    assert "Fällt aus: Dienstag, 2. Juni, 18:00" in words and "Hof" not in words
    imported(text.format(moved, "Hof", "findet statt"), where)
    ((_to, subject, words),) = told(jobs, mailbox)
    assert subject == "Findet doch statt: Chor" and "Vorher: Dienstag, 2. Juni, 18:00" in words
    assert "Hof" in words and "Vorher: Saal" in words


def test_a_list_that_was_numbered_anew_is_noticed_before_its_events_hang_twice(client, host, here, owner):
    """Only what is missing from it can be meant by another name; whoever means two events of one name pins them up."""
    before = "uid;title;begins;place\n1;Chor;2026-06-02 18:00;Saal\n2;Markt;2026-06-06 10:00;Platz\n"
    anew = "uid;title;begins;place\n7;Markt;2026-06-06 10:00;Platz\n2;Markt;2026-06-06 10:00;Platz\n8;Chor;2026-06-03 18:00;Saal\n9;Chor;2026-06-02 18:00;Hof\n"
    house = make_initiative(here, host)
    where = source(host, here, f"i:{house.public_id} {here.id}", house)
    imported(before, where)
    sheet, mapping = read(anew)
    report = importing.judge(sheet, mapping, Choices(BERLIN), where)
    assert [row.twin for row in report.rows] == ["", "", "", "1"] and report.twins == 1
    sign_in(client, host)
    seen = send(client, anew, f"i:{house.public_id} {here.key}").get_data(as_text=True)
    assert "1 neue Zeile hat Überschrift und Zeit eines Termins, der schon hängt" in plain(seen)
    assert "Hängt schon; in der Liste hatte die Zeile die Kennung 1." in plain(seen)
    imported(anew, where)
    assert len(rows(owner)) == 5
    assert importing.judge(sheet, mapping, Choices(BERLIN), where).twins == 0, "they have names of their own now"
