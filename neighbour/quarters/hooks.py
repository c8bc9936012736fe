"""Who wants to know that borders were redrawn. Rooms above register here; quarters knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Collection

Locate = Callable[[float, float], "int | None"]
Redraw = Callable[[Collection[int], Locate], object]

_listeners: list[Redraw] = []


def on_redraw(listener: Redraw) -> None:
    """Call ``listener(quarter_ids, locate)`` inside the transaction of every import that changes borders."""
    if listener not in _listeners:
        _listeners.append(listener)


def redrawn(quarter_ids: Collection[int], locate: Locate) -> list[object]:
    """Tell everybody; returns what each answers."""
    return [listener(quarter_ids, locate) for listener in _listeners]
