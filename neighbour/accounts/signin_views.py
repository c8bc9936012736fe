"""Signing in and out: password, second step, passkey; and a new password when the old one is forgotten."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask import session as cookie
from flask_login import logout_user

from neighbour.accounts import entering, factors, onetime, passkeys, service, sessions, web
from neighbour.accounts.entering import Entry
from neighbour.accounts.factor_forms import PasskeySignInForm, SecondStepForm
from neighbour.accounts.forms import ForgotForm, NewPasswordForm, SignInForm
from neighbour.accounts.signup_views import views
from neighbour.core import limits
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back, local_path, no_referrer
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity


@views.get("/signin")
@requires(Permission.SIGN_IN)
def sign_in() -> Any:
    """The form. ``next`` is kept if it is a path of this site."""
    if identity().is_authenticated:
        return redirect(local_path(request.args.get("next"), url_for("accounts.sign_up_next")), 303)
    return _sign_in(SignInForm(), local_path(request.args.get("next"), ""))


@views.post("/signin")
@requires(Permission.SIGN_IN, rate="signin")
def begin() -> Any:
    """Sign in; one answer for a wrong address and a wrong password. Who has a second factor is asked for it next."""
    form = SignInForm()
    goes_to = local_path(request.form.get("next"), "")
    if not form.validate_on_submit():
        return _sign_in(form, goes_to), 422
    browser = web.browser(form.email.data, is_kept=form.is_kept.data)
    try:
        entry = service.sign_in(form.email.data, form.password.data, browser, memory_kib=web.memory_kib())
    except service.Refused as error:
        form.add_error(
            "password", _closed() if error.why == "closed" else _("E-mail and password do not belong together.")
        )
        return _sign_in(form, goes_to), 422
    except limits.TooMany as many:
        form.add_error("password", _("There were too many wrong passwords. Wait an hour, or set a new one by mail."))
        return _sign_in(form, goes_to), 429, {"Retry-After": str(many.retry_after)}
    if entry.is_complete:
        return _arrive(entry, goes_to, is_kept=form.is_kept.data)
    cookie["second"] = {"token": entry.token, "next": goes_to, "kept": form.is_kept.data}
    return redirect(url_for("accounts.second_step"), 303)


def _sign_in(form: SignInForm, goes_to: str) -> str:
    return render_template(
        "accounts/signin.html", form=form, next=goes_to, passkey=PasskeySignInForm(formdata=None, prefix="k")
    )


def _arrive(entry: Entry, goes_to: str, *, is_kept: bool) -> Any:
    """The session is there: put it into the cookie, know this browser from now on, and go where one wanted to."""
    who = web.begin(entry.token, is_kept=is_kept)
    web.remember(web.me())
    home = url_for("feed.board") if who.quarters else url_for("accounts.sign_up_next")
    return redirect(goes_to or home, 303)


@views.post("/signin/passkey/options")
@requires(Permission.SIGN_IN, rate="riddle")
def passkey_options() -> Response:
    """What a passkey is to sign; the same for everybody, so nobody learns who has one."""
    return Response(passkeys.options_to_sign(web.ceremony(), passkeys.SIGN_IN), mimetype="application/json")


@views.post("/signin/passkey")
@requires(Permission.SIGN_IN, rate="signin")
def by_passkey() -> Any:
    """Sign in with a passkey and nothing else, not even the address."""
    form = PasskeySignInForm(prefix="k")
    goes_to = local_path(form.next.data, "")
    try:
        if not form.validate_on_submit():
            raise service.Refused("passkey")
        entry, browser = entering.by_passkey(form.answer.data or "", holder=web.ceremony(), browser_for=web.browser)
    except service.Refused as error:
        plain = SignInForm(formdata=None)
        plain.add_error(
            "email",
            _closed() if error.why == "closed" else _("That did not work with this passkey. Your password still does."),
        )
        return _sign_in(plain, goes_to), 422
    return _arrive(entry, goes_to, is_kept=browser.is_kept)


@views.get("/signin/second")
@requires(Permission.SIGN_IN)
def second_step() -> Any:
    """The password was right; one thing more."""
    if _who_waits() is None:
        return back("accounts.sign_in")
    return _second_step(SecondStepForm())


@views.post("/signin/second/options")
@requires(Permission.SIGN_IN, rate="signin")
def second_step_options() -> Any:
    """What one of the person's own passkeys is to sign."""
    person_id = _who_waits()
    if person_id is None:
        return Response("{}", 403, mimetype="application/json")
    options = passkeys.options_to_sign(_pending()["token"], passkeys.SECOND, person_id)
    return Response(options, mimetype="application/json")


@views.post("/signin/second")
@requires(Permission.SIGN_IN, rate="signin")
def take_second_step() -> Any:
    """Digits of the app, a recovery code, or a passkey; after five wrong ones it begins with the password again."""
    person_id, pending, form = _who_waits(), _pending(), SecondStepForm()
    if person_id is None:
        flash(_("That took too long, or there were too many wrong codes. Please begin again."), "stop")
        return back("accounts.sign_in")
    if not form.validate_on_submit() or not (form.code.data or form.answer.data):
        form.add_error("code", _("Type a code, or use your passkey."))
        return _second_step(form), 422
    person = service.find(person_id)
    browser = web.browser(person.email, is_kept=bool(pending["kept"])).before(person)
    try:
        entry = entering.second_step(
            pending["token"], browser, code=form.code.data or "", answer=form.answer.data or ""
        )
    except limits.TooMany as many:
        form.add_error("code", _("There were too many wrong codes. Please wait an hour."))
        return _second_step(form), 429, {"Retry-After": str(many.retry_after)}
    except service.Refused as error:
        form.add_error("code", _wrong(error))
        return _second_step(form), 422
    return _arrive(entry, local_path(pending["next"], ""), is_kept=browser.is_kept)


def _closed() -> str:
    """What only whoever has shown the right password or passkey reads."""
    return _("This account is closed until it is settled whose it is. We have written to its e-mail addresses.")


def _wrong(error: service.Refused) -> str:
    if error.why == "closed":
        return _closed()
    if error.why == "passkey":
        return _("That did not work with this passkey. Try again, or type a code.")
    return _("This code is not right, or it was used already. The app shows a new one every half minute.")


def _second_step(form: SecondStepForm) -> str:
    person_id = _who_waits()
    mine = factors.of(person_id) if person_id is not None else None
    form.answer.data = ""
    return render_template("accounts/second_step.html", form=form, factors=mine)


def _pending() -> dict[str, Any]:
    found = cookie.get("second")
    return found if isinstance(found, dict) else {"token": "", "next": "", "kept": False}


def _who_waits() -> int | None:
    token = str(_pending()["token"])
    return entering.who_waits(token) if token else None


@views.post("/signout")
@requires(Permission.ACCOUNT_OWN)
def sign_out() -> Any:
    """End this session, here and on the server."""
    with atomic():
        sessions.end(identity().session_token)
    logout_user()
    return web.forget(make_response(back("pages.start")))


@views.get("/forgot")
@requires(Permission.SIGN_IN)
def forgot() -> str:
    """Where shall the link go?"""
    return render_template("accounts/forgot.html", form=ForgotForm(), is_sent=False)


@views.post("/forgot")
@requires(Permission.SIGN_IN, rate="auth")
def send_reset() -> Any:
    """One answer whether anybody has this address or not."""
    form = ForgotForm()
    if not form.validate_on_submit():
        return render_template("accounts/forgot.html", form=form, is_sent=False), 422
    service.forgot(form.email.data)
    return render_template("accounts/forgot.html", form=form, is_sent=True)


@views.get("/reset/<token>")
@requires(Permission.SIGN_IN, cache="never")
def reset(token: str) -> Any:
    """The form for a new password; opening it uses nothing up."""
    is_live = onetime.peek(token, "reset") is not None
    return no_referrer(render_template("accounts/reset.html", form=NewPasswordForm(), token=token, is_live=is_live))


@views.post("/reset/<token>")
@requires(Permission.SIGN_IN, rate="link", cache="never")
def set_password(token: str) -> Any:
    """Set it; every session of the account ends. It signs nobody in, and takes no second factor off."""
    form, row = NewPasswordForm(), onetime.peek(token, "reset")
    if row is None:
        return no_referrer(render_template("accounts/reset.html", form=form, token=token, is_live=False)), 410
    form.is_of(service.find(row.person_id))
    if not form.validate_on_submit():
        return no_referrer(render_template("accounts/reset.html", form=form, token=token, is_live=True)), 422
    try:
        person = service.set_password(token, form.password.data, web.memory_kib())
    except service.Refused:
        return no_referrer(render_template("accounts/reset.html", form=form, token=token, is_live=False)), 410
    response = make_response(back("accounts.sign_in"))
    if (
        identity().is_authenticated and not identity().is_confirmed
    ):  # here one was still in a sign-up beside this account
        logout_user()
        response = web.forget(response)
    web.remember(person)  # whoever guesses from elsewhere must not keep this device out
    flash(_("Your new password is set. You can sign in with it now."), "good")
    return response
