"""A card with a code to the letterbox: the strongest proof that needs nobody's time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from neighbour.core.i18n import lazy_gettext as __
from neighbour.policy import Level
from neighbour.residency import codes
from neighbour.residency.proofs.method import Answer, Method, Typed


def _context(person_id: int) -> dict[str, Any]:
    from neighbour.residency import letters  # which asks this file what its code proves

    status = letters.status(person_id)
    return {"letter": status, "tries": letters.TRIES, "under_way": status.state == "ordered"}


def _redeem(person_id: int, code: str, _network: str) -> Answer:
    from neighbour.residency import letters

    return letters.redeem(person_id, code)


POSTCARD = Method(
    key="postcard",
    level=Level.VERIFIED,
    lasts=timedelta(days=730),
    title=__("A card in your letterbox"),
    hint=__("Takes a few days. Opens everything."),
    template="residency/_postcard.html",
    context=_context,
    order=10,
    code=Typed(codes.read, _redeem),
)
