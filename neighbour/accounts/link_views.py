"""The links in mails by which an owner keeps their account: each a page with a button, open to whoever holds the link."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, url_for
from flask import session as cookie

from neighbour.accounts import care, disputes, onetime, service, taking_back
from neighbour.accounts.signup_views import views
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back, no_referrer
from neighbour.policy import Permission, requires


@views.get("/undo-email/<token>")
@requires(Permission.SIGN_IN, cache="never")
def undo_email(token: str) -> Any:
    """The link in the old mailbox: a page with a button; opening it changes nothing."""
    return _undo(token, taking_back.left_behind(token) is not None)


@views.post("/undo-email/<token>")
@requires(Permission.SIGN_IN, rate="link", cache="never")
def take_back_email(token: str) -> Any:
    """The button: the account is closed, and both mailboxes are told (``disputes``)."""
    try:
        to_set, side = disputes.by_email(token)
    except service.Refused:
        return _undo(token, False), 410
    if to_set:
        return _to_password(to_set)
    return _to_dispute(side) if side else _undo(token, False, is_disputed=True)


def _to_dispute(side: str) -> Any:
    cookie.pop("second", None)
    flash(_("The account is closed, and everybody is signed out."), "good")
    return back("accounts.dispute", token=side)


def _to_password(to_set: str) -> Any:
    cookie.pop("second", None)
    flash(_("That is taken back, and everybody is signed out. Now set a new password."), "good")
    return redirect(url_for("accounts.reset", token=to_set), 303)


def _undo(token: str, is_live: bool, *, is_disputed: bool = False) -> Response:
    page = render_template("accounts/undo_email.html", token=token, is_live=is_live, is_disputed=is_disputed)
    return no_referrer(page)


@views.get("/undo-factor/<token>")
@requires(Permission.SIGN_IN, cache="never")
def undo_factor(token: str) -> Any:
    """The link of the mail that tells of a new way to sign in: a page with a button; opening it changes nothing."""
    return _undo_factor(token, taking_back.is_open(token))


@views.post("/undo-factor/<token>")
@requires(Permission.SIGN_IN, rate="link", cache="never")
def take_back_factor(token: str) -> Any:
    """The button: everything is as it was before, everybody is signed out, and a new password is asked for. Where the account has
    another address since, it is closed instead."""
    try:
        to_set, side = disputes.by_factor(token)
    except service.Refused:
        return _undo_factor(token, False), 410
    if not to_set:
        return _to_dispute(side) if side else _undo(token, False, is_disputed=True)
    return _to_password(to_set)


def _undo_factor(token: str, is_live: bool) -> Response:
    return no_referrer(render_template("accounts/undo_factor.html", token=token, is_live=is_live))


@views.get("/stop-reset/<token>")
@requires(Permission.SIGN_IN, cache="never")
def stop_reset(token: str) -> Any:
    """The link of the mail that announces the end of one's second step: a page with a button."""
    return _stop(token, onetime.peek(token, onetime.STOP) is not None)


@views.post("/stop-reset/<token>")
@requires(Permission.SIGN_IN, rate="link", cache="never")
def object_to_reset(token: str) -> Any:
    """The button: everything stays as it is."""
    try:
        care.stop(token)
    except service.Refused:
        return _stop(token, False), 410
    flash(_("Good that you looked. Your second step stays as it is."), "good")
    return back("accounts.sign_in")


def _stop(token: str, is_live: bool) -> Response:
    return no_referrer(render_template("accounts/stop_reset.html", token=token, is_live=is_live))
