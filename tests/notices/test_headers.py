"""What somebody typed is never a header of its own (CWE-93): not by line ends, and not by encoded words that hide them."""

from __future__ import annotations

import base64
from email import message_from_bytes, policy

import pytest

from neighbour.core import scope
from neighbour.core.db import atomic
from neighbour.core.tokens import to_uid
from neighbour.notices import service as notices
from neighbour.notices.base import Written
from neighbour.notices.service import build
from tests.factories import make_person, make_post, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context")

INJECTED = "\r\nBcc: evil@example.org\r\n\r\nhttps://evil.example"
HOSTILE = [
    "Leiter" + INJECTED,
    "=?utf-8?b?" + base64.b64encode(INJECTED.encode()).decode() + "?=",
    "=?utf-8?q?=0d=0aBcc:evil@example.org=0d=0a=0d=0ahttps://evil.example?=",
    "Guten Tag =?iso-8859-1?q?=0aSubject:_Gewinn?= und mehr " + "x" * 80,
    "=?utf-8?q?=0d=0aX:1?= =?utf-8?q?=0d=0aY:2?=",
    "a\0b\x0bc\x0cd\x1ce\x85f\u2028Bcc: g\u2029h",
    "Grüße " * 30 + "=?utf-8?q?=0d=0aBcc:evil?=",
]
FIELDS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type", "List-Id",
    "List-Unsubscribe", "List-Unsubscribe-Post",
}  # fmt: skip


def fields(raw: bytes) -> dict[str, str]:
    """The header fields of a mail as they stand on the wire, unfolded; twice the same is an error."""
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("ascii")
    pairs = [line.split(": ", 1) for line in head.replace("\n ", " ").split("\n")]
    assert len({name for name, _value in pairs}) == len(pairs), pairs
    return dict(pairs)


@pytest.mark.parametrize("typed", HOSTILE)
def test_a_subject_stays_one_subject(app, typed):
    raw = build(Written(typed, "Text", "<p>Text</p>"), "gerda@a.example", "<1@a>", app.extensions["config"])
    assert set(fields(raw)) <= FIELDS
    assert b"evil" not in raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    words = "".join(letter if letter.isprintable() else " " for letter in typed).split()
    assert str(message_from_bytes(raw, policy=policy.SMTP)["Subject"]).split() == words


@pytest.mark.parametrize("address", ["=?utf-8?q?=0d=0aBcc=3aevil?=@a.example", '"a b"@a.example'])
def test_an_address_stays_as_it_was_given(app, address):
    raw = build(Written("Hallo", "Text", "<p>Text</p>"), address, "<1@a>", app.extensions["config"])
    assert fields(raw)["To"] == address


@pytest.mark.parametrize("address", ["a@b.example\r\nBcc: c@d.example", "ä@b.example", "a@b.example\u2028"])
def test_what_is_no_address_is_refused(app, address):
    with pytest.raises(ValueError, match="not an address"):
        build(Written("Hallo", "Text", "<p>Text</p>"), address, "<1@a>", app.extensions["config"])


@pytest.mark.parametrize("typed", HOSTILE)
def test_names_and_titles_of_neighbours_stay_words_in_a_mail(client, jobs, mailbox, typed):
    quarter, name = make_quarter("Weberviertel"), " ".join(typed.split())[:60]
    author = make_person(quarter, first_name=name.replace("\0", ""), display_name="Erika M.")
    neighbour = make_person(quarter, display_name=name.replace("\0", ""))
    with scope.use(scope.NOBODY), atomic():
        notices.begin_lists(author.id, quarter.id)
    post = make_post(author, quarter, title=typed[:140])
    sign_in(client, neighbour)
    assert client.post(f"/c/{to_uid(post.id)}/answer", data={"body": "Ich!"}).status_code == 303
    jobs.run()
    (mail,) = mailbox.messages()
    assert set(fields(mail.raw)) == FIELDS and mail.recipients == (author.email,)


@pytest.mark.parametrize("typed", HOSTILE[1:5])
def test_whoever_signs_up_with_somebody_elses_address_writes_nothing_into_its_header(client, jobs, mailbox, typed):
    person = make_person(first_name=typed, last_name=typed)
    client.post("/forgot", data={"email": person.email})
    jobs.run()
    (mail,) = mailbox.messages()
    assert set(fields(mail.raw)) <= FIELDS and mail.recipients == (person.email,)
