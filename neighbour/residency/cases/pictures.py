"""From a paper that somebody uploads to its pages as plain pictures (``core.pictures`` says how).

An uploaded file is never stored, either: its pages are drawn at once, while whoever sent it waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import BoundedSemaphore

from neighbour.core import clock, picture_heads
from neighbour.core.pictures import MOST_PIXELS, PROGRAM, CannotDraw, Limits, Trouble, redraw

__all__ = ["AT_ONCE", "EDGE", "MOST_BYTES", "MOST_PAGES", "MOST_PIXELS", "CannotDraw", "Drawn", "Trouble", "draw"]

MOST_PAGES = 4
#: of one upload: the form invites so many photos, and a phone's have 4 to 8 MB each
MOST_BYTES = MOST_PAGES * (8 << 20)
EDGE = 2_000  # pixels of the longer side: A4 at 170 dots per inch
MEMORY, SECONDS = 512 << 20, 10
#: so many processes draw at once, whoever uploads: each may take MEMORY, and a core for SECONDS
AT_ONCE = 2
_places = BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Drawn:
    """The pages of an upload as JPEGs; ``left_out`` says how many there were beyond the last that is kept."""

    pages: list[bytes] = field(repr=False)
    left_out: int = 0


def kind_of(raw: bytes) -> str | None:
    """``pdf`` or ``image`` by the first bytes, None for anything else."""
    if raw.startswith(b"%PDF-"):
        return "pdf"
    return "image" if picture_heads.kind_of(raw) else None


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
    return redraw(raw, kind, Limits(MEMORY, SECONDS, (EDGE,), MOST_PAGES), patience, PROGRAM)
