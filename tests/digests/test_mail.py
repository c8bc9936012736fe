"""The mail as bytes: what servers, mail programs and readers get to see. The standard library's parser is the judge."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neighbour.core import clock, scope
from neighbour.digests import compose, sending, service
from neighbour.digests.when import issue_time
from tests.digests.helpers import EVENING, MORNING, make_reader
from tests.factories import make_person, make_post, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context")

HOSTILE = 'Eve\r\nBcc: all@example.org\r\n\r\n<script>alert(1)</script>"=C3 ' + "lang" * 300


@pytest.fixture
def morning(jobs, mailbox):
    """Sends the issue of MORNING; gives the only mail."""

    def sending_it():
        with clock.freeze(MORNING):
            service.open_due("Europe/Berlin")
            jobs.run()
        (mail,) = mailbox.messages()
        return mail

    return sending_it


@pytest.fixture
def quarter():
    return make_quarter("Weberviertel")


def post(quarter, title="Handschuh gefunden", at=EVENING, **more):
    with clock.freeze(at):
        return make_post(make_person(quarter, name="Ayşe"), quarter, title=title, **more)


def strict(raw):
    """Parsed with every defect an error."""
    return message_from_bytes(raw, policy=policy.SMTP.clone(raise_on_defect=True))


def test_the_parser_finds_no_defect_and_both_parts_say_the_same(quarter, morning):
    make_reader(quarter)
    titles = [f"Zettel {number}: Äpfel = 3 € & <mehr> . „Zitat“ {'wort' * number}" for number in range(20)]
    for number, title in enumerate(titles):
        post(
            quarter,
            title,
            at=EVENING + timedelta(minutes=number),
            body=".\nFrom here\n\n=3D soft = break =\n" + "ß" * 200,
        )
    mail = morning()
    parsed = strict(mail.raw)
    text, html = parsed.get_body(("plain",)).get_content(), parsed.get_body(("html",)).get_content()
    plain = Words.of(html)
    for title in titles:
        assert title in " ".join(text.split()) and title in plain
    assert len(parsed.defects) == 0 and max(map(len, mail.raw.splitlines())) <= 998


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=180)
COMMON = compose.Common("brett@localhost", "Tue, 12 May 2026 05:01:00 +0000", "localhost", "http://localhost")


@given(before=WORDS, after=WORDS, token=st.text("abcXYZ019-_", min_size=22, max_size=75))
@example(before="000" + 4 * "\xa0" + 4 * "\U00010000" + "0", after="", token=22 * "0")
@settings(max_examples=300, deadline=None)
def test_a_token_can_stand_anywhere_in_a_line(before, after, token):
    foot = f"{before}{compose.TOKEN}{after}"
    whole = "\n".join((compose.QUARTER, compose.GREETING, compose.ITEMS, compose.FOOT, foot, compose.FOOT, "End.\n"))
    edition = compose.frame(compose.shape(whole, whole), "Nr. 1", ("Hallo",) * 2, "Weberviertel", "Nr. 1")
    mail = compose.compose(
        edition, compose.piece("", ""), common=COMMON, to="a@b.example", name="Ada", token=token, message_id="<1@b>"
    )
    for kind in ("plain", "html"):
        assert f"\n{before}{token}{after}\nEnd." in strict(mail).get_body((kind,)).get_content()
    assert max(map(len, mail.split(b"\n--", 1)[1].split(b"\n"))) <= 76


def test_the_header_fields_are_those_of_list_mail(quarter, morning):
    make_reader(quarter)
    post(quarter)
    mail = morning().message
    assert re.fullmatch(r"<http://localhost/unsubscribe/[\w-]{20,}/now>", mail["List-Unsubscribe"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == "<digest.localhost>" and mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"].addresses[0].addr_spec == "brett@localhost"
    assert len(mail.get_all("To")) == len(mail.get_all("From")) == len(mail.get_all("Message-ID")) == 1
    assert mail["Date"].datetime == MORNING


def test_a_message_id_depends_on_reader_and_day_only(quarter, morning, jobs, mailbox, owner):
    make_reader(quarter)
    post(quarter)
    first = morning().message["Message-ID"]
    mailbox.clear()
    owner.execute("UPDATE delivery SET state = 'pending'")
    with clock.freeze(MORNING + timedelta(hours=1)):
        jobs.sent.append(("notices.sweep", []))
        jobs.run()
    assert [mail.message["Message-ID"] for mail in mailbox.messages()] == [first]


def test_nothing_a_person_typed_leaves_its_place(quarter, morning):
    make_reader(quarter, display_name=HOSTILE)
    with clock.freeze(EVENING):
        writer = make_person(quarter, name="Mallory", display_name="<b>Mallory</b>\r\nX-Evil: 1")
        make_post(
            writer, quarter, title=f"@@foot@@ @@items@@ {compose.BOUNDARY.decode()} <img src=x>", body="--" + HOSTILE
        )
    mail = morning()
    parsed = strict(mail.raw)
    assert parsed["Bcc"] is None and parsed["X-Evil"] is None and len(list(parsed.walk())) == 3
    assert "<script" not in mail.html and "<img src=x" not in mail.html and "<b>Mallory" not in mail.html
    assert mail.text.count("@@") == mail.html.count("@@") == 4  # only what was typed, no mark of ours is left


def test_no_secret_and_no_foreign_address_stands_in_the_mail(quarter, morning):
    reader, other = make_reader(quarter), make_person(quarter)
    post(quarter)
    raw = morning().raw.decode()
    assert other.email not in raw and reader.password_hash + "\n" not in raw
    assert raw.count(reader.email) == 1  # To


def test_the_preview_is_what_is_sent(app, quarter, morning):
    reader = make_reader(quarter)
    post(quarter)
    with clock.freeze(issue_time(MORNING.date(), "Europe/Berlin")), scope.use(scope.NOBODY):
        raw, _edition = sending.preview(reader.id, app.extensions["config"])
    promised, sent = message_from_bytes(raw, policy=policy.default), morning()
    assert promised.get_body(("html",)).get_content().split() == sent.html.split()
    assert promised.get_body(("plain",)).get_content().split() == sent.text.split()
    assert promised["Subject"] == sent.message["Subject"]


def test_previewing_changes_nothing(app, quarter, morning, client):
    reader = make_reader(quarter)
    post(quarter)
    with clock.freeze(EVENING + timedelta(hours=1)):
        sign_in(client, reader)
        for _time in range(2):
            page = client.get("/digest/next")
            assert "Handschuh gefunden" in page.text
        frame = client.get("/digest/next/mail")
        assert "Handschuh gefunden" in frame.text and "sandbox" in frame.headers["Content-Security-Policy"]
    assert "Handschuh gefunden" in morning().text


def token_in(mail):
    return re.search(r"<http://localhost(/unsubscribe/[\w-]+/now)>", mail.message["List-Unsubscribe"]).group(1)


def test_one_click_ends_the_digest_without_cookie_or_token(quarter, morning, visitor, owner):
    make_reader(quarter)
    post(quarter)
    path, stranger = token_in(morning()), visitor()
    for _time in range(2):  # again does no harm
        answer = stranger.post(path, data={"List-Unsubscribe": "One-Click"}, csrf=False)
        assert (answer.status_code, answer.headers.get("Set-Cookie")) == (200, None)
    assert owner.execute("SELECT is_on FROM subscription").fetchone() == (False,)


def test_opening_the_links_changes_nothing(quarter, morning, visitor, owner):
    make_reader(quarter)
    post(quarter)
    mail, stranger = morning(), visitor()
    links = set(re.findall(r"http://localhost(/[^\s\"<>)]*)", mail.text + mail.html)) | {token_in(mail)}
    before = owner.execute("SELECT is_on, told_up_to FROM subscription").fetchall()
    assert len(links) >= 4
    for link in links:
        assert stranger.get(link, follow_redirects=True).status_code in (200, 401, 403, 404)
    assert owner.execute("SELECT is_on, told_up_to FROM subscription").fetchall() == before


def test_the_button_on_the_page_ends_it_and_an_unknown_token_is_not_found(quarter, morning, visitor, owner):
    make_reader(quarter)
    post(quarter)
    path, stranger = token_in(morning()).removesuffix("/now"), visitor()
    assert "<form" in stranger.get(path).text
    assert stranger.post(path, follow_redirects=True).status_code == 200
    assert owner.execute("SELECT is_on FROM subscription").fetchone() == (False,)
    assert stranger.post("/unsubscribe/nobody/now", csrf=False).status_code == 404


class Words(HTMLParser):
    """The words of an HTML part without what only phones' previews show."""

    def __init__(self):
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @classmethod
    def of(cls, html: str) -> str:
        parser = cls()
        parser.feed(html)
        return " ".join(parser.words)


def test_a_name_that_ends_with_a_dot_is_not_followed_by_another(quarter, morning):
    make_reader(quarter)
    post(quarter)
    mail = morning()
    for part in (mail.text, mail.html):
        assert "Ayşe P. · Frage" in part
