"""Taking one's data along: all of one's own, nothing of anybody else's, for one session, for seven days."""

from __future__ import annotations

import io
import json
import re
import tracemalloc
import zipfile
from html import unescape

import pytest
from PIL import Image
from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB

from neighbour.core import clock, personal, scope
from neighbour.core.sealed_files import HEAD, Opened, Sealing
from neighbour.mydata import archive, erasing, exports, files
from tests.factories import make_person, make_post, make_quarter, sign_in
from tests.support.canaries import SEPARATE, TABLES, WORD, Planted, _choices
from tests.support.pages import faults
from tests.support.photos import no_photos, photo, post, sheet, work

pytestmark = pytest.mark.usefixtures("instance_dir")
#: columns whose words are the program's, though no CHECK says so
WORDS_OF_OURS = {("contribution", "kind"), ("contribution", "category"), ("person", "language")}


@pytest.fixture
def ada(context):
    return make_person(make_quarter(), name="Ada")


def fetched(client):
    """The archive, by the way people go."""
    client.post("/me/data")
    client.application.extensions["jobs"].run()
    page = client.get("/me/data").text
    path = page.split('action="/me/data/')[1].split('"')[0]
    there = client.post(f"/me/data/{path}")
    assert there.status_code == 303
    return there.headers["Location"], got(client, there.headers["Location"])


def got(client, path, **more):
    """The answer, read to the end and closed."""
    answer = client.get(path, **more)
    answer.content = answer.get_data()
    answer.close()
    return answer


@pytest.fixture
def signed_in(ada, client, app, jobs):
    app.extensions["jobs"] = jobs
    sign_in(client, ada)
    return client


def test_the_page_of_the_archive_says_everything_in_words_of_the_language(context, signed_in, owner):
    """Headings and values: no name of a table, no state as the program writes it."""
    me = owner.execute("SELECT id FROM person").fetchone()[0]
    owner.execute(
        "INSERT INTO security_event (kind, actor_id, subject_id, object, route, result, at) VALUES ('session.opened', %s, %s, '', '', 'done', now())",
        [me, me],
    )
    for language, words in (
        (
            "de",
            (
                "Deine Ersatzcodes",
                "Nachweise, die angesehen wurden",
                "wohnt dort",
                "nachgewiesen",
                "in Gebrauch",
                "angemeldet",
                "geschehen",
            ),
        ),
        (
            "en",
            (
                "Your recovery codes",
                "Proofs that were looked at",
                "lives there",
                "proven",
                "in use",
                "signed in",
                "it happened",
            ),
        ),
    ):
        owner.execute("UPDATE person SET language = %s", [language])
        page = zipfile.ZipFile(io.BytesIO(built(me, language))).read("index.html").decode()
        values = re.findall(r"<dd>([^<]*)</dd>", page)
        assert [word for word in words if word not in values and f"<h3>{word}</h3>" not in page] == []
        assert {"resident", "verified", "active", "session.opened", "done"} & set(values) == set()


def built(person, language):
    """The archive of this person, in this language."""
    target = io.BytesIO()
    with scope.use(scope.Viewer(person)):
        archive.write(target, person, language, lambda _step: None)
    return target.getvalue()


def test_everything_of_ones_own_and_nothing_of_others(context, owner, client, app, jobs):
    quarter = make_quarter()
    mine = Planted(owner, quarter, "MEINS")
    Planted(owner, quarter, "DEINS")
    app.extensions["jobs"] = jobs
    sign_in(client, mine.person)
    _path, answer = fetched(client)
    archived = zipfile.ZipFile(io.BytesIO(answer.content))
    data = "".join(archived.read(name).decode() for name in archived.namelist() if name.startswith("data/"))
    assert mine.rows == {entry.table for entry in personal.personal()} - SEPARATE  # every table that is about people
    assert speaking_columns() - set(mine.words) == set()  # and every column of theirs that can say a word
    sealed = {
        place: word for place, word in mine.words.items() if place[0] in ("home", "home_before", "missing_address")
    }
    wanted = {**mine.texts(), **sealed}
    del wanted["delivery", "payload"]  # of which only what has words goes out
    assert len(wanted) >= 40, len(wanted)
    assert {place for place, word in wanted.items() if word not in data} == set()
    assert archived.read("media/document-1-page-1.jpg").decode() == mine.words["case_page", "page"]
    page = archived.read("index.html").decode()
    opaque = {("security_event", "object"), ("security_event", "result")}  # without words: for programs only
    assert {place for place, word in wanted.items() if word not in page} == opaque
    everything = "".join(archived.read(name).decode() for name in archived.namelist())
    assert f"{WORD}-DEINS" not in everything
    assert {
        word
        for place, word in mine.words.items()
        if word in everything and place not in {*wanted, ("case_page", "page")}
    } == set()  # secrets
    looks = owner.execute(
        "SELECT count(*) FROM address_access WHERE person_id = %s AND by_person_id = person_id AND purpose IN ('own page', 'missing address')",
        [mine.person.id],
    )
    assert looks.fetchone() == (3,)  # the home, the one of before and the missing address, for the owner to see


def speaking_columns():
    """(table, column) of everything that goes out and can hold a word, but the words of an enumeration."""
    found = set()
    for entry in personal.personal():
        table = TABLES[entry.table]
        texts = [name for name in entry.out if isinstance(table.columns[name].type, Text | JSONB)]
        found |= {(entry.table, name) for name in texts if not _choices(table, table.columns[name])}
    return {place for place in found if place[0] not in SEPARATE and place not in WORDS_OF_OURS}


def test_the_page_in_it_reads_without_script_and_without_a_network(signed_in, tmp_path):
    _path, answer = fetched(signed_in)
    page = zipfile.ZipFile(io.BytesIO(answer.content)).read("index.html").decode()
    assert faults(page) == []
    assert "<script" not in page and "src=" not in page and "@import" not in page and "url(" not in page
    assert 'lang="de"' in page and "Deine Daten" in page


def test_words_that_look_like_a_moment_are_words(signed_in, ada, jobs, context):
    """A title that begins with a date, one that no calendar has, one at the end of time: none keeps anybody from their data."""
    quarter = make_quarter("b")
    titles = (
        "2026-05-12T10:00 Treffen am Wehr",
        "2026-05-12T10:00:00",
        "2026-99-99T10:00:00+00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    )
    for title in titles:
        make_post(ada, quarter, title=title)
    _path, answer = fetched(signed_in)
    page = zipfile.ZipFile(io.BytesIO(answer.content)).read("index.html").decode()
    assert [title for title in titles[:3] if title not in unescape(page)] == []
    assert re.search(r"\d\. \w+ 20\d\d, \d\d:\d\d", page), "when they were written, in words that are true tomorrow too"


def test_the_list_of_files_is_signed(signed_in, tmp_path):
    _path, answer = fetched(signed_in)
    whole, changed = tmp_path / "whole.zip", tmp_path / "changed.zip"
    whole.write_bytes(answer.content)
    assert archive.verify(whole) == []
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(b"Ada", b"Eva") if name == "index.html" else content)
    assert archive.verify(changed) == ["index.html was changed"]


def test_only_the_session_that_fetched_it_first_gets_it(signed_in, visitor, ada, owner):
    path, answer = fetched(signed_in)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    elsewhere, stranger = visitor(), visitor()
    sign_in(elsewhere, ada)
    sign_in(stranger, make_person())
    for other in (elsewhere, stranger):
        assert other.get(path).status_code == 404
    refused = elsewhere.post(path.removesuffix("/archive.zip"))
    assert refused.headers["Location"] == "/me/data" and "anderen Gerät" in elsewhere.get("/me/data").text
    assert stranger.post(path.removesuffix("/archive.zip")).status_code == 404
    assert visitor().get(path).status_code == 303
    assert got(signed_in, path).status_code == 200
    results = owner.execute("SELECT result FROM security_event WHERE kind LIKE 'export.%%' ORDER BY id").fetchall()
    assert ("other session",) in results


def test_a_download_that_broke_off_goes_on(signed_in):
    path, answer = fetched(signed_in)
    rest = got(signed_in, path, headers={"Range": "bytes=100-"})
    assert rest.status_code == 206 and rest.content == answer.content[100:]
    assert rest.headers["Content-Range"] == f"bytes 100-{len(answer.content) - 1}/{len(answer.content)}"
    assert signed_in.get(path, headers={"Range": "bytes=999999999-"}).status_code == 416


def test_on_the_disk_it_is_sealed_from_the_first_byte_on(context, owner, client, app, jobs, instance_dir, monkeypatch):
    """Also while it is being made, and what a worker that died has left of it."""
    planted = Planted(owner, make_quarter(), "ZU")
    app.extensions["jobs"] = jobs
    sign_in(client, planted.person)
    write, seen = archive.write, []

    def looks(target, person_id, language, progress):
        write(target, person_id, language, progress)
        target.target.flush()
        seen.extend(path.read_bytes() for path in files.folder().iterdir())

    monkeypatch.setattr(archive, "write", looks)
    _path, answer = fetched(client)
    assert f"{WORD}-ZU" in zipfile.ZipFile(io.BytesIO(answer.content)).read("data/contribution.json").decode()
    seen.extend(path.read_bytes() for path in instance_dir.rglob("*") if path.is_file())
    assert len([lying for lying in seen if lying.startswith(HEAD)]) == 2
    for lying in seen:
        assert WORD.encode() not in lying and b"index.html" not in lying and not lying.startswith(b"PK")


def test_it_is_gone_after_seven_days(context, owner, client, app, jobs, frozen_clock, instance_dir):
    from neighbour.mydata import retention

    app.extensions["jobs"] = jobs
    ada = make_person(make_quarter())
    sign_in(client, ada)
    path, _answer = fetched(client)
    (file,) = (instance_dir / "exports").iterdir()
    assert file.stat().st_mode & 0o077 == 0 and (instance_dir / "exports").stat().st_mode & 0o077 == 0
    assert ada.public_id not in file.name
    for days, is_there in ((6, True), (2, False)):
        clock.tick(days * 86_400)
        sign_in(client, ada)
        with scope.use(scope.NOBODY):
            retention.forget_all(clock.now().date())
        assert file.exists() == is_there
    assert client.get(path).status_code == 404
    assert "zusammenstellen" in client.get("/me/data").text


def test_one_at_a_time_and_few_a_day(signed_in, owner, jobs):
    for _click in range(3):
        assert signed_in.post("/me/data").status_code == 303
    assert owner.execute("SELECT count(*) FROM data_export").fetchone() == (1,)
    for _time in range(exports.RATE.times - 1):
        jobs.run()
        assert signed_in.post("/me/data").status_code == 303
    jobs.run()
    assert signed_in.post("/me/data").status_code == 429
    states = owner.execute("SELECT state, count(*) FROM data_export GROUP BY state ORDER BY state").fetchall()
    assert states == [("gone", exports.RATE.times - 1), ("ready", 1)]
    assert len(list(files.folder().iterdir())) == 1


def test_a_worker_that_dies_is_followed_by_another(signed_in, ada, owner, jobs, monkeypatch, mailbox):
    with clock.freeze(clock.now()):
        sign_in(signed_in, ada)
        signed_in.post("/me/data")
        write = archive.write

        def dies(path, person_id, language, progress):
            write(path, person_id, language, progress)
            raise SystemExit("killed")

        monkeypatch.setattr(archive, "write", dies)
        with pytest.raises(SystemExit):
            jobs.run()
        assert "Schritt" in signed_in.get("/me/data").text
        piece = signed_in.get("/me/data/progress").text
        assert 'hx-trigger="every 2s"' in piece
        monkeypatch.setattr(archive, "write", write)
        jobs.sent.append(("mydata.sweep", []))
        jobs.run()  # the lease still holds: nobody else builds it
        assert owner.execute("SELECT state FROM data_export").fetchone() == ("building",)
        clock.tick(exports.LEASE.total_seconds() + 1)
        jobs.sent.append(("mydata.sweep", []))
        jobs.run()
        sign_in(signed_in, ada)
        assert owner.execute("SELECT state, attempts FROM data_export").fetchone() == ("ready", 2)
        assert "hx-trigger" not in signed_in.get("/me/data/progress").text
        assert len(list(files.folder().iterdir())) == 1
        jobs.run()
        assert [list(mail.recipients) for mail in mailbox.messages()] == [[ada.email]]


def test_what_cannot_be_built_is_given_up_and_said(signed_in, ada, owner, jobs, monkeypatch):
    signed_in.post("/me/data")
    owner.execute("UPDATE data_export SET attempts = 5")
    jobs.run()
    assert owner.execute("SELECT state FROM data_export").fetchone() == ("failed",)
    assert "mehrmals" in signed_in.get("/me/data").text
    assert signed_in.post("/me/data").status_code == 303


def test_a_thousand_contributions_need_no_more_memory_than_a_few(ada, owner, context, tmp_path):
    quarter_id = owner.execute("SELECT id FROM quarter").fetchone()[0]
    owner.execute(
        "INSERT INTO contribution (id, kind, category, quarter_id, author_id, audience, state, title, body_md, body_html,"
        " excerpt, published_at) SELECT gen_random_uuid(), 'post', 'question', %s, %s, 'quarter', 'withdrawn', 'Zettel ' || n,"
        " repeat('Wort ', 1200), '', '', now() FROM generate_series(1, 1000) n",
        [quarter_id, ada.id],
    )
    with scope.use(scope.Viewer(ada.id)), (tmp_path / "big.sealed").open("wb") as out:
        tracemalloc.start()
        with Sealing(out, "big") as sealing:
            archive.write(sealing, ada.id, "de", lambda done: None)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    with Opened(tmp_path / "big.sealed", "big") as opened, zipfile.ZipFile(opened) as big:
        rows = json.loads(big.read("data/contribution.json"))["contribution"]
    assert len(rows) == 1000
    assert peak < 5_000_000, peak  # the texts alone are 6 MB


def test_an_archive_goes_with_its_person(signed_in, ada, instance_dir, owner, jobs):
    fetched(signed_in)
    assert len(list((instance_dir / "exports").iterdir())) == 1
    with scope.use(scope.NOBODY):
        erasing.run(erasing.begin(ada.id, keeps_texts=False, grace=erasing.timedelta()).id)
    assert list((instance_dir / "exports").iterdir()) == []


def test_files_of_a_person_go_along(ada, context, tmp_path, monkeypatch):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"JPEG")
    from neighbour.core import personal

    monkeypatch.setattr(personal, "_files", [lambda number: [("photo.jpg", photo)] if number == ada.id else []])
    with scope.use(scope.Viewer(ada.id)), (tmp_path / "a.zip").open("wb") as out:
        archive.write(out, ada.id, "en", lambda done: None)
    assert zipfile.ZipFile(tmp_path / "a.zip").read("media/photo.jpg") == b"JPEG"
    with scope.use(scope.NOBODY):
        erasing.run(erasing.begin(ada.id, keeps_texts=False, grace=erasing.timedelta()).id)
    assert not photo.exists()


def test_every_part_that_is_written_can_be_read_as_json(signed_in):
    _path, answer = fetched(signed_in)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archived:
        for name in archived.namelist():
            if name.endswith(".json"):
                assert json.loads(archived.read(name))
        manifest = json.loads(archived.read("manifest.json"))
        assert set(manifest["files"]) == set(archived.namelist()) - {"manifest.json", "manifest.sig"}


def test_photos_go_along_in_the_largest_size_with_their_words(signed_in, context, app, tmp_path):
    with no_photos(app):
        post(signed_in, "/write", photo(size=(2_400, 1_200)))
        (uid,) = sheet(signed_in.get("/write")) or sheet(signed_in.get(_newest(signed_in) + "/edit"))
        post(signed_in, _newest(signed_in) + "/edit", photos=(uid,), **{f"alt_{uid}": "Die Mauer am Kanal"})
        work(app)
        _path, answer = fetched(signed_in)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            with Image.open(io.BytesIO(archive.read(f"media/photos/{uid}.webp"))) as picture:
                assert picture.size == (1_920, 960)
            (row,) = json.loads(archive.read("data/contribution.json"))["photo"]
        assert (row["alt"], row["state"], row["width"]) == ("Die Mauer am Kanal", "ready", 1_920)
        assert set(row) & {"stored_as", "upload_key", "salt", "blur"} == set()


def _newest(client):
    return re.findall(r'href="(/c/[a-z2-7]{26})"', client.get("/board").text)[0]
