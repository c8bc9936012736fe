"""What is typed stays where its writer is, whatever happens on the way, and nobody else at the device finds it."""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from neighbour.core import postgres, roles
from tests.journeys.browsing import PHONE
from tests.journeys.looking import PASSWORD, email_of, enter
from tests.journeys.scenes_inside import busiest_thread
from tests.support.photos import photo

pytestmark = pytest.mark.browser
TITLE, WORDS = "Wer hat eine Kreissäge?", "Nur für einen Nachmittag, **mit** Gehörschutz."
ALT = "#photo-sheet .photo-entry [name^=alt-]"
DRAFTS = "Object.keys(sessionStorage).filter(name => name.startsWith('draft'))"


@pytest.fixture
def walk(altenbrueck, chromium):
    """Thorsten of the Weberviertel on his phone, at the composer with something typed."""
    came = enter(chromium, altenbrueck, person="thorsten", **PHONE)
    yield came
    came.page.context.close()
    assert came.watch.seen == []


def write(walk, page=None, path="/write", title=TITLE, words=WORDS):
    page = page or walk.page
    page.goto(walk.visitor.site + path)
    page.fill("[name=title]", title)
    page.fill("[name=body_md]", words)
    page.locator("[data-draft-note]").wait_for()


def typed(page):
    return page.input_value("[name=title]"), page.input_value("[name=body_md]")


def end_session(town, person):
    with roles.connect(postgres.address(town.folder).owner_url, autocommit=True) as owner:
        owner.execute(
            "DELETE FROM login_session WHERE person_id = (SELECT id FROM person WHERE email = %s)", [email_of(person)]
        )


def sign_in_again(walk, person="thorsten"):
    assert walk.visitor.path == "/signin"
    walk.visitor.fill(email=email_of(person), password=PASSWORD)
    walk.visitor.press("Anmelden")


def pin_up(walk):
    with walk.page.expect_navigation():
        walk.page.locator(".composer__foot button[type=submit]:not([name])").click()


def take_down(walk, title=TITLE):
    """Leaves the board as it was, for the next test."""
    walk.visitor.go("/board")
    slip = walk.page.locator("article", has_text=title).first
    slip.locator("summary").click()
    with walk.page.expect_navigation():
        slip.get_by_role("button", name="Abnehmen").click()


def hand_on(walk, request):
    """What the browser sends, sent without it: neither the answer nor a cookie in it comes back. Gives the status."""
    port = urlsplit(walk.visitor.site).port
    cookies = "; ".join(f"{each['name']}={each['value']}" for each in walk.page.context.cookies())
    names = ("content-type", "origin", "referer", "user-agent")
    headers = {name: value for name, value in request.headers.items() if name in names}
    with closing(HTTPConnection("localhost", port, timeout=10)) as line:
        line.request("POST", urlsplit(request.url).path, request.post_data_buffer, {**headers, "Cookie": cookies})
        with line.getresponse() as answer:
            return answer.status


def test_a_reload_and_the_way_out_and_back_lose_nothing(walk):
    write(walk)
    walk.page.set_input_files("[name=photos]", {"name": "saege.jpg", "mimeType": "image/jpeg", "buffer": photo("navy")})
    walk.page.locator(ALT).fill("Eine Kreissäge")
    uid = walk.page.input_value("[name=photo]")
    reach = walk.page.locator("#reach")
    quarter = reach.inner_text()
    walk.page.check("[name=audience][value=city]", force=True)
    walk.page.wait_for_function("before => document.getElementById('reach').innerText !== before", arg=quarter)
    city = reach.inner_text()
    walk.page.reload()
    assert typed(walk.page) == (TITLE, WORDS)
    assert walk.page.input_value(ALT) == "Eine Kreissäge" and walk.page.input_value("[name=photo]") == uid
    walk.page.wait_for_function("now => document.getElementById('reach').innerText === now", arg=city)
    assert "Dein Entwurf ist wieder da." in walk.visitor.words
    walk.page.fill("[name=title]", TITLE + " Oder")
    walk.visitor.go("/board")  # before the draft is kept by the clock
    walk.visitor.go("/write?kind=offer")
    assert walk.page.input_value("[name=title]") == TITLE + " Oder", "whatever it becomes"
    assert walk.page.input_value(ALT) == "Eine Kreissäge", "with its photos"
    walk.page.locator("[name=category][value=sell]").evaluate("choice => choice.click()")
    walk.page.fill("[name=price]", "12 €")
    walk.visitor.go("/write?kind=event")
    walk.page.fill("[name=place]", "Färberhof")
    walk.visitor.go("/write?kind=offer")
    assert walk.page.input_value("[name=price]") == "12 €", "what an event has no field for waits meanwhile"
    assert walk.page.is_checked("[name=category][value=sell]")
    walk.page.locator("[name=move][id^=off-]").click()
    walk.page.locator(ALT).wait_for(state="detached")
    walk.page.reload()
    assert walk.page.input_value("[name=title]") == TITLE + " Oder" and walk.page.locator(ALT).count() == 0


def test_a_session_that_ended_leads_through_the_sign_in_back_to_the_filled_composer(walk, altenbrueck):
    write(walk, path="/write?category=help_wanted")
    end_session(altenbrueck, "thorsten")
    pin_up(walk)
    assert "Du bist inzwischen abgemeldet" in walk.visitor.words
    sign_in_again(walk)
    assert walk.visitor.path == "/write" and typed(walk.page) == (TITLE, WORDS)
    assert walk.page.locator("[name=category]:checked").get_attribute("value") == "help_wanted"
    pin_up(walk)
    assert walk.page.locator(".card__title", has_text=TITLE).count() == 1
    walk.visitor.go("/write")
    assert typed(walk.page) == ("", ""), "what hangs is no draft any more"
    take_down(walk)


def test_without_its_cookie_the_words_are_there_after_signing_in_too(walk):
    write(walk)
    walk.page.context.clear_cookies()
    pin_up(walk)
    assert "Was du getippt hast" in walk.visitor.words and TITLE in walk.page.content()
    walk.visitor.go("/write")
    sign_in_again(walk)
    assert typed(walk.page) == (TITLE, WORDS)


def test_a_lost_network_sends_nothing_and_loses_nothing(walk):
    write(walk)
    walk.page.context.set_offline(True)
    walk.page.locator(".composer__foot button[type=submit]:not([name])").click()
    walk.page.locator(".toast--stop").wait_for()
    assert "nichts ist verloren" in walk.visitor.words and typed(walk.page) == (TITLE, WORDS)
    assert walk.page.locator("[aria-busy=true]").count() == 0
    walk.page.context.set_offline(False)
    pin_up(walk)
    assert walk.page.locator(".card__title", has_text=TITLE).count() == 1
    take_down(walk)


def test_what_arrived_while_the_answer_got_lost_hangs_once(walk):
    """The server took it, the browser never heard so: whoever goes back and sends it again pins it up once."""
    write(walk)
    sent = []

    def lose_the_answer(route):
        sent.append(hand_on(walk, route.request))
        route.abort("connectionreset")

    walk.page.route(
        "**/write", lambda route: lose_the_answer(route) if route.request.method == "POST" else route.fallback()
    )
    walk.page.locator(".composer__foot button[type=submit]:not([name])").click()
    walk.page.wait_for_url("chrome-error://**")
    walk.page.unroute("**/write")
    walk.watch.seen.clear()  # the browser's own word about its own page
    walk.visitor.go("/write")
    assert sent == [303] and typed(walk.page) == (TITLE, WORDS)
    pin_up(walk)
    assert walk.page.locator(".card__title", has_text=TITLE).count() == 1
    take_down(walk)


def test_two_tabs_keep_their_own(walk):
    write(walk)
    other = walk.page.context.new_page()
    write(walk, other, title="Etwas ganz anderes", words="Im zweiten Tab.")
    for page, words in ((walk.page, (TITLE, WORDS)), (other, ("Etwas ganz anderes", "Im zweiten Tab."))):
        page.reload()
        assert typed(page) == words


def test_an_answer_and_a_change_survive_too(walk, altenbrueck):
    here = busiest_thread(altenbrueck)
    walk.visitor.go(here)
    walk.page.fill("[name=body]", "Ich habe eine, und einen Bohrer.")
    end_session(altenbrueck, "thorsten")
    with walk.page.expect_navigation():
        walk.page.locator("form.reply button[type=submit]").click()
    sign_in_again(walk)
    assert walk.visitor.path == here
    assert walk.page.input_value("[name=body]") == "Ich habe eine, und einen Bohrer."
    write(walk)
    pin_up(walk)
    slip = walk.page.locator("article", has_text=TITLE).first
    slip.locator("summary").click()
    with walk.page.expect_navigation():
        slip.get_by_role("link", name="Ändern").click()
    walk.page.fill("[name=title]", TITLE + " Bis Sonntag")
    walk.page.locator("[data-draft-note]").wait_for()
    other = walk.page.context.new_page()
    write(walk, other, urlsplit(walk.page.url).path, words="Aus dem anderen Fenster.")
    with other.expect_navigation():
        other.locator(".composer__foot button[type=submit]").click()
    walk.page.reload()
    assert walk.page.input_value("[name=title]") == TITLE + " Bis Sonntag"
    pin_up(walk)
    assert walk.page.locator(".meanwhile dd").all_inner_texts() == ["Aus dem anderen Fenster."], (
        "it is as old as its words"
    )
    assert typed(walk.page) == (TITLE + " Bis Sonntag", WORDS)
    pin_up(walk)
    walk.page.get_by_text("Geändert.").wait_for()
    assert [key for key in walk.page.evaluate(DRAFTS) if "edit" in key] == []
    take_down(walk)


def test_somebody_else_at_the_same_browser_never_sees_it(walk, altenbrueck):
    write(walk)
    end_session(altenbrueck, "thorsten")
    walk.page.reload()
    sign_in_again(walk, "katrin")
    assert walk.visitor.path == "/write" and typed(walk.page) == ("", "")
    assert TITLE not in walk.page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")
    end_session(altenbrueck, "katrin")
    walk.page.reload()
    sign_in_again(walk)
    assert typed(walk.page) == ("", ""), "and nothing of it comes back"


def test_signing_out_in_one_tab_empties_the_others(walk):
    write(walk)
    other = walk.page.context.new_page()
    other.goto(walk.visitor.site + "/me")
    with other.expect_navigation():
        other.get_by_role("button", name="Abmelden").first.click()
    walk.page.wait_for_function("document.querySelector('[name=title]').value === ''")
    assert typed(walk.page) == ("", "")
    walk.page.fill("[name=title]", "Nach dem Abmelden")
    walk.page.wait_for_timeout(600)
    assert walk.page.evaluate(DRAFTS) == []
