"""How many statements something costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from neighbour.core import asking


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collects the statements this process executes inside the block, whichever way they go to the database."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    asking.listeners.append(seen.append)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        asking.listeners.remove(seen.append)
