"""How one signs in: password, mail address, second factors, devices."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, abort, flash, make_response, render_template, request
from sqlalchemy import select

from neighbour.accounts import (
    again_views,
    factors,
    hooks,
    onetime,
    passkeys,
    service,
    sessions,
    totp,
    web,
)
from neighbour.accounts.factor_forms import AppForm, NewPasskeyForm
from neighbour.accounts.forms import ChangeEmailForm, ChangePasswordForm
from neighbour.accounts.models import LoginSession
from neighbour.accounts.signup_views import views
from neighbour.core import clock, qr, tokens
from neighbour.core.db import atomic, db
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity, person_number


def keeps_the_factor(view: Callable[..., Any]) -> Callable[..., Any]:
    """For whatever adds or takes a factor: one that is there has been shown in this session lately, the password alone is
    not enough (ASVS 5.0 V6.3.4) – a new factor would give the rights of the old one. Nobody has factors before their address
    is confirmed: an account that was made in somebody else's name would keep a way in for whoever made it."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        who = identity()
        if not who.is_confirmed:
            return back("accounts.sign_up_next")
        if not who.has_strong_session and factors.has_any(person_number()):
            return again_views.ask_for_factor()
        return view(*args, **kwargs)

    return guarded


@views.get("/me/access")
@requires(Permission.ACCOUNT_OWN)
def access() -> str:
    """E-mail, password, second factors, devices."""
    here = tokens.hash_token(identity().session_token)
    devices = [
        {
            "name": row.device,
            "since": row.created_at,
            "seen_at": row.seen_at,
            "is_here": row.token_hash == here,
            "key": _name_of(row.token_hash),
        }
        for row in my_devices()
    ]
    mine = factors.of(person_number())
    return render_template(
        "accounts/access.html",
        person=web.me(),
        devices=devices,
        along=hooks.along_of(person_number()),
        factors=mine,
        wish=onetime.wish_of(web.me()),
        name_of=lambda key: _name_of(key.credential_id),
    )


@views.get("/me/password")
@requires(Permission.ACCOUNT_OWN, fresh=True)
def my_password() -> str:
    """The form for another password."""
    return render_template("accounts/my_password.html", form=ChangePasswordForm(prefix="p"), person=web.me())


@views.post("/me/password")
@requires(Permission.ACCOUNT_OWN, rate="auth", fresh=True)
def change_password() -> Any:
    """A new password; every other device is signed out."""
    form, person = ChangePasswordForm(prefix="p"), web.me()
    form.is_of(person)
    if form.validate_on_submit():
        had_calendar = bool(hooks.along_of(person.id))
        try:
            service.check_password(person, form.current.data, web.memory_kib())
            service.change_password(person, form.password.data, web.memory_kib(), keep_token=identity().session_token)
            web.remember(web.me())
            flash(_("Your new password is set. Every other device is signed out."), "good")
            if had_calendar:
                flash(
                    _("The secret addresses of your calendar ended with the old password. Make new ones if you want."),
                    "info",
                )
            return back("accounts.access")
        except service.Refused:
            form.add_error("current", _("This is not your current password."))
    return render_template("accounts/my_password.html", form=form, person=person), 422


@views.get("/me/email")
@requires(Permission.ACCOUNT_OWN, fresh=True)
def my_email() -> str:
    """The form for another address."""
    return _email_page(ChangeEmailForm(prefix="e"))


@views.post("/me/email")
@requires(Permission.ACCOUNT_OWN, rate="auth", fresh=True)
def change_email() -> Any:
    """Another address: it counts once it is confirmed; both are told."""
    form = ChangeEmailForm(prefix="e")
    if form.validate_on_submit():
        try:
            service.change_email(web.me(), form.email.data, web.piece())
            flash(
                _(
                    "Please look into the mailbox of the new address and confirm it there. Mostly the mail comes at once; it can"
                    " take up to an hour and a half."
                ),
                "info",
            )
            return back("accounts.access")
        except service.Refused:
            form.add_error("email", _("This is your address already."))
    return _email_page(form), 422


@views.post("/me/email/give-up")
@requires(Permission.ACCOUNT_OWN, rate="auth")
def give_up_email() -> Any:
    """The new address that waits for its confirmation is not wanted any more. Asks for nothing more: it may be somebody
    else's wish, and nobody gains anything by it."""
    with atomic():
        onetime.spoil(person_number())
    flash(_("The other address is given up. Links from mails sent until now no longer work."), "good")
    return back("accounts.access")


def _email_page(form: ChangeEmailForm) -> str:
    has_factor = factors.has_any(person_number())
    return render_template("accounts/my_email.html", form=form, person=web.me(), has_factor=has_factor)


@views.get("/me/passkeys/new")
@requires(Permission.ACCOUNT_OWN, fresh=True)
@keeps_the_factor
def new_passkey() -> str:
    """What a passkey is, and the button that makes one."""
    return _new_passkey(NewPasskeyForm(data={"name": web.device()}))


@views.post("/me/passkeys/options")
@requires(Permission.ACCOUNT_OWN, rate="auth", fresh=True)
@keeps_the_factor
def new_passkey_options() -> Response:
    """What the browser needs to make one."""
    options = passkeys.options_to_add(web.me(), identity().session_token)
    return Response(options, mimetype="application/json")


@views.post("/me/passkeys/new")
@requires(Permission.ACCOUNT_OWN, rate="auth", fresh=True)
@keeps_the_factor
def add_passkey() -> Any:
    """Keep what the browser has made."""
    form, token = NewPasskeyForm(), identity().session_token
    if not form.validate_on_submit():
        return _new_passkey(form), 422
    had_codes = factors.of(person_number()).codes_left
    try:
        new = passkeys.add(person_number(), form.answer.data or "", form.name.data or "", holder=token, token=token)
    except service.Refused:
        form.add_error("name", _("That did not work. Please try again, perhaps with another device."))
        return _new_passkey(form), 422
    web.renew(new)
    flash(_("Your passkey is there. Every other device is signed out."), "good")
    return back("accounts.access" if had_codes else "accounts.recovery_codes")


def _new_passkey(form: NewPasskeyForm) -> str:
    form.answer.data = ""
    return render_template("accounts/new_passkey.html", form=form)


@views.post("/me/passkeys/remove")
@requires(Permission.ACCOUNT_OWN, fresh=True)
@keeps_the_factor
def remove_passkey() -> Any:
    """One passkey goes."""
    wanted = request.form.get("passkey", "")
    mine = factors.of(person_number()).passkeys
    number = next((key.id for key in mine if _name_of(key.credential_id) == wanted), None)
    if number is None:
        abort(404)
    factors.remove_passkey(person_number(), number, token=identity().session_token)
    flash(_("The passkey no longer works here. Remove it on the device, too."), "good")
    return back("accounts.access")


@views.get("/me/app")
@requires(Permission.ACCOUNT_OWN, fresh=True)
@keeps_the_factor
def new_app() -> str:
    """The picture for the app, and the field for its first digits."""
    seed = totp.new_seed()
    return _app(AppForm(data={"seed": totp.carry(identity().public_id, seed)}), seed)


@views.post("/me/app")
@requires(Permission.ACCOUNT_OWN, rate="auth", fresh=True)
@keeps_the_factor
def add_app() -> Any:
    """The digits fit: the app is taken, instead of the one before."""
    form = AppForm()
    seed = totp.carried(identity().public_id, form.seed.data or "")
    if seed is None:
        flash(_("This page was open for too long. Here is a new picture for your app."), "stop")
        return back("accounts.new_app")
    if not form.validate_on_submit():
        return _app(form, seed), 422
    had_codes = factors.of(person_number()).codes_left
    new = factors.add_app(person_number(), seed, form.code.data or "", token=identity().session_token)
    if new is None:
        form.add_error("code", _("These are not the digits of this app now. Does your phone show the right time?"))
        return _app(form, seed), 422
    web.renew(new)
    flash(_("Your app is set up. Every other device is signed out."), "good")
    return back("accounts.access" if had_codes else "accounts.recovery_codes")


def _app(form: AppForm, seed: str) -> str:
    person = web.me()
    address = totp.address(seed, account=person.email, issuer=_("Neighbour"))
    groups = " ".join(seed[at : at + 4] for at in range(0, len(seed), 4))
    has_one = factors.of(person.id).authenticator is not None
    return render_template(
        "accounts/new_app.html",
        form=form,
        drawn=qr.drawn(address),
        address=address,
        groups=groups,
        has_one=has_one,
    )


@views.post("/me/app/remove")
@requires(Permission.ACCOUNT_OWN, fresh=True)
@keeps_the_factor
def remove_app() -> Any:
    """The app goes."""
    factors.remove_app(person_number(), token=identity().session_token)
    flash(_("The app is no longer asked for."), "good")
    return back("accounts.access")


@views.get("/me/recovery-codes")
@requires(Permission.ACCOUNT_OWN, fresh=True)
@keeps_the_factor
def recovery_codes() -> str:
    """How many are left; the codes themselves are shown once only, when they are made."""
    mine = factors.of(person_number())
    made = factors.name_of_codes(person_number())
    return render_template("accounts/recovery_codes.html", factors=mine, codes=(), made_at=None, instead_of=made)


@views.post("/me/recovery-codes")
@requires(Permission.ACCOUNT_OWN, rate="auth", fresh=True)
@keeps_the_factor
def make_recovery_codes() -> Any:
    """Ten new ones, to be printed or written down; the old ones work no more. The form says which those are: sent twice, or
    read anew, it does not void the codes that were printed a moment ago."""
    before = factors.of(person_number())
    if not before:
        return back("accounts.access")
    now = factors.name_of_codes(person_number())
    if request.form.get("instead_of", now) != now:
        flash(_("These codes were made already. If you have not written them down, make new ones."), "info")
        return back("accounts.recovery_codes")
    codes = factors.renew_codes(person_number())
    made = {"codes": codes, "made_at": clock.now(), "had_codes": bool(before.codes_left)}
    return render_template("accounts/recovery_codes.html", factors=factors.of(person_number()), **made)


@views.post("/me/devices/end")
@requires(Permission.ACCOUNT_OWN)
def end_device() -> Any:
    """Sign one device out, or all the others, or all, with which what reads along ends, too; or end one of these. Asks for
    nothing more: whoever wants to shut somebody out is in a hurry, and nobody gains anything by it."""
    mine, which = identity(), request.form.get("device", "")
    along = next((each for each in hooks.along_of(person_number()) if each.key == which), None)
    with atomic():
        if which in ("others", "all"):
            sessions.end_all(person_number(), except_token=mine.session_token if which == "others" else "")
            hooks.end_along(person_number())
        elif along is not None:
            hooks.end_along(person_number(), along.key)
        else:
            number = next((row.token_hash for row in my_devices() if _name_of(row.token_hash) == which), None)
            if number is None:
                abort(404)
            sessions.end_elsewhere(person_number(), number)
    if which == "all":
        response = web.forget(make_response(back("accounts.sign_in")))
        flash(_("You are signed out everywhere."), "good")
        return response
    flash(_("This address shows your calendar no more.") if along else _("Signed out there."), "good")
    return back("accounts.access")


@views.app_errorhandler(sessions.Over)
def went_on(_error: sessions.Over) -> Any:
    """Sent twice, and the first one has gone through under another token: whoever has that sees what came of it, whoever
    has not signs in."""
    return back("accounts.access")


def my_devices() -> list[LoginSession]:
    """Where this person is signed in, the latest first."""
    mine = select(LoginSession).where(
        LoginSession.person_id == identity().person_id,
        LoginSession.expires_at > clock.now(),
        LoginSession.ends_at > clock.now(),
    )
    return list(db.session.scalars(mine.order_by(LoginSession.seen_at.desc())))


def _name_of(key: bytes) -> str:
    """What a form calls a session or a passkey: part of a hash of it, of no use elsewhere."""
    return tokens.hash_token(key.hex()).hex()[:20]
