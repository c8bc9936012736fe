"""Voting in a post's poll."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, request, url_for

from neighbour.contributions.models import State
from neighbour.contributions.service import NotPossible
from neighbour.contributions.views import page_again, visible
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.policy import Permission, requires
from neighbour.posts import polls

views = Blueprint("posts", __name__, template_folder="templates")


@views.post("/c/<uid:contribution_id>/vote")
@requires(Permission.POLL_VOTE)
def vote(contribution_id: uuid.UUID) -> Any:
    """Vote, or think again. Where another poll stands there than the one that was read, it is shown instead of counted."""
    contribution = visible(contribution_id)
    if contribution.state != State.PUBLISHED:
        abort(404)
    chosen = [int(each) for each in request.form.getlist("choice") if each.isdecimal() and len(each) < 3]
    try:
        with atomic():
            if not polls.vote(contribution_id, chosen, request.form.get("stood", "")):
                abort(404)
        flash(_("You have voted. Until it closes you can change it."), "good")
    except polls.PollOvertaken as error:
        g.poll_overtaken = error
        return page_again(contribution), 422
    except NotPossible as error:
        flash(str(error), "stop")
    return redirect(url_for("contributions.show", contribution_id=contribution_id) + "#poll", 303)
