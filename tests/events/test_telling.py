"""Whoever has answered hears of every change once, of nothing else, and on the evening before."""

from __future__ import annotations

import re
import threading
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from markupsafe import escape

from neighbour.contributions import service as base
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.text import plain
from neighbour.core.tokens import to_uid
from neighbour.digests import service as digests
from neighbour.events import answers, changing, dates, service, telling
from neighbour.events.service import Plan
from neighbour.mydata import erasing
from neighbour.notices.models import Subscription
from tests.digests.helpers import body, make_reader
from tests.factories import make_event, make_person, make_post, make_quarter, sign_in, viewer_of

TUESDAY = datetime(2026, 5, 19, 18)


def date_of(owner, event, slot):
    return owner.execute("SELECT id FROM occurrence WHERE event_id = %s AND slot_on = %s", [event.id, slot]).fetchone()[
        0
    ]


def comes(owner, here, event, slot, **person):
    guest = make_person(here, **person)
    with scope.use(viewer_of(guest, here)), atomic():
        assert answers.answer(date_of(owner, event, slot), is_coming=True) in ("coming", "waiting")
    return guest


def acting(host, here, event, act, *given):
    with scope.use(viewer_of(host, here)), atomic():
        return act(service.of_person(event.id), *given)


def told(jobs, mailbox):
    """Who was told what since the last look: (address, subject, text)."""
    jobs.run()
    found = [(mail.recipients[0], str(mail.message["Subject"]), mail.text) for mail in mailbox.messages()]
    mailbox.clear()
    return found


def test_changing_one_date_tells_only_its_guests_once_and_says_what_it_was(owner, host, here, jobs, mailbox):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe", place="Hof")
    second, third = date(2026, 5, 26), date(2026, 6, 2)
    guest, other = comes(owner, here, event, second), comes(owner, here, event, third)
    with scope.use(viewer_of(other, here)), atomic():
        answers.answer(date_of(owner, event, second), is_coming=True)
        answers.answer(date_of(owner, event, second), is_coming=False)
    acting(
        host, here, event, changing.change_one, second, datetime(2026, 5, 26, 19), datetime(2026, 5, 26, 21), "Garten"
    )
    ((address, subject, text),) = told(jobs, mailbox)
    assert (address, subject) == (guest.email, "Geändert: Chorprobe")
    assert (
        "26. Mai, 19:00 bis 21:00, Garten" in text
        and "Vorher: Dienstag, 26. Mai, 18:00 bis 20:00" in text
        and "Vorher: Hof" in text
    )
    for _twice in range(2):
        acting(host, here, event, changing.call_off, third)
    ((address, subject, text),) = told(jobs, mailbox)
    assert (address, subject) == (other.email, "Abgesagt: Chorprobe") and "2. Juni, 18:00 bis 20:00" in text
    acting(host, here, event, changing.call_on, third)
    assert [each[0] for each in told(jobs, mailbox)] == [other.email]


def test_a_mail_says_why_it_is_called_off_and_that_it_is_on_again_to_each_in_their_own_case(
    owner, host, here, jobs, mailbox, frozen_clock
):
    day = TUESDAY.date()
    event = make_event(host, here, TUESDAY, title="Chorprobe", capacity=1, rule="FREQ=WEEKLY")
    guest, waits = (comes(owner, here, event, day) for _one in range(2))
    cases = {guest.email: "weil du zugesagt hast.", waits.email: "weil du auf der Warteliste stehst."}
    for slot, why in ((day, "Heizung kaputt"), (None, "Alle <b>krank</b>")):
        acting(host, here, event, changing.call_off, slot, why)
        jobs.run()
        assert all(escape(f"Grund: {why}") in body(mail) for mail in mailbox.messages())
        mails = told(jobs, mailbox)
        assert {(to, subject) for to, subject, _text in mails} == {(to, "Abgesagt: Chorprobe") for to in cases}
        assert all(f"Grund: {why}" in text and cases[to] in text for to, _subject, text in mails)
    frozen_clock.tick(3600)
    acting(host, here, event, changing.call_on, None)
    assert all("Grund: Heizung kaputt" in text for _to, _subject, text in told(jobs, mailbox)), (
        "its date is off by itself"
    )
    acting(host, here, event, changing.call_on, day)
    mails = told(jobs, mailbox)
    assert {(to, subject) for to, subject, _text in mails} == {(to, "Findet doch statt: Chorprobe") for to in cases}
    for _to, _subject, text in mails:
        assert "Findet doch statt: Dienstag, 19. Mai, 18:00" in text and "Grund" not in text
    kept = owner.execute(
        "SELECT cancelled_why FROM event UNION ALL SELECT cancelled_why FROM event_exception"
    ).fetchall()
    assert kept == [("",), ("",)], "it is forgotten"


def test_changing_all_and_calling_all_off_reaches_everybody_once(owner, host, here, jobs, mailbox):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe", capacity=1)
    guest = comes(owner, here, event, date(2026, 5, 19))
    waits = comes(owner, here, event, date(2026, 5, 19), language="en")
    with scope.use(viewer_of(guest, here)), atomic():
        answers.answer(date_of(owner, event, date(2026, 5, 26)), is_coming=True)
    make_person(here)
    plan = Plan(
        TUESDAY + timedelta(hours=1), TUESDAY + timedelta(hours=3), "Europe/Berlin", rule="FREQ=WEEKLY", capacity=1
    )
    for _twice in range(2):
        acting(host, here, event, service.replan, plan)
    assert sorted((address, subject) for address, subject, _text in told(jobs, mailbox)) == sorted(
        [(guest.email, "Geändert: Chorprobe"), (waits.email, "Changed: Chorprobe")]
    )
    acting(
        host,
        here,
        event,
        service.replan,
        Plan(plan.begins, plan.ends, plan.zone, rule=plan.rule, capacity=1, cost="3 Euro"),
    )
    assert told(jobs, mailbox) == [], "what it costs is no reason for a mail"
    acting(host, here, event, changing.call_off, None)
    assert sorted(subject for _address, subject, _text in told(jobs, mailbox)) == [
        "Abgesagt: Chorprobe",
        "Called off: Chorprobe",
    ]


def test_a_day_that_the_new_rule_has_no_more_is_called_off_for_who_wanted_to_come(owner, host, here, jobs, mailbox):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe")
    guest = comes(owner, here, event, date(2026, 5, 26))
    acting(host, here, event, service.replan, Plan(event.begins, event.ends, event.zone, rule="FREQ=WEEKLY;INTERVAL=2"))
    assert [(address, subject) for address, subject, _text in told(jobs, mailbox)] == [
        (guest.email, "Abgesagt: Chorprobe")
    ]
    assert owner.execute("SELECT is_cancelled FROM occurrence WHERE slot_on = '2026-05-26'").fetchone() == (True,)


def test_one_mail_names_every_date_of_its_reader_that_differs_and_none_that_does_not(
    owner, host, here, jobs, mailbox, monkeypatch
):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe")
    days = [TUESDAY.date() + timedelta(weeks=number) for number in range(3)]
    guest, early = comes(owner, here, event, days[0]), comes(owner, here, event, days[0])
    with scope.use(viewer_of(guest, here)), atomic():
        for day in days[1:]:
            answers.answer(date_of(owner, event, day), is_coming=True)

    def said(act, *given):
        acting(host, here, event, act, *given)
        found = told(jobs, mailbox)
        assert len({to for to, _subject, _text in found}) == len(found), "one mail each"
        return {to: (subject, " ".join(text.split())) for to, subject, text in found}

    plan = Plan(event.begins, event.ends, event.zone, rule=event.rule)
    ((to, (subject, text)),) = said(service.replan, replace(plan, until_on=days[1])).items()
    assert (to, subject) == (guest.email, "Abgesagt: Chorprobe"), "nothing is different for the other one"
    assert "Fällt aus: Dienstag, 2. Juni, 18:00 bis 20:00." in text and "26. Mai" not in text
    subject, text = said(service.replan, replace(plan, online_url="https://meet.example/b"))[guest.email]
    assert subject == "Geändert: Chorprobe" and "Link zum Mitmachen: https://meet.example/b" in text
    assert "Findet doch statt: Dienstag, 2. Juni" in text and "Vorher:" not in text
    subject, text = said(changing.call_off, None, "Ferien")[guest.email]
    assert "Die ganze Reihe ist abgesagt." in text and text.count("Grund: Ferien") == 1
    assert all(f"Fällt aus: Dienstag, {day}, 18:00" in text for day in ("19. Mai", "26. Mai", "2. Juni"))
    for act, named, more in ((changing.call_on, 2, "ein weiterer"), (changing.call_off, 1, "2 weitere")):
        with monkeypatch.context() as few:
            few.setattr(telling, "MOST_NAMED", named)
            assert f"Und {more} deiner Termine." in said(act, None)[guest.email][1]
    said(changing.call_on, None)
    day = timedelta(days=1)
    mails = said(service.replan, replace(plan, begins=plan.begins + day, ends=plan.ends + day))
    assert set(mails) == {guest.email, early.email}
    subject, text = mails[guest.email]
    assert subject == "Geändert: Chorprobe" and text.count("Jetzt: Mittwoch") == text.count("Vorher: Dienstag") == 3
    subject, text = said(service.replan, replace(plan, rule="FREQ=MONTHLY;BYMONTHDAY=28"))[guest.email]
    assert text.count("Fällt aus: Mittwoch") == 3 and "Die nächsten Male: Dienstag, 19. Mai, 18:00" in text


@pytest.mark.parametrize(
    ("begun", "rule", "day", "new_rule", "goes"),
    [
        ("2026-03-03", "FREQ=WEEKLY", "2026-05-21", None, {"05-19": "05-21", "05-26": "05-28", "05-12": ""}),
        ("2026-05-05", "FREQ=WEEKLY", "2026-05-20", None, {"05-19": "05-20", "05-12": ""}),
        ("2026-05-05", "FREQ=WEEKLY", "2026-05-13", None, {"05-12": "05-13", "05-19": "05-20"}),
        ("2026-05-05", "FREQ=WEEKLY", "2026-05-17", None, {"05-12": "05-17", "05-19": "05-24"}),
        ("2026-05-05", "FREQ=WEEKLY;INTERVAL=2", "2026-06-04", None, {"05-19": "", "06-02": "06-04", "06-16": "06-18"}),
        ("2026-05-05", "FREQ=WEEKLY;INTERVAL=2", "2026-05-27", None, {"05-19": "05-27", "06-02": "06-10"}),
        ("2026-03-03", "FREQ=WEEKLY", "2026-05-21", "", {"05-19": "05-21", "05-26": ""}),
        ("2026-01-15", "FREQ=MONTHLY;BYMONTHDAY=15", "2026-06-11", "FREQ=MONTHLY;BYMONTHDAY=11",
         {"05-15": "", "06-15": "06-11", "07-15": "07-11"}),
        ("2026-01-20", "FREQ=MONTHLY;BYDAY=3TU", "2026-05-20", "FREQ=MONTHLY;BYDAY=3WE",
         {"05-19": "05-20", "06-16": "06-17", "07-21": "07-15"}),
        ("2026-03-03", "FREQ=WEEKLY;BYDAY=TU,TH", "2026-05-20", "FREQ=WEEKLY;BYDAY=WE,FR",
         {"05-19": "05-20", "05-21": "05-22", "05-14": ""}),
        ("2026-05-02", "FREQ=DAILY;INTERVAL=3", "2026-05-15", None, {"05-14": "05-15", "05-17": "05-18"}),
    ],
)  # fmt: skip
def test_a_series_that_has_begun_goes_to_other_days_of_the_same_weeks(
    owner, host, here, jobs, mailbox, begun, rule, day, new_rule, goes
):
    with clock.freeze(datetime.fromisoformat(begun + "T08:00+00:00")):
        event = make_event(host, here, datetime.fromisoformat(begun + "T18:00"), rule=rule, title="Chorprobe")
    guests = {slot: comes(owner, here, event, date.fromisoformat("2026-" + slot)) for slot in goes}
    begins = datetime.fromisoformat(day + "T18:00")
    plan = Plan(begins, begins + timedelta(hours=2), "Europe/Berlin", rule=rule if new_rule is None else new_rule)
    past = owner.execute("SELECT slot_on, id FROM occurrence WHERE ends_at < '2026-05-12' ORDER BY 1").fetchall()
    acting(host, here, event, service.replan, plan)
    mine = "SELECT to_char(slot_on, 'MM-DD'), is_cancelled FROM occurrence JOIN participation ON id = occurrence_id"
    for slot, guest in guests.items():
        (found,) = owner.execute(f"{mine} WHERE person_id = %s", [guest.id]).fetchall()
        assert found == ((goes[slot], False) if goes[slot] else (slot, True)), slot
    assert {address for address, *_rest in told(jobs, mailbox)} == {guest.email for guest in guests.values()}
    assert (
        owner.execute("SELECT slot_on, id FROM occurrence WHERE ends_at < '2026-05-12' ORDER BY 1").fetchall() == past
    ), "what is over stays"


def test_a_mail_says_how_a_date_was_when_its_reader_last_heard_of_it(owner, host, here, jobs, mailbox):
    day, hour = date(2026, 5, 26), timedelta(hours=1)
    begins = datetime.combine(day, TUESDAY.time())
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe", place="Hof")
    comes(owner, here, event, day)

    def said(*acts):
        for act, *given in acts:
            acting(host, here, event, act, *given)
        return [(subject, " ".join(text.split())) for _to, subject, text in told(jobs, mailbox)]

    def at(place):
        return changing.change_one, day, begins, begins + 2 * hour, place

    def plan(later, place):
        times = TUESDAY + later * hour, TUESDAY + (later + 2) * hour
        return service.replan, Plan(*times, "Europe/Berlin", rule="FREQ=WEEKLY", place=place)

    for was, place in (("Hof", "Keller"), ("Keller", "Garten"), ("Garten", "Hof")):
        ((_subject, text),) = said(at(place))
        assert f"20:00, {place}" in text and f"Vorher: {was}" in text and text.count("Vorher") == 1
    first, second = said(at("Saal"), at("Turm"))  # before a mail was written
    assert all("20:00, Turm" in text for _subject, text in (first, second)) and "Vorher: Hof" in first[1]
    said((changing.call_off, day), at("Hof"))
    said((changing.call_off, None))
    assert said(plan(1, "Hof"), plan(2, "Aula")) == [], "it is off"
    ((subject, text),) = said((changing.call_on, None))
    assert subject == "Findet doch statt: Chorprobe" and "26. Mai, 20:00 bis 22:00, Aula" in text
    assert "Vorher: Dienstag, 26. Mai, 18:00 bis 20:00" in text and "Vorher: Hof" in text and text.count("Vorher") == 2
    said((changing.call_off, None), plan(3, "Aula"), plan(2, "Aula"))
    assert "Vorher" not in said((changing.call_on, None))[0][1], "it is as it was"
    assert owner.execute("SELECT count(*) FROM occurrence WHERE known IS NOT NULL").fetchone() == (0,)


def test_following_dates_take_their_guests_along(owner, host, here, jobs, mailbox):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe")
    early, late = comes(owner, here, event, date(2026, 5, 19)), comes(owner, here, event, date(2026, 6, 2))
    to = datetime(2026, 5, 26, 19)
    acting(host, here, event, changing.change_following, date(2026, 5, 26), to, to + timedelta(hours=2), "")
    ((address, _subject, text),) = told(jobs, mailbox)
    assert address == late.email != early.email and "2. Juni, 19:00" in text


def test_of_a_series_cut_in_two_one_half_is_called_off_and_not_the_whole(client, owner, host, here, jobs, mailbox):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe")
    early, late = comes(owner, here, event, date(2026, 5, 19)), comes(owner, here, event, date(2026, 6, 2))
    sign_in(client, host)
    old, rest, on = (
        f"/c/{to_uid(event.id)}",
        "Alle übrigen Termine dieses Zettels",
        "weiter: jeden Mittwoch, ab 3. Juni 2026.",
    )
    assert "Die ganze Reihe absagen" in client.get(old).text
    asked = client.get(f"{old}/call-off").text
    assert "Alles absagen?" in asked and rest not in asked
    to = datetime(2026, 6, 3, 18)
    later = acting(host, here, event, changing.change_following, date(2026, 6, 2), to, to + timedelta(hours=2), "")
    new = f"/c/{to_uid(later.id)}"
    for each in (old, new):
        assert f"{rest} absagen" in client.get(each).text and "ganze Reihe" not in client.get(each).text
        assert f"{rest} absagen?" in client.get(f"{each}/call-off").text
    assert on in client.get(f"{old}/call-off").text and f'href="{new}"' in client.get(f"{old}/call-off").text
    told(jobs, mailbox)
    for half, guest, says in ((event, early, [rest, on]), (later, late, ["Die ganze Reihe ist abgesagt."])):
        acting(host, here, half, changing.call_off, None)
        ((to_whom, _subject, text),) = told(jobs, mailbox)
        assert to_whom == guest.email and all(each in " ".join(text.split()) for each in says)
        assert ("ganze Reihe" in text) == (guest is late), "the other half is off by now"
    acting(host, here, event, changing.call_on, None)
    acting(host, here, later, changing.call_on, None)
    told(jobs, mailbox)
    acting(host, here, later, changing.call_off, None)
    ((_to, _subject, text),) = told(jobs, mailbox)
    assert rest in " ".join(text.split()) and "ganze Reihe" not in text and "weiter:" not in text


@pytest.mark.parametrize("way", ["taken down", "leaves"])
def test_what_is_taken_down_is_told_after_the_time_to_undo_it(owner, host, here, jobs, mailbox, frozen_clock, way):
    event = make_event(host, here, TUESDAY, title="Sommerfest")
    guest = comes(owner, here, event, date(2026, 5, 19))
    owner.execute("DELETE FROM delivery")
    if way == "leaves":  # for good: the moment is the database's own
        owner.execute(
            "UPDATE occurrence SET begins_at = now() + interval '9 days', ends_at = now() + interval '9 days'"
        )
        erasing.begin(host.id, keeps_texts=False)
    else:
        acting(host, here, event, base.withdraw)
        acting(host, here, event, base.restore)
        frozen_clock.tick(1)
        acting(host, here, event, base.withdraw)
    owner.execute("UPDATE delivery SET due_at = %s WHERE notice = 'events.gone'", [clock.now() + timedelta(minutes=10)])
    frozen_clock.tick(9 * 60)
    jobs.sent.append(("notices.sweep", []))
    assert [each for each in told(jobs, mailbox) if each[0] == guest.email] == []
    frozen_clock.tick(120)
    for _twice in range(2):
        jobs.sent.append(("notices.sweep", []))
        jobs.run()
    mine = [each for each in told(jobs, mailbox) if each[0] == guest.email]
    assert [subject for _address, subject, _text in mine] == ["Findet nicht statt: Sommerfest"]
    assert way == "leaves" or "Dienstag, 19. Mai um 18:00" in mine[0][2]


def test_the_evening_before_at_six_whoever_comes_is_reminded_once(owner, host, here, jobs, mailbox, frozen_clock):
    event = make_event(host, here, TUESDAY, title="Chorprobe")
    guest, left = comes(owner, here, event, date(2026, 5, 19)), comes(owner, here, event, date(2026, 5, 19))
    with as_owner(), atomic():
        for person, is_on in ((guest, True), (left, False)):
            db.session.add(
                Subscription(
                    person_id=person.id, quarter_id=here.id, list="events", is_on=is_on, token=str(uuid.uuid4())
                )
            )
    frozen_clock.tick((datetime(2026, 5, 18, 15, 59, tzinfo=UTC) - clock.now()).total_seconds())
    assert telling.of_tomorrow("Europe/Berlin") == 0
    frozen_clock.tick(120)
    for _twice in range(2):
        jobs.sent.append(("events.remind", []))
        jobs.run()
    ((address, subject, text),) = told(jobs, mailbox)
    assert (address, subject) == (guest.email, "Morgen: Chorprobe") and "/unsubscribe/" in text
    acting(host, here, event, moved)
    assert {subject for _address, subject, _text in told(jobs, mailbox)} == {"Geändert: Chorprobe"}
    for hours, reminded in ((1, []), (47, [(guest.email, "Morgen: Chorprobe")]), (1, [])):
        frozen_clock.tick(hours * 3600)
        jobs.sent.append(("events.remind", []))
        assert [each[:2] for each in told(jobs, mailbox)] == reminded, "it was put off: on its new eve, and once"


@pytest.mark.parametrize(
    ("what", "subjects"), [("late", ["Heute: Fest"]), ("put off", ["Geändert: Fest"]), ("begun", [])]
)
def test_a_reminder_that_is_held_up_says_today_and_says_nothing_of_another_day(
    owner, host, here, jobs, mailbox, frozen_clock, what, subjects
):
    """The mail server was away for the night, or the event was put off before the mail was written."""
    event = make_event(host, here, TUESDAY, title="Fest")
    guest = comes(owner, here, event, TUESDAY.date())
    with as_owner(), atomic():
        token = str(uuid.uuid4())
        db.session.add(Subscription(person_id=guest.id, quarter_id=here.id, list="events", is_on=True, token=token))
    frozen_clock.tick((datetime(2026, 5, 18, 16, 1, tzinfo=UTC) - clock.now()).total_seconds())
    assert telling.of_tomorrow("Europe/Berlin") == 1
    if what == "put off":
        later = TUESDAY + timedelta(days=7)
        acting(host, here, event, service.replan, Plan(later, later + timedelta(hours=2), "Europe/Berlin"))
    else:
        frozen_clock.tick((13 if what == "late" else 24) * 3600)
    mails = told(jobs, mailbox)
    assert [subject for _to, subject, _text in mails] == subjects
    assert not any("Morgen" in text or "Du bekommst diese Mail am Abend" in text for _to, _subject, text in mails)


def test_an_issue_says_what_is_on_this_week_and_what_was_changed(owner, context, jobs, mailbox, frozen_clock):
    frozen_clock.tick(-3 * 86_400)
    here = make_quarter("Weberviertel")
    host, reader = make_person(here), make_reader(here)
    make_event(host, here, TUESDAY - timedelta(days=5), rule="FREQ=WEEKLY", title="Lauftreff")
    fest = make_event(host, here, TUESDAY - timedelta(days=6), title="Sommerfest")
    frozen_clock.tick(1)
    make_event(host, here, TUESDAY + timedelta(days=20), title="Herbstfest")
    frozen_clock.tick(3 * 86_400 - 3600)
    acting(host, here, fest, changing.call_off, None)
    make_event(host, here, TUESDAY, title="Ganz neu")
    frozen_clock.tick(86_400)
    owner.execute("UPDATE subscription SET told_up_to = (SELECT id FROM contribution WHERE title = 'Herbstfest')")
    digests.open_due("Europe/Berlin")
    jobs.run()
    (issue,) = [body(mail) for mail in mailbox.messages() if mail.recipients[0] == reader.email]
    order = [
        issue.index(words)
        for words in ("Ganz neu", "Geändert oder abgesagt", "Sommerfest", "In den nächsten sieben Tagen", "Lauftreff")
    ]
    assert order == sorted(order) and issue.count("Lauftreff") == 1 and "Herbstfest" not in issue
    assert "abgesagt" in issue[order[2] : order[3]]


def test_taken_down_pinned_up_again_and_taken_down_tells_its_guests_once(
    owner, host, here, jobs, mailbox, frozen_clock
):
    event = make_event(host, here, TUESDAY, title="Fest")
    guest = comes(owner, here, event, TUESDAY.date())
    for act in (base.withdraw, base.restore, base.withdraw):
        acting(host, here, event, act)
        frozen_clock.tick(60)
    frozen_clock.tick(700)
    jobs.sent.append(("notices.sweep", []))
    assert [(to, subject) for to, subject, _text in told(jobs, mailbox)] == [(guest.email, "Findet nicht statt: Fest")]


@pytest.fixture
def issue(context, jobs, mailbox):
    """Sends the issue of a morning in May; who gets it, and what it says."""

    def sending_it(day):
        before = {mail.name for mail in mailbox.messages()}
        with clock.freeze(datetime(2026, 5, day, 5, 1, tzinfo=UTC)):
            digests.open_due("Europe/Berlin")
            jobs.run()
        new = [mail for mail in mailbox.messages() if mail.name not in before]
        return {mail.recipients[0]: body(mail) for mail in new if "Nr." in mail.message["Subject"]}

    return sending_it


def on(day, hour=10):
    return clock.freeze(datetime(2026, 5, day, hour, tzinfo=UTC))


def moved(event):
    service.replan(event, Plan(TUESDAY + timedelta(days=2), TUESDAY + timedelta(days=2, hours=2), "Europe/Berlin"))


CHANGES = {
    "called off": (lambda event: changing.call_off(event, None), "abgesagt"),
    "one date called off": (lambda event: changing.call_off(event, TUESDAY.date()), "Geändert oder abgesagt"),
    "moved": (moved, "21. Mai"),
    "taken down": (base.withdraw, "Findet nicht statt, wurde abgenommen."),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whoever_read_of_an_event_hears_the_next_morning_and_once_what_became_of_it(issue, what):
    change, words = CHANGES[what]
    with on(10):
        here = make_quarter()
        host, reader, guest = make_reader(here), make_reader(here), make_reader(here)
        event = make_event(host, here, TUESDAY, title="Sommerfest", body="Nur für Eingeweihte.")
    assert "Sommerfest" in issue(11)[reader.email]
    with on(11):
        newcomer = make_reader(here)
        (date_id,) = acting(guest, here, event, lambda mine: [each.id for each in dates.coming(mine.id, 1)])
        with scope.use(viewer_of(guest, here)), atomic():
            answers.answer(date_id, is_coming=True)
        acting(host, here, event, change)
    said = issue(12)
    assert set(said) == {reader.email}, "not to whoever made it, was never told of it or is told by a mail of their own"
    text = said[reader.email]
    assert text.count("Sommerfest") == 1 and words in text
    assert ("/c/" in text) is (what != "taken down") and ("Eingeweihte" in text) is (what != "taken down")
    with on(12):
        make_post(host, here, title="Neues")
    later = issue(13)
    assert "Geändert oder abgesagt" not in later[reader.email] and "Sommerfest" not in later[newcomer.email]


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_over_or_was_undone_at_once_makes_no_issue(issue, what):
    change, _words = CHANGES[what]
    with on(10):
        here = make_quarter()
        host, _reader = make_person(here), make_reader(here)
        over, undone = (make_event(host, here, begins) for begins in (datetime(2026, 5, 11, 18), TUESDAY))
    assert len(issue(11)) == 1
    with on(11):
        if what != "moved":
            acting(host, here, over, lambda event: changing.call_off(event, None))
        if what in ("called off", "taken down"):
            acting(host, here, undone, change)
            acting(
                host, here, undone, base.restore if what == "taken down" else lambda mine: changing.call_on(mine, None)
            )
    assert issue(12) == {}


def test_called_off_and_on_again_is_told_both_times(issue):
    with on(10):
        here = make_quarter()
        host, reader = make_person(here), make_reader(here)
        event = make_event(host, here, TUESDAY, title="Sommerfest")
    assert "Sommerfest" in issue(11)[reader.email]
    for day, change, words in ((11, changing.call_off, "abgesagt"), (12, changing.call_on, "findet doch statt")):
        with on(day):
            acting(host, here, event, change, None)
        assert words in issue(day + 1)[reader.email].split("Geändert oder abgesagt")[1]
    assert issue(14) == {}
    with on(14):
        acting(host, here, event, moved)
    said = issue(15)[reader.email]
    assert "findet doch statt" not in said and "geändert" in said, "the last change is what it says"


def test_an_issue_says_why_all_is_called_off_and_names_single_dates_that_are_off_or_on_again(issue):
    with on(10):
        here = make_quarter()
        host, reader = make_person(here), make_reader(here)
        fest = make_event(host, here, TUESDAY, title="Sommerfest")
        choir = make_event(host, here, TUESDAY, title="Chorprobe", rule="FREQ=WEEKLY")
    issue(11)
    with on(11):
        acting(host, here, fest, changing.call_off, None, "Dauerregen & <Sturm>")
        acting(host, here, choir, changing.call_off, date(2026, 6, 2), "Chorleiterin krank")
        acting(host, here, choir, changing.call_off, date(2026, 6, 9))
    said = issue(12)[reader.email]
    assert "Grund: Dauerregen &amp; &lt;Sturm&gt;" in said
    assert "Fällt aus: Dienstag, 2. Juni, 18:00 bis 20:00. Grund: Chorleiterin krank" in said
    assert "Fällt aus: Dienstag, 9. Juni, 18:00 bis 20:00." in said and said.count("Grund:") == 2
    with on(12):
        acting(host, here, fest, changing.call_on, None)
        acting(host, here, choir, changing.call_on, date(2026, 6, 2))
    said = issue(13)[reader.email]
    assert "Grund:" not in said and "9. Juni" not in said, "what was told is not told again"
    assert "Findet doch statt: Dienstag, 2. Juni, 18:00 bis 20:00" in said and "findet doch statt" in said


def test_what_was_taken_down_is_named_only_where_it_hung(issue):
    with on(10):
        here, beside = make_quarter(), make_quarter()
        host, reader, stranger = make_person(here), make_reader(here), make_reader(beside)
        event = make_event(host, here, TUESDAY, title="Sommerfest")
        make_post(make_person(beside), beside, title="Drüben")
    assert "Sommerfest" not in issue(11)[stranger.email]
    with on(11):
        acting(host, here, event, base.withdraw)
        make_post(make_person(beside), beside, title="Wieder drüben")
    said = issue(12)
    assert "Sommerfest" in said[reader.email] and "Sommerfest" not in said[stranger.email]


def test_what_is_called_off_while_it_is_changed_stays_called_off_and_both_are_told(
    app, owner, host, here, jobs, mailbox
):
    """The change waits for whoever calls it off, and says of the dates what holds then."""
    event = make_event(host, here, TUESDAY, title="Fest", place="Hof")
    guest = comes(owner, here, event, TUESDAY.date())
    told(jobs, mailbox)
    eyes, is_off, go_on = viewer_of(host, here), threading.Event(), threading.Event()

    def call_off():
        with app.app_context(), scope.use(eyes), atomic():
            changing.call_off(service.of_person(event.id), None, "krank")
            is_off.set()
            go_on.wait(5)

    def revise():
        plan = Plan(TUESDAY, TUESDAY + timedelta(hours=2), "Europe/Berlin", place="Saal")
        with app.app_context(), scope.use(eyes), atomic():
            mine = service.of_person(event.id)
            words = {"category": mine.category, "title": mine.title, "body_md": mine.body_md, "audience": mine.audience}
            service.revise(mine, editor_id=host.id, plan=plan, **words)

    first, second = threading.Thread(target=call_off), threading.Thread(target=revise)
    first.start()
    assert is_off.wait(5)
    second.start()
    second.join(0.5)
    assert second.is_alive(), "it waits"
    go_on.set()
    first.join()
    second.join()
    stands = owner.execute(
        "SELECT cancelled_at IS NOT NULL, is_cancelled, place, sequence FROM event JOIN occurrence ON event_id = event.id"
    )
    assert stands.fetchall() == [(True, True, "Saal", 2)]
    assert [each[:2] for each in told(jobs, mailbox)] == [(guest.email, "Abgesagt: Fest")]


def test_what_happens_once_is_moved_as_a_whole_beside_its_date_and_its_guests_hear_of_it_once(
    client, author, owner, here, jobs, mailbox
):
    event = make_event(author, here, TUESDAY, title="Fest", place="Hof")
    guest, page = comes(owner, here, event, TUESDAY.date()), f"/c/{to_uid(event.id)}"
    told(jobs, mailbox)
    moved = {"day": "2026-05-22", "from_time": "19:00", "until_time": "21:00", "place": "Garten"}
    assert client.post(f"{page}/date?day=2026-05-19", data=moved).status_code == 303
    ((address, _subject, text),) = told(jobs, mailbox)
    assert address == guest.email and "Jetzt: Freitag, 22. Mai, 19:00 bis 21:00, Garten" in text
    assert "Vorher: Dienstag, 19. Mai, 18:00 bis 20:00" in text and "Vorher: Hof" in text
    form = client.get(f"{page}/edit").text
    assert [re.search(f'name="{name}"[^>]*value="([^"]*)"', form)[1] for name in ("day", "from_time", "place")] == [
        "2026-05-22",
        "19:00",
        "Garten",
    ]
    fields = {"category": "gathering", "title": "Fest", "body_md": "Ein Satz.", "repeats": "", "audience": "quarter"}
    client.post(f"{page}/edit", data={**fields, **moved, "from_time": "20:00"})
    stands = owner.execute(
        "SELECT begins, slot_on, place, sequence, taken FROM event JOIN occurrence ON event_id = event.id"
    )
    assert stands.fetchall() == [(datetime(2026, 5, 22, 20), date(2026, 5, 22), "Garten", 2, 1)]
    ((_to, _subject, text),) = told(jobs, mailbox)
    assert "Jetzt: Freitag, 22. Mai, 20:00 bis 21:00, Garten" in text and "19:00 bis 21:00" in text
    assert owner.execute("SELECT count(*) FROM event_exception").fetchone() == (0,)


def test_the_only_date_that_is_left_of_days_of_ones_own_is_where_it_was_moved_to(owner, host, here, jobs, mailbox):
    event = make_event(host, here, TUESDAY, more_on=(date(2026, 6, 2),))
    comes(owner, here, event, TUESDAY.date())
    acting(
        host, here, event, changing.change_one, TUESDAY.date(), *(datetime(2026, 5, 20, hour) for hour in (19, 21)), ""
    )
    assert len(told(jobs, mailbox)) == 1
    later = [datetime(2026, 6, 3, hour) for hour in (18, 20)]
    acting(host, here, event, changing.change_following, date(2026, 6, 2), *later, "")
    stands = owner.execute("SELECT begins, slot_on, taken FROM event JOIN occurrence ON event_id = event.id ORDER BY 1")
    assert stands.fetchall() == [(datetime(2026, 5, 20, 19), date(2026, 5, 20), 1), (later[0], date(2026, 6, 3), 0)]
    assert told(jobs, mailbox) == []


def test_a_series_that_happens_once_from_now_on_is_when_its_form_says(owner, host, here):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY")
    acting(
        host, here, event, changing.change_one, TUESDAY.date(), *(datetime(2026, 5, 20, hour) for hour in (19, 21)), ""
    )
    acting(host, here, event, service.replan, Plan(TUESDAY, TUESDAY + timedelta(hours=2), "Europe/Berlin"))
    at = owner.execute("SELECT begins_at FROM occurrence").fetchall()
    assert at == [(datetime(2026, 5, 19, 16, tzinfo=UTC),)]


def cut_in_three(host, here):
    """A series, and the two that hold its dates from the 3rd of June and from the 2nd of July on."""
    parts = [make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe")]
    for slot, to in ((date(2026, 6, 2), datetime(2026, 6, 3, 18)), (date(2026, 7, 1), datetime(2026, 7, 2, 18))):
        times = to, to + timedelta(hours=2)
        parts.append(acting(host, here, parts[-1], changing.change_following, slot, *times, ""))
    return parts


def test_the_whole_series_is_called_off_only_when_no_part_of_it_is_left_however_often_it_was_cut(
    owner, host, here, jobs, mailbox
):
    first, second, third = cut_in_three(host, here)
    comes(owner, here, third, date(2026, 7, 9))
    comes(owner, here, first, date(2026, 5, 26))
    acting(host, here, second, changing.call_off, None)
    told(jobs, mailbox)
    acting(host, here, third, changing.call_off, None)
    ((_to, _subject, text),) = told(jobs, mailbox)
    assert "ganze Reihe" not in text and "Alle übrigen Termine dieses Zettels sind abgesagt." in text
    acting(host, here, first, changing.call_off, None)
    ((_to, _subject, text),) = told(jobs, mailbox)
    assert "Die ganze Reihe ist abgesagt." in text


def test_a_series_goes_on_as_the_next_part_that_takes_place_and_says_of_one_that_is_off_that_it_is(
    client, author, here
):
    first, second, third = cut_in_three(author, here)

    def said(event=first):
        page = " ".join(plain(client.get(f"/c/{to_uid(event.id)}").text).split())
        asked = " ".join(plain(client.get(f"/c/{to_uid(event.id)}/call-off").text).split())
        return page, asked

    assert all("weiter: jeden Mittwoch bis" in each for each in said())
    acting(author, here, second, changing.call_off, None)
    assert all("weiter: jeden Donnerstag, ab" in each for each in said())
    acting(author, here, third, changing.call_off, None)
    page, asked = said()
    assert "Die Reihe ging auf einem eigenen Zettel weiter, der abgesagt ist. Zu jenem Zettel" in page
    assert "eigenen Zettel" not in asked and "geht auf einem" not in page
    link = " ".join(plain(client.get(f"/c/{to_uid(first.id)}?date=2026-06-09").text).split())
    assert "Diesen Termin gibt es hier nicht mehr. Die Reihe ging auf" in link
    assert "übrigen Termine" in said(third)[1], "the first part goes on"
