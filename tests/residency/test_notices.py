"""Mail of this room: promised with its cause, once, and without address or code."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from neighbour.notices import service as notices
from neighbour.policy import Level
from neighbour.residency import grading, letters
from tests.residency.helpers import Town

pytestmark = pytest.mark.usefixtures("frozen_clock")


def promised(owner) -> list[str]:
    return [name for (name,) in owner.execute("SELECT notice FROM delivery ORDER BY id")]


def test_order_and_welcome_are_promised_once_each(town: Town, owner, tmp_path: Path):
    person = town.resident("anna", town.address())
    code, _ = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    with town.as_person(person):
        letters.redeem(person, code)
        grading.grant(person, "postcard", Level.VERIFIED, timedelta(days=1))
    assert sorted(promised(owner)) == ["residency.letter_requested", "residency.welcome"]


@pytest.mark.parametrize("key", ["residency.letter_requested", "residency.welcome"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_text_and_html_say_the_same(session, app, key: str, language: str):
    written = notices.preview(key, language)
    assert written.subject and written.subject in written.text
    assert ("Briefkasten" in written.text or "Brett" in written.text) is (language == "de")
    for link in ("/code", "/waiting") if "letter" in key else ("/me/digest",):
        assert link in written.text and link in written.html


def test_mails_arrive_and_hold_neither_address_nor_code(town: Town, jobs, mailbox, tmp_path: Path):
    person = town.resident("anna", town.address())
    code, _ = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    with town.as_person(person):
        letters.redeem(person, code)
    jobs.run()
    mails = mailbox.messages()
    assert sorted(str(mail.message["Subject"]) for mail in mails) == [
        "Deine Karte ist bestellt",
        "Willkommen im Quartier Weberviertel",
    ]
    for mail in mails:
        for secret in ("Kettfaden", "Kowalczyk", "04873", code, code.replace("-", "")):
            assert secret not in mail.text + mail.html
