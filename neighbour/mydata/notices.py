"""What this room says by mail: your archive is ready, goodbye (and the way back), something went
wrong with your data, are you still there, the night was missed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from neighbour.accounts.addresses import fold
from neighbour.accounts.decoys import DECOY
from neighbour.accounts.models import Person
from neighbour.core import clock, scope, tokens
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.web import site_url
from neighbour.mydata.models import DataExport, Erasure, ErasureState, ExportState, IncidentTold
from neighbour.notices.base import Mailbox, Notice, Skip

BACK = tokens.kind("come_back", "undoes that one has left, for 14 days")


class ExportReady(Notice):
    """The archive that was asked for can be fetched."""

    key = "mydata.export_ready"
    folds = True
    title = __("Your data is ready")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your data is ready")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Nothing to say about an archive that is gone by now. A mail that stands for several speaks of the last."""
        with scope.use(scope.Viewer(person_id)):
            wish = db.session.get(DataExport, uuid.UUID(payload["export"]))
            if "folded" in payload:
                mine = DataExport.person_id == person_id, DataExport.state == ExportState.READY
                wish = db.session.scalar(select(DataExport).where(*mine).order_by(DataExport.ready_at.desc()).limit(1))
            if wish is None or wish.state != ExportState.READY or wish.expires_at is None:
                raise Skip
            return {"url": site_url("/me/data"), "until": wish.expires_at}

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/me/data"), "until": clock.now() + timedelta(days=7)}


class Farewell(Notice):
    """You have left; by this link you come back, until that day."""

    key = "mydata.farewell"
    goes_while_closed = True
    title = __("Your account is being deleted")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Your account is being deleted")

    def mailbox(self, person_id: int, payload: dict[str, Any]) -> Mailbox | None:
        """Whoever is leaving is in no address book any more."""
        return _mailbox_left(person_id)

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Mints the token; nothing for whoever is back or gone."""
        with scope.use(scope.Viewer(person_id)):
            erasure = db.session.get(Erasure, uuid.UUID(payload["erasure"]))
            if erasure is None or erasure.state != ErasureState.HIDDEN:
                raise Skip
            token = tokens.random_token()
            erasure.back_hash = tokens.hash_token(token)
            db.session.flush()
            return {"url": site_url(f"/back/{token}"), "until": erasure.due_at, "keeps_texts": erasure.keeps_texts}

    def preview(self) -> dict[str, Any]:
        until = clock.now() + timedelta(days=14)
        return {"url": site_url("/back/beispiel"), "until": until, "keeps_texts": True}


class IncidentMail(Notice):
    """Something went wrong and it concerns you (Art. 34 GDPR): no list, and no choice of anybody's keeps it back."""

    key = "mydata.incident"
    goes_while_closed = True
    goes_unconfirmed = True
    title = __("What happened to your data")

    def subject(self, context: dict[str, Any]) -> str:
        """In the operator's words."""
        return str(context["subject"])

    def mailbox(self, person_id: int, payload: dict[str, Any]) -> Mailbox | None:
        """Whoever is leaving just now is told too."""
        return super().mailbox(person_id, payload) or _mailbox_left(person_id)

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The words as they were kept for this person."""
        with scope.use(scope.Viewer(person_id)):
            told = db.session.get(IncidentTold, payload["told"], populate_existing=True)
        if told is None:
            raise Skip
        return said(told.subject, told.text)

    def preview(self) -> dict[str, Any]:
        words = (
            __("On 12 May others could see your address."),
            __("The fault is mended. There is nothing you have to do."),
        )
        return {**said("", ""), "subject": __("Your address could be seen"), "paragraphs": words}


def said(subject: str, text: str) -> dict[str, Any]:
    """What the templates of ``IncidentMail`` need."""
    return {"subject": subject, "paragraphs": text.split("\n\n"), "url": site_url("/imprint")}


def _mailbox_left(person_id: int) -> Mailbox | None:
    """The mailbox of whoever is leaving: it is in what was taken out of sight."""
    with scope.use(scope.Viewer(person_id)):
        stash = db.session.scalar(select(Erasure.stash).where(Erasure.person_id == person_id))
    if not stash:
        return None
    kept = stash["person"]
    is_own = not kept["email_key"].startswith(DECOY)
    name, is_confirmed = kept["first_name"] or kept["display_name"], kept["confirmed_at"] is not None
    key = fold(kept["email"])
    return Mailbox(kept["email"], kept["language"], name, takes_mail=is_own, is_confirmed=is_confirmed, key=key)


class StillThere(Notice):
    """Nobody has been here for almost two years: does the account stay?"""

    key = "mydata.still_there"
    goes_while_closed = True
    title = __("Do you want to keep your account?")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Do you want to keep your account?")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Nothing for whoever came back in the meantime."""
        from neighbour.mydata import inactivity
        from neighbour.mydata.models import Activity

        with scope.use(scope.Viewer(person_id)):
            activity = db.session.get(Activity, person_id, populate_existing=True)
        if activity is None or not activity.reminders:
            raise Skip
        public_id = db.session.scalar(select(Person.public_id).where(Person.id == person_id)) or ""
        url = site_url(f"/stay/{inactivity.token_for(public_id)}")
        return {"url": url, "day": activity.seen_on + inactivity.AFTER}

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/stay/beispiel"), "day": clock.now().date() + timedelta(days=60)}


class RetentionLate(Notice):
    """To operators: old data was not forgotten last night."""

    key = "mydata.retention_late"
    title = __("Old data was not deleted last night")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Old data was not deleted last night")

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        return self.preview()

    def preview(self) -> dict[str, Any]:
        return {"url": site_url("/desk/privacy")}
