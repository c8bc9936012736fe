"""Mail of this room: promised with its cause, once, and without address or code."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from neighbour.notices import service as notices
from neighbour.policy import Level
from neighbour.residency import grading, letters
from neighbour.residency.proofs.method import Outcome
from tests.residency.helpers import Town, invited, newcomer, proven, types

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


def mail_to(mailbox, name: str, subject: str):
    """The one mail to somebody whose subject begins so."""
    (found,) = [
        mail
        for mail in mailbox.messages()
        if f"{name}@example.org" in mail.recipients and str(mail.message["Subject"]).startswith(subject)
    ]
    return found


def test_the_welcome_of_somebody_vouched_for_says_what_is_still_closed(town: Town, jobs, mailbox):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    assert types(town, carla, invited(town, anna)) is Outcome.PROVEN
    jobs.run()
    told = mail_to(mailbox, "carla", "Willkommen")
    for said in (" ".join(told.text.split()), told.html):
        assert "nachgewiesen. Das Brett" not in said and "Was du aushängst" not in said
        assert "antwortest" in said and "/waiting" in said
    told = mail_to(mailbox, "anna", "Willkommen")
    assert "Deine Adresse ist nachgewiesen" in told.text and "/waiting" not in told.text


def test_whoever_is_moved_is_told_once_without_the_address(town: Town, jobs, mailbox, owner):
    anna = proven(town, "anna", "1")
    jobs.run()
    assert "residency.moved" not in promised(owner), "the first address is no move"
    town.settle(anna, town.address("1b"), "Anna Kowalczyk")
    town.settle(anna, town.address("9", street="Uferweg", quarter="ufer"), "Anna Kowalczyk")
    town.settle(anna, owner.execute("SELECT id FROM address WHERE street = 'Uferweg'").fetchone()[0], "Anna K.")
    assert promised(owner).count("residency.moved") == 2, "two moves; another name on the letterbox is none"
    jobs.run()
    told = [mail for mail in mailbox.messages() if str(mail.message["Subject"]) == "Deine Adresse wurde geändert"]
    assert [list(mail.recipients) for mail in told] == [["anna@example.org"]] * 2
    closed = ["ist das Brett zu" in " ".join(mail.text.split()) for mail in told]
    assert closed == [True, False], "before the second the board was closed already"
    for secret in ("Uferweg", "Kettfaden", "Kowalczyk", "04873", "Am Ufer", "Weberviertel"):
        assert secret not in told[-1].text + told[-1].html
    for link in ("/settings/address", "/me/access"):
        assert link in told[-1].text and link in told[-1].html


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
        "Deine Postkarte ist bestellt",
        "Willkommen im Quartier Weberviertel",
    ]
    for mail in mails:
        for secret in ("Kettfaden", "Kowalczyk", "04873", code, code.replace("-", "")):
            assert secret not in mail.text + mail.html
