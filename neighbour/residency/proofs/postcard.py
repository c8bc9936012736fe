"""A card with a code to the letterbox: the strongest proof that needs nobody's time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from neighbour.core.i18n import lazy_gettext
from neighbour.policy import Level
from neighbour.residency.proofs.method import Method


def _context(person_id: int) -> dict[str, Any]:
    from neighbour.residency import letters  # which asks this file what its code proves

    return {"letter": letters.status(person_id), "tries": letters.TRIES}


POSTCARD = Method(
    key="postcard",
    level=Level.VERIFIED,
    lasts=timedelta(days=730),
    title=lazy_gettext("A card in your letterbox"),
    template="residency/_postcard.html",
    context=_context,
)
