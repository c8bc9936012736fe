"""Sign-up in four short steps, each saved: account · address (residency) · appearance (appearance_views) · confirmation."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, render_template

from neighbour.accounts import confirming, onetime, service, web
from neighbour.accounts.forms import ConfirmForm, ConfirmLinkForm, CorrectEmailForm, SignUpForm
from neighbour.accounts.models import SignUpStep
from neighbour.core import i18n, limits
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back, no_referrer
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity

views = Blueprint("accounts", __name__, template_folder="templates")

PAGES = {
    SignUpStep.ADDRESS: "residency.address",
    SignUpStep.APPEARANCE: "accounts.appearance",
    SignUpStep.CONFIRM: "accounts.confirm",
    SignUpStep.DONE: "residency.waiting",
}


def step_labels() -> list[str]:
    """The four steps as the progress macro shows them."""
    return [_("Account"), _("Address"), _("You"), _("Mail")]


@views.get("/signup")
@requires(Permission.SIGN_UP)
def sign_up() -> Any:
    """Step 1: e-mail and password."""
    if identity().is_authenticated:
        return back("accounts.sign_up_next")
    return render_template("accounts/signup.html", form=SignUpForm(), steps=step_labels())


@views.post("/signup")
@requires(Permission.SIGN_UP, rate="auth")
def create() -> Any:
    """Create the account. A taken address looks the same from here; its owner gets a mail."""
    form = SignUpForm()
    if not form.validate_on_submit():
        return render_template("accounts/signup.html", form=form, steps=step_labels()), 422
    made = service.sign_up(
        form.email.data, form.password.data, language=i18n.language(), memory_kib=web.memory_kib(), device=web.device()
    )
    web.begin(made.token, is_kept=True)
    return back("accounts.sign_up_next")


@views.get("/signup/next")
@requires(Permission.ACCOUNT_OWN)
def sign_up_next() -> Any:
    """On to the step that comes next; sign-up can be left and taken up again at any time."""
    if identity().signup_step == SignUpStep.DONE and identity().quarters:
        return back("feed.board")
    return back(PAGES[SignUpStep(identity().signup_step)])


@views.get("/signup/confirm")
@requires(Permission.ACCOUNT_OWN)
def confirm() -> Any:
    """Step 4: look into your mail."""
    if identity().is_confirmed:
        return back("accounts.sign_up_next")
    return _confirm(ConfirmForm())


@views.post("/signup/confirm")
@requires(Permission.ACCOUNT_OWN)
def confirm_by_code() -> Any:
    """The six digits. What is no six digits is no try."""
    form, counter = ConfirmForm(), str(identity().person_id)
    if form.validate_on_submit():
        try:
            limits.hit("mail_code", counter)
        except limits.TooMany as many:
            form.add_error("code", _("Too many codes in one hour. The button in the mail still works."))
            return _confirm(form), 429, {"Retry-After": str(many.retry_after)}
        try:
            person = confirming.confirm_by_code(web.me(), form.code.data)
            limits.take_back("mail_code", counter)
            web.remember(person)  # whoever reads the mail here is at home here
            flash(_("Thank you, your address is confirmed."), "good")
            return back("accounts.sign_up_next")
        except service.Refused as error:
            form.add_error("code", _why(error))
    return _confirm(form), 422


@views.post("/signup/confirm/again")
@requires(Permission.ACCOUNT_OWN)
def confirm_again() -> Any:
    """Send the mail once more."""
    if identity().is_confirmed:
        return back("accounts.sign_up_next")
    with atomic():
        confirming.ask_to_confirm(web.me(), web.piece())
    flash(
        _(
            "We send the mail once more. Mostly it comes at once; it can take up to an hour and a half. If none comes, this"
            " address has an account: sign in, or set a new password."
        ),
        "good",
    )
    return back("accounts.confirm")


@views.post("/signup/confirm/address")
@requires(Permission.ACCOUNT_OWN, rate="auth")
def correct_email() -> Any:
    """The address was mistyped: the mail goes to the right one."""
    if identity().is_confirmed:
        return back("accounts.sign_up_next")
    form = CorrectEmailForm(prefix="e")
    if not form.validate_on_submit():
        return _confirm(ConfirmForm(formdata=None), form), 422
    confirming.correct_email(web.me(), form.email.data, web.piece())
    flash(
        _(
            "The mail to %(email)s is on its way. Mostly it comes at once; it can take up to an hour and a half.",
            email=form.email.data,
        ),
        "good",
    )
    return back("accounts.confirm")


@views.get("/signup/confirm/<token>")
@requires(Permission.SIGN_UP, cache="never")
def confirm_link(token: str) -> Any:
    """The link of the mail: a page with a button; opening it changes nothing."""
    return _confirm_link(token, is_live=onetime.peek(token, "confirm") is not None)


@views.post("/signup/confirm/<token>")
@requires(Permission.SIGN_UP, rate="auth", cache="never")
def confirm_by_link(token: str) -> Any:
    """The button, and the password of the sign-up where one is not signed in to it. Whoever presses it is not signed in by it."""
    form, me = ConfirmLinkForm(), identity().person_id
    if not form.validate_on_submit():
        return _confirm_link(token, form, is_live=True), 422
    try:
        person = confirming.confirm_by_link(token, form.password.data or "", by=me, memory_kib=web.memory_kib())
    except service.Refused as error:
        if error.why != "wrong":
            return _confirm_link(token, is_live=False), 410
        form.add_error(
            "password", _("This is not the password of this sign-up. If it is not yours, throw the mail away.")
        )
        return _confirm_link(token, form, is_live=True), 422
    except limits.TooMany as many:
        form.add_error("password", _("There were too many wrong passwords. Please wait an hour."))
        return _confirm_link(token, form, is_live=True), 429, {"Retry-After": str(many.retry_after)}
    if person.id == me:
        web.remember(person)
    flash(_("Thank you, your address is confirmed."), "good")
    return back("accounts.sign_up_next" if identity().is_authenticated else "accounts.sign_in")


def _confirm_link(token: str, form: ConfirmLinkForm | None = None, *, is_live: bool) -> Response:
    confirmed = web.me().email if identity().is_authenticated and identity().is_confirmed else ""
    return no_referrer(
        render_template(
            "accounts/confirm_link.html",
            token=token,
            form=form or ConfirmLinkForm(formdata=None),
            is_live=is_live,
            takes_password=confirming.takes_password(token, identity().person_id),
            confirmed=confirmed,
        )
    )


def _confirm(form: ConfirmForm, correction: CorrectEmailForm | None = None) -> str:
    return render_template(
        "accounts/confirm.html",
        form=form,
        correction=correction or CorrectEmailForm(formdata=None, prefix="e"),
        email=web.me().email,
        steps=step_labels(),
    )


def _why(error: service.Refused) -> str:
    if error.why == "wrong_code":
        return _("That is not the code. Look again; after five tries it is spoilt and you need a new mail.")
    return _("This code no longer works. Let us send you a new mail.")
