"""The local mailbox: over real SMTP, in files, on its pages – and never in production."""

from __future__ import annotations

import dataclasses
import smtplib
from email.message import EmailMessage

import pytest

from neighbour.up.mailbox import Mailbox
from neighbour.up.views import MAIL_POLICY

HTML = "<html><head><style>p{color:red}</style></head><body><p>Hallo <b>Nachbarin</b></p><script>alert(1)</script></body></html>"


def letter(subject="Ausgabe für Dienstag", to="ana@example.org"):
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "Brett <brett@example.org>", to
    message["Message-ID"] = "<1@example.org>"
    message.set_content("Hallo Nachbarin, grüß dich")
    message.add_alternative(HTML, subtype="html")
    return message


@pytest.fixture
def post(settings, mailbox):
    host, port = settings.smtp_url.removeprefix("smtp://").split(":")

    def hand_over(message, sender="bounce@example.org", to=("ana@example.org",)):
        with smtplib.SMTP(host, int(port)) as smtp:
            smtp.send_message(message, sender, list(to))

    return hand_over


def test_a_mail_arrives_whole_with_its_envelope(post, mailbox):
    post(letter(), to=("ana@example.org", "bo@example.org"))
    (mail,) = mailbox.messages()
    assert mail.message["Subject"] == "Ausgabe für Dienstag"
    assert (mail.sender, mail.recipients) == ("bounce@example.org", ("ana@example.org", "bo@example.org"))
    assert mail.text.strip() == "Hallo Nachbarin, grüß dich"
    assert "<b>Nachbarin</b>" in mail.html
    assert b"X-Envelope" not in mail.raw
    assert list(mailbox.tmp.iterdir()) == []


def test_order_is_that_of_arrival_also_with_a_frozen_clock(post, mailbox, frozen_clock):
    for number in range(12):
        post(letter(subject=str(number)))
    assert [mail.message["Subject"] for mail in mailbox.messages()] == [str(number) for number in range(12)]


@pytest.mark.parametrize("name", ["../secret", "..", "", "a/b", "20260512", "%2e%2e"])
def test_names_that_are_none_find_nothing(tmp_path, name):
    (tmp_path / "secret").write_bytes(b"a\r\nb\r\nSubject: no\r\n\r\n")
    assert Mailbox(tmp_path).read(name) is None


@pytest.fixture
def pages(settings, tmp_path, clean_database):
    """A client of a development instance, and its mailbox."""
    from neighbour.app import create_app
    from tests.support.client import Client

    app = create_app(dataclasses.replace(settings, environment="development", instance_dir=tmp_path))
    app.test_client_class = Client
    return app.test_client(), Mailbox(tmp_path / "mailbox")


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_pages_show_text_html_and_headers(pages, language):
    client, box = pages
    name = box.keep("bounce@example.org", ["ana@example.org"], letter().as_bytes())
    headers = {"Accept-Language": language}
    listed = client.get("/dev/mailbox/", headers=headers).get_data(as_text=True)
    assert "Ausgabe für Dienstag" in listed
    shown = client.get(f"/dev/mailbox/{name}", headers=headers).get_data(as_text=True)
    assert "grüß dich" in shown
    assert "Message-ID: &lt;1@example.org&gt;" in shown
    assert f"/dev/mailbox/{name}/html" in shown
    assert client.get("/dev/mailbox/?to=bo@example.org", headers=headers).get_data(as_text=True).count("Ausgabe") == 0
    assert client.get("/dev/mailbox/nothing").status_code == 404


def test_the_html_part_is_locked_in(pages):
    client, box = pages
    name = box.keep("", ["ana@example.org"], letter().as_bytes())
    answer = client.get(f"/dev/mailbox/{name}/html")
    assert answer.headers["Content-Security-Policy"] == MAIL_POLICY
    assert "script-src" not in MAIL_POLICY
    assert "default-src 'none'" in MAIL_POLICY
    assert "sandbox" in MAIL_POLICY
    assert "allow-scripts" not in MAIL_POLICY
    assert client.get(f"/dev/mailbox/{name}/raw").data.startswith(b"Subject: ")


def test_emptying_throws_all_away(pages):
    client, box = pages
    box.keep("", ["ana@example.org"], letter().as_bytes())
    assert client.post("/dev/mailbox/empty").status_code == 303
    assert box.names() == []


def test_outside_development_the_address_does_not_exist(client):
    for path in ("/dev/mailbox", "/dev/mailbox/", "/dev/mailbox/x", "/dev/mailbox/x/html"):
        assert client.get(path).status_code == 404
    assert client.post("/dev/mailbox/empty").status_code == 404
