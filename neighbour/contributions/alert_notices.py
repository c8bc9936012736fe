"""What alerts say by mail: something urgent where the reader lives, and that it is over."""

from __future__ import annotations

import uuid
from typing import Any

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
            if alert is None or not reader.quarters or not self.holds(alert):
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

    def holds(self, alert: Contribution) -> bool:
        """Whether there is still something to say."""
        return alerts.is_on(alert)

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
    """What was urgent is over; told once to whoever was told."""

    key = "contributions.all_clear"
    title = __("All clear")

    def subject(self, context: dict[str, Any]) -> str:
        return _("All clear: %(title)s", title=context["title"])

    def holds(self, alert: Contribution) -> bool:
        return alert.category == URGENT and alert.state == State.PUBLISHED and alert.solved_at is not None
