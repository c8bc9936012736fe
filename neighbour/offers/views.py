"""The market, and the small steps around an offer. Whoever may not see it gets 404; its author alone moves its queue on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from flask import Blueprint, abort, flash, g, render_template, request, url_for

from neighbour.contributions import cards
from neighbour.contributions.readers import reader_of
from neighbour.contributions.service import NotPossible
from neighbour.contributions.views import Doubtful, be_sure, page_again, visible
from neighbour.core import i18n
from neighbour.core.db import atomic
from neighbour.core.forms import Form
from neighbour.core.i18n import gettext as _
from neighbour.core.tokens import from_uid, to_uid
from neighbour.core.web import back, is_htmx, toast
from neighbour.offers import market as shelf
from neighbour.offers import queue, scam, service, taking_back, words
from neighbour.offers.categories import CATEGORIES
from neighbour.offers.forms import AskForm, HandOverForm, ProlongForm, ReturnForm
from neighbour.offers.models import Ask, AskState, Offer, Stage
from neighbour.policy import Permission, requires
from neighbour.policy.gate import demand, identity, person_number

views = Blueprint("offers", __name__, template_folder="templates")


@views.get("/market")
@requires(Permission.BOARD_READ, names=True)
def market() -> Any:
    """The market: ``?category=`` and ``?there=1`` filter, ``?own=1`` leaves nearby out, ``?before=`` goes on."""
    who = identity()
    if not who.quarters:
        abort(404)
    category, is_there, own_only, before = _filters()
    page = shelf.page(
        person_number(), who.quarters[0], category=category, is_there=is_there, own_only=own_only, before=before
    )
    found = cards.load(page.ids, reader_of(who))
    tiles = [found[key] for key in page.ids if key in found]
    filters: dict[str, Any] = {"category": category, "there": 1 if is_there else None, "own": 1 if own_only else None}
    older = url_for("offers.market", **filters, before=to_uid(page.older)) if page.older else None
    if is_htmx() and before is not None:
        return render_template("offers/_tiles.html", tiles=tiles, older=older, home=who.quarters[0])
    return render_template(
        "offers/market.html",
        tiles=tiles,
        older=older,
        home=who.quarters[0],
        filters=filters,
        categories=_labels(i18n.language()),
    )


@views.post("/c/<uid:contribution_id>/ask")
@requires(Permission.OFFER_ASK, rate="publish")
def ask(contribution_id: uuid.UUID) -> Any:
    """Stand in the queue. Words like a swindler's are sent once their sender has said that they are sure."""
    offer, form = _others(contribution_id), AskForm()
    if not form.validate_on_submit():
        return _again(offer, form)

    def step() -> Any:
        asked = queue.ask(offer, person_id=person_number(), words=form.words.data)
        be_sure(scam.look(form.words.data))
        return asked

    try:
        return _do(offer, step, words.of(offer.category)("has asked"), form, "words")
    except Doubtful as error:
        return _again(offer, form, error.doubts)


@views.post("/c/<uid:contribution_id>/step-back")
@requires(Permission.ACCOUNT_OWN)
def step_back(contribution_id: uuid.UUID) -> Any:
    """Leave the queue, or give a promise back."""
    offer = _others(contribution_id)
    own = queue.mine(offer.id, person_number())
    is_promised = own is not None and own.state == AskState.PROMISED
    undo = "" if is_promised else url_for("offers.wait_again", contribution_id=contribution_id)
    said = _("You have stepped back. Thank you for saying so.")
    return _do(offer, lambda: queue.step_back(offer.id, person_number()), said, tone="info", undo=undo)


@views.get("/c/<uid:contribution_id>/step-back")
@requires(Permission.ACCOUNT_OWN, names=True)
def asks_to_step_back(contribution_id: uuid.UUID) -> Any:
    """Asks once more, because the next one has it at once."""
    offer = _others(contribution_id)
    own = queue.mine(offer.id, person_number())
    if own is None or own.state != AskState.PROMISED:
        return back("contributions.show", contribution_id=contribution_id)
    return _question(offer, "step_back")


@views.post("/c/<uid:contribution_id>/wait-again")
@requires(Permission.OFFER_ASK)
def wait_again(contribution_id: uuid.UUID) -> Any:
    """Undo leaving the queue."""
    offer = _others(contribution_id)
    said = words.of(offer.category)("waits again")
    return _do(offer, lambda: taking_back.wait_again(offer, person_number()), said)


@views.post("/c/<uid:contribution_id>/promise")
@requires(Permission.ACCOUNT_OWN)
def promise(contribution_id: uuid.UUID) -> Any:
    """Promise it to one of those who wait (field ``ask``), or choose whoever has moved up: they read what is for them alone."""
    offer = _own(contribution_id)
    chosen = _chosen(request.form)
    said = words.of(offer.category)("has promised")
    return _do(offer, lambda: queue.promise(offer, chosen) or queue.let_read(offer, chosen), said)


@views.post("/c/<uid:contribution_id>/pass-on")
@requires(Permission.ACCOUNT_OWN)
def pass_on(contribution_id: uuid.UUID) -> Any:
    """Whoever has the promise does not come: the next one has it."""
    offer = _own(contribution_id)
    return _do(offer, lambda: queue.pass_on(offer), words.of(offer.category)("has passed on"))


@views.get("/c/<uid:contribution_id>/pass-on")
@requires(Permission.ACCOUNT_OWN, names=True)
def asks_to_pass_on(contribution_id: uuid.UUID) -> Any:
    """Asks once more, because both hear of it at once."""
    offer = _own(contribution_id)
    if offer.stage != Stage.PROMISED:
        return back("contributions.show", contribution_id=contribution_id)
    return _question(offer, "pass_on", queue.queue_of(offer.id)[0])


@views.post("/c/<uid:contribution_id>/decline")
@requires(Permission.ACCOUNT_OWN)
def decline(contribution_id: uuid.UUID) -> Any:
    """A kind no to one of those who wait (field ``ask``)."""
    offer = _own(contribution_id)
    chosen = _chosen(request.form)
    return _do(offer, lambda: queue.decline(offer, chosen), _("Your neighbour gets a kind mail."), tone="info")


@views.get("/c/<uid:contribution_id>/decline")
@requires(Permission.ACCOUNT_OWN, names=True)
def asks_to_decline(contribution_id: uuid.UUID) -> Any:
    """Asks once more and says what is told, because it is told at once (``?ask=``)."""
    offer, chosen = _own(contribution_id), _chosen(request.args)
    waiting = [each for each in queue.queue_of(offer.id) if each.id == chosen and each.state == AskState.WAITING]
    return _question(offer, "decline", waiting[0]) if waiting else back("contributions.show", contribution_id=offer.id)


@views.post("/c/<uid:contribution_id>/hand-over")
@requires(Permission.ACCOUNT_OWN)
def hand_over(contribution_id: uuid.UUID) -> Any:
    """It was collected, with the code or on one's own word; or what was wanted is there."""
    offer, form = _own(contribution_id), HandOverForm()
    if not form.validate_on_submit():
        return _again(offer, form)
    given = {"code": form.code.data or "", "due_on": form.due_on.data, "note": form.note.data or ""}
    said = words.of(offer.category)("has handed over")
    undo = url_for("offers.take_back", contribution_id=contribution_id)
    return _do(offer, lambda: queue.hand_over(offer, **given), said, form, "due_on", undo=undo)


@views.post("/c/<uid:contribution_id>/take-back")
@requires(Permission.ACCOUNT_OWN)
def take_back(contribution_id: uuid.UUID) -> Any:
    """Undo saying that it was collected, or is back."""
    offer = _own(contribution_id)
    return _do(
        offer, lambda: taking_back.not_handed_over(offer), _("Taken back: everything is as it was."), tone="info"
    )


@views.post("/c/<uid:contribution_id>/prolong")
@requires(Permission.ACCOUNT_OWN)
def prolong(contribution_id: uuid.UUID) -> Any:
    """The loan goes on until another day, as the two have agreed."""
    offer, form = _own(contribution_id), ProlongForm()
    if not form.validate_on_submit():
        return _again(offer, form)
    said = _("The new day holds. Your neighbour gets a mail.")
    return _do(offer, lambda: queue.prolong(offer, form.due_on.data), said, form, "due_on")


@views.post("/c/<uid:contribution_id>/returned")
@requires(Permission.ACCOUNT_OWN)
def returned(contribution_id: uuid.UUID) -> Any:
    """The loan is back."""
    offer, form = _own(contribution_id), ReturnForm()
    if not form.validate_on_submit():
        return _again(offer, form)
    undo = url_for("offers.take_back", contribution_id=contribution_id)
    said = _("It is back.") if queue.has_ended(offer) else _("It is back, and can be lent again.")
    return _do(offer, lambda: queue.returned(offer, note=form.note.data or ""), said, undo=undo)


@views.post("/c/<uid:contribution_id>/extend")
@requires(Permission.ACCOUNT_OWN)
def extend(contribution_id: uuid.UUID) -> Any:
    """It is still there: sixty days more."""
    offer = _own(contribution_id)
    return _do(offer, lambda: service.keep(offer), _("It hangs for sixty days more."))


def _offer(contribution_id: uuid.UUID) -> Offer:
    """The offer, if these eyes see it; 404 for everything else."""
    found = visible(contribution_id)
    if not isinstance(found, Offer):
        abort(404)
    return found


def _others(contribution_id: uuid.UUID) -> Offer:
    """An offer of somebody else."""
    offer = _offer(contribution_id)
    if offer.author_id == person_number():
        abort(404)
    return offer


def _own(contribution_id: uuid.UUID) -> Offer:
    offer = _offer(contribution_id)
    demand(Permission.OFFER_HANDLE, offer)
    return offer


def _chosen(given: Mapping[str, str]) -> uuid.UUID:
    """The ask that is meant, or 404."""
    try:
        return from_uid(given.get("ask", ""))
    except ValueError:
        abort(404)


def _question(offer: Offer, step: str, about: Ask | None = None) -> str:
    """The page that asks before a step which cannot be taken back; about: whom it concerns."""
    name = ""
    if about is not None:
        name = cards.authors([about.person_id], reader_of(identity()), offer.audience)[about.person_id].shown
    say = words.of(offer.category)
    return render_template("offers/question.html", offer=offer, step=step, ask=about, name=name, say=say)


def _do(
    offer: Offer,
    step: Callable[[], Any],
    said: str,
    form: Form | None = None,
    field: str = "",
    *,
    tone: str = "good",
    undo: str = "",
) -> Any:
    """A step that happens or not; the offer's page then shows how things stand, and for a while the way back (``undo``). What is
    refused – raised, or given back where it counts, as a wrong code does – stands at its field with what was typed, or above the
    page where there is no form."""
    try:
        with atomic():
            outcome = step()
    except NotPossible as error:
        outcome = error
    if not isinstance(outcome, NotPossible):
        if outcome and undo:
            toast(said, undo, tone)
        elif outcome:
            flash(said, tone)
    elif form is not None:
        form.add_error(outcome.field or field, str(outcome))
        return _again(offer, form)
    else:
        flash(str(outcome), "stop")
    return back("contributions.show", contribution_id=offer.id)


def _again(offer: Offer, form: Form, signs: Sequence[Any] = ()) -> Any:
    """The offer's page with what was typed and what is wrong with it, or what looks like a swindle and is asked about."""
    g.offer_form, g.offer_signs = form, signs
    return page_again(offer), 422


def _filters() -> tuple[str | None, bool, bool, uuid.UUID | None]:
    category = request.args.get("category") or None
    if category is not None and category not in {each.key for each in CATEGORIES}:
        abort(404)
    before = request.args.get("before")
    try:
        mark = from_uid(before) if before else None
    except ValueError:
        abort(404)
    return category, request.args.get("there") == "1", request.args.get("own") == "1", mark


@lru_cache
def _labels(_language: str) -> tuple[tuple[str, str], ...]:
    """(key, label) of each category, in this language."""
    return tuple((each.key, str(each.label)) for each in CATEGORIES)
