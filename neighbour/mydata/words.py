"""How the archive calls tables and columns. What is not named here is called by its name in the database."""

from __future__ import annotations

from neighbour.core.i18n import LazyText
from neighbour.core.i18n import lazy_gettext as __

TABLES: dict[str, LazyText] = {
    "person": __("Your account"),
    "home": __("Your home"),
    "missing_address": __("An address the register lacks"),
    "address_access": __("When your address was opened"),
    "security_event": __("Events about your account"),
    "letter": __("Cards with a code"),
    "membership": __("Quarters"),
    "proof": __("Proofs"),
    "contribution": __("What you pinned up"),
    "post": __("What posts have besides"),
    "comment": __("Your answers"),
    "thanks": __("What you said thank you for"),
    "revision": __("What it said before you changed it"),
    "read_mark": __("Up to where you have read"),
    "delivery": __("Mails to you"),
    "subscription": __("Your lists"),
    "login_session": __("Devices"),
    "one_time_token": __("Links and codes sent to you"),
    "activity": __("Your last visit"),
    "data_export": __("Your archives"),
    "incident_told": __("What we told you of incidents"),
    "erasure": __("Your wish to leave"),
}
COLUMNS: dict[str, LazyText] = {
    "address": __("address"),
    "asked_at": __("asked for"),
    "at": __("when"),
    "audience": __("reach"),
    "batch": __("printed in"),
    "body_md": __("text"),
    "category": __("category"),
    "cell": __("map cell"),
    "channel": __("way"),
    "comment_count": __("answers"),
    "confirmed_at": __("confirmed"),
    "contribution_id": __("contribution"),
    "created_at": __("made"),
    "device": __("device"),
    "display_name": __("shown as"),
    "chosen_key": __("quarter chosen at a border"),
    "edited_at": __("changed"),
    "email": __("e-mail"),
    "email_wish": __("new e-mail address asked for"),
    "email_wished_at": __("new e-mail address asked for on"),
    "ended_at": __("ended"),
    "expires_at": __("until"),
    "first_name": __("first name"),
    "id": __("number"),
    "includes_nearby": __("with the quarters nearby"),
    "is_on": __("switched on"),
    "kind": __("kind"),
    "language": __("language"),
    "last_name": __("last name"),
    "level": __("proven how well"),
    "list": __("list"),
    "method": __("way of proof"),
    "moved_at": __("moved on"),
    "notice": __("mail"),
    "object": __("about"),
    "paused_until": __("paused until"),
    "payload": __("details"),
    "printed_at": __("printed"),
    "proven_at": __("proven"),
    "published_at": __("pinned up"),
    "purpose": __("what for"),
    "quarter": __("quarter"),
    "ready_at": __("ready"),
    "replaced_at": __("changed"),
    "requested_at": __("asked for"),
    "result": __("result"),
    "role": __("role"),
    "seen_at": __("last seen"),
    "seen_on": __("last visit"),
    "sent_at": __("sent"),
    "solved_at": __("solved"),
    "solved_word": __("thanks to"),
    "state": __("state"),
    "status": __("state"),
    "street_shown": __("street shown"),
    "subject": __("subject"),
    "text": __("text"),
    "told_at": __("told"),
    "thanks_count": __("thanks"),
    "title": __("title"),
    "used_at": __("used"),
}


def table(name: str) -> str:
    """What a table is called, in the language spoken now."""
    return str(TABLES.get(name) or name.replace("_", " "))


def column(name: str) -> str:
    """What a column is called, in the language spoken now."""
    return str(COLUMNS.get(name) or name.replace("_", " "))
