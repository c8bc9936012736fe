"""Initiatives on the operator's desk: verify, let them confirm, see how often they do, suspend."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import abort, flash, render_template, request
from werkzeug.wrappers import Response

from neighbour.core import clock
from neighbour.core.desk import Waiting
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import ngettext
from neighbour.core.web import back
from neighbour.initiatives import service
from neighbour.initiatives.forms import SuspendForm
from neighbour.initiatives.models import Initiative
from neighbour.initiatives.views import views
from neighbour.policy import Permission, requires
from neighbour.policy.gate import person_number
from neighbour.residency.cases import visits


def waiting() -> Waiting:
    """Initiatives that nobody has verified yet, and those for which nobody speaks any more."""
    unverified = [each.created_at for each in service.everything() if each.verified_at is None]
    return Waiting(len(unverified) + len(service.voiceless()), min(unverified, default=None))


@views.get("/desk/initiatives")
@requires(Permission.OPERATE)
def desk() -> str:
    """All of them, with how many addresses each confirmed."""
    month = visits.counts(clock.now() - timedelta(days=30))
    rows = [(each, service.quarters_of(each), month.get(each.public_id, 0)) for each in service.everything()]
    voiceless = {each.id for each in service.voiceless()}
    return render_template("initiatives/desk.html", rows=rows, voiceless=voiceless)


def _found(slug: str) -> Initiative:
    found = service.find(slug)
    if found is None:
        abort(404)
    return found


@views.get("/desk/initiatives/<slug>")
@requires(Permission.OPERATE)
def desk_one(slug: str) -> str:
    """One of them: its editors, its confirmations as numbers, and what may be done."""
    return _page(_found(slug), SuspendForm())


@views.post("/desk/initiatives/<slug>")
@requires(Permission.OPERATE)
def desk_act(slug: str) -> Response:
    """Verify it, let it confirm or no longer, or have it back."""
    found, act = _found(slug), request.form.get("act", "")
    if act == "verify":
        service.verify(found, person_number())
    elif act in ("allow", "forbid") and found.verified_at is not None:
        service.let_confirm(found, act == "allow", by=person_number())
    elif act == "resume":
        service.resume(found, by=person_number())
    else:
        abort(404)
    flash(_("Saved."), "good")
    return back("initiatives.desk_one", slug=slug)


@views.post("/desk/initiatives/<slug>/suspend")
@requires(Permission.OPERATE)
def suspend(slug: str) -> Any:
    """Its power ends at once; what it confirmed lately may be looked at again."""
    found, form = _found(slug), SuspendForm()
    if not form.validate_on_submit():
        return _page(found, form), 422
    held = service.suspend(found, form.days.data or 0, by=person_number())
    flash(
        ngettext("Suspended. %(num)s proof waits for a look.", "Suspended. %(num)s proofs wait for a look.", held),
        "good",
    )
    return back("initiatives.desk_one", slug=slug)


def _page(found: Initiative, form: SuspendForm) -> str:
    now = clock.now()
    month = now - timedelta(days=30)
    rows = [(each.display_name, visits.by_editor(each.id, month)) for each in service.speakers_of(found)]
    spans = (("week", 7), ("month", 30), ("year", 365))
    counts = {name: visits.counts(now - timedelta(days=days)).get(found.public_id, 0) for name, days in spans}
    return render_template(
        "initiatives/desk_one.html",
        initiative=found,
        quarters=service.quarters_of(found),
        editors=rows,
        counts=counts,
        form=form,
    )
