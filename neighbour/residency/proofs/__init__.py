"""Methods of proof: one file each, and one line here.

A method is shown on the waiting page through its ``Method`` and ends, whatever way it goes, in
``grading.grant(person_id, method.key, method.level, method.lasts)``. Nothing else knows which methods there are.
"""

from __future__ import annotations

from neighbour.residency.proofs.document import DOCUMENT
from neighbour.residency.proofs.in_person import IN_PERSON
from neighbour.residency.proofs.method import Method
from neighbour.residency.proofs.postcard import POSTCARD

METHODS: tuple[Method, ...] = (POSTCARD, DOCUMENT, IN_PERSON)

__all__ = ["METHODS", "Method"]
