"""Choosing what is seen, being protected, and a hostile neighbour's evening, in real browsers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from neighbour.core import postgres, roles
from neighbour.demo.people import people as everybody
from tests.journeys import axe
from tests.journeys.browsing import DESK, PHONE, Visitor
from tests.journeys.looking import email_of, enter

pytestmark = pytest.mark.browser

ALIAS, TITLE = "Die mit dem Lastenrad", "Wer braucht Setzlinge?"
FIRST = "Aylin"


@pytest.fixture
def people(altenbrueck, chromium):
    """Opens a browser for one of the demo city: ``people("aylin", **PHONE)``. Nothing may go wrong on any page."""
    walks = []

    def opened(person="", **settings):
        walks.append(enter(chromium, altenbrueck, person=person, **settings))
        return walks[-1].visitor

    yield opened
    for walk in walks:
        walk.page.context.close()
        assert [each for each in walk.watch.seen if "wikipedia" not in each] == []  # where she left to


def row(town, query, *values):
    with roles.connect(postgres.address(town.folder).owner_url, autocommit=True) as owner:
        return owner.execute(query, values).fetchone()


def faces(person: Visitor) -> dict[str, str]:
    """Ring → name, as the preview shows them."""
    ones = person.page.locator(".faces__one")
    return {str(one.get_attribute("data-ring")): _line(one.locator(".byline__who")) for one in ones.all()}


def _line(one) -> str:
    return " ".join(one.inner_text().split())


def signed(person: Visitor) -> str:
    """Who signed the slip of this page."""
    return _line(person.page.locator("article .byline__who").first)


def test_what_somebody_chooses_on_the_phone_is_what_their_neighbour_sees(people, altenbrueck):
    aylin = people("aylin", **PHONE)
    _pins_up(aylin)
    here = aylin.path
    demir = people("hannelore", **DESK)
    _chooses(aylin)
    _is_seen_as_previewed(aylin, demir, here)
    _is_protected(aylin)
    _and_nobody_can_tell(aylin, demir, here)
    _ends_it(aylin, altenbrueck)


def _pins_up(aylin: Visitor) -> None:
    aylin.go("/write")
    aylin.fill(title=TITLE, body_md="Tomaten, vierzehn Stück.")
    aylin.press("Aushängen")
    aylin.press(TITLE, "link")


def _chooses(aylin: Visitor) -> None:
    """The faces follow while she types and chooses; nothing is saved before she says so."""
    aylin.go("/me/appearance")
    page = aylin.page
    own = page.locator("[data-ring=own] .byline__who")
    expect(own).to_contain_text("Aylin")
    page.locator("details.fold summary").click()
    aylin.pick("shows_own", "full")
    expect(own).to_contain_text(f"{FIRST} {page.input_value('[name=last_name]')}")
    aylin.pick("shows_nearby", "quarter")
    expect(page.locator("[data-ring=nearby] .byline__who")).to_contain_text("Jemand aus dem Quartier Weberviertel")
    aylin.pick("shown", "alias")
    page.locator("[name=alias]").press_sequentially(ALIAS)
    expect(own).to_contain_text(ALIAS)
    assert axe.check(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    previewed = faces(aylin)
    aylin.press("Speichern")
    assert faces(aylin) == previewed


def _is_seen_as_previewed(aylin: Visitor, demir: Visitor, here: str) -> None:
    demir.go(here)
    assert signed(demir) == faces(aylin)["own"] == f"{ALIAS} (wohnt hier, geprüft)"
    assert FIRST not in demir.page.locator("article").first.inner_text()


def _is_protected(aylin: Visitor) -> None:
    aylin.press("Zum geschützten Profil", "link")
    aylin.page.fill("[name=alias]", "Aylin vom Hof")
    aylin.press("Mein Profil schützen")
    assert "Das steckt in deinem echten Namen" in aylin.words
    aylin.page.fill("[name=alias]", ALIAS)
    aylin.press("Mein Profil schützen")
    assert "Dein Profil ist geschützt" in aylin.words and "116 016" in aylin.words
    assert axe.check(aylin.page) == []


def _and_nobody_can_tell(aylin: Visitor, demir: Visitor, here: str) -> None:
    before = _slip(demir)
    demir.go(here)
    assert _slip(demir) == before
    elsewhere = {"body": "<title>x</title>", "content_type": "text/html"}
    aylin.page.route("https://www.wikipedia.org/**", lambda route: route.fulfill(**elsewhere))
    for path in ("/me", "/me/protection"):
        aylin.go(path)
    with aylin.page.expect_navigation():
        aylin.page.get_by_role("link", name="Seite sofort verlassen").click()
    assert aylin.page.url == "https://www.wikipedia.org/"
    aylin.page.go_back()
    assert aylin.path == "/me"  # the page it was pressed on was replaced


def _slip(person: Visitor) -> str:
    """The slip's source; the colour goes with the name, and "a minute ago" becomes two."""
    return re.sub(r"avatar--\d|<time.*?</time>", "", person.page.locator("article").first.inner_html(), flags=re.S)


def _ends_it(aylin: Visitor, altenbrueck) -> None:
    aylin.go("/me/protection")
    aylin.press("Schutz beenden")
    assert aylin.path == "/me/appearance"
    aylin.pick("shown", "name")
    aylin.press("Speichern")
    found = row(altenbrueck, "SELECT is_protected, alias FROM person WHERE email = %s", email_of("aylin"))
    assert found == (False, "")


def test_without_script_the_faces_come_by_a_button(people):
    aylin = people("emre", java_script_enabled=False, **PHONE)
    aylin.go("/me/appearance")
    aylin.page.locator("details.fold summary").click()
    aylin.pick("shows_own", "full")
    aylin.press("Zeig mir, wie das aussieht")
    assert faces(aylin)["own"].startswith(f"Emre {aylin.page.input_value('[name=last_name]')}")
    aylin.go("/me/appearance")
    assert faces(aylin)["own"].startswith("Emre ") and not aylin.page.is_checked("[name=shows_own][value=full]")


def test_a_hostile_neighbours_evening(people, altenbrueck):
    """Proven in the same quarter, he wants to know where somebody lives and who she is: tries pages, ids, search, his mail."""
    her, street, number = _victim(altenbrueck)
    him = people("bernd", **DESK)
    read = _everything_he_comes_to(him)
    assert her["shown"] in read  # he does read her
    for secret in (her["email"], her["public_id"], her["last"], f"{street} {number}"):
        assert secret not in read, secret
    _guesses_addresses(him, her)
    _asks_the_finder(him, her, street)
    _reads_his_mail(him, her)


def _victim(town):
    """Whoever of his quarter has written most, and where she lives."""
    others = [email_of(key) for key in ("bernd", "hannelore", "aylin")]  # himself, and those of the other stories
    query = (
        "SELECT p.public_id, p.display_name, p.email, p.last_name FROM person p JOIN contribution c ON c.author_id = p.id"
        " JOIN quarter q ON q.id = c.quarter_id WHERE q.key = 'AB-02' AND p.email <> ALL (%s)"
        " GROUP BY p.id ORDER BY count(*) DESC, p.id LIMIT 1"
    )
    her = dict(zip(("public_id", "shown", "email", "last"), row(town, query, others), strict=True))
    home = next(each for each in everybody() if each.email == her["email"]).home
    return her, home.street, home.number


def _everything_he_comes_to(him: Visitor, most: int = 60) -> str:
    """Every page that links lead to from the board, and from there: their whole source."""
    seen, waiting, read = set(), ["/board"], []
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        if path in seen or path.startswith("/source"):
            continue
        seen.add(path)
        html = him.page.request.get(him.site + path).text()
        read.append(html)
        waiting += [link for link in re.findall(r'href="(/[a-z][^"#]*)"', html) if not link.startswith("/static")]
    return "\n".join(read)


def _guesses_addresses(him: Visitor, her) -> None:
    """Profiles, numbers, exports, other people's settings: what is not there and what is not his look the same."""
    rooms, keys = ("people", "person", "profile", "me", "u", "c", "desk"), (her["public_id"], "1", "2", her["email"])
    guesses = [f"/{room}/{key}" for room in rooms for key in keys]
    guesses += [
        f"/c/{her['public_id']}/history",
        "/me/appearance?person=1",
        "/settings/address?person=1",
        "/directory",
        "/export",
    ]
    nothing = him.page.request.get(him.site + "/nothing-is-here").text()
    for path in guesses:
        answer = him.page.request.get(him.site + path)
        if answer.status == 404:
            assert _plain(answer.text()) == _plain(nothing), path
        assert her["shown"] not in answer.text() and her["last"] not in answer.text(), path


def _plain(html: str) -> str:
    """A page without its token and its own address."""
    return re.sub(r'(content|value)="[^"]*"', "", html)


def _asks_the_finder(him: Visitor, her, street: str) -> None:
    for asked in (her["shown"], her["last"], street, her["email"]):
        html = him.page.request.post(him.site + "/find-my-quarter", form={"q": asked}).text()
        words = html.replace(asked, "")  # what he typed himself stands in the field
        assert her["last"] not in words and her["email"] not in words and her["public_id"] not in words


def _reads_his_mail(him: Visitor, her) -> None:
    mail = him.page.request.get(him.site + "/digest/next/mail").text()
    for secret in (her["last"], her["email"], her["public_id"]):
        assert secret not in mail
