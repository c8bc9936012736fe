"""The end of an alert, by whoever raised it or the quarter's team."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash

from neighbour.contributions import alerts
from neighbour.contributions.forms import AllClearForm, CommentForm
from neighbour.contributions.service import NotPossible
from neighbour.contributions.views import thread_page, views, visible
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back
from neighbour.policy import Permission, requires
from neighbour.policy.gate import demand


@views.post("/c/<uid:contribution_id>/all-clear")
@requires(Permission.ACCOUNT_OWN, rate="publish")
def all_clear(contribution_id: uuid.UUID) -> Any:
    """End the alert with a word."""
    contribution = visible(contribution_id)
    demand(Permission.ALERT_END, contribution)
    form = AllClearForm()
    if not form.validate_on_submit():
        return thread_page(contribution, CommentForm(formdata=None), all_clear=form), 422
    try:
        with atomic():
            alerts.clear(contribution, form.said.data or "")
        flash(_("It is over. Whoever was told by mail hears of it."), "good")
    except NotPossible as error:
        flash(str(error), "info")
    return back("contributions.show", contribution_id=contribution_id)
