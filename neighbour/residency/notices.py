"""What residency says by mail: your card is ordered; welcome to the quarter. No mail holds an address or a code."""

from __future__ import annotations

from typing import Any

from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.web import site_url
from neighbour.notices.base import Notice, Skip
from neighbour.quarters.models import Quarter


class LetterRequested(Notice):
    """The card is ordered, and what to do when it comes; also a warning to whoever did not order one."""

    key = "residency.letter_requested"
    title = __("Your card is ordered")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your card is ordered")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return self.preview()

    def preview(self) -> dict[str, Any]:
        return {"code_url": site_url("/code"), "waiting_url": site_url("/waiting")}


class Welcome(Notice):
    """The address is proven: what one can do from now on, and that the digest begins."""

    key = "residency.welcome"
    title = __("Welcome to your quarter")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Welcome to %(quarter)s", quarter=context["quarter"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The quarter's name as it is when the mail is written; nothing to say when the quarter is gone."""
        quarter = db.session.get(Quarter, payload["quarter_id"])
        if quarter is None:
            raise Skip
        return {**self.preview(), "quarter": quarter.name}

    def preview(self) -> dict[str, Any]:
        return {"quarter": "Weberviertel", "board_url": site_url("/"), "digest_url": site_url("/me/digest")}
