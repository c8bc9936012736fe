"""Ways into the quarter, each from sign-up to the first word: an invitation, a second one, a flyer, a card sent once more; and
the yearly yes by the mail's link. In the demo city, with real processes; phones report a position that must grant nothing.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from neighbour.core import postgres, roles
from neighbour.demo.seed import PASSWORD
from tests.journeys import axe
from tests.journeys.browsing import DESK, PHONE, Visitor, Watch, arrive
from tests.journeys.deciding import TEAM, decides, somebody
from tests.journeys.looking import address, email_of, has_shown_a_factor, knock, wait_for_mail
from tests.support.up import Instance

pytestmark = pytest.mark.browser
SECRET = "sieben nasse Handschuhe"
HERE = {"geolocation": {"latitude": 51.0, "longitude": 13.0}, "permissions": ["geolocation"]}
CODE = r"{}[0-9A-Z]{{3}}-[0-9A-Z]{{4}}-[0-9A-Z]{{3}}"


@pytest.fixture
def watch(altenbrueck) -> Watch:
    return Watch(address(altenbrueck))


def neighbour(chromium: Browser, town: Instance, watch: Watch, person: str, **settings) -> Visitor:
    visitor = arrive(chromium, address(town), watch, **settings)
    visitor.sign_in(email_of(person), PASSWORD)
    has_shown_a_factor(town, email_of(person))
    return visitor


def signs_up(
    visitor: Visitor,
    town: Instance,
    first: str,
    number: str,
    street: str = "Garnweg",
    last: str = "Ankunft",
    email: str = "",
) -> None:
    """The four steps, from the page of the first one to the waiting page."""
    email = email or f"{first.lower()}@example.org"
    visitor.fill(email=email, password=SECRET)
    visitor.choose("Ich bin mindestens 18 Jahre alt.", "Ich habe die Regeln und den Datenschutz gelesen.")
    visitor.press("Weiter zu deiner Adresse")
    visitor.fill(street=street, number=number, recipient=f"{first} {last}")
    visitor.press("Weiter zu deinem Namen")
    visitor.fill(first_name=first, last_name=last)
    visitor.press("Weiter")
    _mail, link = wait_for_mail(town, email, "/signup/confirm/")
    visitor.go(link)
    visitor.press("Ja, das ist meine Adresse")
    assert visitor.path == "/waiting", visitor.words


def code_on(visitor: Visitor, mark: str) -> str:
    found = re.search(CODE.format(mark), visitor.words)
    assert found is not None, visitor.words
    return found.group()


def invites(visitor: Visitor) -> str:
    """Makes another invitation, having ended one where two work; gives its code."""
    visitor.go("/me/invitations")
    if not visitor.page.get_by_role("button", name="Einladung anlegen").count():
        visitor.press("Beenden")
    visitor.press("Einladung anlegen")
    return code_on(visitor, "N")


def may_publish(visitor: Visitor) -> bool:
    visitor.go("/write")
    return visitor.path == "/write"


def pins_up(visitor: Visitor, title: str) -> None:
    visitor.go("/write")
    visitor.fill(title=title, body_md="Guten Tag zusammen.")
    visitor.press("Aushängen")
    assert visitor.path == "/board" and title in visitor.words


def test_an_invitation_opens_the_board_and_a_second_neighbours_word_opens_the_composer(altenbrueck, chromium, watch):
    hannelore = neighbour(chromium, altenbrueck, watch, "hannelore", **PHONE)
    code = invites(hannelore)
    assert axe.check(hannelore.page) == []
    ines = arrive(chromium, address(altenbrueck), watch, **PHONE, **HERE)
    ines.go(f"/code/{code}")
    assert code in ines.words and axe.check(ines.page) == []
    ines.press("Mitmachen")
    signs_up(ines, altenbrueck, "Ines", "15")
    ines.go("/board")
    assert ines.path == "/waiting", "neither an address nor a position opens anything"
    assert ines.page.input_value("[name=code]") == code, "the browser has kept it"
    ines.press("Ich wohne hier")
    assert ines.path == "/board" and "noch einem Nachweis" in ines.words
    assert not may_publish(ines)
    ines.go("/board")
    ines.page.locator("article h2 a, article h3 a").first.click()
    ines.page.wait_for_load_state()
    ines.send(f"{ines.path}/answer", body="Hallo, ich bin neu im Garnweg.")
    assert "ich bin neu im Garnweg" in ines.words
    hannelore.go("/me/invitations")
    assert "Ines A." in hannelore.words and "Garnweg 15" not in hannelore.words
    second = invites(neighbour(chromium, altenbrueck, watch, "katrin", **DESK))
    ines.go("/waiting")
    assert "Noch ein Nachweis" in ines.words
    ines.fill(code=second.lower())
    ines.press("Ich wohne hier")
    assert not may_publish(ines), "two people look at it first"
    for key in TEAM:
        decides(somebody(altenbrueck, chromium, watch, key))
    pins_up(ines, "Ich bin neu hier und backe gern")
    assert watch.seen == []


@pytest.mark.thorough
def test_a_flyer_opens_the_board_to_its_houses_only_and_leads_on_to_the_first_post(altenbrueck, chromium, watch):
    ursula = neighbour(chromium, altenbrueck, watch, "ursula", **DESK)
    ursula.go("/desk/flyers")
    ursula.page.get_by_role("link", name="Garnweg").first.click()
    ursula.page.wait_for_load_state()
    code, arrived = code_on(ursula, "F"), {}
    for first, number, street, opens in (("Jo", "17", "Garnweg", True), ("Kim", "12", "Kettfadenstraße", False)):
        newcomer = arrive(chromium, address(altenbrueck), watch, **PHONE, **HERE)
        newcomer.go("/signup")
        signs_up(newcomer, altenbrueck, first, number, street)
        newcomer.fill(code=code.replace("-", " "))
        newcomer.press("Ich wohne hier")
        assert (newcomer.path == "/board") is opens, newcomer.words
        assert ("kennen wir in deinem Quartier nicht" in newcomer.words) is not opens, newcomer.words
        assert not may_publish(newcomer)
        arrived[first] = newcomer
    ursula.page.reload()
    assert "1 von 40 benutzt" in ursula.words and "1-mal aus anderen Häusern" in ursula.words
    jo = arrived["Jo"]
    for key in ("katrin", "hannelore"):  # a flyer is nobody's word
        word = invites(neighbour(chromium, altenbrueck, watch, key, **PHONE))
        jo.go("/waiting")
        jo.fill(code=word)
        jo.press("Ich wohne hier")
    assert not may_publish(jo), "two people look at it first"
    for key in TEAM:
        decides(somebody(altenbrueck, chromium, watch, key))
    pins_up(jo, "Jo sucht einen Fahrradständer")
    assert watch.seen == []


def test_a_card_is_sent_once_more_printed_at_the_desk_and_leads_to_the_first_post(
    altenbrueck, chromium, watch, tmp_path
):
    lee = arrive(chromium, address(altenbrueck), watch, **PHONE, **HERE)
    lee.go("/signup")
    signs_up(lee, altenbrueck, "Lee", "19")
    lee.press("Schickt mir die Postkarte")
    altenbrueck.run("letters", "print", "--out", str(tmp_path / "first.pdf"))
    later = "UPDATE letter SET requested_at = requested_at - interval '{0} days', printed_at = printed_at - interval '{0} days', expires_at = expires_at - interval '{0} days' WHERE person_id = (SELECT id FROM person WHERE email = 'lee@example.org')"
    with roles.connect(postgres.address(altenbrueck.folder).owner_url, autocommit=True) as owner:
        owner.execute(later.format(21))
        lee.go("/waiting")
        assert "Ist sie nicht gekommen?" in lee.words and axe.check(lee.page) == []
        lee.press("Schickt mir die Postkarte")
        assert "bestellt" in lee.words
        owner.execute(later.format(10))
    ursula = neighbour(chromium, altenbrueck, watch, "ursula", **DESK)
    ursula.go("/desk/letters")
    ursula.choose("Auch als Tabelle (CSV) für einen Briefdienst")
    ursula.press("Fällige drucken")
    fetch = ursula.page.get_by_role("button", name="CSV").first
    fetch.wait_for()
    with ursula.page.expect_download() as got:
        fetch.click()
    row = next(line for line in got.value.path().read_text("utf-8").splitlines() if "Lee Ankunft" in line)
    code = re.search(r'"([0-9A-Z]{4}-[0-9A-Z]{4})"', row)
    assert code is not None
    lee.go("/waiting")
    lee.fill(code=code.group(1))
    lee.press("Ich wohne hier")
    pins_up(lee, "Wer hat einen Akkuschrauber?")
    assert watch.seen == []


def test_the_yearly_yes_takes_a_link_and_a_button(altenbrueck, chromium, watch):
    knock(altenbrueck)
    _mail, link = wait_for_mail(altenbrueck, email_of("hannelore"), "/still-here/")
    reader = arrive(chromium, address(altenbrueck), watch, **PHONE)
    reader.go(link)
    assert axe.check(reader.page) == []
    if reader.page.get_by_role("button", name="Ja, ich wohne hier").count():  # once in a town's life
        reader.press("Ja, ich wohne hier")
    assert "Danke" in reader.words and axe.check(reader.page) == []
    hannelore = neighbour(chromium, altenbrueck, watch, "hannelore", **PHONE)
    hannelore.go("/settings/address")
    assert "Wohnst du noch hier?" not in hannelore.words
    assert watch.seen == []
