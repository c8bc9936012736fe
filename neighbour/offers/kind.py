"""What offers tell the rest of the house about themselves."""

from __future__ import annotations

from neighbour.contributions.forms import as_uuid
from neighbour.contributions.kinds import Kind
from neighbour.contributions.models import Audience
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
    home = author.home
    assert author.person_id is not None and home is not None  # the gate lets nobody else through
    return service.publish(
        author_id=author.person_id, quarter_id=home.quarter_id, form_key=as_uuid(form.form_key.data), **_fields(form)
    )


def revise(editor: Identity, offer: Offer, form: OfferForm) -> Offer:
    """Change an offer to what the composer holds."""
    assert editor.person_id is not None
    return service.revise(offer, editor_id=editor.person_id, **_fields(form))


def _fields(form: OfferForm) -> dict:
    return {
        "category": form.category.data,
        "title": form.title.data,
        "body_md": form.body_md.data,
        "audience": Audience(form.audience.data),
        "things": form.things(),
    }


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
    suspects=scam.look,
    most_in_issue=8,
)
