"""What residency says by mail: a card is ordered, welcome, do you still live here, somebody followed your invitation, a code is
used strangely. No mail holds an address or a code."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from neighbour.accounts.appearance import Face, Ring, seen
from neighbour.accounts.models import Person
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
        """The same for a first card and a second one: a day would say whether the first was printed."""
        return self.preview()

    def preview(self) -> dict[str, Any]:
        return {"code_url": site_url("/code"), "waiting_url": site_url("/waiting")}


class Welcome(Notice):
    """The board is open: what one can do from now on, and that the digest begins. ``level`` says whether the address is proven
    or others vouch for it, and what is still closed."""

    key = "residency.welcome"
    title = __("Welcome to your quarter")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Welcome to %(quarter)s", quarter=context["quarter"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The quarter's name as it is when the mail is written; nothing to say when the quarter is gone."""
        quarter = db.session.get(Quarter, payload["quarter_id"])
        if quarter is None:
            raise Skip
        return {**self.preview(), "quarter": quarter.name, "level": payload.get("level", "verified")}

    def preview(self) -> dict[str, Any]:
        urls = {name: site_url(path) for name, path in _WELCOME_LINKS.items()}
        return {"quarter": "Weberviertel", "level": "verified", **urls}


_WELCOME_LINKS = {"board_url": "/", "digest_url": "/me/digest", "waiting_url": "/waiting"}


class Moved(Notice):
    """Another address was given for the account: to its mail address, always, so that nobody is moved away unseen by whoever
    holds an unlocked phone. Says neither address nor quarter; that the board is closed only where it was open."""

    key = "residency.moved"
    folds = True
    title = __("Your address was changed")

    def preview(self) -> dict[str, Any]:
        urls = {"address_url": site_url("/settings/address"), "sessions_url": site_url("/me/access")}
        return {"had_board": True, **urls}

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return {**self.preview(), "had_board": payload.get("had_board", True)}

    def kind_of(self, payload: dict[str, Any]) -> str:
        """The move that closed a board is not lost among others."""
        return "from a board" if payload.get("had_board", True) else ""


def _quarter_name(payload: dict[str, Any]) -> str:
    """The quarter's name as it is when the mail is written; nothing to say when the quarter is gone."""
    quarter = db.session.get(Quarter, payload["quarter_id"]) if payload["quarter_id"] is not None else None
    if quarter is None:
        raise Skip
    return quarter.name


class InvitationUsed(Notice):
    """Somebody has followed an invitation: who, and that the word can be taken back."""

    key = "residency.invitation_used"
    title = __("Somebody followed your invitation")

    def subject(self, context: dict[str, Any]) -> str:
        return _("%(name)s followed your invitation", name=context["name"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The newcomer's name as neighbours see it when the mail is written; nobody's where they bear another one, protected or
        not: the inviter would know whose it is."""
        query = select(Person.alias, *Person.face()).where(Person.id == payload["person_id"])
        found = db.session.execute(query).first()
        if found is None:
            raise Skip
        alias, *face = found
        return {**self.preview(), "name": _("Somebody") if alias else seen(Face(*face), Ring.OWN).shown}

    def preview(self) -> dict[str, Any]:
        return {"name": "Mira T.", "invitations_url": site_url("/me/invitations")}


class InvitationAlarmed(Notice):
    """One's invitation is used strangely often."""

    key = "residency.invitation_alarmed"
    title = __("Your invitation is used strangely often")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return {**self.preview(), "kind": payload["kind"]}

    def preview(self) -> dict[str, Any]:
        return {"kind": "invitation_burst", "invitations_url": site_url("/me/invitations")}


class CodeAlarmed(Notice):
    """To the Quartiersteam and operators: a code of their quarter is used strangely often, or is used up."""

    key = "residency.code_alarmed"
    title = __("A code needs a look")

    def subject(self, context: dict[str, Any]) -> str:
        return _("A code in %(quarter)s needs a look", quarter=context["quarter"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return {**self.preview(), "kind": payload["kind"], "quarter": _quarter_name(payload)}

    def preview(self) -> dict[str, Any]:
        return {"kind": "flyer_limit", "quarter": "Weberviertel", "desk_url": site_url("/desk/alarms")}


class LevelFell(Notice):
    """What one had proven holds no longer, or is looked at once more: what is closed, what stays, and how it opens again. Says
    nothing about others."""

    key = "residency.level_fell"
    title = __("Your proof holds no longer")

    def subject(self, context: dict[str, Any]) -> str:
        return _("We look at your proof once more") if context["is_held"] else _("Your proof holds no longer")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        said = {"is_held": payload.get("is_held", False), **_only(payload, "level", "is_over_time")}
        return {**self.preview(), "quarter": _quarter_name(payload), **said}

    def preview(self) -> dict[str, Any]:
        return {
            "quarter": "Weberviertel",
            "level": "unproven",
            "is_over_time": True,
            "is_held": False,
            "waiting_url": site_url("/waiting"),
        }


class StillHere(Notice):
    """Once a year, and before a proof ends: do you still live here? The link opens a page with one button."""

    key = "residency.still_here"
    title = __("Do you still live here?")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Do you still live in %(quarter)s?", quarter=context["quarter"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """A link that is good for this person and this home only. Nothing to say to whoever has answered or moved meanwhile."""
        from neighbour.residency import renewal  # which promises this notice

        question = renewal.question_of(person_id)
        if question is None or question.key != payload["key"]:
            raise Skip
        said = {"quarter": question.quarter, "day": question.falls_at, "is_last_call": payload["is_last_call"]}
        return {**self.preview(), **said, "yes_url": site_url("/still-here/" + renewal.token(person_id, question))}

    def preview(self) -> dict[str, Any]:
        example = {"yes_url": site_url("/still-here/beispiel"), "moved_url": site_url("/signup/address")}
        return {"quarter": "Weberviertel", "day": None, "is_last_call": False, **example}


def _only(payload: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: payload[name] for name in names}
