"""What a reader does with a contribution for themselves: set it aside, hear no more of it; and the lists of both."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import abort, flash, render_template, request, url_for
from werkzeug.wrappers import Response

from neighbour.contributions import cards, keeping, kinds, muting, service
from neighbour.contributions.keeping import Found
from neighbour.contributions.models import Audience, Mute
from neighbour.contributions.muting import What
from neighbour.contributions.readers import reader_of
from neighbour.contributions.views import views, visible
from neighbour.core import undo
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.tokens import to_uid
from neighbour.core.web import back, page_number, toast
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity, person_number

ENDED = "silences_ended"  # in the browser's cookie: what was silenced until lately, sealed
FURTHEST = 500  # pages: nobody reads on so far


@views.post("/c/<uid:contribution_id>/keep")
@requires(Permission.BOARD_READ)
def keep(contribution_id: uuid.UUID) -> Response:
    """Set it aside, or let go of it."""
    visible(contribution_id)
    is_kept = request.form.get("keep") != "0"
    with atomic():
        (keeping.keep if is_kept else keeping.let_go)(person_number(), contribution_id)
    if is_kept:
        flash(_("Saved. You find it under “Me”."), "info")
    else:
        toast(_("No longer saved."), url_for("contributions.keep", contribution_id=contribution_id), "info")
    return (
        back("contributions.kept")
        if request.form.get("list")
        else back("contributions.show", contribution_id=contribution_id)
    )


@views.post("/c/<uid:contribution_id>/mute")
@requires(Permission.BOARD_READ)
def mute(contribution_id: uuid.UUID) -> Response:
    """Hear no more of the thread, of things like it, or of what its author pins up; with ten seconds to think again."""
    contribution = visible(contribution_id)
    try:
        what = What(request.form.get("what", ""))
    except ValueError:
        abort(404)
    try:
        with atomic():
            mute_id = muting.mute(person_number(), contribution, what)
    except service.NotPossible as error:
        flash(str(error), "stop")
        return back("contributions.show", contribution_id=contribution_id)
    toast(str(SAID[what]), url_for("contributions.unmute", mute_id=mute_id, undo=1), "info")
    if what is What.THREAD:
        return back("contributions.show", contribution_id=contribution_id)
    return back("feed.board")


@views.post("/me/silence/<uid:mute_id>")
@requires(Permission.ACCOUNT_OWN)
def unmute(mute_id: uuid.UUID) -> Response:
    """Hear of it again, with the way back, unless it is one itself (``undo``)."""
    with atomic():
        sealed = muting.unmute(person_number(), mute_id)
    if sealed and not request.args.get("undo"):
        undo.keep(ENDED, to_uid(mute_id), sealed)
        toast(_("You hear of it again."), url_for("contributions.mute_again", mute_id=mute_id), "info")
    else:
        flash(_("You hear of it again."), "info")
    return back("contributions.silence")


@views.post("/me/silence/<uid:mute_id>/again")
@requires(Permission.ACCOUNT_OWN)
def mute_again(mute_id: uuid.UUID) -> Response:
    """Undo hearing of it again: what was ended lately in this browser is silenced as it was."""
    (sealed,) = undo.kept(ENDED, to_uid(mute_id)) or ("",)
    try:
        with atomic():
            muting.mute_again(person_number(), mute_id, sealed)
        undo.done(ENDED, to_uid(mute_id))
        flash(_("You hear no more of it."), "info")
    except service.NotPossible as error:
        flash(str(error), "stop")
    return back("contributions.silence")


@views.get("/me/silence")
@requires(Permission.ACCOUNT_OWN)
def silence() -> str:
    """Everything I have silenced, and the way back."""
    return render_template("contributions/silence.html", rows=_said_of(muting.all_of(person_number())))


@views.get("/me/kept")
@requires(Permission.ACCOUNT_OWN, names=True)
def kept() -> str:
    """What I have set aside."""
    page = page_number(FURTHEST)
    return _list("contributions.kept", keeping.kept(person_number(), page), page)


@views.get("/me/threads")
@requires(Permission.ACCOUNT_OWN, names=True)
def threads() -> str:
    """The threads I began or wrote in, the one answered last first."""
    page = page_number(FURTHEST)
    return _list("contributions.threads", keeping.threads(person_number(), page), page)


#: what the toast says
SAID = {
    What.THREAD: __("No more mails about answers here. The slip itself hangs where it hung."),
    What.CATEGORY: __("Board, lists, map and digest leave things like this out. The search still finds them."),
    What.AUTHOR: __(
        "Board, lists, map and digest leave out what this neighbour pins up, and nothing tells you of their answers. The search"
        " still finds it. Nobody is told."
    ),
}


def _list(endpoint: str, found: Found, page: int) -> str:
    who = identity()
    whole = cards.load(found.ids, reader_of(who))
    entries = [replace(card, is_home=card.quarter_id in who.quarters) for key in found.ids if (card := whole.get(key))]
    older = url_for(endpoint, page=page + 1) if found.has_more else ""
    return render_template(
        "contributions/list.html", is_kept=endpoint == "contributions.kept", entries=entries, older=older, page=page
    )


def _said_of(mutes: Sequence[Mute]) -> list[dict[str, Any]]:
    """Rows of the page: what is silenced, in words, as its reader sees it now."""
    reader = reader_of(identity())
    people = cards.authors([each.author_id for each in mutes if each.author_id], reader, Audience.QUARTER)
    threads = cards.load([each.contribution_id for each in mutes if each.contribution_id], reader)
    labels = {category.key: category.label for kind in kinds.all_kinds() for category in kind.categories}
    rows = []
    for each in mutes:
        if each.author_id is not None:
            by = people.get(each.author_id)
            what, name = What.AUTHOR, by.shown if by else _("Somebody who is gone")
        elif each.category is not None:
            what, name = What.CATEGORY, str(labels.get(each.category, each.category))
        else:
            card = threads.get(each.contribution_id) if each.contribution_id else None
            what, name = What.THREAD, card.title if card else _("A thread that is gone")
        rows.append({"id": each.id, "what": what, "name": name, "since": each.created_at})
    return rows
