"""What people see of the market: its shelf, an offer in each of its states, and what is asked before something is sent."""

from __future__ import annotations

from tests.journeys.looking import Walk, enter

SWINDLE = "Mein Kurier holt es ab, du musst nur die Versicherung vorab überweisen."


def market(walk: Walk) -> None:
    """Hannelore looks around, offers something, asks for something, and looks after her own."""
    walk.go("/market", "the market", picture="market")
    for filters in ("?category=lend", "?there=1&own=1"):
        walk.go("/market" + filters)
    walk.go("/market?category=swap&own=1&before=" + "a" * 26, "the market, nothing there")
    walk.go("/write?kind=offer", "write an offer", picture="offer-write")
    walk.visitor.pick("category", "sell")
    walk.send("/write", "write an offer, without a price", 422, title="Fahrradkorb", pickup="Spulengasse 6")
    walk.visitor.pick("category", "give")
    walk.send("/write", "an offer that is asked about", 422, picture="offer-doubt", title="Alte Patronen", pickup="")
    for title, name in (
        ("Schlagbohrmaschine", "her own offer, lent"),
        ("14 Umzugskartons", "her own offer, promised"),
        ("Holzschlitten", "an offer that is gone"),
        ("Bücherregal", "an offer others wait for"),
        ("Babyphone", "something wanted, and she waits"),
    ):
        _open(walk, title)
        walk.look(name, picture=name.replace(",", "").replace(" ", "-"))
        if name == "her own offer, promised":
            _asked_about(walk, walk.visitor.path)
    _open(walk, "Wintermantel")
    here = walk.visitor.path
    walk.look("promised to her", picture="offer-promised-to-her")
    walk.go(f"{here}/step-back", "giving a promise back", picture="offer-give-back")
    _open(walk, "Bücherregal")
    here = walk.visitor.path
    walk.send(f"{here}/ask", "asking, empty", 422, words="")
    walk.visitor.go(here)
    walk.send(f"{here}/ask", "asking like a swindler", 422, picture="offer-question", words=SWINDLE)
    walk.send(f"{here}/ask", "asked", words="Ich könnte am Samstag.")
    walk.send(f"{here}/step-back", "stepped back")
    _borrowed(walk)


def _borrowed(walk: Walk) -> None:
    """What Jan-Philipp still sees of the drill he has borrowed while Hannelore has taken it down."""
    _open(walk, "Schlagbohrmaschine")
    here = walk.visitor.path
    walk.page.locator("details:has(button[formaction$='/withdraw']) > summary").first.click()
    walk.visitor.send(f"{here}/withdraw")
    other = enter(walk.page.context.browser, walk.town, walk.language, "janphilipp")  # type: ignore[arg-type]
    other.wholly = walk.wholly
    other.go(here, "something borrowed that is taken down", picture="offer-borrowed")
    assert not other.page.locator("form[action$='/ask']").count()
    walk.wrong += other.wrong + other.watch.seen
    other.page.context.close()
    walk.visitor.send(f"{here}/restore")


def _asked_about(walk: Walk, here: str) -> None:
    """What is asked before others hear of it, and a wrong code."""
    ask = walk.page.locator("a[href*='/decline?']").first.get_attribute("href") or ""
    walk.go(ask, "saying no to one who asks", picture="offer-decline")
    walk.go(f"{here}/pass-on", "passing a promise on", picture="offer-pass-on")
    walk.visitor.go(here)
    walk.send(f"{here}/hand-over", "her own offer, a wrong code", 422, code="1")


def _open(walk: Walk, title: str) -> None:
    walk.visitor.go("/market")
    with walk.page.expect_navigation():
        walk.page.locator(".tile__title a", has_text=title[:6]).first.click()
