"""Pages of whoever proves where they live: the document, what was decided and the appeal, the code for an initiative."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, abort, flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from neighbour.core import qr
from neighbour.core.db import finish_reading
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back, is_htmx, is_own_form, no_referrer, site_url
from neighbour.policy import Permission, requires
from neighbour.policy.gate import is_fresh, person_number
from neighbour.residency import codes, service
from neighbour.residency.cases import concluding, deciding, documents, pictures, visits
from neighbour.residency.cases.forms import AppealForm, DocumentForm
from neighbour.residency.cases.pictures import Trouble
from neighbour.residency.cases.words import PAPER_HINTS, TOLD
from neighbour.residency.views import views

MOST_BODY = pictures.MOST_BYTES + (1 << 20)  # the files, and the form round them


@views.get("/proof/document")
@requires(Permission.PROOF_GIVE)
def document() -> Any:
    """Which papers prove an address, what to black out, and the field for them; or how the last one is doing."""
    return _document_page(DocumentForm())


@views.post("/proof/document")
@requires(Permission.PROOF_GIVE, rate="upload", body=MOST_BODY)
def hand_in_document() -> Any:
    """Make pictures of what was uploaded and open a case."""
    form = DocumentForm()
    uploads = form.uploads()
    is_complete = form.validate_on_submit()
    if not uploads and not form.files.errors:
        form.add_error("files", _("Please choose a file or take a picture."))
    if not is_complete or not uploads:
        return _document_page(form), 422
    me = person_number()
    try:
        documents.demand_allowed(me)
        finish_reading()  # no connection is held while the pictures are drawn, which may take 20 seconds
        drawn = pictures.draw(uploads)
        documents.hand_in(me, form.paper.data, drawn.pages)
    except documents.NoUpload:
        return back("residency.document")
    except pictures.CannotDraw as no:
        form.add_error("files", _trouble(no.trouble))
        return _document_page(form), 422
    if drawn.left_out:
        flash(_("We took the first %(num)s pages. That is enough.", num=pictures.MOST_PAGES), "info")
    flash(_("Your document is there. Two people look at it, and then it is deleted."), "good")
    return back("residency.document")


def _trouble(trouble: Trouble) -> str:
    return {
        Trouble.MOVING: _("We can read PDF, JPEG, PNG, WebP and HEIC. Please choose another file."),
        Trouble.KIND: _("We can read PDF, JPEG, PNG, WebP and HEIC. Please choose another file."),
        Trouble.BROKEN: _("This file cannot be read. Please take a picture of the paper, or save it anew as a PDF."),
        Trouble.TOO_LARGE: _(
            "This is too large: %(size)s MB together, and 25 megapixels a picture. Please make it smaller.",
            size=pictures.MOST_BYTES >> 20,
        ),
        Trouble.LOCKED: _("This PDF is locked with a password. Please save it without one."),
        Trouble.BUSY: _("Many send documents at this moment. Please try again in a minute."),
        Trouble.EMPTY: _("There is nothing on this page. Please choose another file."),
    }[trouble]


def _document_page(form: DocumentForm) -> Any:
    place = service.place_of(person_number())
    if place is None:
        return redirect(url_for("residency.address"), 303)
    return render_template(
        "residency/document.html",
        form=form,
        standing=documents.standing(person_number()),
        paper_hints=PAPER_HINTS,
        days=concluding.ANSWERED_AFTER.days,
        kept_days=documents.KEPT_FOR.days,
        most_size=pictures.MOST_BYTES >> 20,
        may_see=is_fresh(),
    )


@views.post("/proof/document/withdraw")
@requires(Permission.PROOF_GIVE)
def withdraw_document() -> BaseResponse:
    """Take the document back: its pages are deleted at once."""
    if documents.withdraw(person_number()):
        flash(_("Your document is deleted."), "good")
    return back("residency.document")


@views.get("/proof/document/<uid:case_id>/<number>")
@requires(Permission.PROOF_GIVE, fresh=True)
def document_page(case_id: uuid.UUID, number: str) -> Response:
    """One page of one's own document, as those who look at it will see it. It has name and address on it, so it takes the
    same as opening these (``residency.show_address``)."""
    return picture(case_id, number)


def picture(case_id: uuid.UUID, number: str) -> Response:
    """A page as a picture: shown inside our own pages, kept by nobody, and 404 for whoever may not see it."""
    if not is_own_form() or number not in ("1", "2", "3", "4"):
        abort(404)
    page = documents.page(case_id, int(number))
    if page is None:
        abort(404)
    response = make_response(page)
    response.headers["Content-Type"] = "image/jpeg"
    response.headers["Content-Disposition"] = f'inline; filename="page-{number}.jpg"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    return response


@views.get("/proof/decision")
@requires(Permission.PROOF_GIVE)
def decision() -> Any:
    """What was decided about one's proof, why, what to do now, and the way to the operator."""
    return _decision_page(AppealForm())


@views.post("/proof/decision")
@requires(Permission.PROOF_GIVE)
def appeal() -> Any:
    """Ask the operator to look at it again."""
    form = AppealForm()
    refused = deciding.told(person_number()).refused
    if refused is None:
        abort(404)
    if not form.validate_on_submit():
        return _decision_page(form), 422
    if deciding.appeal(person_number(), refused.id, form.words.data or ""):
        flash(_("The operator looks at it. You get a mail."), "good")
    return back("residency.decision")


def _decision_page(form: AppealForm) -> Any:
    told = deciding.told(person_number())
    if told.refused is None:
        return redirect(url_for("residency.waiting"), 303)
    why = TOLD[told.refused.reason or "other"]
    return render_template("residency/decision.html", told=told, case=told.refused, why=why, form=form)


@views.get("/proof/in-person")
@requires(Permission.PROOF_GIVE)
def in_person() -> Any:
    """Who confirms addresses near by, and the code to show there."""
    me = person_number()
    place = service.place_of(me)
    if place is None or (place.membership.level == "unproven" and deciding.told(me).is_held):
        return _elsewhere("residency.address" if place is None else "residency.waiting")
    if place.membership.level == "verified":
        return _elsewhere("feed.board")
    shown = visits.show(me)
    page = render_template(
        "residency/in_person.html",
        place=place,
        places=visits.places_for(me),
        shown=shown,
        code=codes.show(shown.code) if shown else "",
        drawn=qr.drawn(site_url(f"/visit/{shown.code}")) if shown else None,
        life=visits.LIFE.seconds // 60,
    )
    return no_referrer(page)


def _elsewhere(endpoint: str) -> BaseResponse:
    """On to another page, also for the piece that asks every few seconds whether it was confirmed."""
    if is_htmx():
        return Response("", 204, {"HX-Redirect": url_for(endpoint)})
    return redirect(url_for(endpoint), 303)


@views.post("/proof/in-person")
@requires(Permission.PROOF_GIVE)
def renew_visit() -> BaseResponse:
    """A fresh code."""
    try:
        visits.renew(person_number())
    except visits.NoVisit:
        return back("residency.waiting")
    return back("residency.in_person")
