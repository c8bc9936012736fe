"""What is said by mail while two mailboxes say that an account is theirs (``disputes``): to both the same, each with its link."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from neighbour.accounts.models import DISPUTED, Dispute, DisputeState, Person
from neighbour.accounts.notices import of_somebody_leaving
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.web import site_url
from neighbour.notices.base import Mailbox, Notice, Skip

PASSWORD_FOR = timedelta(hours=24)


class OfDispute(Notice):
    """Base of the three; the payload says to which mailbox, and for which side."""

    key = "accounts.dispute"
    title = __("Whose your account is")

    def mailbox(self, person_id: int) -> Mailbox | None:
        """Also of an account that is being left: where the mail goes says its payload."""
        return super().mailbox(person_id) or of_somebody_leaving(person_id)

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Mints the link of this side; nothing when the quarrel is over, or another mailbox has this one's place."""
        from neighbour.accounts import disputes

        row = db.session.get(Dispute, payload["dispute"], populate_existing=True)
        if row is None or row.state not in DISPUTED or row.change_id != payload["change"]:
            raise Skip
        url = site_url(f"/dispute/{disputes.mint(row, payload['side'])}")
        if row.state == DisputeState.WAITING and payload["side"] == disputes.NEW:
            row.due_at = clock.now() + disputes.OBJECT_FOR  # counted from when they are asked
        return {**self.preview(), "url": url, "is_old": payload["side"] == disputes.OLD, "due_at": row.due_at}

    def preview(self) -> dict[str, Any]:
        due_at = datetime(2026, 5, 13, 8, 0, tzinfo=UTC)
        return {
            "url": site_url("/dispute/beispiel"),
            "is_old": False,
            "due_at": due_at,
            "imprint_url": site_url("/imprint"),
        }


del Notice.registry["accounts.dispute"]  # nobody gets the base


class Begun(OfDispute):
    """The account is closed; what can be done now."""

    key = "accounts.dispute_begun"
    title = __("Your account is closed for now")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your account is closed for now")


class Objected(OfDispute):
    """Both say that it is theirs; the operator decides."""

    key = "accounts.dispute_objected"
    title = __("The operator decides about your account")

    def subject(self, context: dict[str, Any]) -> str:
        return _("The operator decides about your account")


class Settled(OfDispute):
    """What came of it, and the link for a new password where the older mailbox has it back."""

    key = "accounts.dispute_settled"
    title = __("Whose your account is, is settled")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Whose the account is, is settled")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Mints the link for a new password."""
        from neighbour.accounts import disputes, onetime

        row = db.session.get(Dispute, payload["dispute"], populate_existing=True)
        if row is None or row.state in DISPUTED:
            raise Skip
        is_old = payload["side"] == disputes.OLD
        has_it = is_old is (row.state == DisputeState.OLD)
        url = site_url("/signin")
        if payload["sets"] and has_it:
            url = site_url(f"/reset/{onetime.mint(person_id, 'reset', '', PASSWORD_FOR)}")
        return {**self.preview(), "url": url, "has_it": has_it, "sets": has_it and payload["sets"]}

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/reset/beispiel"), "has_it": True, "sets": True, "imprint_url": site_url("/imprint")}


class ForOperators(Notice):
    """To the operators: two mailboxes say that an account is theirs."""

    key = "accounts.dispute_for_operators"
    title = __("Two mailboxes, one account")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Two mailboxes, one account: please decide")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The account by its public id: mail addresses stand at the desk only."""
        row = db.session.get(Dispute, payload["dispute"], populate_existing=True)
        if row is None or row.state not in DISPUTED:
            raise Skip
        account = db.session.scalar(select(Person.public_id).where(Person.id == row.person_id))
        return {"account": account or "", "url": site_url("/desk/disputes")}

    def preview(self) -> dict[str, Any]:
        return {"account": "abcd2345efgh", "url": site_url("/desk/disputes")}


def tell_operators(row: Dispute) -> None:
    """Promise every operator a mail about this quarrel. Inside atomic()."""
    for person_id in db.session.scalars(select(Person.id).where(Person.is_operator)).all():
        ForOperators.send(person_id, subject_key=secrets.token_hex(8), payload={"dispute": row.id})
