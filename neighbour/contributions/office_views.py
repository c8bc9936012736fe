"""Taking over what somebody else keeps for an initiative, or for whoever runs the instance."""

from __future__ import annotations

import uuid

from flask import abort, flash
from werkzeug.wrappers import Response

from neighbour.contributions import offices
from neighbour.contributions.views import may_take_over, views, visible
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back
from neighbour.policy import Permission, requires


@views.post("/c/<uid:contribution_id>/take-over")
@requires(Permission.EVENT_IMPORT)
def take_over(contribution_id: uuid.UUID) -> Response:
    """From now on one keeps it oneself; whoever kept it agrees or takes it over again."""
    if not may_take_over(visible(contribution_id)):
        abort(404)
    with atomic():
        if not offices.take(contribution_id):
            abort(404)  # meanwhile it was taken down, or one speaks for nobody any more
    flash(_("You keep it from now on: replies reach you, and you can change everything."), "good")
    return back("contributions.show", contribution_id=contribution_id)
