"""How a long-lived process lets Python look for rubbish.

Models, routes and templates stay for ever, and a page makes a few thousand small objects that go by counting alone.
Python's collector, left as it is, walks through both again and again: a tenth of a page's time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG, MIDDLE, OLD = 20_000, 20, 100  # new objects before a look at the young; looks before one at the older


@contextmanager
def loading() -> Iterator[None]:
    """Look for no rubbish while modules, models and routes are made: what comes now stays. A sixth of a start."""
    was_looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_looking:
            gc.enable()


def settle() -> None:
    """Call once when everything is loaded: what is there now is never looked at again, what comes less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
