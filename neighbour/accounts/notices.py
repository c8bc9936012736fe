"""What accounts says by mail. Tokens are minted when the mail is written, so they exist only in it and as a hash."""

from __future__ import annotations

import secrets
from typing import Any

from neighbour.accounts.addresses import fold
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.web import site_url
from neighbour.notices.base import Notice, Skip


class Confirm(Notice):
    """Please confirm this address: a link, and six digits for whoever reads mail on another device."""

    key = "accounts.confirm"
    title = __("Confirm your e-mail address")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Please confirm your e-mail address")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Mints the link's token and the code. Nothing for an address that was corrected while the mail waited."""
        from neighbour.accounts import onetime, service

        person = service.find(person_id)
        if person.confirmed_at is None and fold(payload["email"]) != fold(person.email):
            raise Skip
        code = f"{secrets.randbelow(1_000_000):06}"
        token = onetime.mint(person_id, "confirm", payload["email"], onetime.CONFIRM_FOR)
        onetime.mint(person_id, "confirm_code", payload["email"], onetime.CONFIRM_FOR, secret=code)
        return {"url": site_url(f"/signup/confirm/{token}"), "digits": code}

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/signup/confirm/beispiel"), "digits": "042042"}


class AlreadyHere(Notice):
    """Somebody signed up with an address that has an account."""

    key = "accounts.already_here"
    title = __("Somebody signed up with your address")

    def subject(self, context: dict[str, Any]) -> str:
        return _("You already have an account")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return self.preview()

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/signin"), "forgot_url": site_url("/forgot")}


class Reset(Notice):
    """A link for a new password."""

    key = "accounts.reset"
    title = __("New password")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Set a new password")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Mints the link's token."""
        from neighbour.accounts import onetime

        return {"url": site_url(f"/reset/{onetime.mint(person_id, 'reset', '', onetime.RESET_FOR)}")}

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/reset/beispiel")}


class PasswordChanged(Notice):
    """The password was changed; if it was not you, here is what to do."""

    key = "accounts.password_changed"
    title = __("Your password was changed")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your password was changed")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return self.preview()

    def preview(self) -> dict[str, Any]:
        return {"forgot_url": site_url("/forgot")}


class EmailChanging(Notice):
    """To the old address: somebody wants to change it."""

    key = "accounts.email_changing"
    title = __("Your e-mail address is being changed")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your e-mail address is being changed")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return self.preview()

    def preview(self) -> dict[str, Any]:
        return {"forgot_url": site_url("/forgot")}
