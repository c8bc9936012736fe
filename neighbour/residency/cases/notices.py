"""What people hear by mail about their cases. The mail has the reason in our words; what somebody wrote stands on the page."""

from __future__ import annotations

import uuid
from typing import Any

from neighbour.core import scope
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.i18n import ngettext
from neighbour.core.web import site_url
from neighbour.notices.base import Notice, Skip
from neighbour.residency.cases.models import Appeal, CaseKind, ProofCase
from neighbour.residency.cases.words import TOLD


def _case(person_id: int, payload: dict[str, Any]) -> ProofCase:
    """The case a notice is about; nothing is said about one that is gone."""
    with scope.use(scope.Viewer(person_id)):
        case = db.session.get(ProofCase, uuid.UUID(payload["case_id"]))
    if case is None:
        raise Skip
    return case


class DocumentForgotten(Notice):
    """Nobody could look at the document in time, so it was deleted; the person may send it again."""

    key = "residency.document_forgotten"
    title = __("Your document was deleted")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your document was deleted before anybody could look at it")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return self.preview()

    def preview(self) -> dict[str, Any]:
        return {"document_url": site_url("/proof/document"), "waiting_url": site_url("/waiting")}


class CaseRefused(Notice):
    """Two people, or the operator, could not accept a proof: why, what to do now, and how to appeal."""

    key = "residency.case_refused"
    title = __("We could not accept your proof")

    def subject(self, context: dict[str, Any]) -> str:
        return _("We could not accept your proof")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        case = _case(person_id, payload)
        return {
            **self.preview(),
            "is_document": case.kind == CaseKind.DOCUMENT,
            "why": TOLD[case.reason or "other"],
        }

    def preview(self) -> dict[str, Any]:
        return {"is_document": True, "why": TOLD["old"], "decision_url": site_url("/proof/decision")}


class AppealDecided(Notice):
    """What became of an appeal."""

    key = "residency.appeal_decided"
    title = __("Your appeal was decided")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your appeal was decided")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        case = _case(person_id, payload)
        is_granted = case.appeal == Appeal.GRANTED
        return {**self.preview(), "is_granted": is_granted, "is_document": case.kind == CaseKind.DOCUMENT}

    def preview(self) -> dict[str, Any]:
        return {"is_granted": True, "is_document": True, "decision_url": site_url("/proof/decision")}


class DeskWaits(Notice):
    """Something waits on the verification desk; to those who may look at it, once a day."""

    key = "residency.desk_waits"
    title = __("Proofs wait for you")

    def subject(self, context: dict[str, Any]) -> str:
        return ngettext("%(num)s proof waits for you", "%(num)s proofs wait for you", context["count"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return {**self.preview(), "count": payload["count"], "again": payload.get("again", 0)}

    def preview(self) -> dict[str, Any]:
        return {"count": 3, "again": 1, "desk_url": site_url("/desk/proofs")}


class MissingAnswered(Notice):
    """The operator looked up an address that the register lacked."""

    key = "residency.missing_answered"
    goes_unconfirmed = True  # whoever reports an address is in the middle of signing up
    title = __("About your address")

    def subject(self, context: dict[str, Any]) -> str:
        if context["is_added"]:
            return _("Your address can be chosen now")
        return _("We could not find your address")

    def preview(self) -> dict[str, Any]:
        return {"is_added": True, "address_url": site_url("/signup/address")}

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return {**self.preview(), "is_added": bool(payload["is_added"])}
