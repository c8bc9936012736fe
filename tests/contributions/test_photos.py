"""Photos on the composer, the board and the page: sent by a form, in order, with words, and gone when they are gone."""

from __future__ import annotations

import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from neighbour.contributions import photo_drawing, photos, service
from neighbour.contributions.models import Audience, Contribution
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.tokens import from_uid, to_uid
from tests.factories import make_move, make_person, make_quarter, sign_in, viewer_of
from tests.support.photos import files, no_photos, photo, post, sheet, shown, work


@pytest.fixture
def here(context):
    with no_photos(context.app):
        yield make_quarter("Weberviertel")


@pytest.fixture
def ada(here):
    return make_person(here, name="Ada")


@pytest.fixture
def browser(client, ada):
    sign_in(client, ada)
    return client


@pytest.fixture
def reader(visitor, here):
    """Somebody else of the quarter, at a browser of their own."""
    browser = visitor()
    sign_in(browser, make_person(here, name="Ben"))
    return browser


def newest() -> str:
    """The uid of what was pinned up last."""
    with as_owner():
        return to_uid(db.session.scalars(select(Contribution.id).order_by(Contribution.id.desc()).limit(1)).one())


def test_photos_come_with_the_form_and_hang_on_board_and_page_as_soon_as_they_are_drawn(app, browser, reader, jobs):
    answer = post(browser, "/write", photo(), photo("tomato"))
    assert answer.status_code == 303
    here = "/c/" + newest()
    assert shown(reader, "/board") == shown(reader, here) == []
    assert "2 Fotos werden vorbereitet" in browser.get(here).get_data(as_text=True)
    assert "vorbereitet" not in reader.get(here).get_data(as_text=True)
    jobs.run()
    (first, second) = shown(reader, here)
    assert shown(reader, "/board") == [first, second], "the kept card is another one"
    page = reader.get(here).get_data(as_text=True)
    assert f'srcset="/p/{first}/480.avif 320w"' in page, "a small photo is there in one size"
    assert re.search(rf'<img src="/p/{first}/960.webp" width="320" height="240" alt="Foto 1 zu', page)
    assert page.count('<path fill="#') == 24, "twelve colours each"
    assert "vorbereitet" not in browser.get(here).get_data(as_text=True)
    for name, kind in (("480.webp", b"WEBP"), ("1920.avif", b"ftypavif")):
        file = reader.get(f"/p/{first}/{name}")
        assert file.status_code == 200 and kind in file.data[:16]
        assert file.content_type == f"image/{name[-4:]}" and file.headers["X-Content-Type-Options"] == "nosniff"
        assert (
            "sandbox" in file.headers["Content-Security-Policy"]
            and file.headers["Cache-Control"] == "private, no-cache"
        )
        assert file.headers["Content-Disposition"] == f'inline; filename="{first}-{name}"'
        again = reader.get(f"/p/{first}/{name}", headers={"If-None-Match": file.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    alone = reader.get(f"{here}/photo/{second}").get_data(as_text=True)
    assert f"/photo/{first}" in alone and "2 von 2" in alone
    assert reader.get(f"{here}/photo/{'a' * 26}").status_code == 404


def test_what_was_received_is_kept_when_the_rest_is_wrong_and_can_be_ordered_named_and_taken_off(app, browser, owner):
    wrong = post(browser, "/write", photo(), photo("tomato"), title="")
    first, second = sheet(wrong)
    assert wrong.status_code == 422 and "kurze Überschrift" in wrong.get_data(as_text=True)
    added = post(
        browser, "/write/photos", photo("gold"), photos=(first, second), title="", **{f"alt_{first}": "Die Katze"}
    )
    third = sheet(added)[2]
    assert added.status_code == 200 and 'value="Die Katze"' in added.get_data(as_text=True)
    up = post(browser, "/write/photos", photos=(first, second, third), move=f"up-{third}")
    assert sheet(up) == [first, third, second]
    assert sheet(post(browser, "/write/photos", photos=(first, third), move=f"up-{first}")) == [first, third]
    assert sheet(post(browser, "/write/photos", photos=(first, third), move=f"down-{first}")) == [third, first]
    off = post(browser, "/write/photos", photos=(third, first, second), move=f"off-{second}")
    assert sheet(off) == [third, first] and owner.execute("SELECT count(*) FROM photo").fetchone() == (2,)
    assert sheet(browser.get("/write")) == [], "another composer has photos of its own"
    tab = f"/write?kind=offer&photo={third}&photo={first}"
    assert f'href="{tab}"'.replace("&", "&amp;") in off.get_data(as_text=True), "they become whatever the form becomes"
    assert sheet(browser.get(tab + "&photo=" + "a" * 26 + "&photo=x")) == [third, first]
    given = {f"alt_{first}": "Die Katze <i>", f"alt_{third}": ""}
    assert post(browser, "/write", photos=(third, first), **given).status_code == 303
    work(app)
    here = "/c/" + newest()
    assert shown(browser, here) == [third, first]
    assert 'alt="Die Katze &lt;i&gt;"' in browser.get(here).get_data(as_text=True)
    assert sheet(browser.get("/write")) == []
    several = post(browser, "/write", b"", b"<svg/>", title="").get_data(as_text=True)
    assert "„0.jpg“: " in several and "„1.jpg“: " in several


def test_changing_keeps_what_is_there_and_takes_off_what_was_taken_off_in_this_window(app, browser, reader, owner):
    post(browser, "/write", photo(), photo("tomato"))
    work(app)
    here = "/c/" + newest()
    first, second = sheet(browser.get(here + "/edit"))
    version = owner.execute("SELECT version FROM contribution").fetchone()
    assert shown(reader, "/board") == [first, second]
    off = post(browser, here + "/edit/photos", photos=(first, second), move=f"off-{first}")
    assert sheet(off) == [second] and f'name="photo_off" value="{first}"' in off.get_data(as_text=True)
    assert shown(reader, here) == [first, second], "nothing is saved yet"
    assert post(browser, here + "/edit", photo("gold"), photos=(second,), photo_off=first).status_code == 303
    work(app)
    assert post(browser, here + "/edit", photos=(second,), body_md="Ein Wort mehr").status_code == 303
    seven = tuple(photo(each) for each in ("red", "green", "blue", "teal", "navy", "plum", "pink"))
    full = post(browser, here + "/edit", *seven, photos=(second,))
    assert full.status_code == 422 and "In einem anderen Fenster" in full.get_data(as_text=True)
    assert shown(reader, here)[0] == second and len(shown(reader, here)) == 2
    assert shown(reader, "/board") == shown(reader, here)
    assert owner.execute("SELECT version FROM contribution").fetchone() > version
    assert reader.get(f"/p/{first}/480.webp").status_code == 404
    assert len(files(app)) == 2 * 6, "the files of what was taken off are gone"


def test_a_form_sent_twice_pins_up_each_photo_once(app, browser, owner):
    key = str(uuid.uuid4())
    for _click in range(2):
        assert post(browser, "/write", photo(), photo("tomato"), form_key=key).status_code == 303
    assert owner.execute("SELECT count(*), count(contribution_id) FROM photo").fetchone() == (2, 2)
    assert owner.execute("SELECT count(*) FROM contribution").fetchone() == (1,)
    kept = sheet(browser.get(f"/c/{newest()}/edit"))
    other = post(browser, "/write", photos=tuple(kept))
    assert other.status_code == 422 and sheet(other) == [], "what hangs elsewhere is not taken along"
    assert owner.execute("SELECT count(DISTINCT contribution_id), count(*) FROM photo").fetchone() == (1, 2)
    assert owner.execute("SELECT count(*) FROM contribution").fetchone() == (1,)


GONE = "Nicht jedes Foto von hier kann noch mit"


def test_what_cannot_be_hung_any_more_is_told_at_the_field_and_nothing_is_done_without_it(app, browser, owner):
    key = str(uuid.uuid4())
    taken, thrown = sheet(post(browser, "/write/photos", photo(), photo("tomato"), form_key=key))
    assert post(browser, "/write", photos=(taken,), title="Aus dem anderen Fenster").status_code == 303
    post(browser, "/write/photos", photos=(thrown,), move=f"off-{thrown}")
    own = sheet(post(browser, "/write/photos", photo("gold")))[0]
    here = f"/c/{newest()}"
    for path in ("/write", "/write/photos", here + "/edit", here + "/edit/photos"):
        late = post(browser, path, photos=(thrown, own), form_key=key, body_md="Bleibt stehen")
        words = late.get_data(as_text=True)
        assert (late.status_code, sheet(late)) == (422, [own]), path
        assert 'id="photos-error"' in words and GONE in words and "Bleibt stehen" in words, path
    assert owner.execute("SELECT title, body_md FROM contribution").fetchall() == [
        ("Aus dem anderen Fenster", "Sie sitzt im Hof.")
    ]
    again = post(browser, "/write", photo(), photos=(taken,), form_key=key, title="Aus diesem")
    (fresh,) = re.findall(r'name="form_key"[^>]*value="([^"]+)"', again.get_data(as_text=True))
    assert again.status_code == 422 and fresh != key, (
        "or the same file would be the photo that hangs elsewhere for ever"
    )
    assert post(browser, "/write", photo(), photos=(own,), form_key=fresh, title="Aus diesem").status_code == 303
    assert len(sheet(browser.get(f"/c/{newest()}/edit"))) == 2


def test_of_which_nothing_came_meanwhile_is_told_once_before_it_is_done_without(browser, owner):
    (bad,) = sheet(post(browser, "/write/photos", photo()))
    owner.execute("UPDATE photo SET state = 'refused', trouble = 'broken', salt = NULL")
    told = post(browser, "/write", photos=(bad,))
    assert told.status_code == 422 and sheet(told) == [bad]
    assert f'name="photo_told" value="{bad}"' in told.get_data(as_text=True) and "nicht lesen" in told.get_data(
        as_text=True
    )
    assert post(browser, "/write", photos=(bad,), photo_told=bad).status_code == 303


def test_at_most_eight_and_what_is_no_photo_stands_at_the_field(browser, owner):
    colours = ("red", "green", "blue", "gold", "teal", "tomato", "navy", "plum", "pink")
    many = post(browser, "/write", *map(photo, colours))
    assert many.status_code == 422 and len(sheet(many)) == 8 and "Höchstens 8 Fotos" in many.get_data(as_text=True)
    heic = b"\0\0\0\x18ftypheic" + b"\0" * 40
    for raw, words in (
        (b"<svg onload=alert(1)>", "JPEG, PNG, WebP oder HEIC"),
        (heic, "HEIC"),
        (photo()[:60], "nicht lesen"),
        (b"", "Auf diesem Foto ist nichts"),
    ):
        answer = post(browser, "/write/photos", raw)
        assert answer.status_code == 422 and 'id="photos-error"' in answer.get_data(as_text=True)
        assert words in answer.get_data(as_text=True), words
    assert owner.execute(
        "SELECT count(*) FROM photo_piece p JOIN photo f ON f.id = p.photo_id WHERE state = 'refused'"
    ).fetchone() == (0,)


def test_nobody_sees_a_photo_who_does_not_see_what_it_hangs_on(app, browser, reader, visitor, here, ada, owner, raw):
    """Roles × states; "not yours" is byte for byte what nobody has."""
    beside, far = make_quarter(beside=here), make_quarter()
    people = {"here": reader, "nobody": visitor()}
    for name, person in (("beside", make_person(beside)), ("far", make_person(far)), ("begun", make_person())):
        people[name] = visitor()
        sign_in(people[name], person)
    seen_by = {"quarter": {"here"}, "nearby": {"here", "beside"}, "city": {"here", "beside", "far"}}
    photos_of = {}
    for audience in seen_by:
        post(browser, "/write", photo(), audience=audience, title=f"Reicht {audience}")
        photos_of[audience] = (newest(), sheet(browser.get(f"/c/{newest()}/edit"))[0])
    unpinned = sheet(post(browser, "/write/photos", photo("gold")))[0]
    assert reader.get(f"/p/{photos_of['city'][1]}/480.webp").status_code == 404, "not before it is drawn"
    work(app)

    def sees(who, uid):
        answer, nothing = (people[who].get(f"/p/{each}/480.webp") for each in (uid, "a" * 26))
        assert answer.status_code in (200, 404)
        if answer.status_code == 404:
            assert answer.data.replace(uid.encode(), b"") == nothing.data.replace(b"a" * 26, b"")
        return answer.status_code == 200

    for audience, (_post, uid) in photos_of.items():
        assert {who for who in people if sees(who, uid)} == seen_by[audience], audience
        assert browser.get(f"/p/{uid}/480.webp").status_code == 200
    assert not any(sees(who, unpinned) for who in people)
    assert browser.get(f"/p/{unpinned}/480.webp").status_code == 200
    for strange in ("481.webp", "480.png", "480.webp.", "..%2f480.webp"):
        assert browser.get(f"/p/{unpinned}/{strange}").status_code == 404
    embedded = {"Sec-Fetch-Site": "cross-site"}
    assert reader.get(f"/p/{photos_of['city'][1]}/480.webp", headers=embedded).status_code == 404
    with raw() as connection:  # and with SQL of one's own, as the application's role
        connection.execute("SELECT set_config('app.quarters', %s, true)", [f"{{{far.id}}}"])
        assert connection.execute("SELECT count(*) FROM photo").fetchone() == (1,)
        for statement in ("UPDATE photo SET alt = 'x'", "DELETE FROM photo", "SELECT 1 FROM photo_piece"):
            assert connection.execute(statement).rowcount == 0
    assert owner.execute("SELECT count(*) FROM photo").fetchone() == (4,)


def test_what_is_public_is_for_everybody_and_kept_for_a_minute(app, context, here, ada, visitor, browser):
    post(browser, "/write", photo())
    contribution = from_uid(newest())
    with scope.use(viewer_of(ada, here)), atomic():
        db.session.get(Contribution, contribution).audience = Audience.PUBLIC
    work(app)
    stranger = visitor()
    (uid,) = shown(stranger, "/c/" + newest())
    file = stranger.get(f"/p/{uid}/480.avif")
    assert (file.status_code, file.headers["Cache-Control"]) == (200, "public, max-age=60")
    assert browser.get(f"/p/{uid}/480.avif").headers["Cache-Control"] == "private, no-cache"


def test_taken_down_moved_away_hidden_or_gone_it_is_gone_at_the_next_look(app, browser, visitor, here, ada, owner):
    post(browser, "/write", photo())
    work(app)
    moves, person = visitor(), make_person(here)
    sign_in(moves, person)
    contribution = newest()
    (uid,) = shown(moves, "/c/" + contribution)
    tag = moves.get(f"/p/{uid}/480.webp").headers["ETag"]

    def look(who):
        return who.get(f"/p/{uid}/480.webp", headers={"If-None-Match": tag}).status_code

    assert look(moves) == 304
    browser.post(f"/c/{contribution}/withdraw")
    assert (look(moves), look(browser)) == (404, 304)
    browser.post(f"/c/{contribution}/restore")
    assert look(moves) == 304
    owner.execute("UPDATE contribution SET state = 'hidden'")
    assert look(moves) == 404
    owner.execute("UPDATE contribution SET state = 'published'")
    assert look(moves) == 304
    make_move(person, make_quarter())
    assert look(moves) == 404
    owner.execute("DELETE FROM contribution")
    assert look(browser) == 404 and len(files(app)) == 6
    work(app)
    assert files(app) == []


def test_whoever_publishes_from_two_windows_while_photos_are_drawn_hangs_each_on_one(app, context, here, ada, owner):
    """Real threads: no photo hangs twice, nothing deadlocks, every card ends with its photo."""
    with scope.use(viewer_of(ada, here)), atomic():
        mine = [photos.receive(ada.id, photo(colour), uuid.uuid4()).id for colour in ("red", "green", "blue", "gold")]

    def publish(number: int) -> uuid.UUID:
        with app.app_context(), scope.use(viewer_of(ada, here)), atomic():
            made = service.publish(
                _model(), author_id=ada.id, quarter_id=here.id, category="question", title=f"{number}", body_md="",
                audience=Audience.QUARTER,
            )  # fmt: skip
            photos.arrange(ada.id, made.id, [(key, "") for key in mine])
            return made.id

    def try_to(number: int) -> uuid.UUID | None:
        try:
            return publish(number)
        except photos.PhotosGone:
            return None

    def draw(_number: int) -> int:
        with app.app_context():
            scope.enter(scope.NOBODY)
            return photo_drawing.draw_waiting()

    with ThreadPoolExecutor(6) as pool:
        drawing = [pool.submit(draw, number) for number in range(2)]
        published = [key for key in pool.map(try_to, range(4)) if key]
        assert sum(each.result() for each in drawing) <= len(mine)
    draw(0)
    rows = owner.execute(
        "SELECT contribution_id, array_agg(position ORDER BY position), min(state) FROM photo GROUP BY 1"
    ).fetchall()
    assert [([key], places, state) for key, places, state in rows] == [(published, [0, 1, 2, 3], "ready")]
    assert owner.execute("SELECT count(*) FROM contribution").fetchone() == (1,), "the others hang nothing without them"
    assert len(files(app)) == len(mine) * 6


def _model():
    from neighbour.posts.models import Post

    return Post


def test_the_digest_names_photos_and_carries_none(app, browser, here, ada, frozen_clock):
    from neighbour.core.columns import id_at
    from neighbour.digests import edition, portions

    post(browser, "/write", photo(), photo("tomato"))
    work(app)
    clock.tick(3600)
    with scope.use(scope.Viewer(None, (here.id,))):
        book = edition.book(here.id, 1, id_at(clock.now()), clock.now(), uuid.UUID(int=0))
        (row,) = [portions._rendered("item", "de", card=entry.card) for entry in book.entries]
    assert b"2 Fotos" in row.text.replace(b"=\n", b"") and b"2 Fotos" in row.html.replace(b"=\n", b"")
    assert b"/p/" not in row.html and b"<img" not in row.html
