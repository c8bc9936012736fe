"""The desk's pages about codes: flyers, alarms; and the public page that says how to know a genuine paper."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, current_app, flash, render_template
from werkzeug.wrappers import Response as BaseResponse
from wtforms.fields import SelectChoice

from neighbour.core.i18n import gettext as _
from neighbour.core.web import back, no_referrer
from neighbour.policy import Permission, may, requires
from neighbour.policy.gate import person_number
from neighbour.residency import alarms, flyers, invitations, service, slips
from neighbour.residency.forms import FlyerForm
from neighbour.residency.views import views


@views.get("/desk/flyers")
@requires(Permission.FLYER_MAKE)
def flyers_desk() -> str:
    """The flyers of one's quarters, and a form for another."""
    return _flyers(_form())


@views.post("/desk/flyers")
@requires(Permission.FLYER_MAKE)
def flyer_make() -> Any:
    """Make a flyer. Streets that the register does not have in this quarter are told at the field."""
    form = _form()
    if not form.validate_on_submit():
        return _flyers(form), 422
    wish = flyers.Wish(form.quarter.data, form.streets.data or "", form.most_uses.data or 0, form.days.data or 0)
    try:
        made = flyers.make(wish, by=person_number())
    except flyers.BadStreets as bad:
        form.add_error("streets", _("No house of this quarter is meant by “%(line)s”.", line=bad.text))
        return _flyers(form), 422
    except ValueError:
        form.add_error("streets", _("Up to twenty streets, one a line."))
        return _flyers(form), 422
    flash(_("The flyer is ready to be printed."), "good")
    return back("residency.flyer", flyer=made.public_id)


def _form() -> FlyerForm:
    form = FlyerForm()
    mine = [quarter for quarter in service.quarters() if may(Permission.FLYER_MAKE, service.Desk(quarter.id))]
    form.quarter.choices = [SelectChoice(quarter.id, quarter.name) for quarter in mine]
    return form


def _flyers(form: FlyerForm) -> str:
    return render_template("residency/flyers.html", form=form, lines=flyers.listed())


@views.get("/desk/flyers/<flyer>")
@requires(Permission.FLYER_MAKE)
def flyer(flyer: str) -> Any:
    """One flyer: its code, how often it was used, the sheets to print."""
    line = flyers.find(flyer) or abort(404)
    return no_referrer(render_template("residency/flyer.html", line=line))


@views.get("/desk/flyers/<flyer>/<paper>.pdf")
@requires(Permission.FLYER_MAKE)
def flyer_sheet(flyer: str, paper: str) -> Response:
    """The sheet: two A5 or four A6 on an A4."""
    line = flyers.find(flyer)
    if line is None or not line.is_live or paper not in list(slips.Paper):
        abort(404)
    config = current_app.extensions["config"]
    row = line.flyer
    slip = slips.for_flyer(line.code, line.quarter, row.streets, row.most_uses, row.expires_at, config)
    return slips.as_file(slip, slips.Paper(paper), _("flyer"))


@views.post("/desk/flyers/<flyer>/stop")
@requires(Permission.FLYER_MAKE)
def flyer_stop(flyer: str) -> BaseResponse:
    """It takes nobody in any more."""
    if not flyers.stop(flyer, by=person_number()):
        abort(404)
    flash(_("The flyer is stopped. Whoever joined by it stays."), "good")
    return back("residency.flyers_desk")


@views.get("/desk/alarms")
@requires(Permission.FLYER_MAKE)
def alarms_desk() -> str:
    """Codes that were used strangely often, and what can be done."""
    return render_template("residency/alarms.html", alarms=alarms.unseen())


@views.post("/desk/alarms/<alarm>/seen")
@requires(Permission.FLYER_MAKE)
def alarm_seen(alarm: str) -> BaseResponse:
    """Somebody has looked; nothing is ended by it."""
    if not alarms.see(alarm, person_number()):
        abort(404)
    return back("residency.alarms_desk")


@views.post("/desk/alarms/invitations/<invitation>/end")
@requires(Permission.FLYER_MAKE)
def invitation_end_at_desk(invitation: str) -> BaseResponse:
    """The Quartiersteam ends an invitation; whoever made it sees so."""
    if not invitations.end(invitation, by=person_number()):
        abort(404)
    flash(_("The invitation is ended. Whoever joined by it stays."), "good")
    return back("residency.alarms_desk")


@views.get("/genuine")
@requires(Permission.PUBLIC_READ, cache="public")
def genuine() -> str:
    """A slip, a flyer or a card came: what it is, who sent it, how to know a genuine one. For everybody."""
    return render_template("residency/genuine.html", config=current_app.extensions["config"])
