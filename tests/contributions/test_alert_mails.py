"""Alerts by mail: everybody in the area at once, one a day, and the all-clear to whoever was told."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from neighbour.contributions import alerts
from neighbour.contributions.models import Audience
from neighbour.core import clock, roles, scope
from neighbour.core.db import atomic
from neighbour.core.jobs import Job
from neighbour.core.tokens import to_uid
from neighbour.policy import Level, Role
from neighbour.posts import service as posts
from neighbour.posts.models import Post
from tests.factories import make_listed, make_move, make_person, make_quarter, sign_in, viewer_of

pytestmark = pytest.mark.usefixtures("context", "moments_pass")
NOW = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)


def pin_up(browser, at=NOW, title="Rohrbruch", **more):
    form = {
        "title": title,
        "body_md": "Kein Wasser bis abends.",
        "category": "urgent",
        "audience": "quarter",
        "hours": "24",
    }
    with clock.freeze(at):
        return browser.post("/write", data={**form, "form_key": str(uuid.uuid4()), **more})


def newest(owner):
    return f"/c/{to_uid(owner.execute('SELECT id FROM contribution ORDER BY id DESC LIMIT 1').fetchone()[0])}"


def test_everybody_in_the_area_hears_at_once_suspended_and_on_holiday_too(here, author, client, mails, owner):
    beside, far = make_quarter("Mühlgraben", beside=here), make_quarter("Gartenstadt")
    told = [make_listed(here), make_listed(here, level=Level.VOUCHED), make_listed(here, status="suspended")]
    away, near, off, lost = make_listed(here), make_listed(beside), make_listed(here), make_listed(here)
    make_listed(far)
    owner.execute("UPDATE subscription SET paused_until = '2026-06-01' WHERE person_id = %s", [away.id])
    owner.execute("UPDATE subscription SET is_on = false WHERE list = 'alerts' AND person_id = %s", [off.id])
    owner.execute("UPDATE membership SET level = 'unproven' WHERE person_id = %s", [lost.id])
    assert pin_up(client, audience="nearby").status_code == 303
    found = mails()
    assert set(found) == {person.email for person in (*told, away, near)}
    mail = found[near.email]
    assert mail.message["Subject"] == "Dringend: Rohrbruch" and mail.message["List-Id"] == "<alerts.localhost>"
    for part in (mail.text, mail.html):
        assert "Kein Wasser bis abends." in part and newest(owner) in part and "/unsubscribe/" in part
    assert mails(NOW + timedelta(minutes=5)) == {}


@pytest.mark.parametrize("act", ["withdraw", "solve"])
def test_one_a_day_by_whoever_and_a_slip_of_the_hand_costs_nobody_the_real_one(
    act, here, author, client, visitor, mails, owner
):
    reader, other, browser = make_listed(here), make_listed(here), visitor()
    with clock.freeze(NOW):
        sign_in(browser, other)
    pin_up(client, title="Vertippt")
    with clock.freeze(NOW):
        client.post(f"{newest(owner)}/{act}")
    assert mails() == {}
    pin_up(browser, title="Gas")
    assert set(mails()) == {reader.email, author.email}
    third = make_listed(here)
    with clock.freeze(NOW):
        sign_in(browser, third)
    pin_up(browser, title="Noch etwas")
    assert set(mails()) == {other.email}, "whoever wrote the second had no mail yet"
    with clock.freeze(NOW + timedelta(days=1)):
        sign_in(browser, third)
    pin_up(browser, title="Am Tag danach", at=NOW + timedelta(days=1, minutes=1))
    assert set(mails(NOW + timedelta(days=1, minutes=1))) == {reader.email, author.email, other.email}


def called(owner, title):
    """The address of what is called so: several were pinned up in the same moment."""
    return f"/c/{to_uid(owner.execute('SELECT id FROM contribution WHERE title = %s', [title]).fetchone()[0])}"


def turn(browser, path, *categories):
    """Makes a post one of these after the other."""
    for category in categories:
        changed = {"title": "Anders", "body_md": "", "category": category, "audience": "quarter", "hours": "6"}
        with clock.freeze(NOW):
            assert browser.post(f"{path}/edit", data=changed).status_code == 303


@pytest.mark.parametrize("staff", [{"role": Role.STEWARD}, {"is_operator": True}], ids=["team", "operator"])
def test_what_the_team_calls_out_reaches_whoever_had_a_trifle_that_day_and_takes_nobody_a_neighbours_alert(
    staff, here, author, client, visitor, mails, owner
):
    reader, helper, team, neighbour = make_listed(here), make_listed(here, **staff), visitor(), visitor()
    with clock.freeze(NOW):
        sign_in(team, helper)
        sign_in(neighbour, make_listed(here))
    pin_up(team, title="Probealarm")
    assert {reader.email, author.email} <= set(mails())
    pin_up(client, title="Katze weg")
    assert reader.email in mails(), "what the team called out is not counted among the neighbours' alerts"
    pin_up(team, title="Bombe, alle raus")
    bomb, found = called(owner, "Bombe, alle raus"), mails()
    assert {reader.email, author.email} <= set(found)
    assert found[reader.email].message["Subject"] == "Dringend: Bombe, alle raus"
    pin_up(neighbour, title="Katze immer noch weg")
    assert reader.email not in mails(), "one of the neighbours' a day"
    turn(team, bomb, "notice", "urgent")
    assert mails() == {}, "each alert is told once"
    pin_up(team, title="Gas", category="notice")
    turn(team, called(owner, "Gas"), "urgent")
    assert reader.email in mails(), "what becomes an alert, too"
    with clock.freeze(NOW):
        assert team.post(f"{bomb}/all-clear", data={"said": "Entschärft."}).status_code == 303
    assert {reader.email, author.email} <= set(mails())


def test_making_a_post_urgent_is_told_and_changing_an_alert_only_to_whom_it_reaches_now(
    here, author, client, mails, owner
):
    reader, beside = make_listed(here), make_listed(make_quarter("Mühlgraben", beside=here))
    pin_up(client, category="notice")
    changed = {"title": "Rohrbruch", "body_md": "", "category": "urgent", "audience": "quarter", "hours": "6"}
    with clock.freeze(NOW):
        assert client.post(f"{newest(owner)}/edit", data=changed).status_code == 303
    assert set(mails()) == {reader.email}
    with clock.freeze(NOW):
        client.post(f"{newest(owner)}/edit", data={**changed, "title": "Rohrbruch in der Seilergasse"})
    assert mails() == {}
    owner.execute("UPDATE contribution SET expires_at = expires_at + interval '1 day'")
    at = NOW + timedelta(hours=20)  # after midnight: nobody is told twice of the same alert
    with clock.freeze(at):
        sign_in(client, author)
        client.post(f"{newest(owner)}/edit", data={**changed, "audience": "nearby"})
    assert set(mails(at)) == {beside.email}


@pytest.mark.parametrize(
    ("act", "is_taken_back"), [("withdraw", False), ("withdraw", True), ("edit", False), ("edit", True)]
)
def test_an_alert_that_is_taken_down_or_becomes_a_notice_has_an_end_unless_that_is_taken_back(
    act, is_taken_back, here, author, client, mails, jobs, owner
):
    form = {"title": "Rohrbruch", "body_md": "", "audience": "quarter", "hours": "6"}
    words = {"withdraw": "wurde abgenommen und gilt nicht mehr", "edit": "ist nicht mehr dringend"}[act]
    reader = make_listed(here)
    pin_up(client)
    path, at = newest(owner), NOW + timedelta(hours=1)
    mails()
    with clock.freeze(at):
        client.post(f"{path}/{act}", data={**form, "category": "notice"})
        assert act == "edit" or "erfährt es in zehn Minuten" in client.get("/board").text
    with clock.freeze(at + timedelta(minutes=9)):
        jobs.sent.append((str(Job.NOTICES_SWEEP), []))
        if is_taken_back:
            again = {"withdraw": ("restore", {}), "edit": ("edit", {**form, "category": "urgent"})}[act]
            assert client.post(f"{path}/{again[0]}", data=again[1]).status_code == 303
    assert mails(at + timedelta(minutes=9)) == {}
    after = at + timedelta(minutes=11)
    jobs.sent.append((str(Job.NOTICES_SWEEP), []))
    found = mails(after)
    assert set(found) == (set() if is_taken_back else {reader.email})
    assert is_taken_back or words in found[reader.email].text
    with clock.freeze(after):
        client.post(f"{path}/all-clear", data={"said": "Das Wasser läuft wieder."})
    assert set(mails(after)) == ({reader.email} if is_taken_back else set())


def test_what_was_taken_back_reaches_whom_it_had_not_reached_and_holds_as_long_as_before(
    here, author, client, mails, owner
):
    reader, beside = make_listed(here), make_listed(make_quarter("Mühlgraben", beside=here))
    pin_up(client, hours="6")
    path, ends = newest(owner), "SELECT expires_at FROM contribution"
    assert set(mails()) == {reader.email}
    (end,) = owner.execute(ends).fetchone()
    form = {"title": "Rohrbruch", "body_md": "", "hours": "72"}
    with clock.freeze(NOW + timedelta(minutes=1)):
        assert (
            client.post(f"{path}/edit", data={**form, "category": "notice", "audience": "quarter"}).status_code == 303
        )
        again = {**form, "category": "urgent", "audience": "nearby"}
        assert client.post(f"{path}/edit", data=again).status_code == 303
    assert set(mails(NOW + timedelta(minutes=1))) == {beside.email}
    assert owner.execute(ends).fetchone() == (end,)


@pytest.mark.parametrize("ended", ["as a notice", "by running out", "by an all-clear"])
def test_an_alert_whose_end_was_told_does_not_come_back(ended, here, author, client, owner):
    make_listed(here)
    pin_up(client, hours="6")
    path, late = newest(owner), NOW + timedelta(hours=1 if ended == "as a notice" else 7)
    form = {"title": "Rohrbruch", "body_md": "", "audience": "quarter", "hours": "72"}
    if ended == "by an all-clear":
        with clock.freeze(NOW + timedelta(minutes=1)):
            client.post(f"{path}/solve")
            again = client.post(f"{path}/solve", data={"open": "1"}, follow_redirects=True)
            assert "ist vorbei, und wer" in again.text and "Wieder offen" not in again.text
            assert owner.execute("SELECT solved_at IS NULL FROM contribution").fetchone() == (False,)
        return
    with clock.freeze(NOW + timedelta(minutes=1) if ended == "as a notice" else late):
        client.post(f"{path}/edit", data={**form, "category": "notice"})
    with clock.freeze(late):
        client.post(f"{path}/edit", data={**form, "category": "notice", "body_md": "Noch etwas."})
        assert client.post(f"{path}/edit", data={**form, "category": "urgent"}).status_code == 422
    with clock.freeze(NOW + timedelta(hours=23, minutes=59)):
        owner.execute("UPDATE post SET alerted_at = alerted_at - interval '1 day'")
        sign_in(client, author)
        refused = client.post(f"{path}/edit", data={**form, "category": "urgent"})
        assert refused.status_code == 422 and "war schon einmal dringend" in refused.text


def board(browser, at):
    with clock.freeze(at):
        return " ".join(browser.get("/board").get_data(as_text=True).split())


@pytest.mark.parametrize("who", ["author", "steward", "operator"])
def test_the_all_clear_stands_where_the_alert_stood_and_reaches_whoever_was_told(
    who, here, author, client, visitor, mails, owner
):
    reader, unsure = make_listed(here), make_listed(here)
    staff = {"steward": {"role": Role.STEWARD}, "operator": {"is_operator": True}}.get(who)
    ender = visitor()
    person = make_person(here, **staff) if staff else author
    pin_up(client)
    path = newest(owner)
    mails()
    owner.execute("UPDATE subscription SET is_on = false WHERE list = 'alerts' AND person_id = %s", [unsure.id])
    make_listed(here)  # came later and was never told
    at = NOW + timedelta(hours=2)
    stranger = visitor()
    with clock.freeze(at):
        sign_in(ender, person)
        sign_in(stranger, reader)
        pin_up(ender, at=at, title="Neuer Zettel", category="notice")
        assert "Ist es vorbei?" in ender.get(path).text and "Ist es vorbei?" not in stranger.get(path).text
        assert stranger.post(f"{path}/all-clear", data={"said": "x"}).status_code == 404
        assert ender.post(f"{path}/all-clear", data={"said": "x" * 201}).status_code == 422
        for _twice in range(2):
            assert ender.post(f"{path}/all-clear", data={"said": "Das Wasser läuft wieder."}).status_code == 303
    found = mails(at)
    assert set(found) == {reader.email}
    assert found[reader.email].message["Subject"] == "Entwarnung: Rohrbruch"
    assert "Das Wasser läuft wieder." in found[reader.email].text
    page = board(stranger, at)
    assert page.index("Entwarnung, heute, 12:00: Das Wasser läuft wieder.") < page.index("Neuer Zettel")
    assert "card--urgent" not in page
    with clock.freeze(NOW + timedelta(hours=25)):
        sign_in(stranger, reader)
    later = board(stranger, NOW + timedelta(hours=25))
    assert later.index("Neuer Zettel") < later.index("Entwarnung")


def test_what_holds_stands_above_what_is_over(here, author, client, visitor, owner):
    browsers = [visitor() for _ in range(4)]
    for number, browser in enumerate(browsers):
        with clock.freeze(NOW):
            sign_in(browser, make_listed(here))
        pin_up(browser, title=f"Meldung {number}", at=NOW + timedelta(minutes=number))
        if number:
            with clock.freeze(NOW + timedelta(minutes=number)):
                browser.post(f"{newest(owner)}/solve")
    page = board(client, NOW + timedelta(minutes=10))
    first = page.partition('class="feed"')[2].partition("day-rule")[0]
    assert [number for number in range(4) if f"Meldung {number}" in first] == [0, 2, 3]
    assert first.index("Meldung 0") < first.index("Meldung 3")


def test_the_team_has_no_limit_and_the_operator_takes_the_whole_city(here, visitor, owner):
    far = make_quarter("Gartenstadt")
    listener = make_listed(far)
    for staff, codes in (({"role": Role.STEWARD}, [303, 303, 422]), ({"is_operator": True}, [303, 303, 303])):
        browser = visitor()
        with clock.freeze(NOW):
            sign_in(browser, make_person(here, **staff))
        asked = [pin_up(browser, title=f"{number}", audience=audience).status_code
                 for number, audience in enumerate(("quarter", "nearby", "city"))]  # fmt: skip
        assert asked == codes, staff
        weak = visitor()
        with clock.freeze(NOW):
            sign_in(weak, make_person(here, **staff), is_strong=False)
        assert [pin_up(weak, title=title).status_code for title in "ab"] == [303, 422], "without a second factor"
    told = owner.execute("SELECT count(*) FROM delivery WHERE person_id = %s", [listener.id])
    assert told.fetchone() == (1,)


def test_a_crowd_is_promised_its_mails_by_one_statement(here, author, clean_database, count_queries, jobs):
    with roles.connect(clean_database.superuser_url, autocommit=True) as hands:
        hands.execute("SET session_replication_role = replica")  # no counting per row
        hands.execute(
            "INSERT INTO person (public_id, email, email_key, password_hash, first_name, last_name, display_name, language,"
            " status, signup_step, is_operator) SELECT 'crowd' || n, 'crowd' || n, 'crowd' || n, '!', '', '', '', 'de', 'active', 'done',"
            " false FROM generate_series(1, 10000) n"
        )
        hands.execute(
            "INSERT INTO subscription (person_id, quarter_id, list, token) SELECT id, %s, 'alerts', public_id FROM person"
            " WHERE public_id LIKE 'crowd%%'",
            [here.id],
        )
    with scope.use(viewer_of(author, here)), atomic() as session, count_queries() as queries:
        post = posts.base.publish(
            Post, author_id=author.id, quarter_id=here.id, category="urgent", title="Rohrbruch", body_md="",
            audience=Audience.QUARTER, expires_at=clock.now() + timedelta(hours=6),
        )  # fmt: skip
        session.flush()
        del queries[:]
        assert alerts.tell(post) == 10_000
        assert len(queries) == 1
    assert len(jobs.sent) == 25 and {name for name, _ids in jobs.sent} == {str(Job.CONTRIBUTIONS_ALERT)}


def test_whoever_moved_away_meanwhile_hears_nothing(here, author, client, mails):
    mover = make_listed(here)
    pin_up(client)
    make_move(mover, make_quarter("Gartenstadt"))
    assert mails() == {}
