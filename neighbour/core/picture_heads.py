"""What the first bytes of a picture say: its kind, its size, whether it moves. Nothing is decoded.

A file of 20 KB can claim 169 million pixels (a PNG of one colour): who decodes it to find out has lost. So these few numbers
are read here, in plain Python, before any library sees the file. Sources: PNG (W3C, second edition) sections 5 and 11, and
APNG; JPEG (ITU T.81) annex B; WebP container (RFC 9649) section 2; HEIF (ISO/IEC 23008-12) section 6.5.3 in the boxes of ISO/IEC
14496-12 section 4.2.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

SHORTEST = 12  # bytes that say what kind of file it is
MOST_STEPS = 5_000  # segments or chunks looked at before a file counts as broken
HEIC = (b"heic", b"heix", b"heim", b"heis", b"mif1")
HEIC_FILMS = (b"hevc", b"hevx", b"msf1")
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
#: frames of a JPEG begin with one of these; 0xC4, 0xC8 and 0xCC mean something else
FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class Head:
    """kind: ``jpeg``, ``png``, ``webp`` or ``heic``; in pixels; is_moving: more than one picture is shown after the other."""

    kind: str
    width: int
    height: int
    is_moving: bool = False

    @property
    def pixels(self) -> int:
        return self.width * self.height


def kind_of(raw: bytes) -> str | None:
    """``jpeg``, ``png``, ``webp`` or ``heic`` by the first bytes, None for anything else: what browsers call it says nothing."""
    if raw.startswith(JPEG):
        return "jpeg"
    if raw.startswith(PNG):
        return "png"
    if raw[4:8] == b"ftyp" and raw[8:12] in (*HEIC, *HEIC_FILMS):
        return "heic"
    return "webp" if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP" else None


def read(raw: bytes) -> Head | None:
    """The head of a picture, or None where these bytes do not tell it: broken, cut off, or no picture."""
    kind = kind_of(raw)
    try:
        found = {"jpeg": _jpeg, "png": _png, "webp": _webp, "heic": _heic}[kind](raw) if kind else None
    except (struct.error, IndexError):
        return None
    return found if found and found.width > 0 and found.height > 0 else None


def _png(raw: bytes) -> Head | None:
    if raw[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", raw[16:24])
    at = 8
    for _step in range(MOST_STEPS):
        length, name = struct.unpack(">I4s", raw[at : at + 8])
        if name == b"acTL":
            return Head("png", width, height, is_moving=True)
        if name in (b"IDAT", b"IEND"):
            return Head("png", width, height)
        at += 12 + length
    return None


def _jpeg(raw: bytes) -> Head | None:
    at = 2
    for _step in range(MOST_STEPS):
        if raw[at] != 0xFF:
            return None
        marker = raw[at + 1]
        if marker == 0xFF:  # fill bytes may stand before a marker
            at += 1
            continue
        if marker in FRAMES:
            height, width = struct.unpack(">HH", raw[at + 5 : at + 9])
            return Head("jpeg", width, height)
        if marker == 0xDA or marker == 0xD9:  # pixels, or the end, before any frame
            return None
        (length,) = struct.unpack(">H", raw[at + 2 : at + 4])
        at += 2 + max(2, length)
    return None


def _webp(raw: bytes) -> Head | None:
    name = raw[12:16]
    if name == b"VP8X":
        width = 1 + int.from_bytes(raw[24:27], "little")
        height = 1 + int.from_bytes(raw[27:30], "little")
        return Head("webp", width, height, is_moving=bool(raw[20] & 0x02)) if len(raw) >= 30 else None
    if name == b"VP8L" and raw[20] == 0x2F:
        (bits,) = struct.unpack("<I", raw[21:25])
        return Head("webp", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if name == b"VP8 " and raw[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", raw[26:30])
        return Head("webp", width & 0x3FFF, height & 0x3FFF)
    return None


def _heic(raw: bytes) -> Head | None:
    """What phones take pictures in: the largest of the sizes its parts claim, which is the whole's where it is put together from
    tiles."""
    meta = _box(raw, b"meta")
    parts = _box(_box(meta[4:], b"iprp"), b"ipco")  # meta has a version and flags before its boxes
    sizes = [struct.unpack(">II", data[4:12]) for name, data in _boxes(parts) if name == b"ispe"]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    return Head("heic", width, height, is_moving=raw[8:12] in HEIC_FILMS)


def _box(raw: bytes, wanted: bytes) -> bytes:
    """What is in the first box of this name; nothing where there is none, or not all of it."""
    return next((data for name, data in _boxes(raw) if name == wanted), b"")


def _boxes(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes that lie whole in these bytes, one after the other: name and what is in it."""
    at = 0
    for _step in range(MOST_STEPS):
        if at + 8 > len(raw):
            return
        length, name = struct.unpack(">I4s", raw[at : at + 8])
        start = at + 8
        if length == 1:  # a large one says its length in the next eight bytes
            (length,) = struct.unpack(">Q", raw[start : start + 8])
            start += 8
        end = at + length if length else len(raw)  # 0: to the end of the file
        if end > len(raw) or end < start:
            return
        yield name, raw[start:end]
        at = end


def fingerprint(raw: bytes) -> str:
    """What tells one file from another."""
    return hashlib.sha256(raw).hexdigest()
