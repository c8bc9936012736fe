"""From what somebody uploads to plain pictures: looked at here, decoded elsewhere.

An uploaded file is never decoded in the process that serves pages. Its first bytes say what it is (``picture_heads``); a
process with little memory and little time (``redraw``) draws it anew, and what it gives back is made from pixels. So nothing
that hides in a file – a script, a position, a second file – comes out at the other end.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

MOST_PIXELS = 25_000_000
PROGRAM = Path(__file__).with_name("redraw.py")


class Trouble(StrEnum):
    """What is wrong with a file."""

    KIND = "kind"
    BROKEN = "broken"
    TOO_LARGE = "too large"
    LOCKED = "locked"
    EMPTY = "empty"
    BUSY = "busy"
    MOVING = "moving"


_BY_CODE = {10: Trouble.BROKEN, 11: Trouble.TOO_LARGE, 12: Trouble.LOCKED, 13: Trouble.EMPTY, 14: Trouble.MOVING}


class CannotDraw(ValueError):
    """A file of which no pictures can be made."""

    def __init__(self, trouble: Trouble):
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True)
class Limits:
    """What the process may take: memory in bytes, CPU in seconds, pages, pixels of a picture; and the longer sides, in pixels,
    of what it is to make."""

    memory: int
    seconds: float
    edges: tuple[int, ...]
    pages: int = 1
    pixels: int = MOST_PIXELS


def redraw(raw: bytes, kind: str, limits: Limits, patience: float, program: Path = PROGRAM) -> tuple[int, list[bytes]]:
    """One file through the process, which is killed when its time is over (``patience``, in seconds of the clock): how many
    pages there are, and the pieces it made. Raises CannotDraw."""
    numbers = (limits.memory, int(limits.seconds), limits.pages, limits.pixels, *limits.edges)
    command = [sys.executable, "-I", str(program), kind, *map(str, numbers)]
    try:
        done = subprocess.run(
            command, input=raw, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=patience, env={}, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CannotDraw(Trouble.TOO_LARGE) from error
    if done.returncode:  # a signal, or one of its own codes
        raise CannotDraw(_BY_CODE.get(done.returncode, Trouble.BROKEN))
    return _unpack(done.stdout)


def _unpack(stream: bytes) -> tuple[int, list[bytes]]:
    number, rest, pieces = stream[0], stream[1:], []
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        pieces.append(rest[4 : 4 + length])
        rest = rest[4 + length :]
    return number, pieces
