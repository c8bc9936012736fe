"""What accounts asks rooms above it. Registered by them at start; accounts knows none of them."""

from __future__ import annotations

from collections.abc import Callable

StreetOf = Callable[[int], "str | None"]
_street: list[StreetOf] = []


def register_street(street_of: StreetOf) -> None:
    """Tell accounts how to learn the name of a person's own street (residency does)."""
    _street[:] = [street_of]


def street_of(person_id: int) -> str | None:
    """The name of the person's own street, without number; None where there is no home yet."""
    return _street[0](person_id) if _street else None
