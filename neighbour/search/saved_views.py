"""Searches somebody has saved: the list, and what can be done with each."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from neighbour.contributions import kinds
from neighbour.core import undo
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.tokens import to_uid
from neighbour.core.web import back, toast
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity, person_number
from neighbour.search import saved
from neighbour.search.forms import SearchForm
from neighbour.search.models import SavedSearch
from neighbour.search.tags import tags
from neighbour.search.views import gets_digest, look_for, quarters_of, render, views

__all__ = ["views"]

TAKEN = "searches_taken"  # in the browser's cookie: the saved searches that were taken away last
TOO_MANY = __("You have saved twenty searches already. Take one away first.")


@views.post("/search/save")
@requires(Permission.BOARD_READ)
def save() -> Any:
    """Keep what the page that asks for it has found."""
    form = SearchForm(quarters_of(identity()))
    if not form.validate_on_submit():
        return render(form), 422
    try:
        with atomic():
            saved.save(person_number(), form.wish(), tags)
    except saved.TooManySaved:
        flash(str(TOO_MANY), "stop")
        return back("search.saved_list")
    except saved.NothingToLookFor:
        flash(_("These words are too small to look for every day."), "stop")
        return render(form), 422
    if gets_digest():
        flash(_("Saved. Your digest tells you when something new fits."), "good")
    else:
        flash(_("Saved. You get no digest at the moment."), "info")
    return back("search.saved_list")


@views.get("/search/saved")
@requires(Permission.BOARD_READ)
def saved_list() -> str:
    """Everything I have saved."""
    rows = [{"row": row, "narrowed": _narrowed(row)} for row in saved.all_of(person_number())]
    return render_template("search/saved.html", rows=rows, gets_digest=gets_digest())


@views.post("/search/saved/<uid:saved_id>/look")
@requires(Permission.BOARD_READ, rate="search")
def look_again(saved_id: uuid.UUID) -> Any:
    """Look for it now."""
    row = saved.find(person_number(), saved_id)
    return look_for(saved.wish_of(row)) if row else _gone()


@views.post("/search/saved/<uid:saved_id>/tell")
@requires(Permission.BOARD_READ)
def tell(saved_id: uuid.UUID) -> Any:
    """Hear of what is new in the digest, or no more."""
    is_told = request.form.get("tell") != "0"
    with atomic():
        is_there = saved.tell(person_number(), saved_id, is_told=is_told)
    if not is_there:
        return _gone()
    if not is_told:
        flash(_("Your digest is silent about it."), "info")
    elif gets_digest():
        flash(_("Your digest tells you when something new fits."), "info")
    else:
        flash(_("Your digest tells you when something new fits, once you get it."), "info")
    return back("search.saved_list")


@views.post("/search/saved/<uid:saved_id>/forget")
@requires(Permission.BOARD_READ)
def forget(saved_id: uuid.UUID) -> Any:
    """Take it away, with the way back; the same for a second click, and for another window that still shows it."""
    uid = to_uid(saved_id)
    with atomic():
        taken = saved.forget(person_number(), saved_id)
    if taken:
        undo.keep(TAKEN, uid, taken.words, taken.filters, taken.is_told, taken.created_at.isoformat())
    elif not undo.kept(TAKEN, uid):
        return _gone()
    toast(_("Taken away."), url_for("search.put_back", saved_id=saved_id), "info")
    return back("search.saved_list")


@views.post("/search/saved/<uid:saved_id>/restore")
@requires(Permission.BOARD_READ)
def put_back(saved_id: uuid.UUID) -> Any:
    """Undo taking it away: what was taken away lately in this browser is saved as it was."""
    kept = undo.kept(TAKEN, to_uid(saved_id))
    if not kept:
        flash(_("That cannot be undone any more."), "stop")
        return back("search.saved_list")
    words, filters, is_told, at = kept
    taken = saved.Taken(saved_id, words, filters, is_told, datetime.fromisoformat(at))
    try:
        with atomic():
            saved.save(person_number(), saved.wish_of(taken), tags, before=taken)
    except saved.TooManySaved:
        flash(str(TOO_MANY), "stop")
    else:
        undo.done(TAKEN, to_uid(saved_id))
        flash(_("The search is saved again."), "info")
    return back("search.saved_list")


def _gone() -> Response:
    """Back to the list, with a word: it was taken away in another window, or never was this person's."""
    flash(_("This search is gone."), "stop")
    return back("search.saved_list")


def _narrowed(row: SavedSearch) -> str:
    """What narrows a saved search down, in words."""
    wish = saved.wish_of(row)
    parts = []
    if wish.kind in {kind.name for kind in kinds.all_kinds()}:
        kind = kinds.get(wish.kind)
        known = {each.key: each.label for each in kind.categories}
        parts.append(str(known.get(wish.category, kind.label)))
    if wish.home:
        parts.append(saved.quarter_name(wish.home))
    return ", ".join(parts)
