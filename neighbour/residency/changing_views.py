"""The page of a planned change of quarters: what becomes of mine, how it will look, and the choice at a new border."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template
from markupsafe import Markup
from wtforms.fields import SelectChoice

from neighbour.core.i18n import gettext as _
from neighbour.core.web import back
from neighbour.policy import Permission, requires
from neighbour.policy.gate import person_number
from neighbour.quarters import plans
from neighbour.quarters.drawing import Outline, draw
from neighbour.quarters.models import ChangeOf
from neighbour.residency import changing
from neighbour.residency.changing import Outlook
from neighbour.residency.forms import QuarterForm
from neighbour.residency.views import views


@views.get("/settings/quarter")
@requires(Permission.HOME_OWN)
def quarter() -> Any:
    """What a planned change means for me."""
    seen = changing.outlook(person_number())
    return _page(seen, _form(seen))


@views.post("/settings/quarter")
@requires(Permission.HOME_OWN)
def choose_quarter() -> Any:
    """Choose one of the two quarters at the new border."""
    seen = changing.outlook(person_number())
    form = _form(seen)
    if seen is None or not seen.choices:
        return back("residency.quarter")
    if not form.validate_on_submit():
        return _page(seen, form), 422
    if not changing.choose(person_number(), form.quarter.data):
        form.add_error("quarter", _("It is too late to choose: the change comes into force today."))
        return _page(seen, form), 422
    name = next(part.name for part in seen.choices if part.key == form.quarter.data)
    flash(_("Noted: you will belong to %(quarter)s.", quarter=name), "good")
    return back("residency.quarter")


def _form(seen: Outlook | None) -> QuarterForm:
    form = QuarterForm(data={"quarter": seen.now.key} if seen else {})
    form.quarter.choices = [SelectChoice(part.key, part.name) for part in seen.choices] if seen else []
    return form


def _page(seen: Outlook | None, form: QuarterForm) -> str:
    return render_template("residency/changing.html", seen=seen, form=form, drawing=_drawing(seen) if seen else None)


def _drawing(seen: Outlook) -> Markup | None:
    """The quarters that change, as they will be: mine and those around that have to do with it."""
    near = {part.key for part in (*seen.parts, *seen.joined, *seen.choices, seen.now, seen.quarter)}
    rows = [row for row in plans.quarters_of(seen.plan_id, with_outlines=True) if row.change != ChangeOf.GONE]
    shapes = [Outline(row.name, row.lon, row.lat, row.outline) for row in rows if row.key in near]
    return draw(shapes, _("Map of the quarters as they will be"))
