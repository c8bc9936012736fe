"""Pages of the two mailboxes that both say an account is theirs (``disputes``), open to whoever holds one of the links."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, url_for

from neighbour.accounts import disputes, passkeys, service
from neighbour.accounts.factor_forms import SecondStepForm
from neighbour.accounts.signup_views import views
from neighbour.core import limits
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back, no_referrer
from neighbour.policy import Permission, requires


@views.get("/dispute/<token>")
@requires(Permission.SIGN_IN, cache="never")
def dispute(token: str) -> Any:
    """How it stands, and what this mailbox can do; opening it changes nothing."""
    return _page(token, SecondStepForm(formdata=None))


@views.post("/dispute/<token>/object")
@requires(Permission.SIGN_IN, rate="link", cache="never")
def object_to_dispute(token: str) -> Any:
    """The button of the newer mailbox: the account is mine."""
    try:
        disputes.object_to(token)
    except service.Refused:
        return _page(token, SecondStepForm(formdata=None)), 410
    flash(_("Thank you. The account stays closed, and the operator decides."), "good")
    return back("accounts.dispute", token=token)


@views.post("/dispute/<token>/options")
@requires(Permission.SIGN_IN, rate="link", cache="never")
def dispute_options(token: str) -> Any:
    """What a passkey is to sign; the same for every account, so that no mailbox learns whether it has one."""
    side = disputes.side_of(token)
    if side is None or not side.is_open:
        return Response("{}", 403, mimetype="application/json")
    options = passkeys.options_to_sign(token, disputes.PURPOSE)
    return Response(options, mimetype="application/json")


@views.post("/dispute/<token>")
@requires(Permission.SIGN_IN, rate="link", cache="never")
def settle_dispute(token: str) -> Any:
    """Show a second factor that was there before all this."""
    form = SecondStepForm()
    if not form.validate_on_submit() or not (form.code.data or form.answer.data):
        form.add_error("code", _("Type a code, or use your passkey."))
        return _page(token, form), 422
    try:
        to_set = disputes.show_factor(token, code=form.code.data or "", answer=form.answer.data or "")
    except limits.TooMany as many:
        form.add_error("code", _("There were too many wrong codes. Please wait until tomorrow."))
        return _page(token, form), 429, {"Retry-After": str(many.retry_after)}
    except service.Refused as error:
        if error.why == "used_or_old":
            return _page(token, SecondStepForm(formdata=None)), 410
        form.add_error("code", _why(error))
        return _page(token, form), 422
    if to_set:
        flash(_("That settles it: your old address counts again. Now set a new password."), "good")
        return redirect(url_for("accounts.reset", token=to_set), 303)
    flash(_("That settles it: everything stays as it is. You can sign in again."), "good")
    return back("accounts.sign_in")


def _why(error: service.Refused) -> str:
    if error.why == "dead":
        return _("There were too many wrong codes here, so none counts any more. The operator decides.")
    if error.why == "young":
        return _("That came less than three days before the change, so it settles nothing. Use an older one.")
    if error.why == "passkey":
        return _("That did not work with this passkey. Try again, or type a code.")
    return _("This code is not right, or it was used already. The app shows a new one every half minute.")


def _page(token: str, form: SecondStepForm) -> Response:
    side = disputes.side_of(token)
    form.answer.data = ""
    return no_referrer(render_template("accounts/dispute.html", token=token, side=side, form=form))
