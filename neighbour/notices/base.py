"""What a notice is: a class that says who hears what, and why.

    class ConfirmEmail(Notice):
        key = "accounts.confirm"                    # also names the templates: accounts/mail_confirm.txt and .html
        title = lazy_gettext("Confirm your e-mail")  # how settings and previews call it

        def subject(self, context): return _("Please confirm your e-mail address")
        def context(self, person_id, payload): …    # what the templates need; may mint single-use tokens

    ConfirmEmail.send(person.id, subject_key="…", payload={…})     # inside atomic()

``send`` writes a row of the delivery ledger in the current transaction and asks for its delivery after the commit. The
payload holds ids, never texts or secrets: ``context`` runs in the worker when the mail is written, so a token
exists only in the mail and as a hash. The row is unique by (person, notice, subject_key, period, channel): sending
twice is sending once. ``is_list`` marks mail somebody subscribed to: it carries List-Unsubscribe and is held
back from addresses that bounced.

An address that nobody has confirmed may be a stranger's: only a notice that says ``goes_unconfirmed`` goes there, and this
file alone decides it (``Notice.may_reach``), when a mail is promised and again when it is sent. While two mailboxes quarrel
about an account, nobody knows who reads the mails sent to it: only what says ``goes_while_closed`` goes out, the rest waits
(``Notice.has_to_wait``). ``folds`` marks what somebody
signed in could cause by the dozen: the first few of an hour go at once, the rest become one mail (``ledger.promise_folded``).

Every notice has a ``preview`` context, so that each can be shown and tested without anybody receiving it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from flask import render_template

from neighbour.core import i18n
from neighbour.core.i18n import LazyText
from neighbour.notices import ledger

_BLANKS = re.compile(r"\n\s*\n(?:\s*\n)+")


class Skip(Exception):
    """Raised by ``context`` when there is nothing left to say; the delivery ends as skipped."""


@dataclass(frozen=True)
class Mailbox:
    """Where a person is reached."""

    email: str
    language: str
    name: str
    takes_mail: bool = True
    is_confirmed: bool = True
    #: the one form of the address by which mail to it is counted
    key: str = ""
    is_closed: bool = False  # two mailboxes say that the account is theirs


@dataclass(frozen=True)
class Written:
    """A notice in words."""

    subject: str
    text: str
    html: str


class Notice:
    """Base of all notices; subclasses register themselves."""

    key: ClassVar[str]
    title: ClassVar[LazyText]
    is_list: ClassVar[bool] = False
    #: sign-up, or the law, cannot do without it; nobody can cause many of it with somebody else's address
    goes_unconfirmed: ClassVar[bool] = False
    #: is about the account itself, and says nothing that anybody else has written or done
    goes_while_closed: ClassVar[bool] = False
    #: somebody signed in can cause many of it in an hour
    folds: ClassVar[bool] = False
    #: list mail names the list (``subscription.list``) it belongs to, and what the list is for readers
    list_name: ClassVar[str] = ""
    list_title: ClassVar[LazyText]
    list_hint: ClassVar[LazyText]

    registry: ClassVar[dict[str, type[Notice]]] = {}

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        Notice.registry[cls.key] = cls

    def subject(self, context: dict[str, Any]) -> str:
        """The subject line, in the language spoken now."""
        return str(self.title)

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """What the templates need. Runs in the worker inside atomic(); raises Skip when there is nothing to say."""
        return dict(payload)

    def preview(self) -> dict[str, Any]:
        """A context with invented values."""
        return {}

    def kind_of(self, payload: dict[str, Any]) -> str:
        """Which of these notices are folded into one: those of one kind."""
        return ""

    @classmethod
    def may_reach(cls, mailbox: Mailbox | None) -> bool:
        """Whether this notice may go there: not to an address that nobody has confirmed, but for the few that say so."""
        return cls.goes_unconfirmed or mailbox is None or mailbox.is_confirmed

    @classmethod
    def has_to_wait(cls, mailbox: Mailbox) -> bool:
        """Whether this notice is for an account that is closed, and is nothing that both who claim it may read."""
        return mailbox.is_closed and not cls.goes_while_closed

    def mailbox(self, person_id: int, payload: dict[str, Any]) -> Mailbox | None:
        """Where this notice reaches the person; None where it does not. Runs in the worker with nobody's eyes."""
        return mailboxes_of([person_id]).get(person_id)

    def specimen(self, mailbox: Mailbox) -> Written:
        """The notice with invented values, as this mailbox would get it."""
        return self.write(self.preview(), mailbox)

    def write(self, context: dict[str, Any], mailbox: Mailbox) -> Written:
        """The notice in the mailbox's language."""
        room, name = self.key.split(".")
        with i18n.speaking(mailbox.language):
            given = {"is_folded": False, **context, "mailbox": mailbox, "notice": self}
            return Written(
                subject=" ".join(self.subject(context).split()),
                text=_BLANKS.sub("\n\n", render_template(f"{room}/mail_{name}.txt", **given)).strip() + "\n",
                html=render_template(f"{room}/mail_{name}.html", **given),
            )

    @classmethod
    def send(
        cls,
        person_id: int,
        *,
        subject_key: str = "",
        period: str = "",
        payload: dict[str, Any] | None = None,
        quarter_id: int | None = None,
        due_at: datetime | None = None,
    ) -> bool:
        """Promise this notice to a person, at once or when it is due; False if it had been promised before, or may not go there.
        Inside atomic()."""
        if not cls.goes_unconfirmed and not cls.may_reach(mailboxes_of([person_id]).get(person_id)):
            return False
        given = payload or {}
        if cls.folds:
            kind = cls().kind_of(given)
            return ledger.promise_folded(person_id, cls.key, kind=kind, subject_key=subject_key, payload=given)
        return ledger.promise(
            person_id,
            cls.key,
            subject_key=subject_key,
            period=period,
            payload=given,
            quarter_id=quarter_id,
            due_at=due_at,
        )


def lists() -> dict[str, type[Notice]]:
    """Every list somebody can be on, by name; the notice that it is for says what it is called."""
    return {notice.list_name: notice for notice in Notice.registry.values() if notice.is_list}


AddressBook = Callable[[Collection[int]], "dict[int, Mailbox]"]
_book: list[AddressBook] = []


def register_address_book(book: AddressBook) -> None:
    """Tell notices who people are: numbers → mailboxes, without those who cannot be reached. Accounts does, once."""
    _book[:] = [book]


def mailboxes_of(people: Collection[int]) -> dict[int, Mailbox]:
    """The mailboxes of these people, by number; who cannot be reached is missing."""
    return _book[0](people) if _book else {}
