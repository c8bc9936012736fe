"""Inviting neighbours: the page, the slip, who joined, and taking a word back."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, current_app, flash, render_template
from werkzeug.wrappers import Response as BaseResponse

from neighbour.core import qr
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back, no_referrer, site_url
from neighbour.policy import Permission, may, requires
from neighbour.policy.gate import identity, person_number
from neighbour.residency import invitations, service, slips
from neighbour.residency.forms import InvitationForm
from neighbour.residency.grading import current_membership
from neighbour.residency.invitations import NoInvitation
from neighbour.residency.views import views


@views.get("/me/invitations")
@requires(Permission.INVITATION_OWN)
def invitations_own() -> str:
    """One's invitations, who used them, and the button for another."""
    place = service.place_of(person_number())
    why_not = invitations.why_not(person_number(), current_membership(person_number()))
    return render_template(
        "residency/invitations.html",
        form=InvitationForm(),
        place=place,
        why_not=str(why_not or ""),
        can_make=why_not is None and may(Permission.INVITATION_MAKE),
        shown=invitations.of_person(person_number()),
        most=invitations,
    )


@views.post("/me/invitations")
@requires(Permission.INVITATION_MAKE)
def invitation_make() -> Any:
    """Make one; what stands in the way is told on the page."""
    is_named = bool(InvitationForm().is_named.data)  # a tick or none: nothing that could be filled in wrong
    try:
        made = invitations.make(person_number(), is_named=is_named)
    except NoInvitation:
        return back("residency.invitations_own")
    return back("residency.invitation", invitation=made.public_id)


@views.get("/me/invitations/<invitation>")
@requires(Permission.INVITATION_OWN)
def invitation(invitation: str) -> Any:
    """A live invitation: code, link, QR code, slip. To be handed on."""
    shown = invitations.one_of_person(person_number(), invitation) or abort(404)
    url = site_url(f"/code/{shown.code}")
    place = service.place_of(person_number())
    return no_referrer(
        render_template("residency/invitation.html", shown=shown, url=url, drawn=qr.drawn(url), place=place)
    )


@views.get("/me/invitations/<invitation>/slip.pdf")
@requires(Permission.INVITATION_OWN)
def invitation_slip(invitation: str) -> Response:
    """The slip to print: four on a sheet."""
    shown = invitations.one_of_person(person_number(), invitation) or abort(404)
    place = service.place_of(person_number()) or abort(404)
    inviter = identity().display_name if shown.is_named else ""
    slip = slips.for_invitation(
        shown.code, place.quarter.name, inviter, shown.expires_at, current_app.extensions["config"]
    )
    return slips.as_file(slip, slips.Paper.A6, _("invitation"))


@views.post("/me/invitations/<invitation>/end")
@requires(Permission.INVITATION_OWN)
def invitation_end(invitation: str) -> BaseResponse:
    """It takes nobody in any more."""
    if not invitations.one_of_person(person_number(), invitation):
        abort(404)
    invitations.end(invitation)
    flash(_("The invitation is ended. Whoever joined by it stays."), "good")
    return back("residency.invitations_own")


@views.get("/me/invitations/word/<use>/take-back")
@requires(Permission.INVITATION_OWN)
def word(use: str) -> Any:
    """Whom one's word is for, and what happens when it is taken back: asked once, since it reaches somebody at once."""
    made, given = invitations.word_of_person(person_number(), use) or abort(404)
    if given.is_taken_back:
        return back("residency.invitations_own")
    return render_template("residency/word.html", made=made, use=given)


@views.post("/me/invitations/word/<use>/take-back")
@requires(Permission.INVITATION_OWN)
def take_word_back(use: str) -> BaseResponse:
    """One's word for somebody holds no longer; sent twice it is the same."""
    if not invitations.take_back(person_number(), use) and not invitations.word_of_person(person_number(), use):
        abort(404)
    flash(_("You no longer stand for this person. We tell them neutrally, without your name."), "good")
    return back("residency.invitations_own")
