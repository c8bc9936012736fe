"""Who wants to know that borders were redrawn or that a quarter is to go. Rooms above register here; quarters knows none
of them. All are called on the owner's connection, inside the transaction of the import."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from neighbour.quarters.layout import Layout

Locate = Callable[[float, float], "int | None"]
Redraw = Callable[[Collection[int], Locate], "int | None"]
Holder = Callable[[int], Collection[str]]
Removal = Callable[[int], object]
Planning = Callable[["Layout"], "dict[tuple[str, str], Counted]"]
Told = Callable[[int], int]
Listener = TypeVar("Listener")

_listeners: list[Redraw] = []
_holders: list[Holder] = []
_removals: list[Removal] = []
_planners: list[Planning] = []
_tellers: dict[str, list[Told]] = {"planned": [], "cancelled": []}


@dataclass(frozen=True)
class Counted:
    """Who changes from one quarter into another: register entries, households, people; and how many of these people
    may choose because they live near the new border."""

    entries: int = 0
    households: int = 0
    people: int = 0
    choosers: int = 0


def on_redraw(listener: Redraw) -> None:
    """Call ``listener(quarter_ids, locate)`` inside the transaction of every import that changes borders. It may answer
    how many homes are in another quarter now."""
    _add(_listeners, listener)


def redrawn(quarter_ids: Collection[int], locate: Locate) -> int:
    """Tell everybody; gives how many homes are in another quarter now."""
    return sum(listener(quarter_ids, locate) or 0 for listener in _listeners)


def on_plan(planner: Planning) -> None:
    """Call ``planner(layout)`` inside the transaction that plans a change of quarters: it stores what it will need on the
    day, and answers who goes from which quarter (key) to which."""
    _add(_planners, planner)


def planned(layout: Layout) -> dict[tuple[str, str], Counted]:
    """Let everybody prepare; (from, to) → who."""
    return {pair: counted for planner in _planners for pair, counted in planner(layout).items()}


def tells_of(event: str, teller: Told) -> None:
    """Call ``teller(plan_id)`` when a plan is ``planned`` or ``cancelled``, in the same transaction; it answers how many
    people it promised a mail."""
    _add(_tellers[event], teller)


def tell_of(event: str, plan_id: int) -> int:
    """Have everybody told; gives how many people."""
    return sum(teller(plan_id) for teller in _tellers[event])


def holds(holder: Holder) -> None:
    """Ask ``holder(quarter_id)`` before a quarter is removed: what it has there that must not be lost, in words for the
    operator ("3 members"); empty for nothing."""
    _add(_holders, holder)


def who_holds(quarter_id: int) -> list[str]:
    """Why this quarter cannot be removed; empty if it can."""
    return [words for holder in _holders for words in holder(quarter_id)]


def on_removed(listener: Removal) -> None:
    """Call ``listener(quarter_id)`` just before a quarter that nobody holds is deleted: its rows have to let go of it."""
    _add(_removals, listener)


def removed(quarter_id: int) -> None:
    """Tell everybody."""
    for listener in _removals:
        listener(quarter_id)


def _add(listeners: list[Listener], listener: Listener) -> None:
    if listener not in listeners:  # the application may be made more than once in a process
        listeners.append(listener)
