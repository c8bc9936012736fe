"""Whether the time an answer takes tells whether an address has an account: a classifier tries, and has to guess.

Known and unknown addresses in turns that are drawn, at the true cost of a password, over the wall clock – what somebody
outside sees – and over this process's CPU time, in which other programs of the machine do not show. The area under the
curve of the best threshold is 0.5 for guessing and 1 for knowing; 500 of each leave a spread of 0.018. What stands over the
bar once in a hundred is measured again: a difference that is there is there the second time.
"""

from __future__ import annotations

import io
import random
import re
import secrets
import time
import zipfile
from base64 import b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from config import Config
from neighbour.accounts import passwords, service
from neighbour.core import limits, scope
from neighbour.core.limits import Rate
from neighbour.mydata import archive
from tests.accounts.factor_helpers import link_of, make_member
from tests.attacks.world import Browser
from tests.factories import make_quarter
from tests.factories import sign_in as sign_in_as
from tests.support.counting import statements

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
BAR, EACH = 0.55, 500
WALL, CPU = time.perf_counter, time.process_time
PASSWORD = "drei bunte Regenschirme"


def area(known: list[float], unknown: list[float]) -> float:
    """How well a threshold tells the two apart: 0.5 not at all, 1 always (Mann and Whitney's U over the pairs)."""
    others = sorted(unknown)
    wins = sum((bisect_left(others, each) + bisect_right(others, each)) / 2 for each in known)
    share = wins / len(known) / len(others)
    return max(share, 1 - share)


def sign_in(browser: Browser, email: str) -> Any:
    return browser.ask("POST", "/signin", data={"email": email, "password": "falsch geraten, Freund"})


def forget(browser: Browser, email: str) -> Any:
    return browser.ask("POST", "/forgot", data={"email": email})


def sign_up(browser: Browser, email: str) -> Any:
    data = {"email": email, "password": PASSWORD, "is_adult": "y", "accepts_rules": "y"}
    return browser.ask("POST", "/signup", data=data)


#: what is asked, what it answers to both, and the clocks that must not tell: the answer to a forgotten password waits for
#: its time to be over (``service.FORGOT_SECONDS``), so what was computed meanwhile does not show outside
DOORS: dict[Callable[[Browser, str], Any], tuple[int, tuple[Callable[[], float], ...]]] = {
    sign_in: (422, (WALL, CPU)),
    forget: (200, (WALL,)),
    sign_up: (303, (WALL, CPU)),
}


class Town:
    """Many accounts, and as many addresses that have none; every call takes others."""

    def __init__(self, app: Any, owner: Any, memory_kib: int, people: int):
        self.app, self.dice, self.given, self.people = app, random.Random(7), 0, people
        salt = b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        hashed = f"$argon2id$v=19$m={memory_kib},t=3,p={passwords.lanes(memory_kib)}${salt}${b64encode(secrets.token_bytes(32)).decode().rstrip('=')}"
        owner.execute(
            "INSERT INTO person (public_id, email, email_key, password_hash, first_name, last_name, display_name, language,"
            " status, signup_step, is_operator, confirmed_at) SELECT 'k' || n, n || '@da.example', n || '@da.example', %s,"
            " '', '', 'N.', 'de', 'active', 'done', false, now() FROM generate_series(1, %s) n",
            [hashed, people],
        )

    def areas(self, door: Callable[[Browser, str], Any], each: int) -> list[float]:
        """How well each of the door's clocks tells, over so many of both; all of them fresh addresses."""
        status, clocks = DOORS[door]
        turns = [("da", n) for n in range(self.given + 1, self.given + each + 1)]
        turns += [("weg", n) for _there, n in turns]
        assert self.given + each <= self.people
        self.given += each
        self.dice.shuffle(turns)
        door(Browser.of(self.app, None), "erste@weg.example").close()
        took: dict[str, list[list[float]]] = {"da": [[] for _ in clocks], "weg": [[] for _ in clocks]}
        for there, number in turns:
            browser = Browser.of(self.app, None)
            begun = [clock() for clock in clocks]
            answer = door(browser, f"{number}@{there}.example")
            for seen, clock, before in zip(took[there], clocks, begun, strict=True):
                seen.append(clock() - before)
            assert answer.status_code == status
            answer.close()
        return [area(known, unknown) for known, unknown in zip(took["da"], took["weg"], strict=True)]


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many tries as the measuring takes; what the limits themselves answer is tried elsewhere."""
    for name in ("auth", "signin", "auth_account", "stuffing", "mail"):
        monkeypatch.setitem(limits.RATES, name, Rate(10**6, 3600))


@pytest.mark.thorough
@pytest.mark.usefixtures("unlimited", "waits_like_others")
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_no_clock_tells_who_has_an_account(app, owner, monkeypatch, door, record_property):
    true = replace(app.extensions["config"], argon2_memory_kib=Config.from_env({}).argon2_memory_kib)
    monkeypatch.setitem(app.extensions, "config", true)
    town = Town(app, owner, true.argon2_memory_kib, 2 * EACH)
    found = town.areas(door, EACH)
    print(f"{door.__name__}: AUC {[round(each, 3) for each in found]}")
    if max(found) > BAR:
        found = [min(pair) for pair in zip(found, town.areas(door, EACH), strict=True)]
        print(f"{door.__name__}: again, the smaller {[round(each, 3) for each in found]}")
    assert max(found) <= BAR


@pytest.mark.usefixtures("unlimited", "waits_like_others")
def test_an_answer_without_its_computation_would_be_told(app, owner, monkeypatch):
    """The measuring sees what it is there for, and on a busy machine too: by the clock of this process."""
    real = passwords.which
    monkeypatch.setattr(service.passwords, "which", lambda hashes, *more: real(hashes, *more) if hashes else None)
    monkeypatch.setitem(app.extensions, "config", replace(app.extensions["config"], argon2_memory_kib=8192))
    assert Town(app, owner, 8192, 12).areas(sign_in, 12)[1] > 0.9


@pytest.mark.usefixtures("unlimited", "waits_like_others")
@pytest.mark.parametrize("door", [sign_in, sign_up], ids=lambda door: door.__name__)
def test_the_database_is_asked_the_same_for_both(app, owner, door):
    """Statement by statement: what a clock could tell if it ticked fast enough. A savepoint is given up or kept."""
    Town(app, owner, app.extensions["config"].argon2_memory_kib, 3)
    leaves(owner, 3)
    asked: dict[str, list[str]] = {}
    for number, where in enumerate(("da", "weg", "fort") * 2):  # the first of each warms up
        browser = Browser.of(app, None)
        with statements() as seen:
            door(browser, f"{number // 3 + 1}@{where}.example").close()
        asked[where] = [re.sub(r"\b(ROLLBACK TO|RELEASE) SAVEPOINT", "END OF SAVEPOINT", each) for each in seen]
    assert asked["da"] == asked["weg"] == asked["fort"] and len(asked["da"]) > 3


# -- what the archive tells ---------------------------------------------------------------------------------------------

HERS, FREE = "vera@altenbrueck.example", "frei@altenbrueck.example"


def archived(person_id: int, address: str) -> list[str]:
    """Every line of somebody's archive, without this address."""
    target = io.BytesIO()
    with scope.use(scope.Viewer(person_id)):
        archive.write(target, person_id, "de", lambda _step: None)
    with zipfile.ZipFile(target) as made:
        texts = [made.read(each).decode() for each in made.namelist() if not each.startswith("manifest")]
    return sorted(line.rstrip(",").replace(address, "…") for text in texts for line in text.splitlines())


def test_a_sign_up_that_waits_gets_no_archive(visitor, jobs, owner):
    make_member(HERS)
    pages = []
    for address in (HERS, FREE):
        browser = visitor()
        sign_up_as(browser, address)
        assert browser.post("/me/data").location == "/me/data"
        jobs.run()
        page = browser.get("/me/data").text
        assert "Bestätige bitte erst deine E-Mail-Adresse" in page and 'action="/me/data"' not in page
        pages.append(re.sub(r'(nonce|content|value)="[^"]+"|avatar--\d', "", page))
    assert pages[0] == pages[1]
    assert owner.execute("SELECT count(*) FROM data_export").fetchone() == (0,)


def test_the_archive_of_a_member_does_not_tell_whether_another_address_is_taken(visitor, jobs, mailbox):
    quarter, found = make_quarter(), []
    make_member(HERS, quarter=quarter)
    for number, address in enumerate((HERS, FREE)):
        person, browser = (
            make_member(
                f"person{number}@altenbrueck.example",
                first_name="Mia",
                display_name="Mia P.",
                quarter=quarter,
            ),
            visitor(),
        )
        sign_in_as(browser, person)
        assert browser.post("/me/email", data={"e-email": address}).status_code == 303
        jobs.run()
        lines = archived(person.id, address)
        found.append([re.sub(rf"\bperson{number}\b|{person.public_id}", "#", line) for line in lines])
    assert found[0] == found[1]


def test_what_others_did_with_an_address_does_not_stand_with_who_signed_up_beside_its_owner(
    visitor, jobs, mailbox, owner
):
    """Wrong passwords, links that were asked for, mails that were sent: the sign-up confirms another address at last, and reads."""
    found = []
    for number, is_taken in enumerate((True, False)):
        address = f"anna{number}@altenbrueck.example"
        if is_taken:
            make_member(address)
        browser, theirs = visitor(), f"zed{number}@altenbrueck.example"
        sign_up_as(browser, address)
        visitor().post("/signin", data={"email": address, "password": "falsch geraten"})
        visitor().post("/forgot", data={"email": address})
        browser.post("/signup/confirm/again")
        jobs.run()
        browser.post("/signup/confirm/address", data={"e-email": theirs})
        jobs.run()
        assert browser.post(link_of(mailbox, "signup/confirm", theirs)).status_code == 303
        (me,) = owner.execute("SELECT id FROM person WHERE email = %s", [theirs]).fetchone()
        found.append([line for line in archived(me, theirs) if "public_id" not in line])
    assert found[0] == found[1]
    assert not any(
        "accounts.confirm" in line or "confirm_code" in line or "session.refused" in line for line in found[0]
    )


def sign_up_as(browser: Any, address: str) -> None:
    data = {"email": address, "password": PASSWORD, "is_adult": "y", "accepts_rules": "y"}
    assert browser.post("/signup", data=data).status_code == 303


def leaves(owner: Any, people: int) -> None:
    """So many are leaving and may come back: their addresses are kept."""
    owner.execute(
        "WITH gone AS (INSERT INTO person (public_id, email, email_key, password_hash, first_name, last_name, display_name,"
        " language, status, signup_step, is_operator, confirmed_at) SELECT 'f' || n, '', 'gone:' || n, '!', '', '', '', 'de',"
        " 'erased', 'done', false, now() FROM generate_series(1, %s) n RETURNING id, public_id)"
        " INSERT INTO erasure (id, person_id, state, reason, keeps_texts, asked_at, due_at, mark, stash)"
        " SELECT gen_random_uuid(), id, 'hidden', 'own', true, now(), now() + interval '9 days', '', jsonb_build_object("
        "'person', jsonb_build_object('email_key', substr(public_id, 2) || '@fort.example', 'confirmed_at', now()))"
        " FROM gone",
        [people],
    )
