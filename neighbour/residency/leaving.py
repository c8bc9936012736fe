"""Moving away: what becomes of the things somebody wrote is asked here and done by the rooms that hold them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Leaving(StrEnum):
    """What somebody who moves chooses for what they wrote in the old quarter."""

    STAY = "stay"  # it hangs on, without a name
    CLOSE = "close"  # the same, and what is open is marked as done
    TAKE = "take"  # what nobody answered comes along


Settle = Callable[[int, int, Leaving], None]
_settlers: list[Settle] = []


def on_leaving(settle: Settle) -> None:
    """Call ``settle(person_id, quarter_id, leaving)`` when a member takes an address in another quarter, inside the
    transaction and before the old membership ends."""
    if settle not in _settlers:
        _settlers.append(settle)


def leave(person_id: int, quarter_id: int, leaving: Leaving) -> None:
    """Have everything settled."""
    for settle in _settlers:
        settle(person_id, quarter_id, leaving)
