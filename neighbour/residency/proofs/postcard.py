"""A card with a code to the letterbox: the strongest proof that needs nobody's time."""

from __future__ import annotations

from neighbour.core.i18n import lazy_gettext
from neighbour.policy import Level
from neighbour.residency import letters
from neighbour.residency.proofs.method import Method

POSTCARD = Method(
    key=letters.METHOD,
    level=Level.VERIFIED,
    lasts=letters.PROOF_LASTS,
    title=lazy_gettext("A card in your letterbox"),
    promise=lazy_gettext("It brings a code, and costs you nothing."),
    template="residency/_postcard.html",
    context=lambda person_id: {"letter": letters.status(person_id), "tries": letters.TRIES},
)
