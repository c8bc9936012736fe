"""Numbers of people as they may be shown."""

from __future__ import annotations

SMALLEST = 5  # below this a number would point at single households


def shown(count: int | None) -> int | None:
    """A number of households or people, None where it is too small to be shown (or unknown)."""
    return count if count is not None and count >= SMALLEST else None
