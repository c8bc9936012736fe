"""What concerns oneself: language, e-mail, password, devices. How one appears is in ``appearance_views``."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, render_template, request
from flask import session as cookie
from sqlalchemy import delete, select

from neighbour.accounts import hooks, service, sessions, web
from neighbour.accounts.forms import ChangeEmailForm, ChangePasswordForm, LanguageForm
from neighbour.accounts.models import LoginSession
from neighbour.accounts.signup_views import views
from neighbour.core import clock, i18n, tokens
from neighbour.core.db import atomic, db
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back
from neighbour.notices.base import lists
from neighbour.notices.service import subscriptions_of
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity, person_number


@views.get("/me")
@requires(Permission.ACCOUNT_OWN)
def me() -> str:
    """The hub of everything about oneself."""
    person, mine = web.me(), subscriptions_of(person_number())
    digest = mine.get("digest")
    return render_template(
        "accounts/me.html",
        person=person,
        home=hooks.home_of(person.id),
        digest=digest,
        is_paused=bool(digest and digest.paused_until and digest.paused_until >= clock.today(i18n.zone())),
        mails=[
            each.list_title for name, each in lists().items() if name != "digest" and name in mine and mine[name].is_on
        ],
        devices=len(_devices()),
    )


@views.post("/me/language")
@requires(Permission.ACCOUNT_OWN)
def language() -> Any:
    """The language of pages and mails."""
    form = LanguageForm()
    if form.validate_on_submit():
        with atomic():
            web.me().language = form.language.data
        cookie.pop("language", None)
        flash(_("Saved."), "good")
    return back("accounts.me")


@views.get("/me/access")
@requires(Permission.ACCOUNT_OWN)
def access() -> str:
    """E-mail, password, devices."""
    return _access(ChangePasswordForm(prefix="p"), ChangeEmailForm(prefix="e"))


@views.post("/me/password")
@requires(Permission.ACCOUNT_OWN, rate="auth")
def change_password() -> Any:
    """A new password; every other device is signed out."""
    form = ChangePasswordForm(prefix="p")
    if form.validate_on_submit():
        person = web.me()
        try:
            service.check_password(person, form.current.data, web.memory_kib())
            service.change_password(person, form.password.data, web.memory_kib(), keep_token=identity().session_token)
            flash(_("Your new password is set. Every other device is signed out."), "good")
            return back("accounts.access")
        except service.Refused:
            form.add_error("current", _("This is not your current password."))
    return _access(form, ChangeEmailForm(formdata=None, prefix="e")), 422


@views.post("/me/email")
@requires(Permission.ACCOUNT_OWN, rate="auth")
def change_email() -> Any:
    """Another address: it counts once it is confirmed; the old one is told."""
    form = ChangeEmailForm(prefix="e")
    if form.validate_on_submit():
        person = web.me()
        try:
            service.check_password(person, form.current.data, web.memory_kib())
            service.change_email(person, form.email.data)
            flash(_("Please look into the mailbox of the new address and confirm it there."), "info")
            return back("accounts.access")
        except service.Refused as error:
            if error.why == "same":
                form.add_error("email", _("This is your address already."))
            else:
                form.add_error("current", _("This is not your current password."))
    return _access(ChangePasswordForm(formdata=None, prefix="p"), form), 422


@views.post("/me/devices/end")
@requires(Permission.ACCOUNT_OWN)
def end_device() -> Any:
    """Sign one device out, or all the others."""
    mine, which = identity(), request.form.get("device", "")
    with atomic():
        if which == "others":
            sessions.end_all(person_number(), except_token=mine.session_token)
        else:
            number = next((row.token_hash for row in _devices() if _name_of(row.token_hash) == which), None)
            if number is None:
                abort(404)
            db.session.execute(delete(LoginSession).where(LoginSession.token_hash == number))
    flash(_("Signed out there."), "good")
    return back("accounts.access")


def _access(password: ChangePasswordForm, email: ChangeEmailForm) -> str:
    here = tokens.hash_token(identity().session_token)
    devices = [
        {"name": row.device, "seen_at": row.seen_at, "is_here": row.token_hash == here, "key": _name_of(row.token_hash)}
        for row in _devices()
    ]
    return render_template("accounts/access.html", person=web.me(), password=password, email=email, devices=devices)


def _devices() -> list[LoginSession]:
    mine = select(LoginSession).where(
        LoginSession.person_id == identity().person_id,
        LoginSession.expires_at > clock.now(),
        LoginSession.ends_at > clock.now(),
    )
    return list(db.session.scalars(mine.order_by(LoginSession.seen_at.desc())))


def _name_of(token_hash: bytes) -> str:
    """What a form calls a session: part of a hash of the hash, of no use elsewhere."""
    return tokens.hash_token(token_hash.hex()).hex()[:20]
