"""What people see of posts beyond reading and writing: a poll in each of its states, an alert that is over, a plan to ask next
door; and answers to themselves."""

from __future__ import annotations

from tests.journeys.looking import Walk


def polls_and_plans(walk: Walk) -> None:
    """Katrin votes, thinks again, sees what was voted, writes a poll; and Hildegard's plan as its reader sees it."""
    _open(walk, "Hoffest")
    walk.look("a poll, open", picture="poll")
    here = walk.visitor.path
    for fold in walk.page.locator("#poll summary").all():  # she may have voted when the town moved in
        fold.click()
    walk.page.locator("[name=choice]").first.check()
    walk.send(f"{here}/vote#poll", "a poll, voted", picture="poll-voted")
    _open(walk, "Bank am Brunnen")
    walk.look("a poll, closed", picture="poll-closed")
    _open(walk, "Vorhangstange")
    walk.look("nobody has answered yet", picture="unanswered")
    _open(walk, "Vermisst")
    walk.look("an alert that is over", picture="alert-over")
    walk.go("/write", "write")
    walk.page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
    walk.look("write, everything open", picture="write-poll")


def for_me(walk: Walk) -> None:
    """Hannelore reads what was answered to her, and what is on; then the board narrowed down."""
    walk.go("/board/answers", "answers to me", picture="answers")
    if walk.page.locator("form[action='/board/answers/read']").count():  # once in a town's life
        walk.send("/board/answers/read", "answers to me, all read")
    for query, name in (
        ("?kind=post", "board-posts"),
        ("?kind=offer", "board-offers"),
        ("?category=lend", "board-lend"),
    ):
        walk.go("/board" + query, picture=name)
    walk.go("/board", "the board with its week", picture="board-week")
    _has_one_row(walk)


def _has_one_row(walk: Walk) -> None:
    """The filters stand in one row, at the desk wholly, on the phone sliding."""
    for width in (360, 1280):
        walk.page.set_viewport_size({"width": width, "height": 800})
        for path in ("/board", "/board?kind=post", "/board/answers"):
            walk.visitor.go(path)
            rows = walk.page.locator(".filters ul").evaluate_all(
                "all => all.map(one => [new Set([...one.children].map(each => each.offsetTop)).size, one.scrollWidth - one.clientWidth])"
            )
            for tops, hidden in rows:
                if tops != 1 or (width == 1280 and hidden > 0):
                    walk.wrong.append(f"filters of {path}, {width} px: {tops} rows, {hidden} px hidden")


def _open(walk: Walk, word: str) -> None:
    """The slip with this word in its title, on whatever page of the board it is."""
    walk.visitor.go("/board?kind=post")
    for _page in range(8):
        link = walk.page.locator(".card__title a", has_text=word)
        if link.count():
            with walk.page.expect_navigation():
                link.first.click()
            return
        walk.visitor.go(str(walk.page.locator(".feed__more a").get_attribute("href")))
    raise AssertionError(f"no slip says {word}")
