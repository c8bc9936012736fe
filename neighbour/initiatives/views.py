"""An initiative's page, what its editors change, and the desk at which they confirm addresses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, flash, render_template
from werkzeug.wrappers import Response

from neighbour.core import clock, i18n
from neighbour.core.i18n import gettext as _
from neighbour.core.limits import TooMany
from neighbour.core.web import back, no_referrer
from neighbour.initiatives import service
from neighbour.initiatives.forms import ConfirmForm, InitiativeForm, VisitForm
from neighbour.initiatives.models import Initiative
from neighbour.policy import Permission, may, requires
from neighbour.policy.gate import demand, person_number
from neighbour.residency import codes
from neighbour.residency.cases import visits

views = Blueprint("initiatives", __name__, template_folder="templates")


def _public(slug: str) -> Initiative:
    """One that everybody may see, or that one edits oneself; else there is none."""
    found = service.find(slug)
    if found is None or not (found.is_public or may(Permission.INITIATIVE_EDIT, service.edited(found))):
        abort(404)
    return found


def _mine(slug: str, permission: Permission) -> Initiative:
    found = service.find(slug)
    if found is None:
        abort(404)
    demand(permission, service.edited(found))
    if permission is Permission.INITIATIVE_CONFIRM and not found.confirms:
        abort(404)
    return found


@views.get("/i/<slug>")
@requires(Permission.PUBLIC_READ)
def show(slug: str) -> str:
    """What an initiative says about itself; for everybody."""
    found = _public(slug)
    return render_template(
        "initiatives/show.html",
        initiative=found,
        quarters=service.quarters_of(found),
        today=clock.today(i18n.zone()),
        is_editor=may(Permission.INITIATIVE_EDIT, service.edited(found)),
    )


@views.get("/i/<slug>/edit")
@requires(Permission.INITIATIVE_EDIT)
def edit(slug: str) -> str:
    """Change what it says."""
    found = _mine(slug, Permission.INITIATIVE_EDIT)
    return render_template("initiatives/edit.html", initiative=found, form=InitiativeForm(obj=found))


@views.post("/i/<slug>/edit")
@requires(Permission.INITIATIVE_EDIT)
def save(slug: str) -> Any:
    """Store it."""
    found, form = _mine(slug, Permission.INITIATIVE_EDIT), InitiativeForm()
    if not form.validate_on_submit():
        return render_template("initiatives/edit.html", initiative=found, form=form), 422
    said = {name: form[name].data or "" for name in ("about", "address_line", "hours")}
    service.change(found, **said, by=person_number())
    flash(_("Saved."), "good")
    if service.is_unknown_place(found):
        flash(
            _("The city's register does not know this address, so it is not on the map. Put street and number first."),
            "info",
        )
    return back("initiatives.show", slug=slug)


@views.get("/i/<slug>/confirm")
@requires(Permission.INITIATIVE_CONFIRM)
def desk_of(slug: str) -> Any:
    """The field for a visitor's code."""
    return _code_page(_mine(slug, Permission.INITIATIVE_CONFIRM), VisitForm())


@views.get("/visit/<code>")
@requires(Permission.INITIATIVE_CONFIRM)
def visit_from_link(code: str) -> Any:
    """What the visitor's QR code opens on an editor's phone: the field, filled in; for whoever speaks for several, first the
    question where they are. Nothing happens before the button."""
    mine = [each for each in service.edited_by(person_number()) if each.confirms]
    if not mine:
        abort(404)
    form = VisitForm()
    read = codes.read(code)
    form.code.data = codes.show(read) if read else ""
    if len(mine) == 1 or not read:
        return _code_page(mine[0], form)
    return no_referrer(render_template("initiatives/which.html", initiatives=mine, form=form))


@views.post("/i/<slug>/confirm")
@requires(Permission.INITIATIVE_CONFIRM)
def look(slug: str) -> Any:
    """Open what stands on the visitor's letterbox, to compare it with the paper."""
    found, form = _mine(slug, Permission.INITIATIVE_CONFIRM), VisitForm()
    if not form.validate_on_submit():
        return _code_page(found, form), 422
    try:
        visitor = visits.take(person_number(), found.public_id, form.code.data or "")
    except TooMany as many:
        return _wait_page(found, form, many)
    if visitor is None:
        form.add_error("code", _("This code is wrong or over. Ask your visitor for a fresh one."))
        return _code_page(found, form), 422
    return _visitor_page(found, visitor, ConfirmForm(formdata=None, code=form.code.data))


@views.post("/i/<slug>/confirm/seen")
@requires(Permission.INITIATIVE_CONFIRM)
def confirm(slug: str) -> Any:
    """The paper was seen: the visitor's address is proven."""
    found, form = _mine(slug, Permission.INITIATIVE_CONFIRM), ConfirmForm()
    if not form.validate_on_submit():
        try:
            visitor = visits.take(person_number(), found.public_id, form.code.data or "")
        except TooMany as many:
            return _wait_page(found, VisitForm(), many)
        return (_visitor_page(found, visitor, form), 422) if visitor else _over(slug)
    try:
        if not service.confirm(found, person_number(), form.code.data or ""):
            return _over(slug)
    except TooMany:
        flash(
            _("That is all that can be confirmed here today. Please ask your visitor to come again tomorrow."), "stop"
        )
        return back("initiatives.desk_of", slug=slug)
    flash(_("Confirmed. Your visitor sees on their own phone how it goes on."), "good")
    return back("initiatives.desk_of", slug=slug)


def _wait_page(found: Initiative, form: VisitForm, many: TooMany) -> Any:
    """There were too many wrong codes: from when on it works again."""
    again = clock.now() + timedelta(
        seconds=many.retry_after + 59
    )  # the minute after, as clocks on walls have no seconds
    words = _("There were too many wrong codes. From %(time)s on you can go on.", time=i18n.clock_time(again))
    form.add_error("code", words)
    return _code_page(found, form), 429, {"Retry-After": str(many.retry_after)}


def _over(slug: str) -> Response:
    flash(_("The code was over. Ask your visitor for a fresh one."), "stop")
    return back("initiatives.desk_of", slug=slug)


def _code_page(found: Initiative, form: VisitForm) -> Any:
    return no_referrer(render_template("initiatives/confirm.html", initiative=found, form=form))


def _visitor_page(found: Initiative, visitor: visits.Visitor, form: ConfirmForm) -> Any:
    page = render_template("initiatives/visitor.html", initiative=found, visitor=visitor, form=form)
    return no_referrer(page)
