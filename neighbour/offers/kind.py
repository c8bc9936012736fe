"""What offers tell the rest of the house about themselves."""

from __future__ import annotations

import uuid

from neighbour.contributions.kinds import Kind
from neighbour.core.i18n import LazyText
from neighbour.core.i18n import lazy_gettext as __
from neighbour.offers import forbidden, newcomers, queue, scam, service, trade
from neighbour.offers.categories import CATEGORIES
from neighbour.offers.details import details
from neighbour.offers.forms import OfferForm
from neighbour.offers.models import UNPAID, Category, Offer, Stage
from neighbour.offers.page import loan_page, page_data
from neighbour.policy import Identity


def publish(author: Identity, form: OfferForm) -> Offer:
    """Pin up what the composer holds, in the author's own quarter."""
    return service.publish(**form.said_by(author))


def revise(editor: Identity, offer: Offer, form: OfferForm) -> Offer:
    """Change an offer to what the composer holds. Whoever waits where it is not shown any more is told that it is over."""
    changed = service.revise(offer, **form.changed_by(editor))
    queue.tell(offer.id)
    return changed


def doubts(form: OfferForm) -> list[LazyText]:
    """What is asked before an offer is pinned up: words that swindlers or traders use, and words that do not say what it is."""
    found = []
    if signs := scam.look(form.words()):
        names = ", ".join(map(str, signs))
        found.append(
            __("It reads like a swindle and its readers are warned, because it is about: %(signs)s.", signs=names)
        )
    text = form.things().beside(form.title.data, form.body_md.data)
    unclear = forbidden.doubt(text, is_wanted=form.category.data == Category.WANTED)
    if unclear is not None:
        found.append(unclear)
    if (words := trade.signs(text)) and not trade.is_plain(text, is_gift=form.category.data in UNPAID):
        found.append(
            __(
                "It may read like trade, because it says: %(signs)s. If it is private, pin it up.",
                signs=", ".join(words),
            )
        )
    return found


def keep_answers(offer: Offer, person_id: int, words: str, replied_to: uuid.UUID | None) -> None:
    """Newcomers reach a few people a day, by answers too."""
    newcomers.keep_slow(person_id, words, offer, replied_to)


def hold(offer: Offer) -> None:
    """Its queue before its row, as all that changes a queue takes them: its change may end what somebody waits for."""
    queue.hold(offer.id)


def goes_on(offer: Offer) -> bool:
    """Whether somebody has borrowed it: its author says when it is back."""
    return offer.stage == Stage.LENT


KIND = Kind(
    name="offer",
    label=__("Offer"),
    plural=__("Offers"),
    icon="gift",
    order=20,
    model=Offer,
    categories=CATEGORIES,
    form=OfferForm,
    fields="offers/fields.html",
    publish=publish,
    revise=revise,
    details=details,
    page="offers/page.html",
    page_data=page_data,
    deeds=__("need looking"),
    suspects=scam.look,
    doubts=doubts,
    keep_answers=keep_answers,
    keep_reopening=service.keep_reopening,
    remains=loan_page,
    goes_on=goes_on,
    hold=hold,
    most_in_issue=8,
)
