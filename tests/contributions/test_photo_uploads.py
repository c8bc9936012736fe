"""Photos in pieces: whatever breaks, in whatever order it comes, what is there is there once; and nobody sends without end."""

from __future__ import annotations

import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neighbour.contributions import photo_drawing, photos
from neighbour.core import clock, crypto, scope, storage
from neighbour.core.db import atomic
from neighbour.core.pictures import CannotDraw
from neighbour.core.storage import StorageTrouble
from neighbour.core.tokens import from_uid
from neighbour.policy import Level
from tests.factories import make_person, make_quarter, sign_in, viewer_of
from tests.support.photos import begin, files, no_photos, photo, piece, post, send, sheet, work

NOISE = photo("plum") + random.Random(7).randbytes(200_000)  # behind the picture: nobody minds, and it fills pieces
ROWS = "SELECT state, received, trouble, salt IS NULL, (SELECT count(*) FROM photo_piece) FROM photo"


@pytest.fixture
def ada(context, client):
    with no_photos(context.app):
        person = make_person(make_quarter("Weberviertel"), name="Ada")
        sign_in(client, person)
        yield person


def test_an_upload_goes_on_where_it_broke_wherever_that_was(ada, client, owner, app):
    """Cut anywhere, any number of times, with pieces sent twice or from elsewhere in between: the file is whole in the end."""

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(
            st.tuples(st.integers(1, len(NOISE)), st.sampled_from(["on", "twice", "elsewhere", "lost"])), max_size=6
        )
    )
    def cut(breaks):
        key = str(uuid.uuid4())
        place = begin(client, len(NOISE), key).headers["Location"]
        at = 0
        for length, then in breaks:
            data = NOISE[at : at + length]
            sent = piece(client, place, at, data)
            assert sent.status_code == 200
            if then == "twice" and data:
                assert piece(client, place, at, data).status_code == 409
            if then == "elsewhere":
                assert piece(client, place, at + length + 1, b"x").status_code == 409
            begun = begin(client, len(NOISE), key) if then == "lost" else client.head(place)
            at = int(begun.headers["Upload-Offset"])
            assert at == min(len(NOISE), int(sent.headers["Upload-Offset"]))
            if at == len(NOISE):
                break
        if at < len(NOISE):
            assert piece(client, place, at, NOISE[at:]).json["state"] == "waiting"
        uid = client.get(place).json["uid"]
        with scope.use(viewer_of(ada)):
            (_name, raw) = photo_drawing._claim(from_uid(uid))
        assert raw == NOISE
        owner.execute("DELETE FROM photo; DELETE FROM rate_count")

    cut()


def test_pieces_sent_at_the_same_moment_are_taken_once_each(ada, app, owner):
    with scope.use(viewer_of(ada)), atomic():
        key = photos.begin(ada.id, len(NOISE), uuid.uuid4()).id

    def append(number: int) -> bool:
        with app.app_context(), scope.use(viewer_of(ada)):
            try:
                with atomic():
                    photos.append(key, 0 if number % 2 else 100_000, NOISE[:100_000])
                return True
            except photos.WrongOffset:
                return False

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(append, range(8)))
    assert taken in (1, 2), "the first piece once, and the second once where it came after that"
    assert owner.execute(ROWS).fetchone()[1::3] == (100_000 * taken, taken)

    def begin_twice(_number: int) -> uuid.UUID:
        with app.app_context(), scope.use(viewer_of(ada)), atomic():
            return photos.begin(ada.id, 5, uuid.UUID(int=9)).id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(begin_twice, range(6)))) == 1


def test_what_lies_in_the_database_meanwhile_is_sealed_and_goes_when_it_is_drawn(ada, client, owner, app):
    secret = photo("gold", comment=b"Spulengasse 6, Hinterhaus")
    uid = send(client, secret, 1_000)
    pieces = b"".join(bytes(row[0]) for row in owner.execute("SELECT sealed FROM photo_piece").fetchall())
    assert len(pieces) > len(secret) and b"Spulengasse" not in pieces and b"JFIF" not in pieces
    work(app)
    assert owner.execute(ROWS).fetchall() == [("ready", len(secret), "", True, 0)]
    assert client.get(f"/p/{uid}/960.webp").status_code == 200 and len(files(app)) == 6
    assert sheet(client.get(f"/write?photo={uid}")) == [uid]


def test_nobody_goes_on_with_somebody_elses_upload_nor_learns_of_it(ada, client, visitor, owner):
    other, begun = visitor(), begin(client, len(NOISE))
    place = begun.headers["Location"]
    sign_in(other, make_person(make_quarter()))
    for answer in (other.head(place), other.get(place), piece(other, place, 0, NOISE)):
        assert answer.status_code == 404
    only_vouched, nobody = visitor(), visitor()
    sign_in(only_vouched, make_person(make_quarter(), level=Level.VOUCHED))
    for who in (only_vouched, nobody):
        assert begin(who, 10).status_code == 303 and piece(who, place, 0, NOISE).status_code == 303
    assert owner.execute(ROWS).fetchall() == [("receiving", 0, "", False, 0)]
    kept = post(other, "/write/photos", photos=(begun.json["uid"],))
    assert sheet(kept) == [], "nor by naming it in a form"


def test_what_is_no_photo_is_refused_with_its_first_piece_and_kept_nowhere(ada, client, owner):
    begun = begin(client, 5_000_000)
    refused = piece(client, begun.headers["Location"], 0, b"<!doctype html><script>" + b" " * 4_000)
    assert refused.status_code == 422 and "JPEG, PNG, WebP oder HEIC" in refused.json["says"]
    assert owner.execute(ROWS).fetchall() == [("refused", 0, "kind", True, 0)]
    assert piece(client, begun.headers["Location"], 0, photo()).status_code == 422
    for size in ("0", str(20 * 1024 * 1024 + 1)):
        assert begin(client, int(size)).status_code == 422
    for size, key in (("-1", str(uuid.uuid4())), ("1e9", str(uuid.uuid4())), ("10", "x"), ("", "")):
        assert client.post("/photos", headers={"Upload-Length": size, "Upload-Key": key}).status_code == 400
    assert client.patch(begun.headers["Location"], data=b"x").status_code == 400


def test_two_hundred_megabytes_in_thirty_days_are_enough(ada, client, frozen_clock, owner):
    twenty = 20 * 1024 * 1024
    for _photo in range(10):
        assert begin(client, twenty).status_code == 201
    key = str(uuid.uuid4())
    full = begin(client, 10, key)
    assert full.status_code == 422 and "200 MB" in full.json["says"]
    sent = post(client, "/write", photo())
    assert sent.status_code == 422 and "200 MB" in sent.get_data(as_text=True)
    assert owner.execute("SELECT count(*) FROM photo").fetchone() == (10,)
    clock.tick(31 * 86_400)
    sign_in(client, ada)
    assert begin(client, 10, key).status_code == 201


def test_whoever_dies_while_drawing_is_followed_by_somebody_who_does_it_once(
    ada, client, owner, app, monkeypatch, frozen_clock
):
    send(client, photo())
    finish = photo_drawing._finish
    monkeypatch.setattr(photo_drawing, "_finish", lambda *_facts: 1 / 0)
    for _worker in range(2):  # killed after the files were written, before the row says so
        with pytest.raises(ZeroDivisionError):
            work(app)
        work(app)
        assert owner.execute("SELECT state FROM photo").fetchone() == ("waiting",), "it is held until the lease ends"
        clock.tick(301)
    monkeypatch.setattr(photo_drawing, "_finish", finish)
    work(app)
    assert owner.execute(ROWS).fetchone()[0] == "ready" and len(files(app)) == 6


def test_a_file_that_kills_three_workers_is_no_photo_and_a_store_that_is_away_harms_none(
    ada, client, owner, app, monkeypatch, frozen_clock
):
    send(client, photo())
    put = storage.Disk.put
    monkeypatch.setattr(storage.Disk, "put", lambda *_file: (_ for _ in ()).throw(StorageTrouble("away")))
    for _minute in range(5):
        work(app)
        clock.tick(61)
    assert owner.execute("SELECT state, attempts FROM photo").fetchone() == ("waiting", 0)
    monkeypatch.setattr(storage.Disk, "put", put)
    redraw = photo_drawing.redraw
    monkeypatch.setattr(photo_drawing, "redraw", lambda *_file: 1 / 0)
    for _worker in range(3):
        with pytest.raises(ZeroDivisionError):
            work(app)
        clock.tick(301)
    monkeypatch.setattr(photo_drawing, "redraw", redraw)
    work(app)
    assert owner.execute(ROWS).fetchone() == ("refused", len(photo()), "broken", True, 0) and files(app) == []


def test_what_is_taken_off_while_it_is_drawn_leaves_no_file(ada, client, owner, app, monkeypatch):
    send(client, photo())
    redraw = photo_drawing.redraw

    def meanwhile(*given):
        owner.execute("DELETE FROM photo")
        return redraw(*given)

    monkeypatch.setattr(photo_drawing, "redraw", meanwhile)
    work(app)
    assert files(app) == [] and owner.execute("SELECT count(*) FROM photo_trash").fetchone() == (0,)


def test_a_key_that_is_gone_makes_a_photo_unreadable_and_nothing_else(ada, client, owner, app, monkeypatch):
    send(client, photo())
    monkeypatch.setattr(photo_drawing, "open_under", lambda *_sealed: (_ for _ in ()).throw(crypto.CannotOpen("x")))
    work(app)
    assert owner.execute(ROWS).fetchone()[:3] == ("refused", len(photo()), "broken")


def test_what_nobody_pins_up_is_gone_after_a_day_and_so_are_files_of_nothing(ada, client, owner, app, frozen_clock):
    send(client, photo())
    work(app)
    left = storage.here()
    left.put("0" * 32 + "-480.webp", b"left by a worker that was killed")
    from neighbour.mydata import rules

    by_name = {rule.name: rule for rule in rules.RULES}

    def forget():
        with scope.use(scope.NOBODY):
            return [by_name[name].forget(clock.now() - by_name[name].period) for name in ("uploads", "photo_files")]

    clock.tick(photos.UNPINNED.total_seconds() - 60)
    assert forget() == [0, 0] and len(files(app)) == 7
    clock.tick(120)
    assert forget()[0] == 1
    assert photo_drawing.tidy(clock.now() + timedelta(days=4_000)) == 7, "and what lies there without a row"
    assert files(app) == []


def test_check_tells_of_photos_whose_files_are_missing(ada, client, app):
    send(client, photo())
    work(app)
    known = photo_drawing.known_names()
    assert photo_drawing.missing(known, files(app)) == 0
    assert photo_drawing.missing(known, files(app)[1:]) == 1
    with pytest.raises(CannotDraw), scope.use(viewer_of(ada)), atomic():
        photos.begin(ada.id, 0, uuid.uuid4())


def test_who_sends_is_told_when_the_next_piece_may_come(ada, client):
    sent = begin(client, 3 * 1_000)
    first = piece(client, sent.headers["Location"], 0, NOISE[:1_000])
    assert 0 < int(sent.headers["Upload-Pause"]) <= 60_000
    assert 0 < int(first.headers["Upload-Pause"]) <= 60_000
