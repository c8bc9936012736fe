"""What offers tell the rest of the house about themselves."""

from __future__ import annotations

from neighbour.contributions.kinds import Kind
from neighbour.core.i18n import lazy_gettext as __
from neighbour.offers import scam, service
from neighbour.offers.categories import CATEGORIES
from neighbour.offers.details import details
from neighbour.offers.forms import OfferForm
from neighbour.offers.models import Offer
from neighbour.offers.page import page_data
from neighbour.policy import Identity


def publish(author: Identity, form: OfferForm) -> Offer:
    """Pin up what the composer holds, in the author's own quarter."""
    return service.publish(**form.said_by(author))


def revise(editor: Identity, offer: Offer, form: OfferForm) -> Offer:
    """Change an offer to what the composer holds."""
    return service.revise(offer, **form.changed_by(editor))


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
    most_in_issue=8,
)
