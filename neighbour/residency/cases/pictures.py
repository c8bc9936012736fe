"""From what somebody uploads to plain pictures: looked at here, decoded elsewhere.

An uploaded file is never stored and never decoded in the process that serves pages. Its first bytes say what it is; a
process with little memory and little time (``redraw``) draws its pages anew; what it gives back are JPEGs made from pixels.
So nothing that hides in a file – a script, a position, a second file – comes out at the other end.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import BoundedSemaphore

from neighbour.core import clock

MOST_PAGES = 4
#: of one upload: the form invites so many photos, and a phone's have 4 to 8 MB each
MOST_BYTES = MOST_PAGES * (8 << 20)
MOST_PIXELS = 25_000_000
EDGE = 2_000  # pixels of the longer side: A4 at 170 dots per inch
MEMORY, SECONDS = 512 << 20, 10
#: so many processes draw at once, whoever uploads: each may take MEMORY, and a core for SECONDS
AT_ONCE = 2
_places = BoundedSemaphore(AT_ONCE)
PROGRAM = Path(__file__).with_name("redraw.py")


class Trouble(StrEnum):
    """What is wrong with a file."""

    KIND = "kind"
    BROKEN = "broken"
    TOO_LARGE = "too large"
    LOCKED = "locked"
    EMPTY = "empty"
    BUSY = "busy"


_BY_CODE = {10: Trouble.BROKEN, 11: Trouble.TOO_LARGE, 12: Trouble.LOCKED, 13: Trouble.EMPTY}


class CannotDraw(ValueError):
    """A file of which no pictures can be made."""

    def __init__(self, trouble: Trouble):
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True)
class Drawn:
    """The pages of an upload as JPEGs; ``left_out`` says how many there were beyond the last that is kept."""

    pages: list[bytes] = field(repr=False)
    left_out: int = 0


def kind_of(raw: bytes) -> str | None:
    """``pdf`` or ``image`` by the first bytes, None for anything else. Names and types that browsers send say nothing."""
    if raw.startswith(b"%PDF-"):
        return "pdf"
    is_webp = raw[:4] == b"RIFF" and raw[8:12] == b"WEBP"
    return "image" if raw.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or is_webp else None


def draw(files: list[bytes]) -> Drawn:
    """The pages of these files, at most MOST_PAGES together. Raises CannotDraw for the first file that is no good, and for
    whoever finds no place to draw in within SECONDS."""
    if sum(map(len, files)) > MOST_BYTES:
        raise CannotDraw(Trouble.TOO_LARGE)
    kinds = [kind_of(raw) for raw in files]
    if None in kinds:
        raise CannotDraw(Trouble.KIND)
    if not _places.acquire(timeout=SECONDS):
        raise CannotDraw(Trouble.BUSY)
    try:
        return _drawn(files, kinds)
    finally:
        _places.release()


def _drawn(files: list[bytes], kinds: list[str | None]) -> Drawn:
    pages: list[bytes] = []
    number, until = 0, clock.monotonic() + SECONDS
    for raw, kind in zip(files, kinds, strict=True):
        there, drawn = _redraw(raw, str(kind), max(0.5, until - clock.monotonic()))
        number += there
        pages += drawn
    return Drawn(pages[:MOST_PAGES], max(0, number - MOST_PAGES))


def _redraw(raw: bytes, kind: str, patience: float) -> tuple[int, list[bytes]]:
    """One file through the process; it is killed when its time is over."""
    limits = (kind, MEMORY, SECONDS, MOST_PAGES, MOST_PIXELS, EDGE)
    command = [sys.executable, "-I", str(PROGRAM), *map(str, limits)]
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
    number, rest, pages = stream[0], stream[1:], []
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        pages.append(rest[4 : 4 + length])
        rest = rest[4 + length :]
    return number, pages
