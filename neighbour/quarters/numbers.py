"""Numbers of people as they may be shown.

Whatever counts people or households is shown in steps of five, and not at all below five. So two published numbers differ by
nothing or by five and more, wherever and whenever they are read: no single household can be worked out by subtracting the
numbers of two places or of two days. Sums are made of shown numbers (``total``), never shown sums of exact ones: a sum
then says nothing that its parts do not say.
"""

from __future__ import annotations

from collections.abc import Iterable

STEP = 5  # below this a number would point at single households


def shown(count: int | None) -> int | None:
    """A number of households or people, rounded down to a step; None where it is too small to be shown (or unknown)."""
    return count - count % STEP if count is not None and count >= STEP else None


def total(counts: Iterable[int | None]) -> int | None:
    """What several numbers come to, as far as each of them may be shown."""
    return sum(shown(count) or 0 for count in counts) or None
