"""What a method of proof is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from neighbour.core.i18n import LazyText
from neighbour.policy import Level


@dataclass(frozen=True)
class Method:
    """One way to show that one lives somewhere.

    key: stands in ``proof.method``, never changes once used. level, lasts: what it proves, and for how long
    (``grading.grant`` takes both). title, template: the section of the waiting page, included with the variables that
    ``context(person_id)`` gives.
    """

    key: str
    level: Level
    lasts: timedelta | None
    title: LazyText
    template: str
    context: Callable[[int], dict[str, Any]]
