"""Posts from the composer to their end, on phones, in German, by keyboard and without script: a question with thanks, a poll, an
alert and its all-clear, a plan to ask next door that its author stops."""

from __future__ import annotations

import pytest

from neighbour.core import postgres, roles
from tests.journeys.hands import KEYS, TOUCH, Hands, by

pytestmark = pytest.mark.browser
#: other people for each way, so that nobody meets their own slip of the way before, or the limit of a day
ASKING = {KEYS: "lena", TOUCH: "nele"}
URGENT, OVER = "article.card--urgent", "Die Stadtwerke waren da, alles dicht."


def result(hands: Hands) -> list[str]:
    """How many chose each option, of how many."""
    said = hands.page.locator(".poll__result .small").all_inner_texts()
    return [" ".join(each.split()[:3]) for each in said]


def slip_of(hands: Hands, title: str) -> str:
    """What the board says of it."""
    hands.go("/board")
    return hands.page.locator("article", has_text=title).first.inner_text()


@by(TOUCH)
def test_a_question_to_thanks_for_its_answer(come, way):
    asks, helps = come(ASKING[way], way), come("paul", way)
    title = f"Wohin mit alten Farbeimern, {way}?"
    asks.go("/write")
    asks.choose("category", "question")
    asks.type("title", title)
    asks.pin_up()
    here = helps.open_slip(title)
    helps.type("body", "Zum Wertstoffhof. Ich fahre Freitag.")
    helps.press("form.reply button[type=submit]")
    asks.go(here)
    asks.unfold("article details.menu")
    asks.press("article button[formaction$='/solve']")
    assert "Das sehen jetzt alle." in asks.words
    asks.tick("answers")
    asks.press("#helped button[type=submit]")
    assert "danke an Paul" in slip_of(asks, title) and "Frage, gelöst" in slip_of(helps, title)


@by(KEYS)
def test_a_poll_to_its_result(come, altenbrueck, way):
    asks, first, second = come(ASKING[way], way), come("paul", way), come("marek", way)
    title, question = f"Wann streichen wir den Keller, {way}?", f"Welcher Tag, {way}?"
    asks.go("/write")
    asks.type("title", title)
    asks.unfold("details:has([name=poll_question])")
    for name, words in (("poll_question", question), ("poll_1", "Samstag"), ("poll_2", "Sonntag")):
        asks.type(name, words)
    asks.pin_up()
    here = asks.open_slip(title)
    assert question in asks.words
    for hands, answer in ((first, "1"), (second, "2")):
        hands.go(here)
        assert hands.page.locator(".poll__result").count() == 0, "nobody is told before they have voted"
        hands.choose("choice", answer)
        hands.press("#poll form button[type=submit]")
    assert result(second) == ["1 von 2", "1 von 2"] and "(deine Stimme)" in second.words
    second.unfold("#poll details")
    second.choose("choice", "1")
    second.press("#poll form button[type=submit]")
    assert result(second) == ["2 von 2", "0 von 2"]
    with roles.connect(postgres.address(altenbrueck.folder).owner_url, autocommit=True) as owner:
        owner.execute("UPDATE poll SET closes_at = now() - interval '1 minute' WHERE question = %s", [question])
    asks.go(here)
    assert "Beendet. 2 Menschen haben abgestimmt." in asks.words and result(asks) == ["2 von 2", "0 von 2"]
    assert asks.page.locator("[name=choice]").count() == 0, "nobody votes any more"


@by(TOUCH)
def test_an_alert_to_its_all_clear(come, way):
    warns, reads = come({KEYS: "carmen", TOUCH: "yusuf"}[way], way), come("sabine", way)
    title = f"Gasgeruch in der Bleichstraße, {way}"
    warns.go("/write")
    warns.choose("category", "urgent")
    warns.type("title", title)
    warns.pin_up()
    reads.go("/board")
    assert title in "".join(reads.page.locator(URGENT).all_inner_texts())
    warns.open_slip(title)
    warns.unfold("#all-clear")
    warns.type("said", OVER)
    warns.press("#all-clear button[type=submit]")
    assert OVER in warns.words
    reads.go("/board")
    assert title not in "".join(reads.page.locator(URGENT).all_inner_texts())
    assert "Entwarnung" in slip_of(reads, title) and OVER in slip_of(reads, title)


@by(TOUCH)
def test_a_plan_to_ask_next_door_and_its_stop(come, way):
    asks, reads = come({KEYS: "finn", TOUCH: "tim"}[way], way), come("sabine", way)
    title = f"Wer hat einen Dampfreiniger für die Fliesen, {way}?"
    later, stop = "button[name=act][value=later]", "button[name=act][value=stop]"
    asks.go("/write")
    asks.choose("category", "help_wanted")
    asks.type("title", title)
    asks.pin_up()
    here = asks.open_slip(title)
    asks.unfold("#widen")
    asks.press(later)
    assert "falls niemand antwortet" in asks.words, "the author sees the plan"
    reads.go(here)
    assert reads.page.locator(stop).count() == 0, "and nobody else can stop it"
    asks.press(stop)
    assert asks.page.locator(stop).count() == 0 and asks.page.locator("#widen").count() == 1


@by(KEYS)
def test_answers_to_me_and_every_undo(come, way):
    asks, answers = come({KEYS: "oksana", TOUCH: "tim"}[way], way), come("johanna", way)
    title, said = f"Wer fährt zum Wertstoffhof, {way}?", "Ich fahre Freitag."
    asks.go("/write")
    asks.type("title", title)
    asks.pin_up()
    answers.open_slip(title)
    answers.type("body", said)
    answers.press("form.reply button[type=submit]")
    answers.press(".comment__acts form[action$='/withdraw'] button")
    assert said not in answers.words
    answers.press(".toast form button")
    assert said in answers.words
    asks.go("/me")
    asks.press(".settings a[href='/board/answers']")
    assert said in asks.page.locator("article.card--unread").first.inner_text()
    asks.press("form[action='/board/answers/read'] button")
    assert asks.page.locator("article.card--unread").count() == 0
    asks.press(f".card__title a:has-text('{title}')")
    asks.press("form[action*='/solve'] button")
    asks.press(".toast form button")
    assert asks.page.locator(".kind").first.inner_text() == "Frage"
