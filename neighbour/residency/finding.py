"""From what a person types to one entry of the register, or to a question a neighbour would ask back.

Nothing is guessed: only what the register knows exactly is taken at once. A spelling that had to be corrected and an
address that fits several entries come back as choices.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_CHOICES = 6


@dataclass(frozen=True)
class Choice:
    """A register entry offered for choosing."""

    id: int
    label: str


@dataclass(frozen=True)
class Found:
    """The entry, or the question to ask back at ``field`` and what may be chosen."""

    address_id: int | None = None
    question: str = ""
    field: str = "number"
    choices: tuple[Choice, ...] = ()


def find(street: str | None, number: str | None, postcode: str | None, chosen: int | None) -> Found:
    return Found()


def streets(typed: str, postcode: str) -> list[tuple[str, str]]:
    return []
