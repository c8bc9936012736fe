"""Sign-up's second step: from what people type to an entry of the register. Also used by who moves or corrects."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request
from wtforms.fields import SelectChoice

from neighbour.accounts import service as accounts
from neighbour.accounts.models import SignUpStep
from neighbour.accounts.signup_views import step_labels
from neighbour.core import i18n
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back
from neighbour.policy import Identity, Permission, Role, requires
from neighbour.policy.gate import identity, person_number
from neighbour.residency import finding, homes, service
from neighbour.residency.forms import AddressForm, MissingForm, MoveForm
from neighbour.residency.leaving import Leaving
from neighbour.residency.views import views


def settled(who: Identity) -> bool:
    """Whether somebody has signed up to the end: from then on another address takes them to show that it is them."""
    return who.signup_step == "done"


@views.get("/signup/address")
@requires(Permission.HOME_OWN, fresh=settled)
def address() -> Any:
    """Where do you live?"""
    return back("residency.move") if _is_proven() else _page(AddressForm())


@views.post("/signup/address")
@requires(Permission.HOME_OWN, rate="lookup", fresh=settled)
def choose_address() -> Any:
    """Find the address in the register, ask back where it is not clear, and take it."""
    if _is_proven():
        return back("residency.move")  # the page that says what will happen, and asks what becomes of one's things
    return _choose(AddressForm())


@views.get("/settings/address/move")
@requires(Permission.HOME_OWN, fresh=True)
def move() -> Any:
    """I am moving: what will happen, in plain words, and the new address."""
    return _page(MoveForm()) if _is_proven() else back("residency.address")


@views.post("/settings/address/move")
@requires(Permission.HOME_OWN, rate="lookup", fresh=True)
def move_away() -> Any:
    """Take the new address: the old quarter closes at once."""
    return _choose(MoveForm()) if _is_proven() else back("residency.address")


def _is_proven() -> bool:
    """Whether another address is a move: somebody who has ever proven this one leaves something behind."""
    place = service.place_of(person_number())
    return place is not None and place.membership.proven_at is not None


def _choose(form: AddressForm) -> Any:
    if "missing" in request.form:
        return _missing(MissingForm(formdata=None, data=form.data))
    is_complete = form.validate_on_submit()
    found = finding.find(form.street.data or "", form.number.data or "", form.postcode.data or "", form.entry.data)
    if form.street.data:
        _ask_back(form, found)
    if not is_complete or found.address_id is None:
        return _page(form), 422
    try:
        return _take(form, found.address_id)
    except service.NoQuarter:
        form.add_error("street", _("This address lies outside every quarter we serve. We are sorry."))
    except service.MovedRecently as recently:
        day = i18n.full_date(recently.again_at)
        form.add_error(
            "street", _("You moved less than 180 days ago. The next move is possible from %(day)s on.", day=day)
        )
    return _page(form), 422


def _ask_back(form: AddressForm, found: finding.Found) -> None:
    """Put the finder's question at the field it is about."""
    form.entry.choices = [SelectChoice(one.id, one.label) for one in found.choices]
    if found.question and not form[found.field].errors:
        form.add_error(found.field, found.question)


def _take(form: AddressForm, address_id: int) -> Any:
    """Store the home and go on: to the next step of sign-up, or to the waiting page."""
    me = person_number()
    with atomic():
        leaving = Leaving(form.leaving.data) if isinstance(form, MoveForm) else Leaving.STAY
        quarter = service.choose_address(
            me, address_id, form.recipient.data or "", form.care_of.data or "", leaving=leaving
        )
        accounts.step_done(accounts.find(me), SignUpStep.ADDRESS)
    flash(_("Your quarter is %(quarter)s.", quarter=quarter.name), "good")
    return back("accounts.sign_up_next" if identity().signup_step != "done" else "residency.waiting")


def _page(form: AddressForm) -> str:
    if isinstance(form, MoveForm):
        return render_template("residency/move.html", form=form, **_before_moving())
    return render_template(
        "residency/address.html",
        form=form,
        steps_of_sign_up=step_labels(),
        is_signing_up=identity().signup_step != "done",
    )


def _before_moving() -> dict[str, Any]:
    """What somebody should know before they move: from where, whether it is possible today, and what it ends."""
    place = service.place_of(person_number())
    assert place is not None  # asked for by the views
    return {
        "quarter": place.quarter.name,
        "is_steward": place.membership.role == Role.STEWARD,
        "again_at": service.next_move_at(person_number()),
    }


@views.post("/signup/address/streets")
@requires(Permission.HOME_OWN, rate="read")
def suggest_streets() -> Any:
    """Spellings of streets for what was typed so far, as options of a list."""
    names = finding.streets(request.form.get("street", ""), request.form.get("postcode", ""))
    return render_template("residency/_streets.html", names=names)


@views.get("/signup/address/missing")
@requires(Permission.HOME_OWN)
def missing() -> Any:
    """For an address the register lacks."""
    return _missing(MissingForm())


@views.post("/signup/address/missing")
@requires(Permission.HOME_OWN)
def report_missing() -> Any:
    """Keep it, sealed, for the operator to look up."""
    form = MissingForm()
    if not form.validate_on_submit():
        return _missing(form), 422
    parts = (f"{form.street.data} {form.number.data}", form.postcode.data, form.note.data)
    with atomic():
        homes.report_missing(person_number(), ", ".join(part for part in parts if part))
    return render_template("residency/missing_done.html")


def _missing(form: MissingForm) -> str:
    return render_template("residency/missing.html", form=form)
