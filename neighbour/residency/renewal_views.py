"""Do you still live here? The page a mail leads to, and the button on one's own pages."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, render_template
from werkzeug.wrappers import Response

from neighbour.core.i18n import gettext as _
from neighbour.core.web import back, no_referrer
from neighbour.policy import Permission, requires
from neighbour.policy.gate import person_number
from neighbour.residency import renewal
from neighbour.residency.views import views


@views.get("/still-here/<token>")
@requires(Permission.PROOF_RENEW_BY_LINK)
def still_here(token: str) -> Any:
    """The question with its one button. Looking changes nothing."""
    asked = renewal.read(token) or abort(404)
    return no_referrer(render_template("residency/still_here.html", question=asked.question, token=token))


@views.post("/still-here/<token>")
@requires(Permission.PROOF_RENEW_BY_LINK)
def still_here_yes(token: str) -> Any:
    """Yes. Once more is no failure."""
    asked = renewal.read(token) or abort(404)
    renewal.say_yes(asked.person_id)
    return no_referrer(render_template("residency/still_here.html", question=None, token=token))


@views.post("/settings/address/still-here")
@requires(Permission.HOME_OWN)
def still_here_own() -> Response:
    """Yes, from one's own page."""
    if renewal.say_yes(person_number()):
        flash(
            _("Thank you, noted. Should your proof end one day, we write to you; a new one opens everything again."),
            "good",
        )
    return back("residency.own_address")
