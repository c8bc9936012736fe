"""What is old goes, what is not stays: a day before and a day after each limit. And what is missed is told."""

from __future__ import annotations

import os
import re
import uuid
from datetime import datetime, timedelta

import psycopg
import pytest

from neighbour.contributions import service as contributions
from neighbour.contributions.cli import board
from neighbour.core import clock, personal, readiness, scope
from neighbour.core.db import atomic
from neighbour.core.tokens import to_uid
from neighbour.mydata import inactivity, retention
from neighbour.mydata.cli import privacy
from tests.factories import make_comment, make_person, make_post, make_quarter, sign_in, viewer_of

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


SPAN = "%(at)s, %(at)s + interval '14 days'"
LETTER = "INSERT INTO letter (person_id, address_hash, name_hashes, code_hashes, refusal_hashes, state, tries, requested_at, expires_at) VALUES "
DELIVERY = (
    "INSERT INTO delivery (id, person_id, notice, subject_key, period, channel, due_at, state, created_at) VALUES "
)
CASE = (
    "INSERT INTO proof_case (id, person_id, membership_id, quarter_id, kind, state, method, paper, page_count, note, appeal_text, created_at, decided_at)"
    " SELECT %(uid)s, person_id, id, quarter_id, '{kind}', '{state}', 'document', '', 1, '', '', %(at)s, {decided} FROM membership WHERE person_id = %(me)s; "
)
REFUSED = CASE.format(kind="document", state="refused", decided="%(at)s")
WAITS = (
    CASE.format(kind="document", state="open", decided="NULL")
    + "INSERT INTO case_key (case_id, salt) VALUES (%(uid)s, %(bytes)s);"
    " INSERT INTO case_page (case_id, number, sealed) VALUES (%(uid)s, 1, %(bytes)s)"
)
INVITES = (
    "INSERT INTO invitation (public_id, person_id, quarter_id, depth, code_hash, most_uses, uses, refused, is_named, expires_at)"
    " VALUES ('abc', %(me)s, %(quarter)s, 0, %(bytes)s, 5, 1, 0, true, %(at)s);"
)
FLYER = (
    "INSERT INTO flyer (public_id, quarter_id, made_by_id, streets, code_hash, most_uses, uses, refused, strays, expires_at)"
    " VALUES ('abc', %(quarter)s, %(me)s, 'Spulengasse', %(bytes)s, 5, 1, 0, 0, %(at)s);"
)
VISIT = "INSERT INTO visit (person_id, nonce, code_hash, expires_at, confirmed_at, place) VALUES (%(me)s, %(bytes)s, %(bytes)s, "
TOLD = (
    "INSERT INTO incident (name, route, subject_de, text_de, subject_en, text_en) VALUES ('x', '', '', '', '', '');"
    " INSERT INTO incident_told (incident_id, person_id, subject, text, told_at) SELECT id, %(me)s, '', '', %(at)s FROM incident"
)
PLAN = (
    "INSERT INTO quarter_plan (on_day, state, ended_at, told) VALUES ('2026-05-12', 'done', %(at)s, 0);"
    " INSERT INTO plan_house (plan_id, address_hash, from_key, to_key) SELECT id, %(bytes)s, 'a', 'b' FROM quarter_plan"
)
CAME = (
    "INSERT INTO event (id, zone, begins, ends) VALUES (%(post)s, 'Europe/Berlin', %(at)s, %(at)s);"
    " INSERT INTO occurrence (id, event_id, slot_on, begins_at, ends_at) VALUES (%(uid)s, %(post)s, %(at)s, %(at)s, %(at)s);"
    " INSERT INTO participation (occurrence_id, person_id, state, asked_at) VALUES (%(uid)s, %(me)s, 'coming', %(at)s)"
)
COMMENT = "UPDATE comment SET state = '{0}', edited_at = %(at)s WHERE id = %(comment)s"
PHOTO = (
    "INSERT INTO photo (id, author_id, contribution_id, state, size, stored_as, upload_key, made_at)"
    " VALUES (%(uid)s, %(me)s, {}, 'ready', 1, %(uid)s, %(uid)s, %(at)s)"
)
#: (rule, table) → (limit, statements that make one row with %(at)s as its beginning, condition of what has to go)
ROWS = {
    ("unconfirmed", "person"): (14 * DAY, "UPDATE person SET confirmed_at = NULL, created_at = %(at)s WHERE id = %(new)s", "confirmed_at IS NULL"),
    ("homes_before", "home_before"): (30 * DAY, "INSERT INTO home_before (person_id, membership_id, sealed, left_at) SELECT person_id, id, %(bytes)s, %(at)s FROM membership WHERE person_id = %(me)s", "true"),
    ("missing", "missing_address"): (90 * DAY, "INSERT INTO missing_address (person_id, sealed, created_at) VALUES (%(me)s, %(bytes)s, %(at)s)", "true"),
    ("plans", "plan_house"): (365 * DAY, PLAN, "true"),
    ("codes", "letter"): (30 * DAY, LETTER + "(%(me)s, %(bytes)s, '{}', ARRAY[%(bytes)s], ARRAY[%(bytes)s], 'printed', 0, %(at)s, %(at)s + interval '30 days')", "code_hashes <> '{}'"),
    ("letters", "letter"): (365 * DAY, LETTER + "(%(me)s, %(bytes)s, '{}', '{}', ARRAY[%(bytes)s], 'used', 0, %(at)s, NULL)", "person_id IS NOT NULL"),
    ("invitations", "invitation"): (90 * DAY, INVITES, "true"),
    ("invitations", "invitation_use"): (90 * DAY, INVITES + "INSERT INTO invitation_use (public_id, invitation_id, person_id, used_at) SELECT 'def', id, %(other)s, %(at)s FROM invitation", "true"),
    ("flyers", "flyer"): (90 * DAY, FLYER, "true"),
    ("flyers", "flyer_house"): (90 * DAY, FLYER + "INSERT INTO flyer_house (flyer_id, address_hash) SELECT id, %(bytes)s FROM flyer", "true"),
    ("flyers", "flyer_use"): (90 * DAY, FLYER + "INSERT INTO flyer_use (flyer_id, person_id, used_at) SELECT id, %(other)s, %(at)s FROM flyer", "true"),
    ("alarms", "code_alarm"): (90 * DAY, "INSERT INTO code_alarm (public_id, quarter_id, kind, source, at) VALUES ('abc', %(quarter)s, 'flyer_full', 'flyer abc', %(at)s)", "true"),
    ("print_runs", "print_run"): (90 * DAY, "INSERT INTO print_run (public_id, asked_by_id, asked_at, paper, wants_table, state, letters) VALUES ('abc', %(me)s, %(at)s, 'a6', false, 'nothing', 0)", "true"),
    ("documents", "case_page"): (14 * DAY, WAITS, "true"),
    ("documents", "case_key"): (14 * DAY, WAITS, "true"),
    ("cases", "proof_case"): (365 * DAY, REFUSED, "true"),
    ("cases", "case_half"): (365 * DAY, REFUSED + "INSERT INTO case_half (case_id, by_person_id, part, until, says, reason, note, said_at) VALUES (%(uid)s, %(other)s, 'half', %(at)s, 'no', 'name', '', %(at)s)", "true"),
    ("cases", "case_ground"): (365 * DAY, REFUSED + "INSERT INTO case_ground (case_id, ground) VALUES (%(uid)s, 'house')", "true"),
    ("cases", "name_pair"): (365 * DAY, REFUSED + "INSERT INTO name_pair (person_id, other_id, case_id) VALUES (%(me)s, %(other)s, %(uid)s)", "true"),
    ("visit_codes", "visit"): (DAY, VISIT + "%(at)s + interval '23 hours', NULL, NULL)", "true"),
    ("visits", "visit"): (365 * DAY, VISIT + "%(at)s, %(at)s, 'abc')", "true"),
    ("proofs", "proof"): (365 * DAY, "INSERT INTO proof (person_id, membership_id, method, level, source, ended_at) SELECT %(me)s, id, 'flyer', 'vouched', '', %(at)s FROM membership WHERE person_id = %(me)s", "ended_at IS NOT NULL"),
    ("memberships", "membership"): (365 * DAY, "INSERT INTO membership (person_id, quarter_id, level, role, ended_at) VALUES (%(me)s, %(quarter)s, 'verified', 'resident', %(at)s)", "ended_at IS NOT NULL"),
    ("withdrawn", "contribution"): (30 * DAY, "UPDATE contribution SET state = 'withdrawn', edited_at = %(at)s WHERE id = %(post)s", "state = 'withdrawn'"),
    ("withdrawn", "comment"): (30 * DAY, COMMENT.format("withdrawn"), "state = 'withdrawn'"),
    ("hidden", "contribution"): (365 * DAY, "UPDATE contribution SET state = 'hidden', edited_at = %(at)s WHERE id = %(post)s", "state = 'hidden'"),
    ("hidden", "comment"): (365 * DAY, COMMENT.format("hidden"), "state = 'hidden'"),
    ("withdrawn", "photo"): (30 * DAY, PHOTO.format("%(post)s") + "; UPDATE contribution SET state = 'withdrawn', edited_at = %(at)s WHERE id = %(post)s", "true"),
    ("hidden", "photo"): (365 * DAY, PHOTO.format("%(post)s") + "; UPDATE contribution SET state = 'hidden', edited_at = %(at)s WHERE id = %(post)s", "true"),
    ("answers_taken_down", "answer_taken_down"): (DAY, "INSERT INTO answer_taken_down (comment_id, body_md, taken_down_at) VALUES (%(comment)s, 'weg', %(at)s + interval '23 hours')", "true"),
    ("read_marks", "answer_mark"): (365 * DAY, "INSERT INTO answer_mark (person_id, seen_up_to, moved_at) VALUES (%(me)s, %(uid)s, %(at)s)", "true"),
    ("uploads", "photo"): (DAY, PHOTO.format("NULL"), "true"),
    ("uploads", "photo_piece"): (DAY, PHOTO.format("NULL") + "; INSERT INTO photo_piece (photo_id, start, sealed) VALUES (%(uid)s, 0, %(bytes)s)", "true"),
    ("asks", "ask"): (30 * DAY, "INSERT INTO offer (id, price_words, condition, pickup) VALUES (%(post)s, '', '', '');"
              " INSERT INTO ask (id, offer_id, person_id, words, state, asked_at, ended_at) VALUES (%(uid)s, %(post)s, %(other)s, 'Gern', 'missed', %(at)s, %(at)s)", "true"),
    ("for_holders", "offer_for_holder"): (14 * DAY, "INSERT INTO offer (id, price_words, condition, pickup) VALUES (%(post)s, '', '', '');"
              " INSERT INTO offer_for_holder VALUES (%(post)s, 'Klingel'); UPDATE contribution SET solved_at = %(at)s WHERE id = %(post)s", "true"),
    ("read_marks", "read_mark"): (365 * DAY, "INSERT INTO read_mark (person_id, quarter_id, seen_up_to, moved_at) VALUES (%(me)s, %(quarter)s, %(uid)s, %(at)s)", "true"),
    ("guests", "participation"): (14 * DAY, CAME, "true"),
    ("mails", "delivery"): (30 * DAY, DELIVERY + "(%(uid)s, %(me)s, 'x.y', '', '', 'mail', %(at)s, 'parked', %(at)s)", "notice = 'x.y'"),
    ("suppressions", "suppression"): (730 * DAY, "INSERT INTO suppression (address_hash, reason, since) VALUES (%(bytes)s, 'bounce', %(at)s)", "true"),
    ("sessions", "login_session"): (14 * DAY, f"INSERT INTO login_session (token_hash, person_id, created_at, seen_at, expires_at, ends_at, is_kept, device) VALUES (%(bytes)s, %(me)s, %(at)s, {SPAN}, %(at)s + interval '90 days', false, '')", "true"),
    ("links", "one_time_token"): (2 * DAY, "INSERT INTO one_time_token (token_hash, purpose, person_id, email, tries, created_at, expires_at) VALUES (%(bytes)s, 'confirm', %(me)s, '', 0, %(at)s, %(at)s + interval '1 day')", "true"),
    ("challenges", "challenge"): (DAY, "INSERT INTO challenge (holder_hash, purpose, challenge, expires_at) VALUES (%(bytes)s, 'x', %(bytes)s, %(at)s + interval '1 day')", "true"),
    ("counters", "rate_count"): (DAY, "INSERT INTO rate_count (rate_class, key, \"window\", count, ends_at) VALUES ('auth', %(bytes)s, 1, 1, %(at)s + interval '23 hours')", "true"),
    ("left_mail", "email_change"): (3 * DAY, "INSERT INTO email_change (person_id, old_email, old_key, changed_at, undo_until) VALUES (%(me)s, 'a@b.example', 'a@b.example', %(at)s, %(at)s + interval '72 hours')", "true"),
    ("used_codes", "recovery_code"): (30 * DAY, "INSERT INTO recovery_code (code_hash, person_id, created_at, used_at) VALUES (%(bytes)s, %(me)s, %(at)s, %(at)s)", "true"),
    ("resets", "factor_reset"): (365 * DAY, "INSERT INTO factor_reset (person_id, asked_at, due_at, state, ended_at) VALUES (%(me)s, %(at)s, %(at)s, 'stopped', %(at)s)", "true"),
    ("disputes", "dispute"): (365 * DAY, "INSERT INTO dispute (person_id, old_email, new_email, since, begun_at, due_at, state, ended_at) VALUES (%(me)s, 'a@b.example', 'c@b.example', %(at)s, %(at)s, %(at)s, 'new', %(at)s)", "true"),
    ("factors_aside", "factor_aside"): (30 * DAY, "WITH d AS (INSERT INTO dispute (person_id, old_email, new_email, since, begun_at, due_at, state) VALUES (%(me)s, 'a@b.example', 'c@b.example', %(at)s, %(at)s, %(at)s, 'old') RETURNING id) INSERT INTO factor_aside (dispute_id, person_id, aside_at, code_hash, created_at) SELECT id, %(me)s, %(at)s, %(bytes)s, %(at)s FROM d", "true"),
    ("looks", "address_access"): (365 * DAY, "INSERT INTO address_access (person_id, purpose, at) VALUES (%(me)s, 'own page', %(at)s)", "true"),
    ("events", "security_event"): (365 * DAY, "INSERT INTO security_event (at, kind, subject_id, object, route, result) VALUES (%(at)s, 'home.opened', %(me)s, '', '', 'done')", "true"),
    ("incidents", "incident_told"): (3 * 365 * DAY, TOLD, "true"),
    ("archives", "data_export"): (7 * DAY, "INSERT INTO data_export (id, person_id, state, done, parts, asked_at, attempts, ready_at, expires_at, file)"
                 " VALUES (%(uid)s, %(me)s, 'ready', 1, 1, %(at)s, 1, %(at)s, %(at)s + interval '7 days', 'x.zip')", "file IS NOT NULL"),
}  # fmt: skip
#: below, and what takes files away: of photos see tests/contributions/test_photo_uploads.py
FILES = {("letter_files", ""), ("logs", ""), ("photo_files", "")}
ELSEWHERE = {("inactive", "person"), *FILES}


def test_every_line_of_the_table_is_tried_on_every_table_that_ends_by_it():
    declared = {(line, entry.table) for entry in personal.register().values() for line in entry.ends}
    assert set(ROWS) | ELSEWHERE == declared | FILES
    assert {rule for rule, _table in set(ROWS) | ELSEWHERE} == {rule.name for rule in retention.RULES}


@pytest.mark.parametrize(("name", "table"), ROWS)
def test_a_day_before_its_limit_it_is_there_and_a_day_after_it_is_gone(context, owner, name, table):
    limit, statements, where = ROWS[name, table]
    quarter = make_quarter()
    ada, other = make_person(quarter, name="Ada"), make_person(quarter)
    post = make_post(ada, quarter)
    comment = make_comment(ada, quarter, make_post(other, quarter))
    values = {"me": ada.id, "other": other.id, "quarter": quarter.id, "bytes": BYTES, "at": clock.now()}
    values |= {"post": post.id, "comment": comment.id, "uid": uuid.uuid4(), "new": make_person().id}
    with psycopg.ClientCursor(owner) as cursor:  # several statements at once
        cursor.execute(statements, values)
    (rule,) = [rule for rule in retention.RULES if rule.name == name]
    clock.tick((limit - DAY).total_seconds() - 1)
    alone(rule)
    assert count(owner, table, where) == 1
    clock.tick((2 * DAY).total_seconds() + 2)
    assert alone(rule) >= 1
    assert count(owner, table, where) == 0


def test_printed_files_go_after_a_week(context, instance_dir):
    folder = instance_dir / "letters"
    folder.mkdir()
    for name, age in (("old.pdf", 8), ("new.pdf", 6)):
        (folder / name).write_bytes(b"%PDF")
        moment = (clock.now() - age * DAY).timestamp()
        os.utime(folder / name, (moment, moment))
    assert forget()["letter_files"] == 1
    assert [path.name for path in folder.iterdir()] == ["new.pdf"]


def test_no_line_of_the_log_is_older_than_thirty_days(context, instance_dir):
    """Written to once a day for three months; what is left is of the last month, and today's line is there."""
    file = instance_dir / "log" / "jobs.log"
    file.parent.mkdir(exist_ok=True)
    of_logs = next(rule for rule in retention.RULES if rule.name == "logs")
    for _day in range(90):
        with file.open("a") as stream:
            stream.write(f"{clock.now().astimezone():%Y-%m-%d %H:%M:%S},000 1 I neighbour.jobs: done\n")
        os.utime(file, (clock.now().timestamp(),) * 2)
        alone(of_logs)
        clock.tick(86_400)
    lines = [line for path in file.parent.iterdir() for line in path.read_text().splitlines()]
    days = sorted(datetime.fromisoformat(line[:19]).astimezone() for line in lines)
    assert days[0] >= clock.now() - 31 * DAY and len(days) >= 21
    assert days[-1] >= clock.now() - 2 * DAY
    for path in file.parent.iterdir():
        path.unlink()


def test_what_ends_within_a_day_goes_every_hour_and_is_in_the_report_of_the_night(ada, owner, jobs):
    with clock.freeze(at(3)):
        knock(jobs)
        night = "SELECT counts ->> 'links', counts ->> 'events' FROM retention_run"
        assert owner.execute(night).fetchall() == [("0", "0")]
        for purpose, number in (("reset", 1), ("confirm", 2)):
            owner.execute(
                "INSERT INTO one_time_token (token_hash, purpose, person_id, email, tries, created_at, expires_at)"
                " VALUES (%s, %s, %s, '', 0, %s, %s)",
                [bytes([number]), purpose, ada.id, clock.now() - 3 * DAY, clock.now() - 2 * DAY],
            )
        owner.execute(ROWS["events", "security_event"][1], {"at": clock.now() - 400 * DAY, "me": ada.id})
    with clock.freeze(at(15)):
        knock(jobs)
    assert count(owner, "one_time_token") == 0 and count(owner, "security_event") == 1
    assert owner.execute(night).fetchall() == [("2", "0")]
    with clock.freeze(at(2, day=14)):
        knock(jobs)
    assert owner.execute(night).fetchall() == [("2", "0")]
    with clock.freeze(at(3, day=14)):
        knock(jobs)
    assert owner.execute(night + " ORDER BY day").fetchall() == [("2", "0"), ("0", "1")]


def test_what_an_hour_forgets_before_the_first_night_is_gone_and_in_no_report(ada, owner, jobs):
    with clock.freeze(at(2)):
        owner.execute(
            "INSERT INTO one_time_token (token_hash, purpose, person_id, email, tries, created_at, expires_at)"
            " VALUES ('1', 'reset', %s, '', 0, %s, %s)",
            [ada.id, clock.now() - 3 * DAY, clock.now() - 2 * DAY],
        )
        knock(jobs)
    assert count(owner, "one_time_token") == 0 and count(owner, "retention_run") == 0


def test_an_answer_below_which_others_answered_loses_its_words_and_keeps_its_place(context, owner):
    quarter = make_quarter()
    ada, ben = make_person(quarter), make_person(quarter)
    post = make_post(ben, quarter)
    answered = make_comment(ada, quarter, post, "Adas Beleidigung")
    with scope.use(viewer_of(ben, quarter)), atomic():
        contributions.comment(post, author_id=ben.id, body_md="Bens Erwiderung", parent_id=answered.id)
    owner.execute("UPDATE comment SET state = 'hidden', edited_at = %s WHERE id = %s", [clock.now(), answered.id])
    clock.tick(366 * 86_400)
    assert forget()["hidden"] == 1 and forget()["hidden"] == 0
    assert owner.execute("SELECT body_md FROM comment ORDER BY 1").fetchall() == [("",), ("Bens Erwiderung",)]


def test_what_the_operator_takes_down_today_is_kept_for_a_year_however_old_it_is(context, owner, operate):
    quarter = make_quarter()
    post = make_post(make_person(quarter), quarter)
    edited = "SELECT edited_at FROM contribution"
    clock.tick(700 * 86_400)
    assert operate(board, "hide", f"/c/{to_uid(post.id)}").exit_code == 0
    assert forget()["hidden"] == 0 and owner.execute(edited).fetchone() == (clock.now(),)
    assert operate(board, "show", f"/c/{to_uid(post.id)}").exit_code == 0
    assert owner.execute(edited).fetchone() == (None,)
    assert operate(board, "hide", f"/c/{to_uid(post.id)}").exit_code == 0
    clock.tick(366 * 86_400)
    assert forget()["hidden"] == 1


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
