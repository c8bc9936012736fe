"""Pages between an address and a proof: waiting, the code, "that was not me", and one's own address."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response

from neighbour.core import limits
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import ngettext
from neighbour.core.web import back, no_referrer
from neighbour.policy import Level, Permission, may, requires
from neighbour.policy.gate import identity, person_number
from neighbour.quarters.numbers import shown
from neighbour.residency import changing, homes, letters, opening, proofs, renewal, service
from neighbour.residency.cases import concluding, deciding
from neighbour.residency.forms import CodeForm, RefusalForm
from neighbour.residency.letters import NoLetter
from neighbour.residency.proofs.method import Answer, Outcome

views = Blueprint("residency", __name__, template_folder="templates")


@views.get("/waiting")
@requires(Permission.HOME_OWN)
def waiting() -> Any:
    """What proves one's address here, what has begun, and what may be read meanwhile. Nothing personal of anybody. Whoever has
    proven everything has nothing to wait for."""
    who = identity()
    if who.signup_step != "done":
        return redirect(url_for("accounts.sign_up_next"), 303)
    place = service.place_of(person_number())
    if place is None:
        return redirect(url_for("residency.address"), 303)
    if who.level is Level.VERIFIED:
        return redirect(url_for("feed.board"), 303)
    stat = service.stat_of(place.quarter.id)
    return render_template(
        "residency/waiting.html",
        place=place,
        is_in=who.level.reads_board,
        households=shown(stat.households_on_board) if stat else None,
        told=deciding.told(person_number()),
        look_days=concluding.ANSWERED_AFTER.days,
        offers=proofs.offers(person_number()),
        form=CodeForm(formdata=None, data={"code": proofs.shown(cookie.get("code", ""))}),
        config=current_app.extensions["config"],
    )


@views.post("/waiting/letter")
@requires(Permission.PROOF_GIVE)
def request_letter() -> Response:
    """Ask for the card. What stands in the way is told on the waiting page."""
    try:
        letters.request(person_number())
    except NoLetter:
        return back("residency.waiting")
    flash(_("Your card is ordered."), "good")
    return back("residency.waiting")


@views.get("/code")
@requires(Permission.PROOF_GIVE)
def enter_code() -> Any:
    """The field for any code."""
    return _code_page(CodeForm(formdata=None, data={"code": proofs.shown(cookie.get("code", ""))}))


@views.get("/code/<code>")
@requires(Permission.CODE_LINK)
def code_from_link(code: str) -> Any:
    """What a QR code opens: the field, filled in, or for a visitor what this is. Nothing happens before a button is pressed, and
    nobody is told whether there is such a code."""
    if identity().is_anonymous:
        return no_referrer(render_template("residency/code_for_visitor.html", code=proofs.shown(code)))
    if not may(Permission.PROOF_GIVE):
        return current_app.extensions["refuse"](Permission.PROOF_GIVE)
    return _code_page(CodeForm(formdata=None, data={"code": proofs.shown(code)}))


@views.post("/code/keep")
@requires(Permission.CODE_LINK, rate="lookup")
def keep_code() -> Response:
    """A visitor with a code signs up, or in: this browser keeps it until it is used."""
    cookie["code"] = proofs.shown(request.form.get("code", ""))
    return back("accounts.sign_in" if "sign-in" in request.form else "accounts.sign_up")


@views.post("/code")
@requires(Permission.PROOF_GIVE)
def give_code() -> Any:
    """Answer the code that was typed, of whichever method. What has not the shape of a code is no try, and tries of one kind
    are none of another: whoever was clumsy with an invitation gets in with their card."""
    form = CodeForm()
    if not form.validate_on_submit():
        return _code_page(form), 422
    typed = form.code.data or ""
    kind = proofs.kind_of(typed)
    counter = f"{kind}:{person_number()}"
    try:
        if kind:
            limits.hit("code", counter)
    except limits.TooMany as many:
        form.add_error(
            "code", _("Too many codes of this kind in one hour. Please wait a while; another kind still works.")
        )
        return _code_page(form), 429, {"Retry-After": str(many.retry_after)}
    answer = proofs.redeem(person_number(), typed, limits.network(request.remote_addr))
    if answer.outcome in (Outcome.PROVEN, Outcome.USED, Outcome.HELD):
        limits.take_back("code", counter)
        cookie.pop("code", None)
    if answer.outcome is Outcome.HELD:
        flash(_("That is the right code. We take one more look, usually within two days, and write to you."), "good")
        return back("residency.waiting")
    if answer.outcome is Outcome.PROVEN:
        flash(_welcome(answer), "good")
        return back("feed.board")
    if answer.outcome is Outcome.USED:
        return back("feed.board")
    form.add_error("code", _say(answer))
    return _code_page(form), 422


def _welcome(answer: Answer) -> str:
    place = service.place_of(person_number())
    name = place.quarter.name if place else ""
    if place and Level(place.membership.level) is Level.VERIFIED:
        return _("Welcome to %(quarter)s. You live here, and now we know it.", quarter=name)
    if deciding.told(person_number()).is_held:
        return _("Thank you. Two of the Quartiersteam look at your neighbours' words now, usually within two days.")
    return _(
        "Welcome to %(quarter)s. You read along and reply; one more proof and you pin things up, too.", quarter=name
    )


def _code_page(form: CodeForm) -> Any:
    return no_referrer(render_template("residency/code.html", form=form))


def _say(answer: Answer) -> str:
    """What is wrong with a code, in words that help."""
    if answer.outcome is Outcome.WRONG and answer.method:
        return _("We do not know this code in your quarter. Please compare it with the paper, letter by letter.")
    if answer.outcome is Outcome.WRONG:
        return _wrong(answer.tries_left)
    return {
        Outcome.UNREADABLE: _(
            "A code has eight letters and digits, like 7K2M-9QXD, or eleven, like N7K2-M9QX-D4F. This did not cost you a try."
        ),
        Outcome.DEAD: _("This code was typed wrong five times and no longer works. You can order another card."),
        Outcome.EXPIRED: _("This code was good for 30 days and has expired. You can order another card."),
        Outcome.NO_LETTER: _("There is no card on its way to you that this code could belong to."),
        Outcome.HOUSE_LOCKED: _("Too many wrong codes. Please try again next month, or write to us."),
        Outcome.LOCKED: _(
            "Too many codes of this kind were tried, by you or from the network you are in. Try again later or from"
            " elsewhere. A card to your letterbox works in any case."
        ),
        Outcome.FULL: _("Everybody this code was meant for has used it. Ask for a new one, or order a card."),
        Outcome.OVER: _("This code is over. Ask for a new one, or order a card."),
    }[answer.outcome]


def _wrong(tries_left: int) -> str:
    return ngettext(
        "That is not the code on your card, or its 30 days are over. You have %(num)s try left.",
        "That is not the code on your card, or its 30 days are over. You have %(num)s tries left.",
        tries_left,
    )


@views.get("/not-me")
@requires(Permission.LETTER_REFUSE, cache="never")
def not_me() -> Any:
    """For whoever got a card and never signed up; needs no account."""
    return _not_me(RefusalForm())


@views.post("/not-me")
@requires(Permission.LETTER_REFUSE, cache="never")
def refuse() -> Any:
    """No card any more, to this name or to the house."""
    form = RefusalForm()
    if not form.validate_on_submit():
        return _not_me(form), 422
    if not letters.is_refusal(form.code.data or ""):
        form.add_error("code", _("It is the longer one, with twelve letters and digits. This did not cost you a try."))
        return _not_me(form), 422
    try:
        limits.hit("code", f"refusal:{identity().person_id or limits.network(request.remote_addr)}")
    except limits.TooMany as many:
        form.add_error("code", _("Too many codes in one hour. Please wait a while."))
        return _not_me(form), 429, {"Retry-After": str(many.retry_after)}
    if letters.refuse(form.code.data or "", whole_house=form.scope.data == "house"):
        return no_referrer(render_template("residency/not_me_done.html"))
    form.add_error("code", _("We do not know this code. It is the longer one, with twelve letters and digits."))
    return _not_me(form), 422


def _not_me(form: RefusalForm) -> Response:
    return no_referrer(render_template("residency/not_me.html", form=form))


@views.get("/settings/address")
@requires(Permission.HOME_OWN)
def own_address() -> Any:
    """Quarter and proof; the address itself stays sealed until the button is pressed."""
    return _own_page(None)


@views.post("/settings/address")
@requires(Permission.HOME_OWN, cache="never", fresh=True)
def show_address() -> Any:
    """Open one's own address. Written down like every opening, so it takes a button."""
    with atomic():
        exact = homes.open_for_owner(person_number())
    return _own_page(exact)


def _own_page(exact: homes.ExactHome | None) -> Any:
    place = service.place_of(person_number())
    if place is None:
        return redirect(url_for("residency.address"), 303)
    return render_template(
        "residency/own_address.html",
        place=place,
        exact=exact,
        accesses=homes.accesses(person_number()),
        looked_twice=deciding.looked_twice(person_number()),
        has_moved=service.has_moved(person_number()),
        change=changing.outlook(person_number()),
        together=opening.read_along(place.quarter.id) if place.quarter.opened_at is None else [],
        question=renewal.question_of(person_number()),
    )
