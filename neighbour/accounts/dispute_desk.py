"""Accounts that two mailboxes say are theirs, on the operator's desk: how each stands, and the operator's word (``disputes``)."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, render_template

from neighbour.accounts import disputes, hooks
from neighbour.accounts.forms import DecisionForm
from neighbour.accounts.models import Dispute, DisputeState
from neighbour.accounts.signup_views import views
from neighbour.core.db import atomic
from neighbour.core.desk import Waiting
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.web import back
from neighbour.policy import Permission, requires
from neighbour.policy.gate import person_number


@views.get("/desk/disputes")
@requires(Permission.OPERATE)
def dispute_desk() -> str:
    """All that go on, oldest first."""
    return render_template("accounts/dispute_desk.html", rows=disputes.by_account())


@views.get("/desk/disputes/<account>")
@requires(Permission.OPERATE)
def dispute_at_desk(account: str) -> str:
    """One of them, with both mail addresses, for the operator has to write to both."""
    return _page(_open(account), DecisionForm())


@views.post("/desk/disputes/<account>/letterbox")
@requires(Permission.OPERATE)
def open_letterbox(account: str) -> str:
    """The name and address to which the operator writes or goes; every look is written down."""
    row = _open(account)
    if row.state != DisputeState.OBJECTED:
        abort(404)
    with atomic():
        lines = hooks.letterbox_of(row.person_id, person_number())
    return _page(row, DecisionForm(formdata=None), lines)


@views.post("/desk/disputes/<account>")
@requires(Permission.OPERATE)
def decide_dispute(account: str) -> Any:
    """The operator's word."""
    row, form = _open(account), DecisionForm()
    if not form.validate_on_submit():
        return _page(row, form), 422
    try:
        disputes.decide(row.id, form.side.data, by=person_number())
    except ValueError:
        abort(404)
    flash(_("Decided. Both addresses get a mail."), "good")
    return back("accounts.dispute_desk")


def _open(account: str) -> Dispute:
    row = next((each for public_id, each in disputes.by_account() if public_id == account), None)
    if row is None:
        abort(404)
    return row


def _page(row: Dispute, form: DecisionForm, letterbox: tuple[str, ...] | None = None) -> str:
    return render_template(
        "accounts/dispute_desk_one.html", account=disputes.account_of(row), row=row, form=form, letterbox=letterbox
    )


def _waiting() -> Waiting:
    """Only those for whose word is waited: the others settle themselves."""
    since = [each.objected_at for each in disputes.listed() if each.objected_at]
    return Waiting(len(since), min(since, default=None))


ON_THE_DESK: dict[str, Any] = {
    "order": 15,
    "endpoint": "accounts.dispute_desk",
    "label": __("Whose account is it?"),
    "hint": __("Accounts that two mailboxes say are theirs."),
    "permission": Permission.OPERATE,
    "count": _waiting,
}
