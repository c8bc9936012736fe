"""How the archive's page says what stands in a column where the words are the program's own: states, roles, kinds, reasons.

A column is meant by its name, or by ``table.column`` where the same name means different things; named are what the archive
calls them. A guard test compares with the checks of the database, so that a new value cannot go without words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neighbour.contributions import kinds
from neighbour.core.i18n import LazyText
from neighbour.core.i18n import lazy_gettext as __
from neighbour.notices.base import Notice, lists
from neighbour.residency.cases.words import PAPERS, TOLD
from neighbour.residency.proofs import METHODS

#: what became of a way to sign in: in the log of events and in the mail about it
_FACTOR_CHANGES: dict[str, LazyText] = {
    "passkey_added": __("a passkey was added"),
    "passkey_removed": __("a passkey was removed"),
    "app_added": __("an app with codes was set up"),
    "app_removed": __("the app with codes was removed"),
    "codes_made": __("recovery codes were made"),
    "codes_renewed": __("new recovery codes were made"),
    "code_used": __("a recovery code was used to sign in"),
    "code_shown": __("a recovery code was used to show that it is you"),
    "reset": __("the second step was taken off"),
}
VALUES: dict[str, dict[str, LazyText]] = {
    "calendar_feed.kind": {
        "mine": __("your events"),
        "quarter": __("all events in the quarter"),
    },
    "ask.state": {
        "waiting": __("waits in line"),
        "promised": __("promised to you, or accepted from you"),
        "lent": __("lent to you"),
        "done": __("collected, brought back or found"),
        "left": __("out of the line"),
        "missed": __("somebody else was first, or it is over"),
        "declined": __("it did not work out"),
    },
    "participation.state": {
        "coming": __("coming"),
        "waiting": __("waits for a place"),
        "offered": __("a place is kept"),
        "declined": __("not coming"),
        "lapsed": __("the place was not taken"),
    },
    "audience": {
        "quarter": __("the own quarter"),
        "nearby": __("the own quarter and those next to it"),
        "city": __("the whole city"),
        "public": __("everybody, without an account too"),
    },
    "comment.state": {
        "published": __("on the board"),
        "withdrawn": __("taken down by you"),
        "hidden": __("out of sight"),
    },
    "contribution.state": {
        "published": __("on the board"),
        "withdrawn": __("taken down by you"),
        "hidden": __("out of sight"),
    },
    "data_export.state": {
        "asked": __("asked for"),
        "building": __("being put together"),
        "ready": __("ready"),
        "failed": __("did not work"),
        "gone": __("deleted again"),
    },
    "delivery.state": {
        "pending": __("waits to be sent"),
        "leased": __("being sent"),
        "sent": __("sent"),
        "skipped": __("not needed any more"),
        "failed": __("did not arrive"),
        "parked": __("given up"),
    },
    "delivery.channel": {
        "mail": __("by e-mail"),
    },
    "erasure.state": {
        "hidden": __("out of sight, can be taken back"),
        "running": __("being deleted"),
    },
    "dispute.state": {
        "waiting": __("the newer mailbox may object"),
        "objected": __("the operator decides"),
        "old": __("the older mailbox has it back"),
        "new": __("all stays as it was"),
    },
    "factor_reset.state": {
        "waiting": __("waits"),
        "done": __("was done"),
        "stopped": __("was stopped"),
    },
    "initiative_editor.role": {
        "lead": __("speaks for it and names others"),
        "editor": __("speaks for it"),
    },
    "level": {
        "unproven": __("not proven yet"),
        "vouched": __("somebody stands for it"),
        "verified": __("proven"),
    },
    "membership.role": {
        "resident": __("lives there"),
        "verifier": __("looks at proofs"),
        "steward": __("in the Quartiersteam"),
    },
    "person.status": {
        "active": __("in use"),
        "suspended": __("suspended by the operator"),
        "erased": __("being left"),
    },
    "person.language": {
        "de": __("Deutsch"),
        "en": __("English"),
    },
    "photo.state": {
        "receiving": __("being received"),
        "waiting": __("being prepared"),
        "ready": __("ready"),
        "refused": __("could not be read"),
    },
    "proof_case.kind": {
        "document": __("a document handed in"),
        "held": __("a proof that waits for a look"),
        "quiet": __("a proof that waits for a look"),
        "words": __("whether two neighbours' words are enough"),
    },
    "proof_case.state": {
        "open": __("somebody looks at it"),
        "contested": __("two did not agree, the operator decides"),
        "accepted": __("was accepted"),
        "refused": __("was refused"),
        "withdrawn": __("you took it back"),
        "expired": __("nobody decided in time"),
    },
    "proof_case.appeal": {
        "open": __("the operator looks at it once more"),
        "granted": __("you were right"),
        "rejected": __("the refusal stays"),
        "withdrawn": __("ended by your move"),
    },
    "case_half.says": {
        "yes": __("yes"),
        "no": __("no"),
    },
    "one_time_token.purpose": {
        "confirm": __("link to confirm the mail address"),
        "confirm_code": __("six digits to confirm the mail address"),
        "reset": __("link for a new password"),
        "come_back": __("link to come back after leaving"),
        "undo_email": __("link to take a new mail address back"),
        "undo_factor": __("link to take a new way to sign in back"),
        "stop_reset": __("link to keep the second step"),
        "second_step": __("the second step of signing in"),
        "dispute": __("link to say whose the account is"),
        "stay": __("link to keep an account nobody uses"),
        "still-here": __("link to say that you still live there"),
    },
    "address_access.purpose": {
        "letter": __("your card was printed"),
        "own page": __("you looked at it yourself"),
        "desk": __("whoever looks at proofs looked at yours"),
        "visit": __("an initiative you went to compared it with your paper"),
        "missing address": __("the operator looked up what the register lacks"),
        "dispute": __("the operator asked at home whose the account is"),
    },
    "security_event.result": {
        "done": __("it happened"),
        "refused": __("it was refused"),
        "ended": __("it was ended"),
        "expired": __("its time was over"),
        "yes": __("yes"),
        "no": __("no"),
        "held": __("it waits for a look"),
        "other session": __("another device has it"),
        "old": __("the older mailbox has it"),
        "new": __("the newer mailbox has it"),
    },
    "security_event.object": {
        "password": __("with the password"),
        "factor": __("with a second step"),
        **_FACTOR_CHANGES,
        "desk": __("by whoever looks at proofs"),
        "letter": __("for a card with a code"),
        "own": __("by yourself"),
        "visit": __("by an initiative you went to"),
        "dispute": __("by the operator, who asked there whose the account is"),
        "missing": __("because the register lacks it"),
        "operator": __("the operator"),
        "inactive": __("because nobody used it"),
        "restored": __("after a restore"),
    },
    "security_event.kind": {
        "account.signed_up": __("the account was opened"),
        "account.confirmed": __("mail address confirmed"),
        "session.opened": __("signed in"),
        "session.refused": __("somebody tried to sign in and could not"),
        "session.ended": __("signed out"),
        "session.ended_elsewhere": __("a device was signed out"),
        "session.proven_again": __("shown once more who you are"),
        "session.not_proven_again": __("not shown who you are"),
        "password.reset_asked": __("a new password was asked for"),
        "password.changed": __("password changed"),
        "email.change_asked": __("another mail address was asked for"),
        "email.changed": __("mail address changed"),
        "email.change_undone": __("the change of the mail address was taken back"),
        "account.disputed": __("the account was closed: two mailboxes said it was theirs"),
        "account.dispute_objected": __("the newer mailbox objected"),
        "account.dispute_decided": __("the operator said whose the account is"),
        "account.dispute_settled": __("whose the account is was settled"),
        "account.dispute_links_sent": __("the operator sent both mailboxes a new link"),
        "factor.added": __("a way to sign in was added"),
        "factor.removed": __("a way to sign in was removed"),
        "factor.refused": __("a second step did not fit"),
        "factor.reset_asked": __("doing without a second step was asked for"),
        "factor.reset_stopped": __("doing without a second step was stopped"),
        "factor.reset": __("the second step was taken away"),
        "factor.taken_back": __("a new way to sign in was taken back"),
        "factor.given_back": __("the ways to sign in that had been put aside were given back"),
        "factor.recovery_used": __("a recovery code was used"),
        "home.opened": __("your address was opened"),
        "home.chosen": __("an address was chosen"),
        "home.moved": __("you moved"),
        "proof.asked": __("a proof was asked for"),
        "proof.looked_at": __("somebody looked at a proof"),
        "proof.granted": __("a proof counts"),
        "proof.refused": __("a proof was refused"),
        "proof.withdrawn": __("a proof ended"),
        "proof.code_wrong": __("a wrong code was typed"),
        "letter.printed": __("cards were printed"),
        "letter.printed_again": __("cards were printed once more"),
        "letter.fetched": __("a file of cards was fetched"),
        "letter.refused": __("somebody wanted no more cards"),
        "invitation.made": __("an invitation was made"),
        "invitation.used": __("an invitation was used"),
        "invitation.ended": __("an invitation was ended"),
        "flyer.made": __("a flyer was made"),
        "flyer.ended": __("a flyer was ended"),
        "alarm.seen": __("an alarm about a code was seen"),
        "house.decided": __("a crowded house was decided on"),
        "home.missing_answered": __("a missing address was answered"),
        "initiative.added": __("an initiative was added"),
        "initiative.verified": __("an initiative was verified"),
        "initiative.changed": __("an initiative was changed"),
        "initiative.confirms": __("whether an initiative confirms addresses was changed"),
        "initiative.suspended": __("an initiative was suspended"),
        "initiative.resumed": __("an initiative goes on"),
        "role.given": __("a task was given"),
        "role.taken": __("a task was taken away"),
        "account.suspended": __("the account was suspended"),
        "account.restored": __("the account is open again"),
        "contribution.taken_down": __("a slip was taken down"),
        "contribution.put_back": __("a slip was put back"),
        "privacy.protected": __("the profile was protected, or its protection changed"),
        "account.renamed": __("another name was taken"),
        "export.asked": __("your data was asked for"),
        "export.made": __("your data was put together"),
        "export.fetched": __("your data was fetched"),
        "export.refused": __("your data was refused to a device"),
        "erasure.asked": __("leaving was asked for"),
        "erasure.taken_back": __("leaving was taken back"),
        "erasure.done": __("the account was deleted"),
        "erasure.replayed": __("the account was deleted once more after a restore"),
        "keys.rotated": __("keys of the site were changed"),
        "account.made": __("the operator made the account"),
        "quarters.imported": __("quarters were imported"),
        "quarters.planned": __("a change of quarters was planned"),
        "quarters.cancelled": __("a change of quarters was called off"),
        "log.read": __("events were read"),
        "incident.told": __("an incident was told"),
    },
}


def _elsewhere() -> dict[str, Mapping[str, object]]:
    """Words that other rooms have already."""
    methods = {each.key: each.title for each in METHODS}
    categories = {one.key: one.label for each in kinds.all_kinds() for one in each.categories}
    return {
        "contribution.kind": {each.name: each.label for each in kinds.all_kinds()},
        "contribution.category": categories,
        "mute.category": categories,
        "delivery.notice": {key: each.title for key, each in Notice.registry.items()},
        "subscription.list": {name: each.list_title for name, each in lists().items()},
        "proof.method": methods,
        "security_event.object": {**VALUES["membership.role"], **methods, **VALUES["security_event.object"]},
        "proof_case.method": methods,
        "proof_case.paper": PAPERS,
        "proof_case.reason": TOLD,
        "case_half.reason": TOLD,
    }


#: what a mail was about, as far as it says something to whom it went to: its notice → key of its payload → value → words, or
#: nothing where the value is a word of people's own. Whatever else is in a payload are keys of rows, perhaps other people's.
DETAILS: dict[str, dict[str, dict[str, LazyText] | None]] = {
    "accounts.new_device": {"device": None},
    "accounts.factor_changed": {
        "what": _FACTOR_CHANGES,
    },
}


def details(delivery: Mapping[str, Any]) -> dict[str, Any]:
    """Of the payload of a mail in the archive what its reader is told."""
    told = DETAILS.get(delivery["notice"], {})
    return {name: value for name, value in delivery["payload"].items() if name in told and isinstance(value, str)}


def detail(value: str) -> str:
    """A value out of ``details`` in words, in the language spoken now."""
    known = {
        each: word for notice in DETAILS.values() for words in notice.values() for each, word in (words or {}).items()
    }
    return str(known.get(value, value))


def words_of(table: str, column: str) -> Mapping[str, object]:
    """Value → words, in the language spoken when they are read; empty where a column holds people's own words."""
    named = VALUES | _elsewhere()
    return named.get(f"{table}.{column}") or named.get(column) or {}


#: columns of which only what has words is shown on the page: all else are keys of rows and opaque ids
ONLY_WORDS = ("security_event.object", "security_event.result")


def is_shown(table: str, column: str, value: object) -> bool:
    """Whether the page shows this value; the files for programs have all."""
    if f"{table}.{column}" in ONLY_WORDS:
        return value in words_of(table, column)
    return column not in ("id", "number") and not column.endswith("_id")


def said(table: str, column: str, value: str) -> str:
    """A value in words, in the language spoken now; what has none, such as text of somebody's own, as it is. A batch behind
    a purpose (``letter 2026-…``) is left out."""
    words = words_of(table, column)
    return str(words.get(value) or (words.get(value.partition(" ")[0]) if column == "purpose" else None) or value)
