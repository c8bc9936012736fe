"""One's own answer: changed, taken down, and put back; what anybody's said before, and to hear no more of whoever wrote it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from neighbour.contributions import kinds, muting, service
from neighbour.contributions.forms import CommentForm
from neighbour.contributions.keeping_views import SAID
from neighbour.contributions.models import Comment, Contribution, State
from neighbour.contributions.muting import What
from neighbour.contributions.views import Doubtful, be_sure, views, visible
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.tokens import to_uid
from neighbour.core.web import back, toast
from neighbour.policy import Permission, may, requires
from neighbour.policy.gate import demand, person_number


@views.get("/c/<uid:contribution_id>/answer/<uid:comment_id>/edit")
@requires(Permission.ACCOUNT_OWN)
def edit_comment(contribution_id: uuid.UUID, comment_id: uuid.UUID) -> Any:
    """One's own answer in a form, for an hour."""
    contribution, answer = _to_change(contribution_id, comment_id)
    if not service.may_revise(answer):
        return _back_to(contribution, comment_id)
    return _edit_page(contribution, answer, CommentForm(formdata=None, data={"body": answer.body_md}))


@views.post("/c/<uid:contribution_id>/answer/<uid:comment_id>/edit")
@requires(Permission.ACCOUNT_OWN, rate="publish")
def revise_comment(contribution_id: uuid.UUID, comment_id: uuid.UUID) -> Any:
    """Change one's own answer; what it said before is kept."""
    contribution, answer = _to_change(contribution_id, comment_id)
    form = CommentForm()
    if not form.validate_on_submit():
        return _edit_page(contribution, answer, form), 422
    try:
        with atomic():
            service.revise_comment(answer, form.body.data, request.form.get("stood", ""))
            be_sure(kinds.get(contribution.kind).suspects(form.body.data))
    except Doubtful as error:
        return _edit_page(contribution, answer, form, error.doubts), 422
    except service.AnswerOvertaken as newer:
        return _edit_page(contribution, answer, form, newer=newer.stands), 422
    except service.NotPossible as error:
        form.add_error("body", str(error))
        return _edit_page(contribution, answer, form), 422
    flash(_("Changed."), "good")
    return _back_to(contribution, comment_id)


@views.get("/c/<uid:contribution_id>/answer/<uid:comment_id>/history")
@requires(Permission.BOARD_READ)
def comment_history(contribution_id: uuid.UUID, comment_id: uuid.UUID) -> str:
    """What an answer said before, for everybody who reads it."""
    contribution, answer = visible(contribution_id), service.comment_of(contribution_id, comment_id)
    if answer is None or answer.state != State.PUBLISHED:
        abort(404)
    return render_template(
        "contributions/answer_history.html",
        contribution=contribution,
        uid_of=to_uid(comment_id),
        revisions=service.earlier_words_of(comment_id),
    )


@views.post("/c/<uid:contribution_id>/answer/<uid:comment_id>/withdraw")
@requires(Permission.ACCOUNT_OWN)
def withdraw_comment(contribution_id: uuid.UUID, comment_id: uuid.UUID) -> Response:
    """Take one's own answer down, with ten minutes to think again."""
    answer = _own(contribution_id, comment_id)
    with atomic():
        service.withdraw_comment(answer)
    contribution, said = service.find(contribution_id), _("Your answer is taken down.")
    if answer.is_left or contribution is None:  # nothing is said again where one does not live, or reads
        flash(said, "info")
        return back("contributions.left")
    if may(Permission.COMMENT_WRITE, contribution):
        undo = url_for("contributions.restore_comment", contribution_id=contribution_id, comment_id=comment_id)
        toast(said, undo, "info")
    else:
        flash(said, "info")
    return back("contributions.show", contribution_id=contribution_id)


@views.post("/c/<uid:contribution_id>/answer/<uid:comment_id>/restore")
@requires(Permission.ACCOUNT_OWN)
def restore_comment(contribution_id: uuid.UUID, comment_id: uuid.UUID) -> Response:
    """Undo taking it down: that is answering again, and takes what answering takes."""
    contribution, answer = visible(contribution_id), _own(contribution_id, comment_id)
    if contribution.state != State.PUBLISHED or not may(Permission.COMMENT_WRITE, contribution):
        abort(404)
    try:
        with atomic():
            service.restore_comment(answer)
        flash(_("Your answer is there again."), "info")
    except service.NotPossible as error:
        flash(str(error), "stop")
    return _back_to(contribution, comment_id)


@views.post("/c/<uid:contribution_id>/answer/<uid:comment_id>/mute")
@requires(Permission.BOARD_READ)
def mute_writer(contribution_id: uuid.UUID, comment_id: uuid.UUID) -> Response:
    """Hear no more of whoever wrote an answer; with ten seconds to think again."""
    contribution, answer = visible(contribution_id), service.comment_of(contribution_id, comment_id)
    if answer is None:
        abort(404)
    try:
        with atomic():
            mute_id = muting.mute_writer(person_number(), answer)
        toast(str(SAID[What.AUTHOR]), url_for("contributions.unmute", mute_id=mute_id, undo=1), "info")
    except service.NotPossible as error:
        flash(str(error), "stop")
    return _back_to(contribution, comment_id)


def _own(
    contribution_id: uuid.UUID, comment_id: uuid.UUID, permission: Permission = Permission.COMMENT_WITHDRAW
) -> Comment:
    """One's own answer, or 404."""
    answer = service.comment_of(contribution_id, comment_id)
    if answer is None:
        abort(404)
    demand(permission, answer)
    return answer


def _to_change(contribution_id: uuid.UUID, comment_id: uuid.UUID) -> tuple[Contribution, Comment]:
    """Something that hangs and that one may answer now, with one's own answer under it; or 404."""
    contribution, answer = visible(contribution_id), _own(contribution_id, comment_id, Permission.COMMENT_EDIT)
    if contribution.state != State.PUBLISHED or not may(Permission.COMMENT_WRITE, contribution):
        abort(404)
    return contribution, answer


def _edit_page(
    contribution: Contribution, answer: Comment, form: CommentForm, signs: Sequence[Any] = (), newer: str | None = None
) -> str:
    """The form with an answer; signs: what is suspicious about it; newer: what another window has made of it meanwhile."""
    is_told = newer is not None or not form.is_submitted()
    return render_template(
        "contributions/answer_edit.html",
        contribution=contribution,
        answer=answer,
        form=form,
        signs=signs,
        stood=service.mark_of(answer.body_md) if is_told else request.form.get("stood", ""),
        newer=newer,
    )


def _back_to(contribution: Contribution, comment_id: uuid.UUID) -> Response:
    """To an answer's place in its thread."""
    here = url_for("contributions.show", contribution_id=contribution.id)
    return redirect(f"{here}#r-{to_uid(comment_id)}", 303)
