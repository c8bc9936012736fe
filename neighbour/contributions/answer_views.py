"""One's own answer: taken down, and put back."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, url_for
from werkzeug.wrappers import Response

from neighbour.contributions import service
from neighbour.contributions.models import Comment, State
from neighbour.contributions.views import views, visible
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.tokens import to_uid
from neighbour.core.web import back, toast
from neighbour.policy import Permission, may, requires
from neighbour.policy.gate import demand


@views.post("/c/<uid:contribution_id>/answer/<uid:comment_id>/withdraw")
@requires(Permission.ACCOUNT_OWN)
def withdraw_comment(contribution_id: uuid.UUID, comment_id: uuid.UUID) -> Response:
    """Take one's own answer down, with ten minutes to think again."""
    answer = _own(contribution_id, comment_id)
    with atomic():
        service.withdraw_comment(answer)
    if answer.is_left:  # nothing is said again where one does not live any more
        flash(_("Your answer is taken down."), "info")
        return back("contributions.left")
    undo = url_for("contributions.restore_comment", contribution_id=contribution_id, comment_id=comment_id)
    toast(_("Your answer is taken down."), undo, "info")
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
    here = url_for("contributions.show", contribution_id=contribution_id)
    return redirect(f"{here}#r-{to_uid(comment_id)}", 303)


def _own(contribution_id: uuid.UUID, comment_id: uuid.UUID) -> Comment:
    """One's own answer, or 404."""
    answer = service.comment_of(contribution_id, comment_id)
    if answer is None:
        abort(404)
    demand(Permission.COMMENT_WITHDRAW, answer)
    return answer
