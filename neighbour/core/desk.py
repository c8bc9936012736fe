"""What a room says about a queue on the desk (``app.extensions["desk"]``, see ``neighbour.stewardship``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Waiting:
    """How many things wait, and since when the oldest does."""

    count: int = 0
    since: datetime | None = None
