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

Every notice has a ``preview`` context, so that each can be shown and tested without anybody receiving it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
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

    def mailbox(self, person_id: int) -> Mailbox | None:
        """Where this notice reaches the person; None where it does not. Runs in the worker with nobody's eyes."""
        return mailboxes_of([person_id]).get(person_id)

    def specimen(self, mailbox: Mailbox) -> Written:
        """The notice with invented values, as this mailbox would get it."""
        return self.write(self.preview(), mailbox)

    def write(self, context: dict[str, Any], mailbox: Mailbox) -> Written:
        """The notice in the mailbox's language."""
        room, name = self.key.split(".")
        with i18n.speaking(mailbox.language):
            given = {**context, "mailbox": mailbox, "notice": self}
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
    ) -> bool:
        """Promise this notice to a person; False if it had been promised before. Inside atomic()."""
        return ledger.promise(
            person_id, cls.key, subject_key=subject_key, period=period, payload=payload or {}, quarter_id=quarter_id
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
