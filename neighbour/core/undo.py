"""What can be undone in this browser: the last few things of a kind, each under its own id, in the browser's cookie.

Taking one back leaves the others there: two windows, or two things taken away one after the other, do not spoil each other's
way back. What is kept here stands in a signed cookie that its owner can read: seal what is nobody's to read.
"""

from __future__ import annotations

import json
from typing import Any

from flask import session as cookie

#: things of a kind, and bytes of all of them as JSON; the newest stays however long it is. A cookie has 4 KB in all
KEPT, ROOM = 3, 700


def keep(kind: str, uid: str, *what: Any) -> None:
    """Keep ``what`` (as JSON has it) under ``uid``; the oldest goes where there is no room."""
    kept = [[uid, *what], *(each for each in cookie.get(kind, []) if each[0] != uid)][:KEPT]
    while len(kept) > 1 and len(json.dumps(kept)) > ROOM:
        kept.pop()
    cookie[kind] = kept


def kept(kind: str, uid: str) -> list[Any] | None:
    """What was kept under ``uid``; None where there is nothing, or no longer."""
    return next((what for known, *what in cookie.get(kind, []) if known == uid), None)


def done(kind: str, uid: str) -> None:
    """It is taken back, or never will be: forget it, and nothing else."""
    cookie[kind] = [each for each in cookie.get(kind, []) if each[0] != uid]
