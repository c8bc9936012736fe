"""Who ordered a card is told the same whether it was printed or not: a day, and the wait for it, would tell of somebody else in
the house."""

from __future__ import annotations

import io
import json
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from neighbour.core import clock
from neighbour.core.db import as_owner
from neighbour.mydata import archive
from neighbour.policy import Level
from neighbour.residency import grading, homes, letters, printing, proofs
from neighbour.residency.letters import Reason
from neighbour.residency.proofs.method import Answer, Outcome
from tests.residency.helpers import Town

pytestmark = pytest.mark.usefixtures("frozen_clock")
DAY = 86_400
PAGES = ("/waiting", "/settings/address", "/me", "/me/data")
OWN = re.compile(
    r'name="csrf_token"[^>]*|content="[^"]*"|[Pp]ia\d|avatar--\d|"number": "\d+"|[0-9a-z]{26}|[0-9a-f-]{36}'
)


@dataclass
class Pair:
    """Two people who ordered a card in the same minute; in the house of the first somebody else was quicker."""

    town: Town
    people: list[int]
    browser: Any
    jobs: Any
    mailbox: Any
    owner: Any
    folder: Path

    def told(self, which: int) -> dict[str, str]:
        """Everything one of them can read: pages, archive, mails; without what is their own by nature."""
        self.jobs.run()
        browser = self.browser(self.people[which])
        said = {path: browser.get(path).text for path in PAGES}
        with self.town.as_person(self.people[which]):
            whole = io.BytesIO()
            archive.write(whole, self.people[which], "de", lambda _done: None)
        taken = zipfile.ZipFile(whole)
        said |= {name: taken.read(name).decode() for name in taken.namelist() if name.startswith("data/")}
        rows = said["data/mail.json"].splitlines()
        said["data/mail.json"] = "\n".join(sorted(row.rstrip(",") for row in rows))  # some of the same moment
        mails = [mail for mail in self.mailbox.messages() if f"pia{which}@example.org" in mail.recipients]
        said["mails"] = "\n".join(f"{mail.message['Subject']} {mail.text} {mail.html}" for mail in mails)
        return {name: OWN.sub("", words) for name, words in said.items()}

    def is_told_the_same(self) -> dict[str, str]:
        self.owner.execute("SELECT forget_letter_codes(%s)", [clock.now()])  # as every night
        one, other = self.told(0), self.told(1)
        assert differences(one, other) == []
        assert "gedruckt wurde, steht" in one["/settings/address"] and "deine Postkarte" not in one["/settings/address"]
        return one

    def answers(self, code: str) -> Answer:
        """What both are answered to a wrong code."""
        both = []
        for person in self.people:
            with self.town.as_person(person):
                both.append(proofs.redeem(person, code, "192.0.2.1"))
        assert both[0] == both[1]
        return both[0]

    def order(self) -> Reason | None:
        said = set()
        for person in self.people:
            with self.town.as_person(person):
                try:
                    letters.request(person)
                    said.add(None)
                except letters.NoLetter as no:
                    said.add(no.reason)
        (reason,) = said
        return reason

    def printed(self) -> list[int]:
        """How many cards each of them was printed, after the operator has printed what is due."""
        try:
            self.cards = self.town.print_letters(self.folder).cards
        except printing.NothingToPrint:
            self.cards = {}
        count = "SELECT count(*) FROM letter WHERE person_id = %s AND printed_at IS NOT NULL"
        return [self.owner.execute(count, [person]).fetchone()[0] for person in self.people]


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """What is not the same, line by line."""
    return [
        f"{name}: {line}"
        for name in one
        for line in unified_diff(one[name].splitlines(), other[name].splitlines(), n=0, lineterm="")
    ]


@pytest.fixture
def shared(town: Town) -> int:
    return town.address("4")


@pytest.fixture
def lena(town: Town, shared: int, tmp_path: Path) -> tuple[int, str]:
    """Was quicker: who she is, and the code of her card."""
    person = town.resident("lena", shared, "Lena Amsel")
    return person, town.print_letters(tmp_path).cards["Lena Amsel"][0]


@pytest.fixture
def pair(town: Town, shared: int, lena, browser, jobs, mailbox, owner, tmp_path: Path, frozen_clock) -> Pair:
    frozen_clock.tick(60)
    people = [town.resident(f"pia{n}", house, "Pia Specht") for n, house in enumerate((shared, town.address("22")))]
    return Pair(town, people, browser, jobs, mailbox, owner, tmp_path)


def test_nothing_tells_whether_a_card_was_printed_until_it_comes(pair: Pair, town: Town, lena, frozen_clock):
    pair.is_told_the_same()
    assert pair.printed() == [0, 1]
    assert "noch nicht da?" in pair.is_told_the_same()["/waiting"] and pair.order() is Reason.UNDER_WAY
    assert pair.answers("7K2M-9QXD") == Answer(Outcome.WRONG, 4)
    frozen_clock.tick(14 * DAY)
    pair.is_told_the_same()
    assert pair.order() is Reason.UNDER_WAY
    frozen_clock.tick(7 * DAY)
    assert "Ist sie nicht gekommen?" in pair.is_told_the_same()["/waiting"]
    assert pair.order() is None, "once more: for one a second card, for the other the turn of the first"
    assert pair.order() is Reason.UNDER_WAY and pair.answers("7K2M-9QXD") == Answer(Outcome.WRONG, 4)
    assert pair.is_told_the_same()["mails"].count("Sie kommt in deinen Briefkasten. Postkarten") == 4
    with town.as_person(lena[0]):
        assert letters.redeem(lena[0], lena[1]).outcome is Outcome.PROVEN
    assert pair.printed() == [1, 1], "a code came back, so its house has the next card"
    pair.is_told_the_same()
    frozen_clock.tick(10 * DAY)
    assert pair.printed() == [1, 2]
    pair.is_told_the_same()
    frozen_clock.tick(31 * DAY)
    assert pair.is_told_the_same() and pair.order() is None, "each card of theirs is past its day, and neither is told"
    frozen_clock.tick(30 * DAY)
    assert pair.order() is Reason.TOO_MANY and "drei Postkarten bestellt" in pair.is_told_the_same()["/waiting"]
    assert [pair.answers("7K2M-9QXD").tries_left for _try in range(5)] == [4, 3, 2, 1, 0]
    assert pair.answers("7K2M-9QXD").outcome is Outcome.DEAD
    frozen_clock.tick(30 * DAY)
    assert pair.printed() == [1, 2], "five wrong codes end an order that waits as well"


def test_nothing_tells_it_to_who_was_verified_meanwhile_and_falls_again(pair: Pair, owner):
    assert pair.printed() == [0, 1]
    for person in pair.people:
        with pair.town.as_person(person):
            grading.grant(person, "document", Level.VERIFIED, None)
    owner.execute("UPDATE proof SET ended_at = created_at")
    owner.execute("UPDATE membership SET level = 'unproven'")
    assert "Schickt mir die Postkarte" in pair.is_told_the_same()["/waiting"]
    assert pair.answers("7K2M-9QXD").outcome is Outcome.NO_LETTER
    with pair.town.as_person(pair.people[1]):
        (code, _refusal) = pair.cards["Pia Specht"]
        assert letters.redeem(pair.people[1], code).outcome is Outcome.PROVEN, "what is on paper stays good"


def test_nothing_tells_it_to_who_moves_away_and_back(pair: Pair, frozen_clock):
    assert pair.printed() == [0, 1]
    frozen_clock.tick(31 * DAY)
    pair.is_told_the_same()
    houses = [pair.town.address(number) for number in ("31", "32")]
    for away in (*houses, None):
        for person, back in zip(pair.people, ("4", "22"), strict=True):
            house = away or pair.owner.execute("SELECT id FROM address WHERE number = %s", [back]).fetchone()[0]
            pair.town.settle(person, house, "Pia Specht")
        assert "Schickt mir die Postkarte" in pair.is_told_the_same()["/waiting"]
    assert [pair.order(), pair.order()] == [None, Reason.UNDER_WAY]
    count = "SELECT count(*) FROM letter WHERE person_id = %s"
    assert [pair.owner.execute(count, [person]).fetchone() for person in pair.people] == [(2,), (2,)]


def test_the_card_itself_tells_its_day_and_batch(pair: Pair):
    assert pair.printed() == [0, 1]
    before = pair.told(1)
    with pair.town.as_person(pair.people[1]):
        assert letters.redeem(pair.people[1], pair.cards["Pia Specht"][0]).outcome is Outcome.PROVEN
        (look,) = [one for one in homes.accesses(pair.people[1]) if one.by_person_id is None]
    after = pair.told(1)
    assert "deine Postkarte wurde gedruckt" in after["/settings/address"]
    assert "wurde gedruckt" not in before["/settings/address"].replace("Postkarte gedruckt wurde, steht", "")
    said = json.loads(after["data/security.json"])
    assert look.purpose in str(said) and look.purpose not in str(before)
    assert "printed_at" not in after["data/proof.json"] and "used_at" in after["data/proof.json"]


def test_an_order_made_anew_keeps_its_turn_and_makes_one_letter(
    town: Town, lena, shared: int, owner, tmp_path: Path, frozen_clock
):
    first, second = (town.resident(name, shared, f"{name.title()} Fink") for name in ("anna", "bela"))
    frozen_clock.tick(21 * DAY)
    with town.as_person(first):
        letters.request(first)
    with town.as_person(lena[0]):
        letters.redeem(lena[0], lena[1])
    done = town.print_letters(tmp_path)
    assert list(done.cards) == ["Anna Fink"] and done.done.waiting == 1, "her turn was before his, and still is"
    assert len(town.print_letters(tmp_path, again=done.done.batch).cards) == 1
    with town.as_person(first):
        assert letters.redeem(first, done.cards["Anna Fink"][0]).outcome is Outcome.PROVEN
    states = "SELECT state FROM letter WHERE person_id = %s ORDER BY id"
    assert owner.execute(states, [first]).fetchall() == [("used",), ("withdrawn",)]
    assert owner.execute(states, [second]).fetchall() == [("requested",)]
    with town.app.app_context(), as_owner():
        assert printing.waiting() == 1


def test_ordered_anew_while_the_operator_prints_there_is_one_card_all_the_same(
    town: Town, owner, tmp_path: Path, frozen_clock
):
    people = [town.resident(f"p{number}", town.address(str(number))) for number in range(8)]
    frozen_clock.tick(21 * DAY)
    at_once = Barrier(2, timeout=20)

    def orders() -> None:
        at_once.wait()
        for person in people:
            with town.as_person(person):
                letters.request(person)

    def prints() -> int:
        at_once.wait()
        return town.print_letters(tmp_path).done.letters

    with ThreadPoolExecutor(2) as pool:
        ordered, printed = pool.submit(orders), pool.submit(prints)
        assert (ordered.result(30), printed.result(30)) == (None, 8)
    counted = (
        "SELECT count(*), count(printed_at), count(*) FILTER (WHERE requested_at = %s) FROM letter GROUP BY person_id"
    )
    assert owner.execute(counted, [clock.now()]).fetchall() == [(2, 1, 1)] * 8
    with pytest.raises(printing.NothingToPrint):
        town.print_letters(tmp_path)
