"""The search: a box, what was found, and what narrows it down.

What is typed comes by POST and is kept in the browser's cookie; the address of the results holds a page number and a mark made by
chance, so going back and forth works, in two tabs as well, and nothing of it stands in a log.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from flask import Blueprint, current_app, render_template, request
from flask import session as cookie
from markupsafe import Markup
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from neighbour.contributions import cards
from neighbour.contributions.models import Comment
from neighbour.contributions.readers import reader_of
from neighbour.core import clock, tokens
from neighbour.core.columns import id_at
from neighbour.core.db import db
from neighbour.core.limits import Rate
from neighbour.core.tokens import to_uid
from neighbour.core.web import back, page_number
from neighbour.policy import Identity, Permission, requires
from neighbour.policy.gate import identity
from neighbour.quarters.models import Adjacency, Quarter
from neighbour.search import marking, others, service
from neighbour.search.forms import SearchForm
from neighbour.search.service import FURTHEST, Found, Hit, Wish
from neighbour.search.tags import tags

views = Blueprint("search", __name__, template_folder="templates")

RATE = Rate(300, 3600)  # searches of a person: who looks for something tries a few words, a machine thousands
KEY = "searches"  # in the browser's cookie
KEPT, KEPT_LETTERS = 3, 300  # searches, and letters in all of them: a cookie holds no more than 4 KB
SHOWN = 200  # letters of a text that stand on the card anyway


@views.get("/search")
@requires(Permission.BOARD_READ, names=True)
def show() -> str:
    """The box; with ``?page=`` what was found for what was typed last, or under the mark ``?s=``."""
    form = SearchForm(quarters_of(identity()), formdata=None)
    page, mark = page_number(FURTHEST, without=0), request.args.get("s", "")
    kept = _kept(mark)
    if not page or kept is None:
        return render(form, is_over=bool(page and mark))
    wish, until = kept
    _fill(form, wish)
    asked = form.wish()
    found = service.find(asked, tags, page=page, until=until)
    results, beside = _results(found, identity()), _beside(asked, page)
    is_wider = bool(wish.home and not asked.home)
    return render(form, found=found, page=page, mark=mark, results=results, beside=beside, is_wider=is_wider)


@views.post("/search")
@requires(Permission.BOARD_READ, rate="search")
def look() -> Any:
    """Remember what was typed, for this browser, and go where it is found."""
    form = SearchForm(quarters_of(identity()))
    if not form.validate_on_submit():
        return render(form), 422
    return look_for(form.wish())


def look_for(wish: Wish) -> Response:
    """Go where it is found. The browser's cookie keeps what is looked for, and up to when: pages of the results have to fit
    together. What was looked for before stays with it, for other tabs and for going back, as far as there is room."""
    until = id_at(clock.now())
    until = uuid.UUID(int=until.int + (1 << 80))  # what was pinned up in this very moment, too
    mark, left = tokens.public_id(), KEPT_LETTERS - len(wish.words)
    kept = [[mark, wish.words, wish.kind, wish.category, wish.days, wish.home, wish.order, str(until)]]
    for each in cookie.get(KEY, [])[: KEPT - 1]:
        left -= len(each[1])
        kept += [each] if left >= 0 else []
    cookie[KEY] = kept
    return back("search.show", page=1, s=mark)


def _kept(mark: str) -> tuple[Wish, uuid.UUID] | None:
    """What was looked for under this mark, last without one; None where it is not known any more."""
    for known, *wish, until in cookie.get(KEY, []):
        if mark in ("", known):
            return Wish(*wish), uuid.UUID(until)
    return None


def gets_digest() -> bool:
    """Whether the digest, which tells of what is saved, comes to whoever asks; no without a room that makes one."""
    ask = current_app.extensions.get("gets_digest")
    return bool(ask and ask())


def _fill(form: SearchForm, wish: Wish) -> None:
    form.words.data, form.order.data, form.when.data = wish.words, wish.order, wish.days or 0
    form.kind.data = f"{wish.kind}:{wish.category}" if wish.category else wish.kind
    form.where.data = form.place_of(wish)


def quarters_of(who: Identity) -> list[tuple[int, str, str]]:
    """The reader's own quarters, and those beside them by name: number, slug, name."""
    beside = select(Adjacency.neighbour_id).where(Adjacency.quarter_id.in_(who.quarters))
    wanted = select(Quarter.id, Quarter.slug, Quarter.name).where(
        or_(Quarter.id.in_(who.quarters), Quarter.id.in_(beside))
    )
    rows = sorted(db.session.execute(wanted), key=lambda row: (row.id not in who.quarters, row.name))
    return [(row.id, row.slug, row.name) for row in rows]


def _beside(wish: Wish, page: int) -> others.Others:
    """Neighbours, initiatives and streets: on the first page, unless only slips of some kind were wanted."""
    is_narrow = bool(wish.kind or wish.days or wish.home)
    return others.Others() if page > 1 or is_narrow else others.find(wish.words, reader_of(identity()))


def _results(found: Found, who: Identity) -> list[dict[str, Any]]:
    """What the page shows of each: its card with the words marked, and where else they stand."""
    whole = cards.load([hit.contribution_id for hit in found.hits], reader_of(who))
    answers = _answers([hit.entry_id for hit in found.hits if hit.is_answer])
    template = current_app.jinja_env.get_template("contributions/_card.html")
    results = []
    for hit in found.hits:
        card = whole.get(hit.contribution_id)
        if card is None:  # gone between the two questions
            continue
        card = replace(card, is_home=card.quarter_id in who.quarters)
        body = marking.mark_card(Markup(template.render(c=card)), found.stems)  # noqa: S704  our own template
        results.append({"card": card, "body": body, **_where(hit, card, answers, found)})
    return results


def _where(hit: Hit, card: cards.CardData, answers: dict[uuid.UUID, str], found: Found) -> dict[str, Any]:
    """The place in an answer, or further down in the text than the card shows."""
    if hit.entry_id in answers:
        said = marking.snippet(answers[hit.entry_id], found.stems)
        return {"said": said, "said_url": f"{card.url}#r-{to_uid(hit.entry_id)}", "is_answer": True}
    return {"said": marking.snippet(card.body, found.stems, beyond=SHOWN), "said_url": card.url, "is_answer": False}


def _answers(ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    rows = db.session.execute(select(Comment.id, Comment.body_html).where(Comment.id.in_(ids))) if ids else ()
    return {row.id: row.body_html for row in rows}


def render(form: SearchForm, found: Found | None = None, page: int = 0, **more: Any) -> str:
    """The page: the box, filled in as the form is, and below it what was found."""
    wish = form.wish() if found else None
    is_narrow = bool(wish and (wish.kind or wish.days or wish.home))
    return render_template(
        "search/search.html", form=form, found=found, page=page, is_narrow=is_narrow,
        gets_digest=bool(found) and gets_digest(), **more,
    )  # fmt: skip
