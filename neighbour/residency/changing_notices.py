"""What residency says by mail when quarters change: yours will be divided, merged or redrawn; it stays after all; your house
belongs to another one; a small one has a board of its own."""

from __future__ import annotations

from datetime import date
from typing import Any

from neighbour.core import i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.web import site_url
from neighbour.notices.base import Notice, Skip
from neighbour.quarters.models import Plan, Quarter


class QuarterChanges(Notice):
    """The reader's quarter will be divided, merged or redrawn: when, what that means for them, where they may choose."""

    key = "residency.quarter_changes"
    title = __("Your quarter changes")

    def subject(self, context: dict[str, Any]) -> str:
        return _(
            "Your quarter %(quarter)s changes on %(day)s",
            quarter=context["quarter"],
            day=i18n.long_date(context["day"]),
        )

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """As the plan reads when the mail is written; nothing to say once it is cancelled or done."""
        from neighbour.residency.changing import outlook  # which promises these mails

        seen = outlook(person_id, payload["plan"])
        if seen is None:
            raise Skip
        return {
            "quarter": seen.quarter.name,
            "now": seen.now.name,
            "is_moving": seen.is_moving,
            "parts": [part.name for part in seen.parts] if seen.is_divided else [],
            "joined": [part.name for part in seen.joined],
            "choices": [part.name for part in seen.choices],
            "day": seen.on_day,
            "url": site_url("/settings/quarter"),
        }

    def preview(self) -> dict[str, Any]:
        return {
            "quarter": "Weberviertel",
            "now": "Weberviertel Nord",
            "is_moving": True,
            "parts": ["Weberviertel", "Weberviertel Nord"],
            "joined": [],
            "choices": ["Weberviertel", "Weberviertel Nord"],
            "day": date(2027, 3, 1),
            "url": site_url("/settings/quarter"),
        }


class QuarterStays(Notice):
    """The change that the reader was told of is off."""

    key = "residency.quarter_stays"
    title = __("Your quarter stays as it is")

    def subject(self, context: dict[str, Any]) -> str:
        return str(self.title)

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The day that was told, from the plan."""
        plan = db.session.get(Plan, payload["plan"])
        if plan is None:
            raise Skip
        return {**self.preview(), "day": plan.on_day}

    def preview(self) -> dict[str, Any]:
        return {"day": date(2027, 3, 1), "board_url": site_url("/")}


class QuarterCorrected(Notice):
    """The register of addresses says of the reader's house that it belongs to another quarter."""

    key = "residency.quarter_corrected"
    title = __("Your house belongs to another quarter")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your house belongs to %(quarter)s", quarter=context["quarter"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The quarter's name as it is when the mail is written; nothing to say when the quarter is gone."""
        quarter = db.session.get(Quarter, payload["quarter_id"])
        if quarter is None:
            raise Skip
        return {**self.preview(), "quarter": quarter.name}

    def preview(self) -> dict[str, Any]:
        return {"quarter": "Am Wehr", "board_url": site_url("/")}


class QuarterOpened(Notice):
    """A small quarter has a board of its own from now on: for its people, and for those beside it."""

    key = "residency.quarter_opened"
    title = __("A quarter has a board of its own")

    def subject(self, context: dict[str, Any]) -> str:
        return _("%(quarter)s has a board of its own now", quarter=context["quarter"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The quarter's name as it is when the mail is written; nothing to say when the quarter is gone."""
        quarter = db.session.get(Quarter, payload["quarter_id"])
        if quarter is None:
            raise Skip
        return {**self.preview(), "quarter": quarter.name, "is_mine": bool(payload["is_mine"])}

    def preview(self) -> dict[str, Any]:
        return {"quarter": "Am Wehr", "is_mine": True, "board_url": site_url("/")}
