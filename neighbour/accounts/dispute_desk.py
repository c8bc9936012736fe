"""Accounts that two mailboxes say are theirs, on the operator's desk: how each stands, the links sent again, and the operator's
word (``dispute_deciding``). For an operator who is party to one it does not exist."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, render_template
from wtforms.fields import SelectChoice

from neighbour.accounts import dispute_deciding, disputes, hooks
from neighbour.accounts.addresses import fold
from neighbour.accounts.dispute_deciding import Undecided
from neighbour.accounts.dispute_parties import for_operator
from neighbour.accounts.forms import DecisionForm, TurnRoundForm
from neighbour.accounts.models import Dispute, DisputeState
from neighbour.accounts.signup_views import views
from neighbour.core import clock
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
    """All that go on, oldest first, and below those that silence has decided within thirty days."""
    me = person_number()
    silent: dict[str, Dispute] = {}
    for account, row in dispute_deciding.silent_by_account(me):
        silent.setdefault(account, row)  # one page tells all of an account
    return render_template(
        "accounts/dispute_desk.html",
        rows=dispute_deciding.by_account(me),
        silent=list(silent.items()),
        links_end=dispute_deciding.links_end,
        now=clock.now(),
    )


@views.get("/desk/disputes/<account>")
@requires(Permission.OPERATE)
def dispute_at_desk(account: str) -> str:
    """One of them, with both mail addresses, for the operator has to write to both."""
    return _page(account, _open(account), DecisionForm())


@views.post("/desk/disputes/<account>/letterbox")
@requires(Permission.OPERATE)
def open_letterbox(account: str) -> str:
    """The names and addresses to which the operator writes or goes, as they were proven; every look is written down."""
    row = _open(account)
    if row.state != DisputeState.OBJECTED:
        abort(404)
    with atomic():
        letterbox = hooks.letterbox_of(row.person_id, person_number())
    return _page(account, row, DecisionForm(formdata=None), letterbox, has_looked=True)


@views.post("/desk/disputes/<account>/links")
@requires(Permission.OPERATE)
def send_dispute_links(account: str) -> Any:
    """A new link for both sides."""
    try:
        dispute_deciding.send_links(_open(account).id, by=person_number())
    except Undecided as error:
        if error.why != "links":
            abort(404)
        flash(_("The links were sent within the last day. Once a day is enough."), "stop")
    else:
        flash(_("Both addresses get a new link. The old ones work until it is on its way."), "good")
    return back("accounts.dispute_at_desk", account=account)


@views.post("/desk/disputes/<account>")
@requires(Permission.OPERATE)
def decide_dispute(account: str) -> Any:
    """The operator's word."""
    row, form = _open(account), DecisionForm()
    if not form.validate_on_submit():
        return _page(account, row, form), 422
    try:
        dispute_deciding.decide(row.id, form.side.data, by=person_number())
    except ValueError:
        abort(404)
    flash(_("Decided. Both addresses get a mail."), "good")
    return back("accounts.dispute_desk")


@views.get("/desk/disputes/<account>/silence")
@requires(Permission.OPERATE)
def silence_at_desk(account: str) -> str:
    """What silence has decided about one account, and until when that can be turned round."""
    rows = _silent(account)
    return _silence_page(account, rows, _turn_form(rows))


@views.post("/desk/disputes/<account>/silence")
@requires(Permission.OPERATE)
def turn_round(account: str) -> Any:
    """Give the account to the newer mailbox after all, with a reason."""
    rows = _silent(account)
    form = _turn_form(rows)
    if not form.validate_on_submit():
        return _silence_page(account, rows, form), 422
    row = next(row for row in rows if fold(row.new_email) == form.mailbox.data)
    try:
        dispute_deciding.decide(row.id, disputes.NEW, by=person_number(), reason=form.reason.data)
    except Undecided as error:
        if error.why not in REFUSED:
            abort(404)
        form.add_error("reason", str(REFUSED[error.why]))
        return _silence_page(account, rows, form), 409
    flash(_("Turned round. Both addresses get a mail."), "good")
    return back("accounts.dispute_desk")


REFUSED = {
    "quarrel": __("There is a new quarrel about this account. Decide that one."),
    "taken": __("Somebody else has the newer address by now, so the account cannot have it back."),
}


def _open(account: str) -> Dispute:
    row = next((each for public_id, each in dispute_deciding.by_account(person_number()) if public_id == account), None)
    if row is None:
        abort(404)
    return row


def _silent(account: str) -> list[Dispute]:
    """What silence has decided about this account, newest first: one for each newer mailbox."""
    found: dict[str, Dispute] = {}
    for public_id, row in dispute_deciding.silent_by_account(person_number()):
        if public_id == account:
            found.setdefault(fold(row.new_email), row)
    if not found:
        abort(404)
    return list(found.values())


def _turn_form(rows: list[Dispute]) -> TurnRoundForm:
    """The form that asks why, and to which mailbox where there is a choice."""
    form = TurnRoundForm()
    form.mailbox.choices = [SelectChoice(fold(row.new_email), row.new_email) for row in rows]
    if len(rows) == 1:
        form.mailbox.data = fold(rows[0].new_email)
    return form


def _page(
    account: str,
    row: Dispute,
    form: DecisionForm,
    letterbox: hooks.Letterbox | None = None,
    *,
    has_looked: bool = False,
) -> str:
    return render_template(
        "accounts/dispute_desk_one.html",
        account=account,
        row=row,
        form=form,
        letterbox=letterbox,
        has_looked=has_looked,
        links_end=dispute_deciding.links_end(row),
        links_from=dispute_deciding.links_from(row),
        now=clock.now(),
    )


def _silence_page(account: str, rows: list[Dispute], form: TurnRoundForm) -> str:
    return render_template(
        "accounts/dispute_desk_silence.html", account=account, rows=rows, form=form, until=dispute_deciding.turns_until
    )


def _waiting() -> Waiting:
    """Only those for whose word is waited: the others settle themselves."""
    since = [each.objected_at for each in for_operator(dispute_deciding.waiting(), person_number()) if each.objected_at]
    return Waiting(len(since), min(since, default=None))


ON_THE_DESK: dict[str, Any] = {
    "order": 15,
    "endpoint": "accounts.dispute_desk",
    "label": __("Whose account is it?"),
    "hint": __("Accounts that two mailboxes say are theirs."),
    "permission": Permission.OPERATE,
    "count": _waiting,
}
