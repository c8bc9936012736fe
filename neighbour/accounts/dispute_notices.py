"""What is said by mail while two mailboxes say that an account is theirs (``disputes``): to both the same, each with its link."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import select

from neighbour.accounts.dispute_parties import by_operator, for_operator
from neighbour.accounts.dispute_words import SAID, Reason
from neighbour.accounts.models import DISPUTED, Dispute, DisputeState, Person
from neighbour.accounts.notices import of_somebody_leaving
from neighbour.accounts.putting_aside import ASIDE_FOR
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.i18n import ngettext
from neighbour.core.web import site_url
from neighbour.notices.base import Mailbox, Notice, Skip

PASSWORD_FOR = timedelta(hours=24)


class OfDispute(Notice):
    """Base of these; the payload says to which mailbox, and for which side."""

    key = "accounts.dispute"
    goes_while_closed = True
    title = __("Whose your account is")
    #: whether the links this side had before end with it
    is_only: ClassVar[bool] = False

    def mailbox(self, person_id: int, payload: dict[str, Any]) -> Mailbox | None:
        """Also of an account that is being left: where the mail goes says its payload."""
        return super().mailbox(person_id, payload) or of_somebody_leaving(person_id)

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Mints the link of this side; nothing when the quarrel is over, or another mailbox has this one's place."""
        from neighbour.accounts import disputes

        row = _row_of(payload)
        if row is None or row.state not in DISPUTED or row.change_id != payload["change"]:
            raise Skip
        is_old = payload["side"] == disputes.OLD
        self.is_asked(row, is_old)
        url = site_url(f"/dispute/{disputes.mint(row, payload['side'], is_only=self.is_only)}")
        is_waiting = row.state == DisputeState.WAITING
        return {**self.preview(), "url": url, "is_old": is_old, "is_waiting": is_waiting, "due_at": row.due_at}

    def is_asked(self, row: Dispute, is_old: bool) -> None:
        """This side is asked now. Inside atomic()."""

    def preview(self) -> dict[str, Any]:
        due_at = datetime(2026, 5, 13, 8, 0, tzinfo=UTC)
        return {
            "url": site_url("/dispute/beispiel"),
            "is_old": False,
            "is_waiting": True,
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

    def is_asked(self, row: Dispute, is_old: bool) -> None:
        """The newer mailbox may object for three days, counted from when it is asked."""
        from neighbour.accounts import disputes

        if row.state == DisputeState.WAITING and not is_old:
            row.due_at = clock.now() + disputes.OBJECT_FOR


class LinksAgain(OfDispute):
    """A new link for each side, because the one before is old or lost."""

    key = "accounts.dispute_links"
    title = __("A new link about your account")
    is_only = True

    def subject(self, context: dict[str, Any]) -> str:
        return _("A new link about your account")


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

        row = _row_of(payload)
        if row is None or row.state in DISPUTED:
            raise Skip
        is_old = payload["side"] == disputes.OLD
        has_it = is_old is (row.state == DisputeState.OLD)
        url = site_url("/signin")
        if payload["sets"] and has_it:
            url = site_url(f"/reset/{onetime.mint(person_id, 'reset', '', PASSWORD_FOR)}")
        until = row.ended_at + ASIDE_FOR if row.is_by_silence and row.ended_at is not None else None
        return {
            **self.preview(),
            "url": url,
            "has_it": has_it,
            "sets": has_it and payload["sets"],
            "turns_until": until,
        }

    def preview(self) -> dict[str, Any]:
        given = {"has_it": True, "sets": True, "turns_until": None}
        return {**given, "url": site_url("/reset/beispiel"), "imprint_url": site_url("/imprint")}


class Turned(Settled):
    """The operator has turned round what silence decided: why, and what the newer mailbox has to do now."""

    key = "accounts.dispute_turned"
    title = __("It was turned round whose your account is")

    def subject(self, context: dict[str, Any]) -> str:
        return _("The account is yours again") if context["has_it"] else _("The account was given to the newer address")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Mints the link for a new password."""
        said = {"reason": SAID[Reason(payload["reason"])], "has_factors": payload["has_factors"]}
        return super().context(person_id, payload) | said

    def preview(self) -> dict[str, Any]:
        return super().preview() | {"reason": SAID[Reason.LETTER], "has_factors": True}


class ForOperators(Notice):
    """To the operators: two mailboxes say that an account is theirs."""

    key = "accounts.dispute_for_operators"
    title = __("Two mailboxes, one account")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Two mailboxes, one account: please decide")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The account by its public id: mail addresses stand at the desk only."""
        row = _row_of(payload)
        if row is None or row.state not in DISPUTED or not for_operator([row], person_id):
            raise Skip
        account = db.session.scalar(select(Person.public_id).where(Person.id == row.person_id))
        return {"account": account or "", "url": site_url("/desk/disputes")}

    def preview(self) -> dict[str, Any]:
        return {"account": "abcd2345efgh", "url": site_url("/desk/disputes")}


class DecisionWaits(Notice):
    """To an operator, once a week: how many quarrels wait for their word, and for how long. Nobody is named."""

    key = "accounts.decision_waits"
    title = __("Quarrels about accounts wait for you")

    def subject(self, context: dict[str, Any]) -> str:
        return ngettext("%(num)s account waits for your word", "%(num)s accounts wait for your word", context["count"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """As it stands when the mail is written; nothing when nothing waits any more."""
        from neighbour.accounts import dispute_deciding

        since = [row.objected_at for row in for_operator(dispute_deciding.waiting(), person_id) if row.objected_at]
        if not since:
            raise Skip
        return {
            **self.preview(),
            "count": len(since),
            "days": max(1, (clock.now() - min(since)).days),
            "since": min(since),
        }

    def preview(self) -> dict[str, Any]:
        since = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
        return {"count": 2, "days": 8, "since": since, "url": site_url("/desk/disputes")}


def tell_operators(row: Dispute) -> None:
    """Promise every operator who may decide it a mail about this quarrel. Inside atomic()."""
    for person_id, mine in by_operator([row]).items():
        if mine:
            ForOperators.send(person_id, subject_key=secrets.token_hex(8), payload={"dispute": row.id})


def _row_of(payload: dict[str, Any]) -> Dispute | None:
    """The quarrel a mail is about, as it is now."""
    return db.session.get(Dispute, payload["dispute"], populate_existing=True)
