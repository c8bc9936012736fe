"""Leaving: out of sight at once, gone when the time has come, and nothing of others is hurt."""

from __future__ import annotations

import logging
import re
import subprocess
from datetime import timedelta

import pytest

import migrations.metadata
from neighbour.accounts import passwords
from neighbour.core import clock, personal, postgres, scope
from neighbour.core.db import atomic, db
from neighbour.core.personal import Blank, Entry
from neighbour.core.tokens import to_uid
from neighbour.mydata import erasing, marks
from neighbour.mydata.models import Erasure
from tests.factories import make_comment, make_person, make_post, make_quarter, sign_in, viewer_of
from tests.residency.breaking import Broken, breaking_at, breaks_at_each_point
from tests.support.canaries import SEPARATE, WORD, Planted
from tests.support.photos import files as photo_files
from tests.support.photos import no_photos, photo, work
from tests.support.photos import post as send_form

pytestmark = pytest.mark.usefixtures("instance_dir")


def dump(database) -> str:
    """Everything in the database as text, queues included."""
    command = [str(postgres.binary("pg_dump")), "--data-only", "--dbname", postgres.libpq(database.superuser_url)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def leftovers(dumped, tag):
    """Lines with a canary of this person, as text or as bytes. A letter and the log of events outlive their person,
    with numbers and fingerprints only: see the register."""
    found = []
    for line in dumped.splitlines():
        plain = f"{WORD}-{tag}-"
        for word, outlives in ((plain, ("letter-", "security_event-")), (plain.encode().hex(), (b"letter-".hex(),))):
            found += [line for part in line.split(word)[1:] if not part.startswith(outlives)]
    return found


def later(days):
    clock.tick(days * 86_400)


def test_a_person_with_a_canary_in_every_column_leaves_no_trace(
    context, owner, jobs, frozen_clock, clean_database, instance_dir, mailbox, caplog
):
    quarter = make_quarter()
    planted, other = Planted(owner, quarter, "GEHT"), Planted(owner, quarter, "BLEIBT")
    before = dump(clean_database)
    assert planted.rows == {entry.table for entry in personal.personal()} - SEPARATE
    lying = {place for place, word in planted.words.items() if word in before or word.encode().hex() in before}
    assert len(lying) >= 40, len(lying)
    logged, root = logging.FileHandler(instance_dir / "run.log"), logging.getLogger()
    root.addHandler(logged)
    caplog.set_level(logging.DEBUG)
    erasing.begin(planted.person.id, keeps_texts=False)
    later(15)
    jobs.sent.clear()
    jobs.sent.append(("mydata.sweep", []))
    jobs.run()
    after = dump(clean_database)
    root.removeHandler(logged)
    logged.close()
    assert leftovers(after, "GEHT") == []
    assert (instance_dir / "run.log").stat().st_size > 0
    assert owner.execute("SELECT count(*) FROM person WHERE id = %s", [planted.person.id]).fetchone() == (0,)
    assert owner.execute("SELECT count(*) FROM erasure").fetchone() == (0,)
    assert owner.execute("SELECT count(*) FROM letter WHERE person_id = %s", [planted.person.id]).fetchone() == (0,)
    lost = {place for place, word in other.words.items() if word in before and word not in after}
    assert lost == set()
    files = [path for path in instance_dir.rglob("*") if path.is_file()]
    assert [path for path in files if WORD.encode() in path.read_bytes()] == []
    (instance_dir / "run.log").unlink()
    assert [mail for mail in mailbox.messages() if WORD in mail.raw.decode(errors="replace")] == []


def test_leaving_is_seen_at_once_and_by_everybody(context, owner, visitor, frozen_clock):
    quarter = make_quarter()
    ada, ben = make_person(quarter, name="Ada"), make_person(quarter, name="Ben")
    mine, others = make_post(ada, quarter, title="Adas Zettel"), make_post(ben, quarter, title="Bens Zettel")
    make_comment(ada, quarter, others, "Adas Antwort")
    phone, laptop, ben_reads = visitor(), visitor(), visitor()
    for device in (phone, laptop):
        sign_in(device, ada)
    sign_in(ben_reads, ben)
    assert "Ada P." in ben_reads.get("/board").text
    answer = phone.post("/me/leave", data={"texts": "all", "word": "löschen"})
    assert answer.status_code == 303 and answer.headers["Location"] == "/goodbye"
    assert "Clear-Site-Data" in answer.headers
    for device in (phone, laptop):
        assert device.get("/me").status_code == 303  # to the sign-in page
    board = ben_reads.get("/board").text
    assert "Ada" not in board and "Bens Zettel" in board
    thread = ben_reads.get("/c/" + uid(others)).text
    assert "Adas Antwort" not in thread and "Ada P." not in thread
    assert ben_reads.get("/c/" + uid(mine)).status_code == 404
    row = owner.execute("SELECT email, display_name, first_name, password_hash FROM person WHERE id = %s", [ada.id])
    assert row.fetchone() == ("", "", "", "!")
    counted = owner.execute("SELECT members FROM quarter_stat WHERE quarter_id = %s", [quarter.id]).fetchone()
    assert counted == (1,)


def test_texts_may_stay_signed_by_a_former_neighbour(context, owner, client, jobs, frozen_clock):
    quarter = make_quarter()
    ada, ben = make_person(quarter, name="Ada"), make_person(quarter, name="Ben")
    mine, others = make_post(ada, quarter, title="Adas Zettel"), make_post(ben, quarter, title="Bens Zettel")
    make_comment(ada, quarter, others, "Adas Antwort")
    make_comment(ben, quarter, mine, "Bens Antwort")
    gone = make_post(ada, quarter, title="Laengst abgenommen")
    owner.execute("UPDATE contribution SET state = 'withdrawn' WHERE id = %s", [gone.id])
    leave_for_good(ada, jobs, keeps_texts=True)
    sign_in(client, ben)
    thread = client.get("/c/" + uid(mine)).text
    assert "Adas Zettel" in thread and "Bens Antwort" in thread and "Ehemalige" in thread
    assert "Adas Antwort" in client.get("/c/" + uid(others)).text
    row = owner.execute("SELECT email, first_name, status FROM person WHERE id = %s", [ada.id]).fetchone()
    assert row == ("", "", "erased")
    assert owner.execute("SELECT count(*) FROM contribution WHERE id = %s", [gone.id]).fetchone() == (0,)


def test_the_words_of_others_stay_where_they_hung(context, owner, client, jobs, frozen_clock):
    quarter = make_quarter()
    ada, ben = make_person(quarter, name="Ada"), make_person(quarter, name="Ben")
    answered, alone = make_post(ada, quarter, title="Beantwortet"), make_post(ada, quarter, title="Allein")
    earlier = make_post(ada, quarter, title="Frueher abgenommen")
    for post in (answered, earlier):
        make_comment(ben, quarter, post, "Bens Antwort")
    owner.execute("UPDATE contribution SET state = 'withdrawn' WHERE id = %s", [earlier.id])
    others = make_post(ben, quarter, title="Bens Zettel")
    comment = make_comment(ada, quarter, others, "Adas Frage")
    with scope.use(viewer_of(ben, quarter)), atomic():
        from neighbour.contributions import service

        service.comment(others, author_id=ben.id, body_md="Bens Erwiderung", parent_id=comment.id)
    leave_for_good(ada, jobs, keeps_texts=False)
    sign_in(client, ben)
    thread = client.get("/c/" + uid(answered)).text
    assert "Bens Antwort" in thread and "[…]" in thread and "Beantwortet" not in thread
    assert client.get("/c/" + uid(alone)).status_code == client.get("/c/" + uid(earlier)).status_code == 404
    thread = client.get("/c/" + uid(others)).text
    assert "Bens Erwiderung" in thread and "Adas Frage" not in thread
    assert client.get("/board").status_code == 200


def test_coming_back_brings_everything_back(context, owner, visitor, client, jobs, mailbox, frozen_clock):
    quarter = make_quarter()
    hashed = passwords.hash_password("linsensuppe-um-sechs", 64)
    ada = make_person(quarter, name="Ada", password_hash=hashed, street_shown="Spulengasse")
    post = make_post(ada, quarter, title="Adas Zettel")
    rows = "SELECT to_jsonb(p) - 'links_round' FROM person p WHERE id = %s"
    before, address = owner.execute(rows, [ada.id]).fetchone(), ada.email
    erasing.begin(ada.id, keeps_texts=False)
    jobs.run()
    mail = mailbox.messages()[-1]
    assert list(mail.recipients) == [address]
    path = re.search(r"/back/\S+", mail.text)[0]
    later(13)
    robot = visitor()
    for _try in range(3):
        assert robot.get(path).status_code == 200
    assert owner.execute("SELECT count(*) FROM erasure").fetchone() == (1,)  # looking changes nothing
    assert client.post(path).status_code == 303
    assert owner.execute(rows, [ada.id]).fetchone() == before
    signed = client.post("/signin", data={"email": address, "password": "linsensuppe-um-sechs"})
    assert signed.status_code == 303 and "Adas Zettel" in client.get("/board").text
    assert client.post(path).status_code == 409 and robot.get(path).status_code == 404
    later(40)
    jobs.sent.append(("mydata.sweep", []))
    jobs.run()
    assert owner.execute(rows, [ada.id]).fetchone() == before
    assert post.id


def test_who_has_confirmed_the_address_all_the_same_keeps_it(context, owner, client, jobs, mailbox, frozen_clock):
    """Nobody can sign up with it meanwhile (``accounts.email_changes``); if somebody has it, it is not taken from them."""
    ada = make_person(make_quarter(), name="Ada")
    erasing.begin(ada.id, keeps_texts=True)
    jobs.run()
    mail = mailbox.messages()[-1]
    path = re.search(r"/back/\S+", mail.text)[0]
    make_person(name="Neu", email=mail.recipients[0], email_key=mail.recipients[0])
    assert client.post(path).status_code == 409
    assert owner.execute("SELECT state FROM erasure").fetchone() == ("hidden",)


def test_asking_twice_is_leaving_once(context, owner, frozen_clock):
    ada = make_person(make_quarter())
    assert erasing.begin(ada.id, keeps_texts=True).id == erasing.begin(ada.id, keeps_texts=False).id
    assert owner.execute("SELECT count(*) FROM erasure WHERE keeps_texts").fetchone() == (1,)


def test_asking_twice_at_once_is_leaving_once(context, monkeypatch, app, owner):
    from neighbour.mydata import marks
    from tests.support.meeting import at_once, meet

    ada = make_person(make_quarter())
    meet(monkeypatch, marks, "mark_of")

    def leave():
        with app.app_context():
            return erasing.begin(ada.id, keeps_texts=True).id

    first, second = at_once(leave, leave)
    assert first == second
    assert owner.execute("SELECT count(*) FROM erasure").fetchone() == (1,)


def test_nothing_goes_before_its_day(context, owner, jobs, frozen_clock):
    ada = make_person(make_quarter())
    wish = erasing.begin(ada.id, keeps_texts=False)
    later(13.9)
    assert not run(wish)
    later(0.2)
    assert run(wish) and not run(wish)


@pytest.mark.parametrize("name", ["start", "files", "home", "comment", "contribution", "person"])
def test_a_step_that_breaks_is_made_up_for(context, owner, jobs, frozen_clock, monkeypatch, name):
    """A worker that dies inside a step leaves nothing half done, and the next one goes on with that step."""
    quarter = make_quarter()
    ada = make_person(quarter)
    make_post(ada, quarter)
    wish = erasing.begin(ada.id, keeps_texts=False)
    later(15)
    steps = erasing.steps

    def broken():
        found = steps()
        step = found[name]

        def dies(erasure):
            step(erasure)
            raise RuntimeError("killed")

        return found | {name: dies}

    monkeypatch.setattr(erasing, "steps", broken)
    with pytest.raises(RuntimeError):
        run(wish)
    with scope.use(scope.Viewer(ada.id)):
        done = db.session.get(Erasure, wish.id, populate_existing=True).steps_done
    assert done == list(steps())[: list(steps()).index(name)]
    monkeypatch.setattr(erasing, "steps", steps)
    assert run(wish)
    assert owner.execute("SELECT count(*) FROM person WHERE id = %s", [ada.id]).fetchone() == (0,)


def test_only_who_is_being_erased_can_take_rows_away(context, raw, owner, frozen_clock):
    """The right to delete hangs on a running erasure of these very eyes."""
    quarter = make_quarter()
    ada, ben = make_person(quarter), make_person(quarter)
    make_post(ada, quarter), make_post(ben, quarter)
    erasing.begin(ada.id, keeps_texts=False)

    def deleted(person, state):
        owner.execute("UPDATE erasure SET state = %s", [state])
        with raw() as connection:
            connection.execute("SELECT set_config('app.person', %s, true)", [str(person.id)])
            gone = connection.execute("DELETE FROM contribution").rowcount
            connection.rollback()
        return gone

    assert deleted(ada, "hidden") == 0 and deleted(ben, "running") == 0
    assert deleted(ada, "running") == 1


def test_there_is_no_way_back_once_it_has_begun(context, owner, jobs, mailbox, client, frozen_clock):
    ada = make_person(make_quarter())
    erasing.begin(ada.id, keeps_texts=True)
    jobs.run()
    path = re.search(r"/back/\S+", mailbox.messages()[-1].text)[0]
    owner.execute("UPDATE erasure SET state = 'running'")
    assert client.post(path).status_code == 409
    assert owner.execute("SELECT count(*) FROM erasure").fetchone() == (1,)


def test_two_workers_do_not_erase_the_same_person_at_once(context, owner, frozen_clock):
    ada = make_person(make_quarter())
    wish = erasing.begin(ada.id, keeps_texts=True, grace=timedelta())
    with owner.transaction():
        owner.execute("SELECT 1 FROM erasure FOR UPDATE")  # the other one, in the middle of a step
        assert not run(wish)
    assert run(wish)


def test_rows_that_only_lose_what_they_said_stay(context, owner, frozen_clock):
    quarter = make_quarter()
    planted = Planted(owner, quarter, "LEER")
    wish = erasing.begin(planted.person.id, keeps_texts=True)
    table = migrations.metadata.metadata.tables["home"]
    entry = Entry("home", "home", "person_id", erase=Blank({"cell": "NULL"}))
    with scope.use(scope.Viewer(planted.person.id)), atomic():
        erasing._step_of(entry, table)(db.session.get(Erasure, wish.id))
    assert owner.execute("SELECT cell, count(*) FROM home GROUP BY cell").fetchall() == [(None, 1)]


def test_whoever_signed_up_with_anothers_address_leaves_without_a_mail_to_it(context, jobs, mailbox, frozen_clock):
    decoy = make_person(email="ada@altenbrueck.example", email_key="decoy:0123", confirmed_at=None)
    erasing.begin(decoy.id, keeps_texts=True)
    jobs.run()
    assert mailbox.messages() == []


def test_the_last_mail_is_not_sent_to_whoever_is_gone_or_back(context, owner, jobs, mailbox, frozen_clock):
    ada = make_person(make_quarter())
    wish = erasing.begin(ada.id, keeps_texts=True)
    owner.execute("UPDATE erasure SET state = 'running'")
    waiting = list(jobs.sent)
    jobs.run()
    assert run(wish) and mailbox.messages() == []
    jobs.sent.extend(waiting)
    jobs.run()
    assert mailbox.messages() == []


def run(wish):
    """What the worker does: with nobody's eyes."""
    with scope.use(scope.NOBODY):
        return erasing.run(wish.id)


def uid(thing):
    return to_uid(thing.id)


def leave_for_good(person, jobs, *, keeps_texts):
    erasing.begin(person.id, keeps_texts=keeps_texts)
    later(15)
    jobs.sent[:] = [("mydata.sweep", [])]
    jobs.run()


LEFT = [
    "person",
    "membership",
    "contribution",
    "comment",
    "login_session",
    "erasure",
    "erasure_mark",
    "delivery",
    "one_time_token",
]


def test_wherever_leaving_or_coming_back_breaks_nothing_has_changed(
    context, owner, monkeypatch, jobs, mailbox, frozen_clock
):
    quarter = make_quarter()
    ada = make_person(quarter)
    make_post(ada, quarter)

    def state():
        rows = [owner.execute(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall() for table in LEFT]
        return rows, [line.state for line in marks.read()]

    assert breaks_at_each_point(monkeypatch, lambda: erasing.begin(ada.id, keeps_texts=False), state) >= 3
    jobs.run()
    token = re.search(r"/back/(\S+)", mailbox.messages()[-1].text)[1]
    assert breaks_at_each_point(monkeypatch, lambda: erasing.come_back(token), state) >= 2


@pytest.mark.thorough
def test_wherever_erasing_breaks_the_next_worker_goes_on_to_the_end(context, owner, monkeypatch, frozen_clock):
    """At every flush and commit of every step: what is left is a step that was done or one that was not, and then none."""
    quarter, point = make_quarter(), 0
    while True:
        ada = make_person(quarter, name="Ada")
        make_comment(ada, quarter, make_post(ada, quarter))
        wish = erasing.begin(ada.id, keeps_texts=False)
        later(15)
        try:
            with breaking_at(monkeypatch, point):
                assert run(wish)
            break
        except Broken:
            done = owner.execute("SELECT cardinality(steps_done) FROM erasure WHERE id = %s", [wish.id]).fetchone()
            assert done is not None, "the wish goes last"
            assert run(wish), point
        point += 1
    assert point >= len(erasing.steps())
    assert owner.execute("SELECT (SELECT count(*) FROM person), (SELECT count(*) FROM erasure)").fetchone() == (0, 0)
    assert owner.execute("SELECT count(*) FROM contribution WHERE state = 'published'").fetchone() == (0,)


@pytest.mark.parametrize("keeps_texts", [False, True])
def test_whoever_leaves_takes_their_photos_along_also_where_their_words_stay(
    context, app, client, visitor, jobs, owner, frozen_clock, keeps_texts
):
    quarter = make_quarter()
    ada, ben, reads = make_person(quarter, name="Ada"), make_person(quarter, name="Ben"), visitor()
    sign_in(client, ada)
    sign_in(reads, ben)
    with no_photos(app):
        send_form(client, "/write", photo())
        send_form(client, "/write/photos", photo("gold"))
        sign_in(client, ben)
        send_form(client, "/write", photo("tomato"), title="Bens Zettel")
        work(app)
        assert len(photo_files(app)) == 3 * 6
        uids = [
            to_uid(key) for (key,) in owner.execute("SELECT id FROM photo WHERE author_id = %s", [ada.id]).fetchall()
        ]
        erasing.begin(ada.id, keeps_texts=keeps_texts)
        assert {reads.get(f"/p/{uid}/480.webp").status_code for uid in uids} == {404}, "at once"
        later(15)
        work(app, "mydata.sweep")
        work(app)
        sign_in(reads, ben)
        board = reads.get("/board").text
        assert ("Wem gehört die Katze?" in board, board.count("<picture>")) == (keeps_texts, 1)
        assert {reads.get(f"/p/{uid}/480.webp").status_code for uid in uids} == {404}
        assert owner.execute("SELECT count(*), min(author_id) FROM photo").fetchone() == (1, ben.id)
        assert len(photo_files(app)) == 6, "Ben's are there"
