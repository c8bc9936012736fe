"""The author's plan to ask nearby, too: now, by itself, or not."""

from __future__ import annotations

import uuid

from flask import abort, flash, request
from werkzeug.wrappers import Response

from neighbour.contributions import widening
from neighbour.contributions.service import NotPossible
from neighbour.contributions.views import views, visible
from neighbour.core import i18n
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back
from neighbour.policy import Permission, requires
from neighbour.policy.gate import demand


@views.post("/c/<uid:contribution_id>/widen")
@requires(Permission.ACCOUNT_OWN)
def widen(contribution_id: uuid.UUID) -> Response:
    """``act``: "now", "later" if nobody answers, or "stop"."""
    contribution = visible(contribution_id)
    demand(Permission.CONTRIBUTION_EDIT, contribution)
    act = request.form.get("act", "")
    if act not in ("now", "later", "stop"):
        abort(404)
    try:
        with atomic():
            if act == "now":
                widening.widen_now(contribution)
            elif act == "later":
                widening.plan(contribution, i18n.zone())
            else:
                widening.stop(contribution)
        flash(_("It hangs in the quarters nearby, too.") if act == "now" else _("Saved."), "good")
    except NotPossible as error:
        flash(str(error), "info")
    return back("contributions.show", contribution_id=contribution_id)
