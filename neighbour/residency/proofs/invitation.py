"""A neighbour's invitation: somebody who is proven stands for a newcomer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from neighbour.core.i18n import lazy_gettext as __
from neighbour.policy import Level
from neighbour.residency import codes
from neighbour.residency.proofs.method import Answer, Method, Typed


def _context(person_id: int) -> dict[str, Any]:
    from neighbour.residency import invitations  # which asks this file what its code proves

    return {"has_one": invitations.is_vouched_for(person_id)}


def _redeem(person_id: int, code: str, network: str) -> Answer:
    from neighbour.residency import invitations

    return invitations.redeem(person_id, code, network)


INVITATION = Method(
    key="invitation",
    level=Level.VOUCHED,
    lasts=timedelta(days=365),
    title=__("A neighbour invites you"),
    hint=__("One opens the board at once. With two of different houses everything opens, once somebody has looked."),
    template="residency/_invitation.html",
    context=_context,
    order=20,
    code=Typed(lambda typed: codes.read_marked(typed, codes.INVITATION), _redeem),
)
