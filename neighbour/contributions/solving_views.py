"""Done: marked as solved with thanks to whom, or opened again."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from neighbour.contributions import alerts, kinds, service, solving
from neighbour.contributions.forms import CommentForm, ThanksForm
from neighbour.contributions.models import Comment, Contribution, State
from neighbour.contributions.notices import tell_helpers
from neighbour.contributions.views import thread_page, views, visible
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.tokens import from_uid
from neighbour.core.web import back, toast
from neighbour.policy import Permission, may, requires
from neighbour.policy.gate import demand


@views.post("/c/<uid:contribution_id>/solve")
@requires(Permission.ACCOUNT_OWN)
def solve(contribution_id: uuid.UUID) -> Response:
    """Mark as solved, ``?by=`` the answer that helped, with the way back in the next page; or open it again (``open=1``)."""
    contribution = visible(contribution_id)
    demand(Permission.CONTRIBUTION_SOLVE, contribution)
    is_solved, by = request.values.get("open") != "1", request.args.get("by")
    if is_solved and not kinds.get(contribution.kind).is_solvable:
        abort(404)
    was_open, is_alert = contribution.solved_at is None, alerts.is_on(contribution)
    answer = _answer(contribution, by) if by and is_solved else None
    try:
        with atomic():
            if is_solved and is_alert:
                alerts.clear(contribution, "")
            else:
                solving.solve(contribution, is_solved, answer.id if answer else None)
            tell_helpers([answer] if answer else [])
    except service.NotPossible as error:
        flash(str(error), "stop")
        return back("contributions.show", contribution_id=contribution_id)
    if is_solved and was_open and not is_alert:  # whoever was warned hears of the all-clear at once
        undo = url_for("contributions.solve", contribution_id=contribution_id, open=1)
        label = kinds.look(contribution.kind, contribution.category).solved_label or _("Done")
        toast(_("%(label)s. Everybody sees it.", label=label), undo)
    return redirect(
        url_for("contributions.show", contribution_id=contribution_id) + ("#helped" if is_solved else ""), 303
    )


@views.post("/c/<uid:contribution_id>/helped")
@requires(Permission.ACCOUNT_OWN, rate="publish")
def thank_for(contribution_id: uuid.UUID) -> Any:
    """Say who helped with what is solved."""
    contribution = visible(contribution_id)
    demand(Permission.CONTRIBUTION_SOLVE, contribution)
    form = ThanksForm.of(service.comments_of(contribution_id), contribution)
    if form.words.data and not may(Permission.CONTRIBUTION_EDIT, contribution):
        abort(404)  # words are published: that takes living there and being allowed to write
    if not form.validate_on_submit():
        return thread_page(contribution, CommentForm(formdata=None), form), 422
    try:
        with atomic():
            tell_helpers(solving.thank_for(contribution, form.chosen, form.words.data or ""))
    except service.NotPossible as error:
        flash(str(error), "stop")
    return redirect(url_for("contributions.show", contribution_id=contribution_id), 303)


def _answer(contribution: Contribution, uid: str) -> Comment:
    """Somebody else's answer of this thread that is still there, or 404."""
    try:
        answer = service.comment_of(contribution.id, from_uid(uid))
    except ValueError:
        abort(404)
    if answer is None or answer.state != State.PUBLISHED or answer.author_id == contribution.author_id:
        abort(404)
    return answer
