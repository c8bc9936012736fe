"""What was made once and is good for many: rendered pieces, by all that changes them.

Keys say everything a piece depends on (a version, a language, a day), so nothing has to be thrown away by hand; what
nobody asked for longest is forgotten first. A ``Shelf`` belongs to the application and not to the process, because a
piece may hold what only its settings know, such as the site's address.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar, cast

from flask import current_app

EXTENSION = "kept"  # where an application has its shelves
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
_NOTHING: Any = object()


class Kept(Generic[Key, Value]):
    """Values by key, ``most`` of them. Safe between threads."""

    def __init__(self, most: int):
        self.most = most
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._lock = Lock()

    def find(self, keys: Sequence[Key]) -> list[Value | None]:
        """What is kept for each of ``keys``, None for nothing."""
        found: list[Value | None] = []
        with self._lock:
            for key in keys:
                value = self._values.get(key)
                if value is not None:
                    self._values.move_to_end(key)
                found.append(value)
        return found

    def keep(self, key: Key, value: Value) -> None:
        """Keep one more, or another one in its place."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self.most:
                self._values.popitem(last=False)

    def of(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of ``key``; ``make()`` if it is not kept. Two threads may both make it; the later one stays."""
        with self._lock:
            found = self._values.get(key, _NOTHING)
            if found is not _NOTHING:
                self._values.move_to_end(key)
                return cast(Value, found)
        made = make()
        self.keep(key, made)
        return made


class Shelf(Generic[Key, Value]):
    """A ``Kept`` that each application has for itself: made in a module, filled inside an application context."""

    def __init__(self, most: int):
        self.most = most

    def find(self, keys: Sequence[Key]) -> list[Value | None]:
        """What the current application keeps for each of ``keys``, None for nothing."""
        return self._here().find(keys)

    def keep(self, key: Key, value: Value) -> None:
        """Keep one more, or another one in its place."""
        self._here().keep(key, value)

    def of(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of ``key``; ``make()`` if it is not kept."""
        return self._here().of(key, make)

    def _here(self) -> Kept[Key, Value]:
        shelves: dict[Shelf[Any, Any], Kept[Any, Any]] = current_app.extensions.setdefault(EXTENSION, {})
        found = shelves.get(self)
        return found if found is not None else shelves.setdefault(self, Kept(self.most))
