"""Is it you? What stands in front of the important pages, and what staff see who have not shown their second factor.

Whoever has been signed in for a while shows once more that it is them: password, app or passkey. What was typed into the
form that asked is carried along and sent on by the answer (307: the same method and fields again), but for passwords.
"""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, render_template, request, url_for

from neighbour.accounts import entering, factors, passkeys, service, sessions, web
from neighbour.accounts.factor_forms import AgainForm
from neighbour.accounts.signup_views import views
from neighbour.core import limits
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.web import local_path
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity, person_number

PREFIX = "again"
SECRETS = ("password", "current", "csrf_token", "answer")  # what a field is called, or ends in, that is not carried


def ask_again() -> Any:
    """What a view marked ``fresh`` says to whoever has not shown lately who they are."""
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("accounts.again", next=_here()), 303)
    return _page(AgainForm(formdata=None, prefix=PREFIX, data={"then": _here()}), _typed()), 403


def ask_for_factor() -> Any:
    """Who has not shown a second factor in this session, and needs one here: staff, and whoever changes their factors. 403,
    and how to mend it."""
    asked = {"only_factor": "1", ("next" if request.method in ("GET", "HEAD") else "then"): _here()}
    form = AgainForm(formdata=None, prefix=PREFIX, data=asked)
    return _page(form, () if "next" in asked else _typed()), 403


@views.get("/me/again")
@requires(Permission.ACCOUNT_OWN)
def again() -> str:
    """The page that asks. ``next`` is kept if it is a path of this site."""
    return _page(AgainForm(formdata=None, prefix=PREFIX, data={"next": local_path(request.args.get("next"), "")}))


@views.post("/me/again/options")
@requires(Permission.ACCOUNT_OWN, rate="auth")
def again_options() -> Response:
    """What one of one's own passkeys is to sign."""
    options = passkeys.options_to_sign(identity().session_token, passkeys.AGAIN, person_number())
    return Response(options, mimetype="application/json")


@views.post("/me/again")
@requires(Permission.ACCOUNT_OWN, rate="auth")
def show_again() -> Any:
    """One of the three; then back to where one was, with what was typed there."""
    form = AgainForm(prefix=PREFIX)
    if not form.validate_on_submit():
        return _page(form, _typed()), 422
    try:
        _show(form)
    except service.Refused as error:
        form.add_error(*_wrong(error, form))
        return _page(form, _typed()), 422
    except limits.TooMany as many:
        form.add_error(_asked(form), _("There were too many wrong answers. Please wait an hour."))
        return _page(form, _typed()), 429, {"Retry-After": str(many.retry_after)}
    if form.then.data:
        return redirect(local_path(form.then.data, url_for("accounts.access")), 307)
    return redirect(local_path(form.next.data, url_for("accounts.access")), 303)


def _show(form: AgainForm) -> None:
    person, token = web.me(), identity().session_token
    if form.code.data or form.answer.data:
        web.renew(entering.show_again(person, token, code=form.code.data or "", answer=form.answer.data or ""))
        return
    if form.only_factor.data or not form.password.data:
        raise service.Refused("empty")
    service.check_password(person, form.password.data, web.memory_kib())
    with atomic():
        sessions.show_again(token, is_strong=False)


def _asked(form: AgainForm) -> str:
    return "code" if form.code.data or form.answer.data or form.only_factor.data else "password"


def _wrong(error: service.Refused, form: AgainForm) -> tuple[str, str]:
    if error.why == "empty":
        return _asked(form), _("One of these, please.")
    if error.why == "passkey":
        return _asked(form), _("That did not work with this passkey. Try again, or take another way.")
    if _asked(form) == "code":
        return "code", _("This code is not right, or it was used already. The app shows a new one every half minute.")
    return "password", _("This is not your current password.")


def _page(form: AgainForm, typed: Any = ()) -> str:
    form.answer.data = ""
    template = "accounts/factor_needed.html" if form.only_factor.data and identity().is_staff else "accounts/again.html"
    return render_template(template, form=form, typed=typed, factors=factors.of(person_number()))


def _here() -> str:
    return local_path(request.full_path.rstrip("?"), "")


def _typed() -> list[tuple[str, str]]:
    """The fields of the form that was sent, as they go on with the answer."""
    return [
        (name, text)
        for name, text in request.form.items(multi=True)
        if not name.startswith(PREFIX + "-") and not name.endswith(SECRETS)
    ]
