"""A paper as proof: from the upload over four eyes to its end, and what is left of it: nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import text

from neighbour.contributions import photo_forms
from neighbour.core import clock, personal, scope
from neighbour.core.db import atomic, db
from neighbour.core.tokens import from_uid
from neighbour.mydata import erasing
from neighbour.policy import Level, Role
from neighbour.residency.cases import documents, pictures, views
from tests.residency.papers import Desk, photo, text_of, upload
from tests.residency.test_canaries import backup_of, dump, forms_of
from tests.support import ROOT

pytestmark = pytest.mark.usefixtures("frozen_clock")
DAY = 86_400


@pytest.fixture
def anna(desk: Desk):
    """Anna, who has chosen her address: (number, browser)."""
    person = desk.resident("anna", bell="Anna Kowalczyk")
    return person, desk.browser(person)


@pytest.fixture
def team(desk: Desk) -> tuple[int, int]:
    return desk.verifier("vera"), desk.verifier("wim", Role.STEWARD)


def test_from_upload_to_the_board_by_two_people(desk: Desk, anna, team, owner, jobs, mailbox):
    person, browser = anna
    assert "Schwärze alles andere" in text_of(browser.get("/proof/document"))
    assert desk.hand_in(browser, photo(), photo("Seite zwei", "PNG")).status_code == 303
    page = browser.get("/proof/document")
    assert "meist innerhalb von 3 Tagen" in text_of(page)
    pictures = re.findall(r'<img src="([^"]+)"', page.text)
    assert len(pictures) == 2
    for picture in pictures:
        answer = browser.get(picture)
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Disposition"].startswith("inline; filename=")
    case = desk.case_of(person)
    first = desk.browser(team[0])
    listed = text_of(first.get("/desk/proofs"))
    assert "Weberviertel" in listed and "Kowalczyk" not in listed and "Kettfadenstraße" not in listed
    closed = first.get(case)
    assert "Kowalczyk" not in closed.text and "<img" not in closed.text
    opened = first.post(case)
    assert "Anna Kowalczyk" in opened.text and "Kettfadenstraße" in opened.text
    assert "anna@example.org" not in opened.text
    assert first.get(case + "/pages/1").status_code == 200
    assert first.post(case + "/decide", data={"verdict": "matches"}).status_code == 303
    assert desk.level(person) is Level.UNPROVEN, "one pair of eyes is none"
    assert first.get(case).status_code == 404 and first.get(case + "/pages/1").status_code == 404
    desk.says(team[1], case)
    assert desk.level(person) is Level.VERIFIED
    assert browser.get("/waiting").location == "/board"
    jobs.run()
    assert "Willkommen" in mailbox.messages()[-1].message["Subject"]
    assert owner.execute("SELECT count(*) FROM case_page").fetchone() == (0,)
    assert owner.execute("SELECT count(*) FROM case_key").fetchone() == (0,)


def test_nothing_of_the_paper_is_left_after_the_decision(desk: Desk, anna, team, owner, clean_database, tmp_path):
    person, browser = anna
    desk.hand_in(browser, photo("Kanarienvogel auf Papier"))
    shown = re.search(r'<img src="([^"]+)"', browser.get("/proof/document").text)
    drawn = browser.get(shown[1]).data  # what is uploaded is drawn anew
    (sealed,) = owner.execute("SELECT sealed FROM case_page").fetchone()
    kept = backup_of(clean_database, tmp_path / "before.dump")
    salt = owner.execute("SELECT salt FROM case_key").fetchone()[0]
    case = desk.case_of(person)
    for verifier in team:
        desk.says(verifier, case)
    everything = dump(clean_database)
    for bytes_ in (drawn[700:760], bytes(sealed)[20:60], bytes(salt)):
        assert bytes_.hex() not in everything
    assert bytes(sealed).hex() in kept and drawn[700:760].hex() not in kept, "the page is in the backup, sealed"
    assert bytes(salt).hex() not in kept, "no backup has what the key is made from"
    folder = desk.town.app.extensions["config"].instance_dir
    assert [path for path in folder.rglob("*") if path.is_file() and drawn[700:760] in path.read_bytes()] == []


def test_a_case_that_came_back_with_a_backup_is_closed_and_its_person_told(desk: Desk, anna, owner, jobs):
    person, browser = anna
    desk.deposit(person)
    owner.execute("DELETE FROM case_key")
    with desk.town.app.app_context():
        assert documents.forget_overdue(clock.now() - documents.KEPT_FOR) == 1
        scope.leave()
    assert owner.execute("SELECT state FROM proof_case").fetchone() == ("expired",)
    assert "gelöscht" in text_of(browser.get("/proof/document"))


@pytest.mark.parametrize(("days", "left"), [(13.9, 1), (14.1, 0)])
def test_after_two_weeks_it_is_gone_in_any_case(desk: Desk, anna, owner, frozen_clock, jobs, mailbox, days, left):
    person, _browser = anna
    desk.deposit(person)
    frozen_clock.tick(days * DAY)
    jobs.sent.append(("mydata.retain", []))
    jobs.run()
    assert owner.execute("SELECT count(*) FROM case_page").fetchone() == (left,)
    subjects = [mail.message["Subject"] for mail in mailbox.messages()]
    assert any("gelöscht" in subject for subject in subjects) is (left == 0)


def test_withdrawn_and_erased_are_gone_at_once(desk: Desk, anna, owner):
    person, browser = anna
    desk.deposit(person)
    assert browser.post("/proof/document/withdraw").status_code == 303
    assert owner.execute("SELECT (SELECT count(*) FROM case_page), state FROM proof_case").fetchone() == (
        0,
        "withdrawn",
    )
    desk.deposit(person)
    with desk.town.app.app_context(), scope.use(scope.NOBODY):
        erasing.run(erasing.begin(person, keeps_texts=False, grace=timedelta()).id)
    for table in ("proof_case", "case_page", "case_key", "case_half"):
        assert owner.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def test_whoever_moves_leaves_the_case_and_its_pages_behind(desk: Desk, anna, team, owner):
    person, _browser = anna
    desk.deposit(person)
    case = desk.case_of(person)
    first = desk.browser(team[0])
    first.post(case)
    desk.town.settle(person, desk.town.address("9", quarter="ufer"), "Anna Kowalczyk")
    assert owner.execute("SELECT state, (SELECT count(*) FROM case_page) FROM proof_case").fetchone() == (
        "withdrawn",
        0,
    )
    assert first.post(case).status_code == 404
    assert first.post(case + "/decide", data={"verdict": "matches"}).status_code == 404


def test_whoever_leaves_is_on_no_desk_and_finds_their_document_when_they_come_back(desk: Desk, anna, team, owner):
    person, _browser = anna
    desk.deposit(person)
    case, nowhere = desk.case_of(person), "/desk/proofs/" + "a" * 26
    first, second = (desk.browser(each) for each in team[:2])
    first.post(case)
    assert first.get(case + "/pages/1").status_code == 200
    leave(desk, person)
    for path in ("", "/pages/1"):
        answer, nothing = (first.get(page + path) for page in (case, nowhere))
        assert (answer.status_code, answer.data) == (404, nothing.data), path
    assert first.post(case + "/decide", data={"verdict": "matches"}).status_code == 404
    assert second.post(case).status_code == 404 and case not in second.get("/desk/proofs").text
    with desk.eyes(team[0]):
        assert documents.page(from_uid(case[-26:]), 1) is None, "the wall says so, too"
    come_back(desk, person)
    assert owner.execute("SELECT state, (SELECT count(*) FROM case_page) FROM proof_case").fetchone() == ("open", 1)
    for verifier in team[:2]:
        desk.says(verifier, case)
    assert desk.level(person) is Level.VERIFIED


def test_an_appeal_waits_for_whoever_comes_back_and_ends_undecided_with_a_move(desk: Desk, anna, team, owner):
    person, _browser = anna
    desk.deposit(person)
    case = desk.case_of(person)
    for verifier in team[:2]:
        desk.says(verifier, case, "paper")
    desk.hears()
    desk.browser(person).post("/proof/decision", data={"words": "Es ist doch ein Mietvertrag."})
    leave(desk, person)
    operator = desk.browser(desk.operator("olga"))
    assert case not in operator.get("/desk/proofs").text
    come_back(desk, person)
    page = text_of(desk.browser(person).get("/proof/decision"))
    assert "bleibt dabei" not in page and "Du hast den Betreiber" in page
    assert case in operator.get("/desk/proofs").text
    desk.town.settle(person, desk.town.address("9", quarter="ufer"), "Anna Kowalczyk")
    assert owner.execute("SELECT appeal FROM proof_case").fetchone() == ("withdrawn",)
    assert case not in operator.get("/desk/proofs").text


def leave(desk: Desk, person: int) -> None:
    """Their account is let go; they have two weeks to come back."""
    with desk.town.app.app_context():
        erasing.begin(person, keeps_texts=True)


def come_back(desk: Desk, person: int) -> None:
    with desk.eyes(person), atomic():
        erasing.bring_back(person, has_another_address=False)


def test_no_connection_is_held_while_pictures_are_drawn(desk: Desk, anna, monkeypatch):
    """That takes up to twenty seconds, and a process has sixteen connections for all its pages."""
    held = []

    def draw(uploads):
        held.append(db.session().in_transaction())
        return pictures.Drawn([photo()], left_out=0)

    monkeypatch.setattr(pictures, "draw", draw)
    assert desk.hand_in(anna[1], photo()).status_code == 303 and held == [False]


def test_three_documents_in_thirty_days(desk: Desk, anna, frozen_clock):
    person, browser = anna
    for _number in range(3):
        desk.deposit(person)
        browser.post("/proof/document/withdraw")
    frozen_clock.tick(29 * DAY)
    browser = desk.browser(person)
    assert desk.hand_in(browser, photo()).status_code == 303
    assert "in 30 Tagen drei Dokumente" in text_of(browser.get("/proof/document"))
    frozen_clock.tick(2 * DAY)
    desk.deposit(person)
    assert "Das sehen sie" in text_of(browser.get("/proof/document"))


def test_a_second_document_waits_for_the_first(desk: Desk, anna, owner):
    _person, browser = anna
    for _twice in range(2):
        desk.hand_in(browser, photo())
    assert owner.execute("SELECT count(*) FROM proof_case").fetchone() == (1,)


def test_what_is_missing_is_said_at_its_field(desk: Desk, anna):
    _person, browser = anna
    page = browser.post("/proof/document", data={"paper": "bill"}, content_type="multipart/form-data")
    assert page.status_code == 422 and "Wähle eine Datei" in text_of(page)
    page = desk.hand_in(browser, photo(), paper="passport")
    assert page.status_code == 422 and "Bitte wähl" in text_of(page)


def test_only_this_page_takes_large_requests_and_only_from_somebody(desk: Desk, anna, client):
    _person, browser = anna
    three = b"\xff\xd8\xff" + b"x" * (3 << 20)
    assert desk.hand_in(browser, three).status_code == 422, "read, and found to be no picture"
    too_much = desk.hand_in(browser, b"x" * (pictures.MOST_BYTES + (2 << 20)))
    assert too_much.status_code == 413 and "Fotos oder Dateien haben zusammen mehr als 32 MB" in text_of(too_much)
    assert desk.hand_in(client, three).status_code == 413, "nobody is signed in"
    assert browser.post("/waiting/letter", data={"x": "y" * (2 << 20)}).status_code == 413


def test_four_photos_of_a_phone_are_taken_as_the_form_invites_them(desk: Desk, anna, owner):
    """The limit said at the fields, that of the body and that of the proxy are one."""
    _person, browser = anna
    page = text_of(browser.get("/proof/document"))
    assert page.count(f"bis {pictures.MOST_BYTES >> 20} MB") == 2
    heavy, kind = upload(*[photo() + b"\0" * 4_300_000] * pictures.MOST_PAGES, field="photos")
    sent = browser.post("/proof/document", data=heavy, content_type=kind)
    assert sent.status_code == 303, text_of(sent)
    assert owner.execute("SELECT page_count FROM proof_case").fetchone() == (pictures.MOST_PAGES,)
    proxy = re.search(r"client_max_body_size (\d+)m;", (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8"))
    most = max(views.MOST_BODY, photo_forms.MOST_BODY)  # of all forms with files
    assert proxy and int(proxy[1]) == (most >> 20) + 1, "so that the page that refuses is ours"


def test_pages_are_nobody_elses(desk: Desk, anna, team):
    person, browser = anna
    desk.deposit(person)
    own = re.search(r'<img src="([^"]+)"', browser.get("/proof/document").text)[1]
    case = desk.case_of(person)
    missing = "/proof/document/" + "a" * 26 + "/1"
    others = [desk.browser(desk.proven("zoe")), desk.browser(team[0]), desk.browser(desk.operator("olga"))]
    for other in others:
        for path, nothing in ((own, missing), (case + "/pages/1", "/desk/proofs/" + "a" * 26 + "/pages/1")):
            answer, empty = other.get(path), other.get(nothing)
            assert (answer.status_code, answer.data) == (404, empty.data), path
    foreign = browser.get(own, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 404
    assert browser.get(own[:-1] + "9").status_code == 404


def test_pages_are_not_shown_to_who_found_the_device_open(desk: Desk, anna, frozen_clock):
    """They say name and address, which a session alone does not open either."""
    person, browser = anna
    desk.deposit(person)
    own = re.search(r'<img src="([^"]+)"', browser.get("/proof/document").text)[1]
    frozen_clock.tick(601)
    page = browser.get("/proof/document")
    assert own not in page.text and 'href="/me/again?next=/proof/document"' in page.text
    assert browser.get(own).location.startswith("/me/again")


def test_the_original_is_never_written_to_a_disk(app):
    """Werkzeug spools parts over 500 KB into a file; ours stay in memory."""
    body, kind = upload(b"x" * 900_000)
    with app.test_request_context("/proof/document", method="POST", data=body, content_type=kind) as context:
        assert type(context.request.files["files"].stream) is BytesIO


def test_canaries_on_paper_and_letterbox_stay_where_they_belong(
    desk: Desk, team, owner, clean_database, jobs, mailbox, caplog
):
    person = desk.resident("piep", bell="Zaunkönig Piepmatz")
    desk.deposit(person)
    case = desk.case_of(person)
    for verifier in team:
        desk.says(verifier, case, "old", "Bitte neuer.")
    jobs.run()
    other = desk.browser(desk.proven("zoe"))
    pages = [other.get(path).text for path in ("/board", "/me", "/settings/address", "/desk", "/desk/proofs")]
    operator = desk.browser(desk.operator("olga"))
    pages += [operator.get(path).text for path in ("/desk", "/desk/proofs", "/desk/looks", "/desk/missing")]
    pages += [mail.text + mail.html for mail in mailbox.messages()]
    for word in ("Zaunkönig", "Piepmatz"):
        assert not any(word in page for page in pages) and word not in caplog.text
        assert not any(form in dump(clean_database) for form in forms_of(word))


def test_the_owner_reads_who_looked_after_thirty_days_and_never_a_name(desk: Desk, anna, team, frozen_clock, owner):
    person, browser = anna
    desk.deposit(person)
    case = desk.case_of(person)
    for verifier in team:
        desk.says(verifier, case)
    looks = owner.execute(
        "SELECT by_person_id, purpose FROM address_access WHERE person_id = %s ORDER BY id", [person]
    ).fetchall()
    assert looks == [(team[0], "document"), (team[1], "document")], "each look is a line"
    assert "angesehen" not in text_of(browser.get("/settings/address"))
    frozen_clock.tick(30 * DAY)
    words = text_of(desk.browser(person).get("/settings/address"))
    assert words.count("das Quartiersteam oder der Betreiber hat dein Dokument angesehen") == 2
    assert "Vera" not in words and "Wim" not in words


def test_the_application_reads_no_key_of_a_case_it_does_not_have_in_hand(desk: Desk, anna, team, session):
    person, _browser = anna
    desk.deposit(person)
    for eyes in (scope.Viewer(team[0]), scope.Viewer(desk.proven("zoe")), scope.PUBLIC, scope.NOBODY):
        with scope.use(eyes):
            for table in ("case_page", "case_key", "case_half", "case_ground", "visit"):
                assert db.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
    with scope.use(scope.Viewer(desk.proven("yan"))):
        assert db.session.scalar(text("SELECT count(*) FROM proof_case")) == 0


def test_of_pages_that_came_back_without_their_key_the_own_archive_has_none(desk: Desk, anna, owner):
    """A backup has no keys: the pages are there and say nothing, and the next knock forgets them."""
    person, _browser = anna
    personal.register()  # whose files there are, every room says
    desk.deposit(person)
    with desk.eyes(person):
        assert [name for name, _page in personal.files(person)] == ["document-1-page-1.jpg"]
    owner.execute("DELETE FROM case_key")
    with desk.eyes(person):
        assert list(personal.files(person)) == []
