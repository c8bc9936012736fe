"""What alerts say by mail: something urgent where the reader lives, and that it is over."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import text

from neighbour.accounts.appearance import NOBODY
from neighbour.contributions import alerts
from neighbour.contributions.cards import authors, url_of
from neighbour.contributions.models import URGENT, Contribution, State
from neighbour.contributions.readers import reading_as
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.text import excerpt
from neighbour.core.web import site_url
from neighbour.notices.base import Notice, Skip
from neighbour.notices.ways_out import invented, ways_out

QUOTED = 600
_TOLD_OF = text("SELECT title, category, state, solved_at, solved_word FROM alert_i_was_told_of(:id)")


class Alert(Notice):
    """Something urgent was pinned up where the reader lives. It is skipped once it is over."""

    key = "contributions.alert"
    title = __("Something urgent")
    is_list = True
    list_name = "alerts"
    list_title = __("Urgent alerts")
    list_hint = __(
        "A mail at once when something urgent is pinned up where you live: from neighbours one a day at most, from the"
        " quarter's team always. Also while the digest pauses."
    )

    def subject(self, context: dict[str, Any]) -> str:
        return _("Urgent: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The alert as it reads now, through the reader's own eyes."""
        with reading_as(person_id) as reader:
            alert = db.session.get(Contribution, uuid.UUID(payload["contribution"]))
            if alert is None or not reader.quarters or not alerts.is_on(alert):
                raise Skip
            by = authors([alert.author_id], reader, alert.audience)[alert.author_id]
            return {
                "name": (NOBODY if alert.is_left else by).shown,
                "title": alert.title,
                "words": excerpt(alert.body_html, QUOTED),
                "until": alert.expires_at,
                "over": alert.solved_word,
                "url": site_url(url_of(alert.id)),
                **ways_out(person_id, self),
            }

    def preview(self) -> dict[str, Any]:
        return {
            "name": "Maximiliane-Theodora O.",
            "title": "Rohrbruch in der Färberstraße",
            "words": "Kein Wasser bis 18 Uhr. Wagen am Brunnenplatz.",
            "until": clock.now(),
            "over": "Das Wasser läuft wieder.",
            "url": site_url("/c/beispiel"),
            **invented(),
        }


class AllClear(Alert):
    """What was urgent is over, was taken down or is not urgent any more; told once to whoever was told."""

    key = "contributions.all_clear"
    title = __("All clear")

    def subject(self, context: dict[str, Any]) -> str:
        return _("All clear: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """How it ended, if it still has when this is written: taking it down can be undone."""
        with reading_as(person_id) as reader:
            wanted = uuid.UUID(payload["contribution"])
            alert = db.session.execute(_TOLD_OF, {"id": wanted}).one_or_none()
            end = _end_of(alert) if alert is not None and reader.quarters else None
            if alert is None or end is None:
                raise Skip
            is_seen = db.session.get(Contribution, wanted) is not None
            return {
                "title": alert.title,
                "end": end,
                "over": alert.solved_word if end == "over" else "",
                "url": site_url(url_of(wanted) if is_seen else "/board"),
                **ways_out(person_id, self),
            }

    def preview(self) -> dict[str, Any]:
        return {**super().preview(), "end": "over"}


def _end_of(alert: Any) -> str | None:
    """How an alert ended; None for one that holds, ran out by itself or was taken down by the operator."""
    if alert.state == State.WITHDRAWN:
        return "withdrawn"
    if alert.state != State.PUBLISHED:
        return None
    if alert.category != URGENT:
        return "not urgent"
    return "over" if alert.solved_at is not None else None
