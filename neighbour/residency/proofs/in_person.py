"""In person: an initiative of the neighbourhood sees a paper with name and address, and keeps nothing of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from neighbour.core.i18n import lazy_gettext
from neighbour.policy import Level
from neighbour.residency.proofs.method import Method


def _context(person_id: int) -> dict[str, Any]:
    from neighbour.residency.cases import visits

    return {"places": visits.places_for(person_id)}


def _is_offered(person_id: int) -> bool:
    from neighbour.residency.cases import visits

    return bool(visits.places_for(person_id))


IN_PERSON = Method(
    key="in_person",
    level=Level.VERIFIED,
    lasts=timedelta(days=730),
    title=lazy_gettext("In person, around the corner"),
    template="residency/_in_person.html",
    context=_context,
    hint=lazy_gettext("At once, during their hours. Opens everything."),
    order=30,
    offered=_is_offered,
)
