"""A flyer in the staircase: a code for the houses of a few streets."""

from __future__ import annotations

from datetime import timedelta

from neighbour.core.i18n import lazy_gettext as __
from neighbour.policy import Level
from neighbour.residency import codes
from neighbour.residency.proofs.method import Answer, Method, Typed


def _redeem(person_id: int, code: str, network: str) -> Answer:
    from neighbour.residency import flyers  # which asks this file what its code proves

    return flyers.redeem(person_id, code, network)


def _is_offered(person_id: int) -> bool:
    from neighbour.residency.grading import current_membership

    membership = current_membership(person_id)  # a second one would add nothing
    return membership is not None and not Level(membership.level).reads_board


FLYER = Method(
    key="flyer",
    level=Level.VOUCHED,
    lasts=timedelta(days=365),
    title=__("A flyer in your house"),
    hint=__("At once, where the Quartiersteam has put one up. Opens the board."),
    template="residency/_flyer.html",
    context=lambda person_id: {},
    order=60,
    offered=_is_offered,
    code=Typed(lambda typed: codes.read_marked(typed, codes.FLYER), _redeem),
)
