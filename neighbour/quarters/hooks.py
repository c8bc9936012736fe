"""Who wants to know that borders were redrawn or that a quarter is to go. Rooms above register here; quarters knows none
of them. All are called on the owner's connection, inside the transaction of the import."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

Locate = Callable[[float, float], "int | None"]
Redraw = Callable[[Collection[int], Locate], object]
Holder = Callable[[int], Collection[str]]
Removal = Callable[[int], object]
Listener = TypeVar("Listener")

_listeners: list[Redraw] = []
_holders: list[Holder] = []
_removals: list[Removal] = []


def on_redraw(listener: Redraw) -> None:
    """Call ``listener(quarter_ids, locate)`` inside the transaction of every import that changes borders."""
    _add(_listeners, listener)


def redrawn(quarter_ids: Collection[int], locate: Locate) -> None:
    """Tell everybody."""
    for listener in _listeners:
        listener(quarter_ids, locate)


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
