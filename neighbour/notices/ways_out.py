"""The foot of a mail: where its reader leaves the list it belongs to, and where they choose among all their mails."""

from __future__ import annotations

from neighbour.core.web import site_url
from neighbour.notices.base import Notice
from neighbour.notices.service import subscriptions_of


def choice() -> dict[str, str]:
    """``settings_url``: what a mail of no list says."""
    return {"settings_url": site_url("/me/mails")}


def ways_out(person_id: int, notice: Notice) -> dict[str, str]:
    """``leave_url`` (empty for somebody who is not on the notice's list) and ``settings_url``. Through this person's own eyes."""
    subscription = subscriptions_of(person_id).get(notice.list_name)
    return {"leave_url": site_url(f"/unsubscribe/{subscription.token}") if subscription else "", **choice()}


def invented() -> dict[str, str]:
    """The same for a preview, which leads nowhere."""
    return {"leave_url": site_url("/unsubscribe/beispiel"), **choice()}
