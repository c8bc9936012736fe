"""The digest as a notice: how it is called, that it is list mail, and what it looks like with invented values.

Its mails are composed from pieces by ``compose``, not by ``Notice.write``; the register knows it all the same.
"""

from __future__ import annotations

import uuid
from email import message_from_bytes, policy
from email.utils import format_datetime

from neighbour.accounts.appearance import Face
from neighbour.contributions import kinds
from neighbour.contributions.cards import CardData
from neighbour.core import clock
from neighbour.core.columns import new_id
from neighbour.core.i18n import lazy_gettext as __
from neighbour.digests import compose, service
from neighbour.digests.edition import Book, Chosen, Entry
from neighbour.digests.portions import framed, items
from neighbour.notices.base import Mailbox, Notice, Written


class Issue(Notice):
    """The morning's issue."""

    key = service.NOTICE
    title = __("The digest")
    is_list = True
    list_name = compose.LIST
    list_title = __("Digest")
    list_hint = __("Every morning at 07:00, but only when there is something new.")

    def specimen(self, mailbox: Mailbox) -> Written:
        """An issue with invented contributions, read back from the mail as it would be sent."""
        kind = kinds.all_kinds()[0]
        entries = tuple(
            Entry(key, 0, True, _card(key, kind, number)) for number, key in enumerate((new_id(), new_id()))
        )
        edition = Book(0, "Weberviertel", 214, uuid.UUID(int=0), clock.now(), entries)
        raw = compose.compose(
            framed(edition, mailbox.language),
            compose.join(items(Chosen((), entries, 3), mailbox.language, is_proven=True)),
            common=compose.Common(
                "brett@example.org", format_datetime(clock.now()), "example.org", "https://example.org"
            ),
            to=mailbox.email,
            name=mailbox.name,
            token="beispiel",  # noqa: S106
            message_id="<preview@example.org>",
        )
        mail = message_from_bytes(raw, policy=policy.default)
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text is not None and html is not None
        return Written(str(mail["Subject"]), text.get_content(), html.get_content())


def _card(key: uuid.UUID, kind: kinds.Kind, number: int) -> CardData:
    titles = ("Wer kann am Freitag einen Kleiderschrank mittragen?", "Handschuh im Hof gefunden")
    return CardData(
        id=key,
        kind=kind.name,
        category=kind.categories[number],
        face=Face("Maximiliane-Theodora O.", "", "", None, "x", "active"),
        quarter="Weberviertel",
        quarter_id=0,
        audience="quarter",
        title=titles[number],
        body="",
        excerpt="Der Schrank ist zerlegt, aber die Rückwand ist sperrig.",
        published_at=clock.now(),
        edited_at=None,
        expires_at=None,
        solved_at=None,
        comment_count=0,
        thanks_count=0,
        version=1,
    )
