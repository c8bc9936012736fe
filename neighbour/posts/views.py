"""Voting in a post's poll."""

from __future__ import annotations

import uuid

from flask import Blueprint, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from neighbour.contributions.models import State
from neighbour.contributions.service import NotPossible
from neighbour.contributions.views import visible
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.policy import Permission, requires
from neighbour.posts import polls

views = Blueprint("posts", __name__, template_folder="templates")


@views.post("/c/<uid:contribution_id>/vote")
@requires(Permission.POLL_VOTE)
def vote(contribution_id: uuid.UUID) -> Response:
    """Vote, or think again."""
    contribution = visible(contribution_id)
    if contribution.state != State.PUBLISHED:
        abort(404)
    chosen = [int(each) for each in request.form.getlist("choice") if each.isdecimal() and len(each) < 3]
    try:
        with atomic():
            if not polls.vote(contribution_id, chosen):
                abort(404)
        flash(_("You have voted. Until it closes you can change it."), "good")
    except NotPossible as error:
        flash(str(error), "stop")
    return redirect(url_for("contributions.show", contribution_id=contribution_id) + "#poll", 303)
