"""Who comes: places that are given once, a line that is kept, offers that run out, and who sees whom."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import sqlalchemy

from neighbour.contributions.models import Audience
from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.core.tokens import to_uid
from neighbour.events import answers, service
from neighbour.events.service import Plan
from neighbour.mydata import retention
from neighbour.notices.models import DeliveryState
from tests.factories import make_event, make_move, make_person, make_quarter, sign_in, viewer_of

TUESDAY = datetime(2026, 5, 19, 18)
BEGINS = datetime(2026, 5, 19, 16, tzinfo=UTC)


@pytest.fixture
def host(here):
    return make_person(here, name="Gastgeberin")


def invited(owner, host, here, **plan):
    """An event and the id of its first date."""
    event = make_event(host, here, TUESDAY, **plan)
    (date_id,) = owner.execute(
        "SELECT id FROM occurrence WHERE event_id = %s ORDER BY begins_at LIMIT 1", [event.id]
    ).fetchone()
    return event, date_id


def say(person, quarter, date_id, is_coming=True, companions=0):
    with scope.use(viewer_of(person, quarter)), atomic():
        return answers.answer(date_id, is_coming=is_coming, companions=companions)


def crowd(owner, here, many):
    """People of the quarter, quickly."""
    return [make_person(here) for _ in range(many)]


def states(owner, date_id):
    found = owner.execute("SELECT person_id, state FROM participation WHERE occurrence_id = %s", [date_id]).fetchall()
    return dict(found)


def counts(owner, date_id):
    return owner.execute("SELECT taken, waiting FROM occurrence WHERE id = %s", [date_id]).fetchone()


def test_of_two_hundred_at_once_ten_have_a_place_and_five_that_go_make_room_for_the_first_five(
    app, owner, host, here, mailbox, jobs
):
    """200 answers from twelve threads at the same moment; then five who come call it off, at the same moment too."""
    _event, date_id = invited(owner, host, here, capacity=10)
    people = crowd(owner, here, 200)
    eyes = {person.id: viewer_of(person, here) for person in people}

    def speak(person_id, is_coming):
        with app.app_context(), scope.use(eyes[person_id]), atomic():
            said = answers.answer(date_id, is_coming=is_coming)
        scope.leave()
        return said

    def all_at_once(ids, is_coming):
        with ThreadPoolExecutor(12) as pool:
            return list(pool.map(lambda key: Context().run(speak, key, is_coming), ids))

    said = all_at_once(list(eyes), True)
    assert sorted(set(said)) == ["coming", "waiting"] and said.count("coming") == 10
    assert counts(owner, date_id) == (10, 190)
    line = owner.execute(
        "SELECT person_id FROM participation WHERE state = 'waiting' ORDER BY asked_at, person_id LIMIT 5"
    ).fetchall()
    coming = [key for key, state in states(owner, date_id).items() if state == "coming"]
    assert set(all_at_once(coming[:5], False)) == {"declined"}
    offered = {key for key, state in states(owner, date_id).items() if state == "offered"}
    assert offered == {key for (key,) in line} and counts(owner, date_id) == (10, 185)
    assert owner.execute(
        "SELECT count(*), count(DISTINCT person_id) FROM delivery WHERE notice = 'events.place_free'"
    ).fetchone() == (5, 5)


def test_an_offer_is_kept_for_a_day_and_goes_to_the_next_once(owner, host, here, jobs, mailbox, frozen_clock):
    _event, date_id = invited(owner, host, here, capacity=2)
    first, second, third, fourth = reversed(crowd(owner, here, 4))  # who asked first counts, not who is here longest
    for each, said in ((first, "coming"), (second, "coming"), (third, "waiting"), (fourth, "waiting")):
        frozen_clock.tick(1)
        assert say(each, here, date_id) == said
    assert say(first, here, date_id, False) == "declined"
    jobs.run()
    (mail,) = mailbox.messages()
    assert mail.recipients == (third.email,) and "Platz" in mail.text and to_uid(_event.id) in mail.text
    frozen_clock.tick(24 * 3600 - 1)
    assert answers.expire() == 0
    frozen_clock.tick(1)
    for _again in range(2):  # a knock too many changes nothing
        jobs.sent.append(("events.offers", []))
        jobs.run()
    assert states(owner, date_id) == {
        first.id: "declined",
        second.id: "coming",
        third.id: "lapsed",
        fourth.id: "offered",
    }
    assert [each.recipients for each in mailbox.messages()] == [(third.email,), (fourth.email,)]
    assert say(fourth, here, date_id) == "coming" and counts(owner, date_id) == (2, 0)
    assert say(third, here, date_id) == "waiting", "who let it go is at the end of the line"


def test_an_offer_ends_two_hours_before_the_begin_and_then_who_asks_first_has_the_place(
    owner, host, here, frozen_clock
):
    _event, date_id = invited(owner, host, here, capacity=1)
    first, second, third = crowd(owner, here, 3)
    for each in (first, second):
        say(each, here, date_id)
    frozen_clock.tick((BEGINS - clock.now()).total_seconds() - 5 * 3600)
    say(first, here, date_id, False)
    (until,) = owner.execute("SELECT offered_until FROM participation WHERE state = 'offered'").fetchone()
    assert until == BEGINS - timedelta(hours=2)
    frozen_clock.tick(3 * 3600)
    answers.expire()
    assert say(third, here, date_id) == "coming"
    frozen_clock.tick(5 * 3600)
    assert say(second, here, date_id) == answers.OVER


def test_a_worker_that_dies_between_offer_and_mail_leaves_both_or_none(owner, host, here, monkeypatch):
    _event, date_id = invited(owner, host, here, capacity=1)
    first, second = crowd(owner, here, 2)
    say(first, here, date_id)
    say(second, here, date_id)
    with monkeypatch.context() as patch:
        patch.setattr(answers.PlaceFree, "send", lambda *_given, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            say(first, here, date_id, False)
    assert states(owner, date_id) == {first.id: "coming", second.id: "waiting"}
    say(first, here, date_id, False)
    assert states(owner, date_id)[second.id] == "offered"
    assert owner.execute("SELECT count(*) FROM delivery").fetchone() == (1,)


def test_companions_take_places_and_nobody_passes_the_line(owner, host, here):
    event, date_id = invited(owner, host, here, capacity=5)
    family, pair, single = crowd(owner, here, 3)
    assert say(family, here, date_id, companions=9) == "coming", "four more at most"
    assert counts(owner, date_id) == (5, 0)
    assert say(family, here, date_id, companions=3) == "coming"
    assert say(pair, here, date_id, companions=1) == "waiting"
    assert say(single, here, date_id) == "waiting", "one place is free, but the pair was here before"
    assert say(family, here, date_id, companions=4) == "coming", "a place that is free and kept by nobody"
    with scope.use(viewer_of(host, here)), atomic():
        more = Plan(event.begins, event.ends, event.zone, capacity=8)
        service.replan(service.of_person(event.id), more)
    assert states(owner, date_id) == {family.id: "coming", pair.id: "offered", single.id: "offered"}
    assert say(pair, here, date_id, companions=2) == answers.FULL
    assert states(owner, date_id)[pair.id] == "offered", "what is kept for them stays"


def test_strangers_answer_nothing_and_see_nobody(owner, host, here):
    _event, date_id = invited(owner, host, here)
    guest, elsewhere = make_person(here), make_quarter("Fremd")
    stranger = make_person(elsewhere)
    assert say(stranger, elsewhere, date_id) is None and states(owner, date_id) == {}
    say(guest, here, date_id)
    say(make_person(here), here, date_id, companions=2)
    seen = {}
    for name, person, quarter in (
        ("host", host, here),
        ("guest", guest, here),
        ("other", make_person(here), here),
        ("stranger", stranger, elsewhere),
    ):
        with scope.use(viewer_of(person, quarter)):
            seen[name] = [(each.name, each.companions) for each in answers.guests(date_id)]
    assert seen["other"] == seen["stranger"] == []
    assert seen["guest"] == seen["host"] == [(guest.name_city, 0), (seen["host"][1][0], 2)]


def test_the_page_takes_an_answer_shows_it_and_opens_what_only_guests_read(
    client, visitor, owner, host, here, frozen_clock
):
    event, date_id = invited(owner, host, here, capacity=1, rule="FREQ=WEEKLY")
    with scope.use(viewer_of(host, here)), atomic():
        service.tell_guests(event, "Klingel Fadenlauf")
    guest, late = make_person(here), make_person(here)
    clients = {"guest": client, "late": visitor(), "host": visitor()}
    for name, person in (("guest", guest), ("late", late), ("host", host)):
        sign_in(clients[name], person)
    path, page = f"/events/{to_uid(date_id)}/answer", f"/c/{to_uid(event.id)}"

    def look(name, path=page):
        return clients[name].get(path).get_data(as_text=True)

    assert "Ich komme" in look("guest") and "Wer kommt" in look("host") and "Ich komme" not in look("host")
    for _twice in range(2):
        answered = client.post(path, data={"come": "1", "companions": "0"})
        assert answered.status_code == 303 and answered.location == f"{page}?date=2026-05-19#coming"
    assert "Du kommst." in look("guest") and "1 von 1 Plätzen vergeben" in look("late")
    box = clients["late"].post(path, data={"come": "1"}, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "auf der Warteliste an 1. Stelle" in box and "<html" not in box
    assert guest.name_city in look("host") and guest.name_city not in look("late")
    assert "Ab Montag, 18:00 steht hier etwas" in look("guest") and "Fadenlauf" not in look("guest")
    assert "Fadenlauf" in look("host")
    frozen_clock.tick(6 * 86_400 + 9 * 3600)
    for name, person in (("guest", guest), ("late", late), ("host", host)):
        sign_in(clients[name], person)
    assert "Fadenlauf" in look("guest") and "Fadenlauf" not in look("late")
    assert "Bitte sag noch einmal" in client.post(path, data={"come": "0"}, follow_redirects=True).text
    assert "1 von 1 Plätzen" in look("late") and 'name="sure" value="1"' in look("guest"), (
        "others would have it at once"
    )
    assert client.post(path, data={"come": "0", "sure": "1"}).status_code == 303
    assert "für dich frei, bis" in look("late") and "Fadenlauf" not in look("guest")
    assert "die Nächsten auf der Warteliste" not in look("late"), "nobody is next"
    said = clients["late"].post(path, data={"come": "0"}, headers={"HX-Request": "true"}).text
    assert states(owner, date_id) == {guest.id: "declined", late.id: "declined"} and "Du kommst nicht." in said
    assert clients["host"].post(path, data={"come": "1"}).status_code == 404, "whoever invites is there anyway"
    assert re.search(r'\?date=2026-05-26#coming">Zusagen', look("guest"))
    assert "26. Mai" in re.search(r'id="coming".*?</section>', look("guest", f"{page}?date=2026-05-26"), re.S).group()


def test_a_no_is_taken_back_with_as_many_where_nobody_waits(client, owner, host, here):
    _event, date_id = invited(owner, host, here, capacity=3)
    guest = make_person(here)
    sign_in(client, guest)
    path, back = f"/events/{to_uid(date_id)}/answer", r'action="(/events/[^"]+companions=2)".+?Rückgängig'
    for headers in ({}, {"HX-Request": "true"}):
        client.post(path, data={"come": "1", "companions": "2"})
        html = client.post(path, data={"come": "0"}, headers=headers, follow_redirects=True).text
        assert states(owner, date_id) == {guest.id: "declined"}
        assert "mit 2 Personen mehr" in client.post(unescape(re.search(back, html)[1]), follow_redirects=True).text
        assert counts(owner, date_id) == (3, 0) and 'name="sure"' not in html


def test_two_weeks_after_it_only_the_number_is_left(app, owner, host, here, frozen_clock):
    _event, date_id = invited(owner, host, here)
    say(make_person(here), here, date_id, companions=2)
    say(make_person(here), here, date_id)
    frozen_clock.tick((BEGINS - clock.now()).total_seconds() + 16 * 86_400 - 14 * 3600)
    rule = next(rule for rule in retention.RULES if rule.name == "guests")
    with scope.use(scope.NOBODY):
        assert rule.forget(clock.now() - rule.period) == 1
        assert rule.forget(clock.now() - rule.period) == 0
    assert states(owner, date_id) == {} and counts(owner, date_id)[0] == 4


def test_whoever_leaves_for_good_makes_room(owner, host, here):
    """An erasure takes the row away; the place goes to the next in line by itself."""
    _event, date_id = invited(owner, host, here, capacity=1)
    first, second = crowd(owner, here, 2)
    say(first, here, date_id)
    say(second, here, date_id)
    owner.execute("UPDATE occurrence SET begins_at = now() + interval '9 days', ends_at = now() + interval '9 days'")
    owner.execute("DELETE FROM participation WHERE person_id = %s", [first.id])
    assert states(owner, date_id) == {second.id: "offered"}
    assert answers.expire() == 0
    assert owner.execute("SELECT state FROM delivery").fetchall() == [(DeliveryState.PENDING,)]


def mails(jobs, mailbox, frozen_clock):
    """What is sent until ten minutes later: to whom, what."""
    mailbox.clear()
    frozen_clock.tick(600)
    jobs.sent.append(("notices.sweep", []))
    jobs.run()
    return sorted(
        (mail.recipients[0], mail.message["Subject"], " ".join(mail.text.split())) for mail in mailbox.messages()
    )


def revised(host, here, event, *, title, audience=Audience.QUARTER, begins=TUESDAY, **plan):
    with scope.use(viewer_of(host, here)), atomic():
        mine = service.of_person(event.id)
        service.revise(
            mine,
            editor_id=host.id,
            category=mine.category,
            title=title,
            body_md=mine.body_md,
            audience=audience,
            plan=Plan(begins, begins + timedelta(hours=2), "Europe/Berlin", **plan),
        )


def test_whoever_cannot_read_a_narrowed_event_any_more_hears_it_and_makes_room(
    owner, host, here, jobs, mailbox, frozen_clock
):
    beside = make_quarter(beside=here)
    event, date_id = invited(owner, host, here, capacity=1, audience=Audience.NEARBY, title="Hoffest")
    from_beside, next_in_line, late = make_person(beside), make_person(here), make_person(beside)
    assert [say(from_beside, beside, date_id), say(next_in_line, here, date_id), say(late, beside, date_id)] == [
        "coming",
        "waiting",
        "waiting",
    ]
    moved = TUESDAY + timedelta(days=1)
    revised(host, here, event, title="Nur unter uns", begins=moved, place="Geheim", capacity=1)
    assert states(owner, date_id) == {from_beside.id: "declined", next_in_line.id: "offered", late.id: "declined"}
    found = mails(jobs, mailbox, frozen_clock)
    gone = {to: text for to, subject, text in found if subject == "Nicht mehr für dich: Hoffest"}
    assert set(gone) == {from_beside.email, late.email} and len(found) == 4  # a place is free, and on another day
    for text in gone.values():
        assert "Dienstag, 19. Mai um 18:00 Uhr" in text and "Nur unter uns" not in text and "Geheim" not in text
    assert mails(jobs, mailbox, frozen_clock) == []


def test_an_event_that_reaches_as_far_or_farther_loses_nobody(owner, host, here, jobs, mailbox, frozen_clock):
    beside = make_quarter(beside=here)
    event, date_id = invited(owner, host, here, audience=Audience.NEARBY, title="Hoffest")
    guest = make_person(beside)
    say(guest, beside, date_id)
    for audience in (Audience.CITY, Audience.PUBLIC, Audience.NEARBY):
        revised(host, here, event, title="Hoffest", audience=audience)
    assert states(owner, date_id) == {guest.id: "coming"} and mails(jobs, mailbox, frozen_clock) == []


def test_whoever_moves_away_makes_room_and_hears_it(owner, host, here, jobs, mailbox, frozen_clock):
    beside, away = make_quarter(beside=here), make_quarter()
    _event, date_id = invited(owner, host, here, capacity=1, title="Grillen")
    _near, of_near = invited(owner, host, here, audience=Audience.NEARBY)
    _public, of_public = invited(owner, host, here, audience=Audience.PUBLIC)
    mover, waits = make_person(here), make_person(here)
    for each in (date_id, of_near, of_public):
        say(mover, here, each)
    say(waits, here, date_id)
    make_move(mover, beside)
    assert states(owner, date_id) == {mover.id: "declined", waits.id: "offered"}
    assert states(owner, of_near) == states(owner, of_public) == {mover.id: "coming"}, "they read it from there, too"
    jobs.sent.append(("events.offers", []))
    to = {to: (subject, text) for to, subject, text in mails(jobs, mailbox, frozen_clock)}
    assert to[mover.email][0] == "Nicht mehr für dich: Grillen" and "mit deinem Umzug" in to[mover.email][1]
    assert to[waits.email][0] == "Ein Platz ist frei: Grillen" and len(to) == 2
    make_move(mover, away)
    assert (states(owner, of_near), states(owner, of_public)) == ({mover.id: "declined"}, {mover.id: "coming"})


def test_what_is_over_stays_as_it_was_when_its_guest_moves(owner, host, here, frozen_clock, jobs, mailbox):
    _event, date_id = invited(owner, host, here)
    guest = make_person(here)
    say(guest, here, date_id)
    frozen_clock.tick(30 * 86_400)
    make_move(guest, make_quarter())
    assert states(owner, date_id) == {guest.id: "coming"} and mails(jobs, mailbox, frozen_clock) == []


def test_a_party_that_never_fits_hears_it_at_once_and_is_not_in_line(client, owner, host, here):
    event, date_id = invited(owner, host, here, capacity=2)
    guest, large = make_person(here), make_person(here)
    say(guest, here, date_id, companions=1)
    assert say(large, here, date_id, companions=2) == answers.TOO_MANY
    assert say(large, here, date_id, companions=1) == "waiting"
    assert say(large, here, date_id, companions=4) == answers.TOO_MANY
    assert states(owner, date_id)[large.id] == "waiting" and counts(owner, date_id) == (2, 1)
    sign_in(client, large)
    page = client.get(f"/c/{to_uid(event.id)}").text
    assert re.findall(r'<option value="(\d)"', page.split('id="companions"')[1].split("</select>")[0]) == ["0", "1"]
    said = client.post(
        f"/events/{to_uid(date_id)}/answer", data={"come": "1", "companions": "3"}, follow_redirects=True
    )
    assert "So viele Plätze gibt es insgesamt nicht." in said.text


def test_who_does_not_fit_into_fewer_places_is_told_and_passed(client, owner, host, here, jobs, mailbox, frozen_clock):
    event, date_id = invited(owner, host, here, capacity=5, title="Kochen")
    comes, large, small = (make_person(here) for _ in range(3))
    for guest, companions in ((comes, 4), (large, 4), (small, 0)):
        say(guest, here, date_id, companions=companions)
    for _twice in range(2):
        revised(host, here, event, title="Kochen", capacity=1)
    ((to, subject, text),) = mails(jobs, mailbox, frozen_clock)
    assert (to, subject) == (large.email, "Nicht mehr so viele Plätze: Kochen")
    assert "auf 5 Plätze" in text and "nur noch 1" in text and "weil du auf der Warteliste stehst" in text
    for capacity, count in ((5, 0), (1, 1), (2, 0), (1, 1)):
        for _twice in range(2):
            revised(host, here, event, title="Kochen", capacity=capacity)
        assert len([each for each in mails(jobs, mailbox, frozen_clock) if each[0] == large.email]) == count, capacity
    sign_in(client, large)
    assert "Du hast nach 5 Plätzen gefragt" in client.get(f"/c/{to_uid(event.id)}").text
    say(comes, here, date_id, is_coming=False)
    assert states(owner, date_id)[small.id] == "offered" and states(owner, date_id)[large.id] == "waiting"
    assert say(large, here, date_id) == "waiting"
    assert "an 1. Stelle" in client.get(f"/c/{to_uid(event.id)}").text


def test_a_place_that_was_kept_goes_back_into_the_line_where_there_are_fewer(
    client, owner, host, here, jobs, mailbox, frozen_clock
):
    event, date_id = invited(owner, host, here, capacity=4, title="Kochen")
    goes, stays, large, small = crowd(owner, here, 4)
    frozen_clock.tick((BEGINS - clock.now()).total_seconds() - 20 * 3600)  # every offer ends at the same moment
    for guest, companions in ((goes, 2), (stays, 0), (large, 1), (small, 0)):
        frozen_clock.tick(1)
        say(guest, here, date_id, companions=companions)
    say(goes, here, date_id, is_coming=False)
    coming = {goes.id: "declined", stays.id: "coming"}
    assert states(owner, date_id) == {**coming, large.id: "offered", small.id: "offered"}
    assert {to for to, _subject, _text in mails(jobs, mailbox, frozen_clock)} == {large.email, small.email}
    told = {}
    for capacity, kept in (
        (3, {large.id: "offered", small.id: "waiting"}),
        (1, {large.id: "waiting", small.id: "waiting"}),
    ):
        revised(host, here, event, title="Kochen", capacity=capacity)
        assert states(owner, date_id) == {**coming, **kept}
        for to, subject, text in mails(jobs, mailbox, frozen_clock):
            assert subject == "Nicht mehr so viele Plätze: Kochen" and "weil du auf der Warteliste stehst" in text
            assert "nicht mehr für dich frei" in text
            told[to] = text
    assert "an deiner Stelle auf der Warteliste" in told[small.email] and "nur noch 1" in told[large.email]
    assert "an deiner Stelle auf der Warteliste" not in told[large.email], "so many places are there no more"
    assert say(small, here, date_id) == "waiting"
    sign_in(client, small)
    page = client.get(f"/c/{to_uid(event.id)}").text
    assert "an 1. Stelle" in page and "für dich frei, bis" not in page
    revised(host, here, event, title="Kochen", capacity=4)
    assert states(owner, date_id) == {**coming, large.id: "offered", small.id: "offered"}
    again = {(to, subject) for to, subject, _text in mails(jobs, mailbox, frozen_clock)}
    assert again == {(guest.email, "Ein Platz ist frei: Kochen") for guest in (large, small)}


@pytest.mark.parametrize("what", ["expire_offers(:at)", "fewer_places(:event)", "more_places(:event, :at)"])
def test_whoever_goes_through_several_dates_locks_them_in_the_order_in_which_they_are_held(
    app, owner, here, host, frozen_clock, what
):
    """Two that go through the same dates in different orders would wait for each other."""
    event = make_event(host, here, datetime(2026, 5, 19, 18), rule="FREQ=DAILY;INTERVAL=40", capacity=1)
    guests, first = [make_person(here) for _guest in range(3)], None
    for (date_id,) in owner.execute("SELECT id FROM occurrence ORDER BY begins_at").fetchall():
        first = first or date_id
        for guest, is_coming in ((0, True), (1, True), (2, True), (0, False)):
            frozen_clock.tick(0.001)
            with scope.use(viewer_of(guests[guest], here)), atomic():
                answers.answer(date_id, is_coming=is_coming)
    frozen_clock.tick(25 * 3600)

    def go_through():
        with app.app_context(), scope.use(viewer_of(host, here)), atomic():
            db.session.execute(sqlalchemy.text(f"SELECT {what}"), {"at": clock.now(), "event": event.id})

    thread = threading.Thread(target=go_through)
    with owner.transaction():
        owner.execute("SELECT FROM occurrence WHERE id = %s FOR UPDATE", [first])
        thread.start()
        thread.join(0.7)
        assert thread.is_alive(), "it waits for the first one"
        free = owner.execute("SELECT id FROM occurrence FOR UPDATE SKIP LOCKED").fetchall()
        assert len(free) == 10, "and holds no other one meanwhile"
    thread.join()
