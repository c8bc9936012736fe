"""Posts from the composer to their end, on phones, in German, by keyboard and without script: a poll, an alert and its all-clear, a
plan to ask next door that its author stops."""

from __future__ import annotations

from typing import Any

import pytest

from neighbour.core import postgres, roles
from tests.journeys.browsing import PHONE
from tests.journeys.looking import Walk, enter

pytestmark = pytest.mark.browser
PIN_UP = ".composer__foot button[type=submit]:not([name])"


@pytest.fixture
def come(altenbrueck, chromium):
    """Somebody of the town on a phone, with a script or without."""
    came: list[Walk] = []

    def coming(person: str, **more: Any) -> Walk:
        came.append(enter(chromium, altenbrueck, person=person, **{**PHONE, **more}))
        return came[-1]

    yield coming
    for walk in came:
        walk.page.context.close()
        assert walk.watch.seen == []


def press(walk: Walk, selector: str, key: str = "Enter") -> None:
    """Come to it by Tab, and press it."""
    walk.visitor.tab_to(selector)
    with walk.page.expect_navigation():
        walk.page.keyboard.press(key)


def type_in(walk: Walk, name: str, words: str) -> None:
    walk.visitor.tab_to(f"[name='{name}']")
    walk.page.keyboard.type(words)


def opened(walk: Walk, selector: str) -> None:
    """Come to a fold by Tab, and open it if it is shut."""
    walk.visitor.tab_to(f"{selector} > summary")
    if not walk.page.locator(selector).last.evaluate("one => one.open"):
        walk.page.keyboard.press("Enter")


def open_slip(walk: Walk, title: str) -> str:
    """The slip of this title, by the board; gives its address."""
    walk.visitor.go("/board")
    with walk.page.expect_navigation():
        walk.page.locator(".card__title a", has_text=title).first.click()
    return walk.visitor.path


def result(walk: Walk) -> list[str]:
    """How many chose each option, of how many."""
    said = walk.page.locator(".poll__result .small").all_inner_texts()
    return [" ".join(each.split()[:3]) for each in said]


def test_a_poll_by_keyboard_from_the_composer_to_its_result(come, altenbrueck):
    title = "Wann streichen wir den Fahrradkeller?"
    asks, first, second = come("lena"), come("paul"), come("marek")
    asks.visitor.go("/write")
    type_in(asks, "title", title)
    opened(asks, "details:has([name=poll_question])")
    for name, words in (("poll_question", "Welcher Tag passt?"), ("poll_1", "Samstag"), ("poll_2", "Sonntag")):
        type_in(asks, name, words)
    press(asks, PIN_UP)
    here = open_slip(asks, title)
    assert "Welcher Tag passt?" in asks.visitor.words
    for walk, answer in ((first, "1"), (second, "2")):
        walk.visitor.go(here)
        assert walk.page.locator(".poll__result").count() == 0, "nobody is told before they have voted"
        walk.visitor.tab_to("[name=choice][value='1']")
        walk.page.keyboard.press("Space" if answer == "1" else "ArrowDown")
        press(walk, "#poll form button[type=submit]")
    assert result(second) == ["1 von 2", "1 von 2"]
    opened(second, "#poll details")
    second.visitor.tab_to("[name=choice]:checked")
    second.page.keyboard.press("ArrowUp")
    press(second, "#poll form button[type=submit]")
    assert result(second) == ["2 von 2", "0 von 2"]
    with roles.connect(postgres.address(altenbrueck.folder).owner_url, autocommit=True) as owner:
        owner.execute("UPDATE poll SET closes_at = now() - interval '1 minute' WHERE question = 'Welcher Tag passt?'")
    asks.visitor.go(here)
    assert "Beendet. 2 Menschen haben abgestimmt." in asks.visitor.words and result(asks) == ["2 von 2", "0 von 2"]
    assert asks.page.locator("[name=choice]").count() == 0, "nobody votes any more"


def test_a_poll_without_script(come):
    asks, votes = come("nele", java_script_enabled=False), come("paul", java_script_enabled=False)
    asks.visitor.go("/write")
    asks.visitor.fill(title="Brauchen wir eine zweite Leiter?")
    asks.page.locator("details:has([name=poll_question]) > summary").click()
    asks.visitor.fill(poll_question="Zweite Leiter?", poll_1="Ja", poll_2="Nein")
    asks.visitor.press("Aushängen")
    votes.visitor.go(open_slip(asks, "Brauchen wir eine zweite Leiter?"))
    votes.page.locator("label:has([name=choice][value='1'])").click()
    votes.visitor.press("Abstimmen")
    assert result(votes) == ["1 von 1", "0 von 1"] and "(deine Stimme)" in votes.visitor.words


@pytest.mark.parametrize("script", [True, False], ids=["keys", "without script"])
def test_an_alert_and_its_all_clear(come, script):
    person = "carmen" if script else "yusuf"
    warns, reads = come(person, java_script_enabled=script), come("sabine")
    title = f"Gasgeruch in der Bleichstraße {int(script)}"
    warns.visitor.go("/write")
    if script:
        warns.visitor.tab_to("[name=category]:checked")
        for _step in range(12):
            if warns.page.locator("[name=category]:checked").get_attribute("value") == "urgent":
                break
            warns.page.keyboard.press("ArrowRight")
        type_in(warns, "title", title)
        press(warns, PIN_UP)
    else:
        warns.visitor.pick("category", "urgent")
        warns.visitor.fill(title=title)
        warns.visitor.press("Aushängen")
    reads.visitor.go("/board")
    assert title in "".join(reads.page.locator(".card--urgent").all_inner_texts())
    open_slip(warns, title)
    if script:
        opened(warns, "#all-clear")
        type_in(warns, "said", "Die Stadtwerke waren da, alles dicht.")
        press(warns, "#all-clear button[type=submit]")
    else:
        warns.page.locator("#all-clear > summary").click()
        warns.visitor.fill(said="Die Stadtwerke waren da, alles dicht.")
        warns.visitor.press("Entwarnung geben")
    assert "alles dicht" in warns.visitor.words
    reads.visitor.go("/board")
    assert title not in "".join(reads.page.locator(".card--urgent").all_inner_texts())
    slip = reads.page.locator("article", has_text=title).first
    assert "Entwarnung" in slip.inner_text() and "alles dicht" in slip.inner_text()


@pytest.mark.parametrize("script", [True, False], ids=["keys", "without script"])
def test_a_plan_to_ask_next_door_and_its_stop(come, script):
    person = "finn" if script else "tim"
    asks, reads = come(person, java_script_enabled=script), come("sabine")
    title = f"Wer hat einen Dampfreiniger für die Fliesen? {int(script)}"
    asks.visitor.go("/write")
    asks.visitor.pick("category", "help_wanted")
    asks.visitor.fill(title=title)
    asks.visitor.press("Aushängen")
    here = open_slip(asks, title)
    later, stop = "button[name=act][value=later]", "button[name=act][value=stop]"
    if script:
        opened(asks, "#widen")
        press(asks, later)
    else:
        asks.page.locator("#widen > summary").click()
        with asks.page.expect_navigation():
            asks.page.locator(later).click()
    assert "falls niemand antwortet" in asks.visitor.words, "the author sees the plan"
    reads.visitor.go(here)
    assert reads.page.locator(stop).count() == 0, "and nobody else can stop it"
    if script:
        press(asks, stop)
    else:
        with asks.page.expect_navigation():
            asks.page.locator(stop).click()
    assert asks.page.locator(stop).count() == 0 and asks.page.locator("#widen").count() == 1


def test_answers_to_me_and_every_undo_take_keys_only(come):
    asks, answers = come("oksana"), come("johanna")
    title = "Wohin mit alten Farbeimern?"
    asks.visitor.go("/write")
    type_in(asks, "title", title)
    press(asks, PIN_UP)
    answers.visitor.go(open_slip(asks, title))
    type_in(answers, "body", "Zum Wertstoffhof, Oksana. Ich fahre Freitag.")
    press(answers, "form.reply button[type=submit]")
    press(answers, ".comment__acts form[action$='/withdraw'] button")
    assert "Ich fahre Freitag" not in answers.visitor.words
    press(answers, ".toast form button")
    assert "Ich fahre Freitag" in answers.visitor.words
    asks.visitor.go("/board")
    press(asks, ".filters a[href='/board/answers']")
    assert "Ich fahre Freitag" in asks.page.locator("article.card--unread").first.inner_text()
    press(asks, "form[action='/board/answers/read'] button")
    assert asks.page.locator("article.card--unread").count() == 0
    press(asks, f".card__title a:has-text('{title}')")
    press(asks, "form[action*='/solve'] button")
    assert "Das sehen jetzt alle." in asks.visitor.words
    press(asks, ".toast form button")
    assert asks.page.locator(".kind").first.inner_text() == "Frage"
