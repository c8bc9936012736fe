"""How a long-lived process lets Python look for rubbish.

Models, routes and templates stay for ever, and a page makes a few thousand small objects that go by counting alone.
Python's collector, left as it is, walks through both again and again: a tenth of a page's time.
"""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 20_000, 20, 100  # new objects before a look at the young; looks before one at the older


def settle() -> None:
    """Call once when everything is loaded: what is there now is never looked at again, what comes less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
