"""Signing in and out, and a new password when the old one is forgotten."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_login import logout_user

from neighbour.accounts import onetime, service, sessions, web
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
    return render_template("accounts/signin.html", form=SignInForm(), next=local_path(request.args.get("next"), ""))


@views.post("/signin")
@requires(Permission.SIGN_IN, rate="auth")
def begin() -> Any:
    """Sign in; one answer for a wrong address and a wrong password."""
    form = SignInForm()
    goes_to = local_path(request.form.get("next"), "")
    if not form.validate_on_submit():
        return render_template("accounts/signin.html", form=form, next=goes_to), 422
    try:
        token = service.sign_in(
            form.email.data,
            form.password.data,
            is_kept=form.is_kept.data,
            device=web.device(),
            memory_kib=web.memory_kib(),
            source=limits.network(request.remote_addr),
            is_known=web.knows(form.email.data),
        )
    except service.Refused:
        form.add_error("password", _("E-mail and password do not belong together."))
        return render_template("accounts/signin.html", form=form, next=goes_to), 422
    except limits.TooMany as many:
        form.add_error("password", _("There were too many wrong passwords. Wait an hour, or set a new one by mail."))
        page = render_template("accounts/signin.html", form=form, next=goes_to)
        return page, 429, {"Retry-After": str(many.retry_after)}
    who = web.begin(token, is_kept=form.is_kept.data)
    web.remember(form.email.data)
    home = url_for("feed.board") if who.quarters else url_for("accounts.sign_up_next")
    return redirect(goes_to or home, 303)


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
@requires(Permission.SIGN_IN, rate="auth", cache="never")
def set_password(token: str) -> Any:
    """Set it; every session of the account ends."""
    form = NewPasswordForm()
    if onetime.peek(token, "reset") is None:
        return no_referrer(render_template("accounts/reset.html", form=form, token=token, is_live=False)), 410
    if not form.validate_on_submit():
        return no_referrer(render_template("accounts/reset.html", form=form, token=token, is_live=True)), 422
    try:
        person = service.set_password(token, form.password.data, web.memory_kib())
    except service.Refused:
        return no_referrer(render_template("accounts/reset.html", form=form, token=token, is_live=False)), 410
    web.remember(person.email)  # whoever guesses from elsewhere must not keep this device out
    flash(_("Your new password is set. You can sign in with it now."), "good")
    return back("accounts.sign_in")
