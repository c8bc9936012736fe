"""Mails of this room: to whoever speaks for an initiative from now on, and to operators when it confirms very often."""

from __future__ import annotations

from typing import Any

from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.i18n import ngettext
from neighbour.core.web import site_url
from neighbour.initiatives.models import Initiative
from neighbour.notices.base import Notice, Skip


def _initiative(payload: dict[str, Any]) -> Initiative:
    found = db.session.get(Initiative, payload["initiative_id"])
    if found is None:
        raise Skip
    return found


class EditorNamed(Notice):
    """You speak for an initiative now, and where its pages are."""

    key = "initiatives.editor_named"
    title = __("You speak for an initiative")

    def subject(self, context: dict[str, Any]) -> str:
        return _("You speak for %(name)s", name=context["name"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        found = _initiative(payload)
        return {"name": found.name, "confirms": found.confirms, **_urls(found.slug)}

    def preview(self) -> dict[str, Any]:
        return {"name": "Nachbarschaftstreff Webstuhl", "confirms": True, **_urls("webstuhl")}


def _urls(slug: str) -> dict[str, str]:
    return {"confirm_url": site_url(f"/i/{slug}/confirm"), "edit_url": site_url(f"/i/{slug}/edit")}


class ManyConfirmed(Notice):
    """An editor confirms unusually many addresses in a short time."""

    key = "initiatives.many_confirmed"
    title = __("Many addresses confirmed at once")

    def subject(self, context: dict[str, Any]) -> str:
        return ngettext(
            "%(name)s confirmed %(num)s address within minutes",
            "%(name)s confirmed %(num)s addresses within minutes",
            context["count"],
            name=context["name"],
        )

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        found = _initiative(payload)
        url = site_url(f"/desk/initiatives/{found.slug}")
        return {"name": found.name, "count": payload["count"], "desk_url": url}

    def preview(self) -> dict[str, Any]:
        return {
            "name": "Nachbarschaftstreff Webstuhl",
            "count": 6,
            "desk_url": site_url("/desk/initiatives/webstuhl"),
        }
