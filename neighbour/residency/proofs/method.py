"""What a method of proof is, and what every typed code is answered with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from neighbour.core.i18n import LazyText
from neighbour.policy import Level


class Outcome(StrEnum):
    """What became of a typed code."""

    PROVEN = "proven"
    HELD = "held"  # it was right, and somebody looks at it before it counts
    WRONG = "wrong"
    DEAD = "dead"  # this was the last try, or there was none left
    EXPIRED = "expired"
    USED = "used"  # it has proven this home already: the button was pressed twice
    FULL = "full"  # everybody it was meant for has used it
    OVER = "over"  # its time is over, or it was ended
    NO_LETTER = "no_letter"  # none printed that could be answered
    UNREADABLE = "unreadable"  # no code at all; costs no try
    HOUSE_LOCKED = "house_locked"  # too many wrong codes for this house, whoever typed them
    LOCKED = "locked"  # too many wrong codes of this account, or from this network


@dataclass(frozen=True)
class Answer:
    """Outcome of a typed code and, where tries are counted per letter, those that are left. method: whose code it was."""

    outcome: Outcome
    tries_left: int = 0
    method: str = ""


@dataclass(frozen=True)
class Typed:
    """The codes of a method that are typed in.

    read: what somebody typed, forgivingly, as the code it means; None where it cannot be one of this method – lengths and first
    symbols differ, so a text is a code of one method at most. redeem: (person, code, network) → Answer; counts tries, grants.
    """

    read: Callable[[str], str | None]
    redeem: Callable[[int, str, str], Answer]


@dataclass(frozen=True)
class Method:
    """One way to show that one lives somewhere.

    key: stands in ``proof.method``, never changes once used. level, lasts: what it proves, and for how long
    (``grading.grant`` takes both; a yes once a year adds the same again). title, hint: the line on the waiting page; template:
    what opens below it, included with the variables that ``context(person_id)`` gives. order: lower is offered earlier; a
    context with ``under_way`` comes first and open. offered: whether this person can use it here and now, after their number.
    code: where it works by a code that is typed in.
    """

    key: str
    level: Level
    lasts: timedelta | None
    title: LazyText
    template: str
    context: Callable[[int], dict[str, Any]]
    hint: LazyText | str = ""
    order: int = 50
    offered: Callable[[int], bool] = lambda person_id: True
    code: Typed | None = None


@dataclass(frozen=True)
class Offer:
    """A method as the waiting page shows it to one person."""

    method: Method
    context: dict[str, Any]

    @property
    def is_under_way(self) -> bool:
        """Whether the person has begun with it."""
        return bool(self.context.get("under_way"))
