"""Methods of proof: one file each, and one line here.

A method is offered on the waiting page through its ``Method`` and ends, whatever way it goes, in
``grading.grant(person_id, method.key, method.level, method.lasts)``. Nothing else knows which methods there are: the one field
at /code takes the codes of all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from neighbour.core import audit
from neighbour.core.audit import Event
from neighbour.residency import codes
from neighbour.residency.proofs.document import DOCUMENT
from neighbour.residency.proofs.flyer import FLYER
from neighbour.residency.proofs.in_person import IN_PERSON
from neighbour.residency.proofs.invitation import INVITATION
from neighbour.residency.proofs.method import Answer, Method, Offer, Outcome
from neighbour.residency.proofs.postcard import POSTCARD

METHODS: tuple[Method, ...] = (
    POSTCARD,
    INVITATION,
    FLYER,
    DOCUMENT,
    IN_PERSON,
)

__all__ = ["METHODS", "Method", "kind_of", "lasting", "offers", "redeem", "shown"]


def offers(person_id: int) -> list[Offer]:
    """The methods that are possible for a person here and now, with what their sections need: first what has begun, then the
    best."""
    possible = [Offer(each, each.context(person_id)) for each in METHODS if each.offered(person_id)]
    return sorted(possible, key=lambda offer: (not offer.is_under_way, offer.method.order))


def redeem(person_id: int, typed: str, network: str) -> Answer:
    """Answer a code of whichever method. typed: as a person writes it; network: where the request comes from, counted only."""
    for method, code in _read(typed):
        assert method.code is not None  # it has read this one
        answer = method.code.redeem(person_id, code, network)
        if answer.outcome in (Outcome.WRONG, Outcome.DEAD):
            audit.note(Event.CODE_WRONG, actor=person_id, subject=person_id, about=method.key, result="refused")
        return answer
    return Answer(Outcome.UNREADABLE)


def kind_of(typed: str) -> str:
    """Which method's code this is by its shape; empty where it is none."""
    return next((method.key for method, _code in _read(typed)), "")


def _read(typed: str) -> Iterator[tuple[Method, str]]:
    """The methods that can read what was typed, with the code it is to them."""
    for method in METHODS:
        code = method.code.read(typed) if method.code else None
        if code is not None:
            yield method, code


def shown(typed: str) -> str:
    """A typed code as it is printed; empty where it is none."""
    return next((codes.show(code) for _method, code in _read(typed)), "")


def lasting(method: str) -> timedelta:
    """How long a yes holds for a proof of this method; a year for one that is no longer offered."""
    known = (each.lasts for each in METHODS if each.key == method)
    return next(known, None) or timedelta(days=365)
