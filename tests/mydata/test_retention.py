"""What is old goes, what is not stays: a day before and a day after each limit. And what is missed is told."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta

import pytest

from neighbour.core import clock, readiness, scope
from neighbour.mydata import inactivity, retention
from neighbour.mydata.cli import privacy
from tests.factories import make_comment, make_person, make_post, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("instance_dir", "frozen_clock")
DAY = timedelta(days=1)
BYTES = b"KANARIENVOGEL"


def forget():
    with scope.use(scope.NOBODY):
        return retention.forget_all(clock.now().date())


def alone(rule):
    with scope.use(scope.NOBODY):
        return rule.forget(clock.now() - rule.period)


def count(owner, table, where="true"):
    return owner.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]


@pytest.fixture
def ada(context):
    return make_person(make_quarter(), name="Ada")


#: rule → (limit, statement that makes one row with %(at)s as its beginning, table and condition of what has to go)
ROWS = {
    "missing": (90 * DAY, "INSERT INTO missing_address (person_id, sealed, created_at) VALUES (%(me)s, %(bytes)s, %(at)s)", ("missing_address", "true")),
    "codes": (30 * DAY, "INSERT INTO letter (person_id, address_hash, name_hashes, code_hashes, refusal_hashes, state, tries, requested_at, expires_at)"
              " VALUES (%(me)s, %(bytes)s, '{}', ARRAY[%(bytes)s], ARRAY[%(bytes)s], 'printed', 0, %(at)s, %(at)s + interval '30 days')", ("letter", "code_hashes <> '{}'")),
    "letters": (365 * DAY, "INSERT INTO letter (person_id, address_hash, name_hashes, code_hashes, refusal_hashes, state, tries, requested_at)"
                " VALUES (%(me)s, %(bytes)s, '{}', '{}', ARRAY[%(bytes)s], 'used', 0, %(at)s)", ("letter", "person_id IS NOT NULL")),
    "memberships": (365 * DAY, "INSERT INTO membership (person_id, quarter_id, level, role, ended_at) VALUES (%(me)s, %(quarter)s, 'verified', 'resident', %(at)s)", ("membership", "ended_at IS NOT NULL")),
    "withdrawn": (30 * DAY, "UPDATE contribution SET state = 'withdrawn', edited_at = %(at)s", ("contribution", "true")),
    "hidden": (365 * DAY, "UPDATE contribution SET state = 'hidden', edited_at = %(at)s", ("contribution", "true")),
    "mails": (30 * DAY, "INSERT INTO delivery (id, person_id, notice, subject_key, period, channel, due_at, state, created_at)"
              " VALUES (gen_random_uuid(), %(me)s, 'x.y', '', '', 'mail', %(at)s, 'parked', %(at)s)", ("delivery", "notice = 'x.y'")),
    "suppressions": (730 * DAY, "INSERT INTO suppression (address_hash, reason, since) VALUES (%(bytes)s, 'bounce', %(at)s)", ("suppression", "true")),
    "counters": (DAY, "INSERT INTO rate_count (rate_class, key, \"window\", count, ends_at) VALUES ('auth', %(bytes)s, 1, 1, %(at)s + interval '1 day' - interval '1 hour')", ("rate_count", "true")),
    "looks": (365 * DAY, "INSERT INTO address_access (person_id, purpose, at) VALUES (%(me)s, 'own page', %(at)s)", ("address_access", "true")),
    "events": (365 * DAY, "INSERT INTO security_event (at, kind, subject_id, object, route, result) VALUES (%(at)s, 'home.opened', %(me)s, '', '', 'done')", ("security_event", "true")),
    "archives": (7 * DAY, "INSERT INTO data_export (id, person_id, state, done, parts, asked_at, attempts, ready_at, expires_at, file)"
                 " VALUES (gen_random_uuid(), %(me)s, 'ready', 1, 1, %(at)s, 1, %(at)s, %(at)s + interval '7 days', 'x.zip')", ("data_export", "file IS NOT NULL")),
    "unconfirmed": (14 * DAY, "UPDATE person SET confirmed_at = NULL, created_at = %(at)s WHERE id = %(other)s", ("person", "confirmed_at IS NULL")),
}  # fmt: skip


def test_every_line_of_the_table_is_tried_here():
    elsewhere = {"inactive", "letter_files"}  # below
    assert {rule.name for rule in retention.RULES} == set(ROWS) | elsewhere


@pytest.mark.parametrize("name", ROWS)
def test_a_day_before_its_limit_it_is_there_and_a_day_after_it_is_gone(ada, owner, name):
    limit, statement, (table, where) = ROWS[name]
    quarter = make_quarter()
    other = make_person()
    make_post(ada, quarter)
    values = {"me": ada.id, "other": other.id, "quarter": quarter.id, "bytes": BYTES, "at": clock.now()}
    owner.execute(statement.replace("%(other)s", str(other.id)), values)
    (rule,) = [rule for rule in retention.RULES if rule.name == name]
    clock.tick((limit - DAY).total_seconds())
    alone(rule)
    assert count(owner, table, where) == 1
    clock.tick((2 * DAY).total_seconds())
    assert alone(rule) >= 1
    assert count(owner, table, where) == 0


@pytest.mark.parametrize("kind", ["session", "token"])
def test_sessions_and_links_that_are_over_go(ada, owner, kind, client):
    sign_in(client, ada)
    owner.execute(
        "INSERT INTO one_time_token (token_hash, purpose, person_id, email, tries, created_at, expires_at)"
        " VALUES (%s, 'reset', %s, '', 0, %s, %s)",
        [BYTES, ada.id, clock.now(), clock.now() + 13 * DAY],
    )
    table = {"session": "login_session", "token": "one_time_token"}[kind]
    clock.tick(13 * 86_400)
    forget()
    assert count(owner, table) == 1
    clock.tick(2 * 86_400)
    forget()
    assert count(owner, table) == 0


def test_printed_files_go_after_a_fortnight(ada, instance_dir):
    folder = instance_dir / "letters"
    folder.mkdir()
    for name, age in (("old.pdf", 15), ("new.pdf", 13)):
        (folder / name).write_bytes(b"%PDF")
        moment = (clock.now() - age * DAY).timestamp()
        os.utime(folder / name, (moment, moment))
    assert forget()["letter_files"] == 1
    assert [path.name for path in folder.iterdir()] == ["new.pdf"]


def test_answers_of_others_under_something_withdrawn_go_with_it_and_nothing_else(ada, owner):
    quarter, ben = make_quarter(), make_person()
    gone, stays = make_post(ada, quarter), make_post(ada, quarter)
    for post in (gone, stays):
        make_comment(ben, quarter, post)
    owner.execute("UPDATE contribution SET state = 'withdrawn', edited_at = %s WHERE id = %s", [clock.now(), gone.id])
    clock.tick(31 * 86_400)
    forget()
    assert (count(owner, "contribution"), count(owner, "comment")) == (1, 1)


# Nobody there -----------------------------------------------------------------------------------------------------


def nights(days, step=1):
    """As many nights, of which every ``step``-th is looked at."""
    (rule,) = [rule for rule in retention.RULES if rule.name == "inactive"]
    for _night in range(0, days, step):
        clock.tick(step * 86_400)
        alone(rule)


def visited(owner, person, days_ago):
    owner.execute(
        "INSERT INTO activity (person_id, seen_on) VALUES (%s, %s) ON CONFLICT (person_id) DO UPDATE SET seen_on = excluded.seen_on",
        [person.id, (clock.now() - days_ago * DAY).date()],
    )


def test_whoever_does_not_come_for_two_years_is_asked_twice_and_then_let_go(ada, owner, jobs, mailbox):
    other = make_person()
    visited(owner, ada, 668)
    visited(owner, other, 0)
    nights(2)
    jobs.run()
    assert [list(mail.recipients) for mail in mailbox.messages()] == [[ada.email]]
    nights(46, 23)
    jobs.run()
    assert len(mailbox.messages()) == 2
    nights(14, 7)  # two years to the day
    jobs.run()
    assert count(owner, "person", "status = 'erased'") == 0
    nights(1)
    jobs.run()
    assert count(owner, "person", f"id = {ada.id}") == 0 and count(owner, "person", f"id = {other.id}") == 1


@pytest.mark.parametrize("way", ["button", "sign in"])
def test_one_sign_of_life_is_enough(ada, owner, jobs, mailbox, client, way):
    visited(owner, ada, 669)
    nights(1)
    jobs.run()
    path = re.search(r"/stay/\S+", mailbox.messages()[0].text)[0]
    if way == "button":
        assert client.get(path).status_code == 200
        assert count(owner, "activity", "reminders = 1") == 1  # looking changes nothing
        assert client.post(path).status_code == 303
    else:
        sign_in(client, ada)
    assert count(owner, "activity", "reminders = 0") == 1
    nights(600, 300)
    assert count(owner, "person", "status = 'erased'") == 0 and len(mailbox.messages()) == 1


def test_an_instance_that_was_down_gives_everybody_time(ada, owner, jobs):
    visited(owner, ada, 900)
    nights(1)
    assert count(owner, "activity", "reminders = 1") == 1
    nights(29, 29)
    assert count(owner, "activity", "reminders = 1") == 1
    nights(1)
    assert count(owner, "activity", "reminders = 2") == 1 and count(owner, "person", "status = 'erased'") == 0
    nights(15, 15)
    jobs.run()
    assert count(owner, "person", f"id = {ada.id}") == 0


def test_a_link_to_stay_of_somebody_else_or_of_nobody_does_nothing(ada, client):
    assert client.post("/stay/forged").status_code == 404
    with client.application.app_context():
        token = inactivity.token_for("nobodysid")
    assert client.post(f"/stay/{token}").status_code == 404


# The night --------------------------------------------------------------------------------------------------------


def at(hour, day=13):
    return datetime.fromisoformat(f"2026-05-{day}T{hour:02}:00+02:00")


def knock(jobs):
    jobs.sent.append(("mydata.retain", []))
    jobs.run()


def test_it_works_once_a_night_and_never_by_day_twice(ada, owner, jobs):
    with clock.freeze(at(2)):
        knock(jobs)
    assert count(owner, "retention_run") == 0
    with clock.freeze(at(3)):
        knock(jobs)
        knock(jobs)
    rows = owner.execute("SELECT day::text, finished_at IS NOT NULL FROM retention_run").fetchall()
    assert rows == [("2026-05-13", True)]
    first = owner.execute("SELECT started_at FROM retention_run").fetchone()
    with clock.freeze(at(15)):
        knock(jobs)
    assert owner.execute("SELECT started_at FROM retention_run").fetchone() == first


def test_a_night_that_was_broken_off_is_made_up_for(ada, owner, jobs, monkeypatch):
    rule = retention.RULES[3]

    def dies(_before):
        raise RuntimeError("killed")

    broken = (*retention.RULES[:3], retention.Rule(rule.name, rule.kind, rule.what, rule.period, dies))
    with clock.freeze(at(3)):
        with monkeypatch.context() as patch, pytest.raises(RuntimeError):
            patch.setattr(retention, "RULES", broken)
            knock(jobs)
        knock(jobs)  # somebody may still be at it
        assert count(owner, "retention_run", "finished_at IS NULL") == 1
    with clock.freeze(at(4)):
        knock(jobs)
    assert count(owner, "retention_run", "finished_at IS NOT NULL") == 1


def test_a_missed_night_is_told_to_operators_by_mail_on_the_desk_and_at_the_terminal(
    context, owner, jobs, mailbox, client, operate
):
    with clock.freeze(at(3)):
        ursula = make_person(make_quarter(), is_operator=True)
        make_person()
        knock(jobs)
    for hours, is_late in ((25, False), (27, True)):
        with clock.freeze(at(3) + timedelta(hours=hours)):
            jobs.sent.extend([("mydata.sweep", []), ("mydata.sweep", [])])
            jobs.run()
            assert len(mailbox.messages()) == int(is_late)
            sign_in(client, ursula)
            assert ("nichts gelöscht" in client.get("/desk/privacy").text) == is_late
            assert ("1 wartet" in client.get("/desk").text) == is_late
            said = operate(privacy, "report")
            assert (said.exit_code != 0) == is_late and "2026-05-13" in said.output
    assert list(mailbox.messages()[0].recipients) == [ursula.email]


def test_the_desk_page_is_for_operators(context, client):
    sign_in(client, make_person(make_quarter()))
    assert client.get("/desk/privacy").status_code == 404


@pytest.mark.parametrize(("hours", "is_late"), [(25, False), (27, True)])
def test_whoever_checks_the_instance_hears_of_it(ada, owner, settings, hours, is_late):
    owner.execute(
        "INSERT INTO retention_run (day, started_at, finished_at, milliseconds)"
        " SELECT current_date, at, at, 1 FROM (SELECT now() - make_interval(hours => %s) AS at) t",
        [hours],
    )
    assert readiness.retention_is_late(settings) == is_late


def test_it_can_be_done_by_hand(ada, owner, operate):
    said = operate(privacy, "retain")
    assert said.exit_code == 0, said.output
    assert count(owner, "retention_run", "finished_at IS NOT NULL") == 1 and "counters" in said.output
