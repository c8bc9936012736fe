"""What accounts says by mail. Tokens are minted when the mail is written, so they exist only in it and as a hash."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from flask import current_app
from sqlalchemy import select

from neighbour.accounts.addresses import fold
from neighbour.accounts.models import Person
from neighbour.core import clock, limits
from neighbour.core.db import atomic, db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.web import site_url
from neighbour.notices.base import Mailbox, Notice, Skip


class Confirm(Notice):
    """Please confirm this address: a link, and six digits for whoever signs up and reads mail on another device. A new
    address of somebody who is here already has no page to type digits into, and another text."""

    key = "accounts.confirm"
    goes_unconfirmed = True
    title = __("Confirm your e-mail address")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Please confirm your e-mail address")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Mints the link's token and the code. Nothing for an address that was corrected, confirmed, or taken by somebody else
        while the mail waited, nor when links were spoilt meanwhile: a new one would live on after a new password."""
        from neighbour.accounts import onetime, service
        from neighbour.accounts.email_changes import owner_of

        person, key = service.find(person_id), fold(payload["email"])
        owner = owner_of(key)
        if (person.confirmed_at is None) != (key == fold(person.email)) or (owner and owner.id != person_id):
            raise Skip
        if not onetime.is_of_this_round(person_id, payload):
            raise Skip
        token = onetime.mint(person_id, "confirm", payload["email"], onetime.CONFIRM_FOR)
        if person.confirmed_at is not None:
            return {"url": site_url(f"/signup/confirm/{token}"), "digits": "", "begun_at": None}
        code = f"{secrets.randbelow(1_000_000):06}"
        onetime.mint(person_id, "confirm_code", payload["email"], onetime.CODE_FOR, secret=code)
        return {"url": site_url(f"/signup/confirm/{token}"), "digits": code, "begun_at": person.created_at}

    def preview(self) -> dict[str, Any]:
        begun_at = datetime(2026, 5, 12, 16, 20, tzinfo=UTC)
        return {"url": site_url("/signup/confirm/beispiel"), "digits": "042042", "begun_at": begun_at}


class AlreadyHere(Notice):
    """Somebody signed up with an address that has an account – or that is kept for one (``is_kept``): then this goes to the
    address itself, where the mail with the way back lies."""

    key = "accounts.already_here"
    goes_while_closed = True
    goes_unconfirmed = True
    title = __("Somebody signed up with your address")

    def subject(self, context: dict[str, Any]) -> str:
        return _("You already have an account")

    def mailbox(self, person_id: int, payload: dict[str, Any]) -> Mailbox | None:
        return super().mailbox(person_id, payload) or of_somebody_leaving(person_id)

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return {**self.preview(), "is_kept": "to" in payload}

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/signin"), "forgot_url": site_url("/forgot"), "is_kept": False}


class Reset(Notice):
    """A link for a new password."""

    key = "accounts.reset"
    goes_unconfirmed = True
    title = __("New password")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Set a new password")

    def mailbox(self, person_id: int, payload: dict[str, Any]) -> Mailbox | None:
        """To an address that nobody had confirmed (``to``) it goes whatever became of that sign-up, which may be a stranger's,
        and without the name that was typed there."""
        return of_an_address(person_id, payload["to"]) if "to" in payload else super().mailbox(person_id, payload)

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Mints the link's token; nothing when links were spoilt while the mail waited. To an address that nobody had confirmed
        (``to``) it speaks for whoever reads its mail, whatever became of that sign-up, but not beside an owner."""
        from neighbour.accounts import onetime
        from neighbour.accounts.email_changes import owner_of

        if "to" in payload:
            if owner_of(fold(payload["to"])) is not None:
                raise Skip
            return {"url": site_url(f"/reset/{onetime.mint(person_id, 'reset', payload['to'], onetime.RESET_FOR)}")}
        if not onetime.is_of_this_round(person_id, payload):
            raise Skip
        return {"url": site_url(f"/reset/{onetime.mint(person_id, 'reset', '', onetime.RESET_FOR)}")}

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/reset/beispiel")}


class PasswordChanged(Notice):
    """The password was changed; if it was not you, here is what to do."""

    key = "accounts.password_changed"
    goes_while_closed = True
    folds = True
    title = __("Your password was changed")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your password was changed")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return self.preview()

    def preview(self) -> dict[str, Any]:
        return {"forgot_url": site_url("/forgot")}


class FactorChanged(Notice):
    """A passkey, the app or the recovery codes came or went; if it was not you, here is what to do. What came is taken back
    for three days by a link, which the mailbox gets that the account had then."""

    key = "accounts.factor_changed"
    goes_while_closed = True
    folds = True
    title = __("The way you sign in was changed")

    def subject(self, context: dict[str, Any]) -> str:
        return _("The way you sign in was changed")

    def kind_of(self, payload: dict[str, Any]) -> str:
        """What came or went, and the mailbox that can take it back."""
        return f"{payload['what']} {payload.get('to', '')}"

    def mailbox(self, person_id: int, payload: dict[str, Any]) -> Mailbox | None:
        """Also of an account that is being left since: whoever added something may be the one who leaves."""
        return super().mailbox(person_id, payload) or of_somebody_leaving(person_id)

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Mints the link's token, where something came and the mailbox is still the account's."""
        from neighbour.accounts import taking_back

        token = taking_back.mint_factor_undo(person_id, payload) if "since" in payload else None
        undo_url = site_url(f"/undo-factor/{token}") if token else ""
        return {**self.preview(), "what": payload["what"], "undo_url": undo_url}

    def preview(self) -> dict[str, Any]:
        urls = {"url": site_url("/me/access"), "forgot_url": site_url("/forgot")}
        return {"what": "passkey_added", "undo_url": site_url("/undo-factor/beispiel"), **urls}


class ProtectionEnded(Notice):
    """The profile is no longer protected; if it was not you, here is what to do."""

    key = "accounts.protection_ended"
    folds = True
    title = __("Your profile is no longer protected")

    def subject(self, context: dict[str, Any]) -> str:
        """Says nothing that somebody else may not read on a locked phone."""
        return _("A setting of your account was changed")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return self.preview()

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/me/protection"), "forgot_url": site_url("/forgot")}


class NewDevice(Notice):
    """Somebody has signed in on a device that was not seen before: browser and system, and no guess at a place."""

    key = "accounts.new_device"
    folds = True
    title = __("Signed in on a new device")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Signed in on a new device")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        at = datetime.fromisoformat(payload["at"])
        return {**self.preview(), "device": payload["device"], "at": at}

    def preview(self) -> dict[str, Any]:
        urls = {"url": site_url("/me/access"), "forgot_url": site_url("/forgot")}
        return {"device": "Firefox, Android", "at": datetime(2026, 5, 12, 16, 20, tzinfo=UTC), **urls}


class EmailChanged(Notice):
    """To the old address, once the new one counts: for three days a link takes it back."""

    key = "accounts.email_changed"
    goes_while_closed = True
    title = __("Your e-mail address was changed")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your e-mail address was changed")

    def mailbox(self, person_id: int, payload: dict[str, Any]) -> Mailbox | None:
        """Also of an account that is being left since, which no address book has: whoever changed the address may be the
        one who leaves. Where the mail goes says its payload."""
        return super().mailbox(person_id, payload) or of_somebody_leaving(person_id)

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Mints the link's token; nothing when it is too late to take anything back."""
        from neighbour.accounts import taking_back

        token = taking_back.mint_email_undo(person_id, payload["change"])
        if token is None:
            raise Skip
        return {"url": site_url(f"/undo-email/{token}")}

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/undo-email/beispiel")}


class EmailIsNew(Notice):
    """To the new address, once it counts."""

    key = "accounts.email_is_new"
    goes_while_closed = True
    title = __("This is your new e-mail address")

    def subject(self, context: dict[str, Any]) -> str:
        return _("This is your new e-mail address")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return self.preview()

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/me/access")}


class FactorReset(Notice):
    """The operator was asked to take the second factors off; the owner can stop it."""

    key = "accounts.factor_reset"
    goes_while_closed = True
    title = __("Your second step is going to be taken off")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your second step is going to be taken off")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Mints the link's token; nothing when it was stopped or is over."""
        from neighbour.accounts import care

        found = care.mint_stop(person_id, payload["reset"])
        if found is None:
            raise Skip
        reset, token = found
        return {"due_at": reset.due_at, "url": site_url(f"/stop-reset/{token}")}

    def preview(self) -> dict[str, Any]:
        return {"due_at": datetime(2026, 5, 15, 8, 0, tzinfo=UTC), "url": site_url("/stop-reset/beispiel")}


class Suspended(Notice):
    """Why somebody may not write at present, and what stays."""

    key = "accounts.suspended"
    title = __("You cannot write at present")

    def subject(self, context: dict[str, Any]) -> str:
        return _("You cannot write at present")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The reason as it stands now; nothing for somebody who may write again."""
        from neighbour.accounts import service

        reason = service.find(person_id).suspension_reason
        if reason is None:
            raise Skip
        return {"reason": reason, "url": site_url("/imprint")}

    def preview(self) -> dict[str, Any]:
        return {"reason": "Werbung für die eigene Firma, dreimal in einer Woche.", "url": site_url("/imprint")}


class Restored(Notice):
    """Somebody may write again."""

    key = "accounts.restored"
    title = __("You can write again")

    def subject(self, context: dict[str, Any]) -> str:
        return _("You can write again")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return self.preview()

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/board")}


class EmailChanging(Notice):
    """To the old address: somebody wants to change it."""

    key = "accounts.email_changing"
    goes_while_closed = True
    title = __("Your e-mail address is being changed")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your e-mail address is being changed")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return self.preview()

    def preview(self) -> dict[str, Any]:
        return {"forgot_url": site_url("/forgot")}


class ReadsTooMuch(Notice):
    """To the operators: somebody has opened as many pages with names as a day has, which nobody does who only reads."""

    key = "accounts.reads_too_much"
    title = __("Somebody opens very many pages")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Somebody opens very many pages")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The account by its public id: names do not belong into mails."""
        account = db.session.scalar(select(Person.public_id).where(Person.id == payload["reader"]))
        return {**self.preview(), "account": account or ""}

    def preview(self) -> dict[str, Any]:
        return {
            "account": "abcd2345efgh",
            "most": limits.RATES["names"].times * limits.PAGES_AT_ONCE,
            "url": site_url("/rules"),
        }


def of_somebody_leaving(person_id: int) -> Mailbox | None:
    """For an account that no address book has any more. Only what says itself where it goes is sent there."""
    language = db.session.scalar(select(Person.language).where(Person.id == person_id))
    return Mailbox("", language, "", takes_mail=False) if language else None


def of_an_address(person_id: int, address: str) -> Mailbox | None:
    """For whoever reads the mail of an address that this person has signed up with, and nobody has confirmed."""
    language = db.session.scalar(select(Person.language).where(Person.id == person_id))
    return Mailbox(address, language, "", is_confirmed=False, key=fold(address)) if language else None


def tell_operators(reader: str) -> None:
    """Promise every operator a mail about whoever reached the limit of pages with names today. Commits."""
    day = clock.now().date().isoformat()
    told: set[tuple[str, str]] = current_app.extensions.setdefault("names_told", set())
    if (reader, day) in told:
        return
    told.add((reader, day))
    with atomic():
        for person_id in db.session.scalars(select(Person.id).where(Person.is_operator)):
            ReadsTooMuch.send(person_id, subject_key=reader, period=day, payload={"reader": int(reader)})
