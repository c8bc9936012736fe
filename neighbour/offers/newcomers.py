"""An account of a few days reaches five people a day on the market and sends no links.

Whoever swindles begins anew again and again. What counts is whom somebody writes to, by whichever door: asking for an offer, or
answering below one. What only the one reads to whom an offer is promised is a letter, too.
"""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

from sqlalchemy import select, union
from sqlalchemy.orm import aliased

from neighbour.accounts.models import Person
from neighbour.contributions.models import Comment
from neighbour.contributions.service import NotPossible
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.offers.models import Ask, Offer

NEW_FOR, NEW_CONTACTS = timedelta(days=7), 5  # accounts younger than this reach so many people a day
#: where names of hosts end; what is a German word, too, only as it is written in one ("Gern.Info folgt")
_ENDS = (
    r"(?i:de|com|net|org|eu|biz|ch|nl|pl|ru|cn|uk|fr|us|tk|ly|me|io|co|cc|tv|gg|gl|xyz|example)"
    r"|(?:at|info|shop|store|online|app|page|site|website|link|click|top|live|pro|club|vip|icu|buzz|space|tech|dev|cloud|email|world)"
)
#: a scheme, "www.", a host; any country with something behind it ("wa.me/49"). No missing space: "Sehr gern.Wann passt es?"
_LINK = re.compile(rf"(?i:https?:|www\.)|[\w-]\.(?:(?:{_ENDS})(?![\w-])|[a-z]{{2}}/\w)")


class Link(NotPossible):
    """A link of somebody who has just come."""

    def __init__(self, field: str = "") -> None:
        super().__init__(__("In your first week, without links, please. They help swindlers more than neighbours."))
        self.field = field


def keep_slow(person_id: int, words: str, offer: Offer, replied_to: uuid.UUID | None = None) -> None:
    """Raises NotPossible where this person is new and these words hold a link, or would reach one person too many today: the
    author of the offer, and of the answer they reply to."""
    if not _is_new(person_id):
        return
    if has_link(words):
        raise Link
    reached = {offer.author_id, _writer(replied_to)} - {None, person_id}
    before = _reached(person_id)
    if reached - before and len(before | reached) > NEW_CONTACTS:
        raise NotPossible(
            __(
                "In your first week you can write to %(most)s neighbours a day. Tomorrow you can go on.",
                most=NEW_CONTACTS,
            )
        )


def keep_without_links(person_id: int, words: str) -> None:
    """Raises Link where this person is new and these words for one reader alone lead somewhere else."""
    if has_link(words) and _is_new(person_id):
        raise Link("for_holder")


def _is_new(person_id: int) -> bool:
    began = db.session.scalar(select(Person.created_at).where(Person.id == person_id))
    return began is not None and began > clock.now() - NEW_FOR


def has_link(words: str) -> bool:
    """Whether these words lead somewhere else."""
    return _LINK.search(words) is not None


def _writer(answer: uuid.UUID | None) -> int | None:
    if answer is None:
        return None
    return db.session.scalar(select(Comment.author_id).where(Comment.id == answer))


def _reached(person_id: int) -> set[int]:
    """Whom this person has written to on the market within a day."""
    since, parent = clock.now() - timedelta(days=1), aliased(Comment)
    said = Comment.author_id == person_id, Comment.created_at > since
    asked = (
        select(Offer.author_id)
        .join(Ask, Ask.offer_id == Offer.id)
        .where(Ask.person_id == person_id, Ask.asked_at > since)
    )
    answered = select(Offer.author_id).join(Comment, Comment.contribution_id == Offer.id).where(*said)
    replied = (
        select(parent.author_id)
        .join(Comment, Comment.parent_id == parent.id)
        .join(Offer, Offer.id == Comment.contribution_id)
        .where(*said)
    )
    return set(db.session.scalars(union(asked, answered, replied))) - {person_id}
