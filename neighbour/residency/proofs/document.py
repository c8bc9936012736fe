"""A paper with name and address, looked at by two people: for whoever cannot wait for the post."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from neighbour.core.i18n import lazy_gettext
from neighbour.policy import Level
from neighbour.residency.proofs.method import Method


def _context(person_id: int) -> dict[str, Any]:
    from neighbour.residency.cases import concluding, documents  # which ask this file what a document proves

    standing = documents.standing(person_id)
    return {"standing": standing, "days": concluding.ANSWERED_AFTER.days, "under_way": standing.why_not == "open"}


DOCUMENT = Method(
    key="document",
    level=Level.VERIFIED,
    lasts=timedelta(days=730),
    title=lazy_gettext("A document"),
    template="residency/_document.html",
    context=_context,
    hint=lazy_gettext("About three days. Opens everything."),
    order=40,
)
