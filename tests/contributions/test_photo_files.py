"""Hostile files and telling ones: refused, or made into pixels and nothing else (trust: bombs, polyglots, where it was taken)."""

from __future__ import annotations

import io
import json
import resource
import struct
import time
import zlib
from collections.abc import Callable

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from neighbour.contributions import photo_drawing, photos
from neighbour.core import picture_heads
from neighbour.core.pictures import CannotDraw, Trouble
from tests.residency.test_uploads import pillow, png, text_bomb
from tests.support.photos import photo

JPEG, PNG, WEBP, HEIC = photo(), photo(kind="PNG"), photo(kind="WEBP"), photo(kind="HEIF")
SCRIPT, WORD = b"<script>alert(1)</script>", b"KANARIENVOGEL"
GPS = {1: "N", 2: (52.0, 30.0, 0.0), 3: "E", 4: (13.0, 24.0, 0.0)}


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def film(kind: str) -> bytes:
    frames, out = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue", "gold")], io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def claims(width: int, height: int, kind: str) -> bytes:
    """A picture of a few pixels whose head claims so many."""
    if kind == "JPEG":
        at = JPEG.index(b"\xff\xc0")
        return JPEG[: at + 5] + struct.pack(">HH", height, width) + JPEG[at + 9 :]
    if kind == "HEIC":
        at = HEIC.index(b"ispe") + 8
        return HEIC[:at] + struct.pack(">II", width, height) + HEIC[at + 8 :]
    vp8x = (
        b"VP8X"
        + struct.pack("<I", 10)
        + b"\0\0\0\0"
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    body = b"WEBP" + vp8x + WEBP[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


REFUSED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a text": lambda: b"Guten Tag",
    "html": lambda: b"<!doctype html>" + SCRIPT,
    "an svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "an svg with a declaration": lambda: b'\xef\xbb\xbf<?xml version="1.0"?><svg/>',
    "a packed svg": lambda: b"\x1f\x8b\x08\0" + zlib.compress(b"<svg/>"),
    "an svg that begins like a gif": lambda: b"GIF89a<svg onload=alert(1)>",
    "an svg that begins like a jpeg": lambda: b"\xff\xd8\xff<svg onload=alert(1)>",
    "an svg that begins like a png": lambda: PNG[:8] + b"<svg onload=alert(1)>",
    "a gif": lambda: pillow("GIF"),
    "a film as gif": lambda: film("GIF"),
    "a film as png": lambda: film("PNG"),
    "a film as webp": lambda: film("WEBP"),
    "a film for telephones": lambda: b"\0\0\0\x20ftypisom" + b"\0" * 600,
    "a heic of nothing": lambda: b"\0\0\0\x18ftypheic" + b"\0" * 600,
    "half a heic": lambda: HEIC[: len(HEIC) // 2],
    "a heic whose boxes never end": lambda: HEIC[:28] + b"\0\0\0\x08free" * 100_000 + HEIC[28:],
    "a heic with a box longer than the file": lambda: HEIC[:28] + b"\0\0\0\1meta" + b"\xff" * 8 + HEIC[36:],
    "a heic that claims 30,000 x 30,000": lambda: claims(30_000, 30_000, "HEIC"),
    "a heic that claims less than it has": lambda: claims(64, 48, "HEIC"),
    "a film as heic": lambda: HEIC[:8] + b"hevc" + HEIC[12:],
    "avif": lambda: pillow("AVIF"),
    "a tiff": lambda: pillow("TIFF"),
    "a bmp": lambda: pillow("BMP"),
    "an icon": lambda: pillow("ICO", (32, 32)),
    "a pdf": lambda: b"%PDF-1.4\n" + SCRIPT,
    "an archive": lambda: b"PK\x03\x04" + JPEG,
    "a postscript": lambda: b"%!PS-Adobe-3.0\n(/etc/passwd) run",
    "half a jpeg": lambda: JPEG[: len(JPEG) // 4],
    "half a png": lambda: PNG[: len(PNG) // 2],
    "a jpeg without a picture": lambda: JPEG[:20] + b"\xff\xd9",
    "a png of another checksum": lambda: PNG[:60] + b"\0\0\0\0" + PNG[64:],
    "a webp of nothing": lambda: b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "13,000 x 13,000": lambda: png(13_000, 13_000),
    "60,000 x 60,000 in the head": lambda: png(60_000, 60_000, rows=zlib.compress(b"\0" * 100)),
    "two billion pixels wide": lambda: png(0x7FFFFFFF, 1, rows=zlib.compress(b"\0" * 100)),
    "a jpeg that claims 65,000 x 65,000": lambda: claims(65_000, 65_000, "JPEG"),
    "a webp that claims 16,000 x 16,000": lambda: claims(16_000, 16_000, "WEBP"),
    "a picture of one pixel": lambda: png(1, 1),
    "words that unpack to 80 MB": text_bomb,
    "a jpeg of 100,000 segments": lambda: b"\xff\xd8" + segment(0xE1, b"") * 100_000 + JPEG[2:],
}


def _telling_jpeg() -> bytes:
    exif = Image.Exif()
    exif[0x010E], exif[0x010F], exif[0x8825] = WORD.decode(), WORD.decode(), GPS
    extra = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + WORD) + segment(
        0xED, b"Photoshop 3.0\x008BIM\x04\x04" + WORD
    )
    extra += segment(0xE2, b"MPF\0II*\0" + WORD) + segment(0xFE, WORD)
    raw = photo(exif=exif.tobytes(), comment=WORD)
    return raw[:2] + extra + raw[2:] + JPEG + WORD  # a second picture and more behind it


def _telling_png() -> bytes:
    words, exif = PngImagePlugin.PngInfo(), Image.Exif()
    words.add_text("Author", WORD.decode())
    words.add_itxt("XML:com.adobe.xmp", WORD.decode(), zip=True)
    exif[0x010E], exif[0x8825] = WORD.decode(), GPS
    raw = photo(kind="PNG", pnginfo=words, exif=exif.tobytes())
    return raw[:-12] + chunk(b"prVt", WORD) + raw[-12:] + b"PK\x03\x04" + SCRIPT + WORD


def _telling_webp() -> bytes:
    exif = Image.Exif()
    exif[0x010E], exif[0x8825] = WORD.decode(), GPS
    return photo(kind="WEBP", exif=exif.tobytes(), xmp=b"<x:xmpmeta>" + WORD) + WORD


def _telling_heic() -> bytes:
    exif = Image.Exif()
    exif[0x010E], exif[0x8825] = WORD.decode(), GPS
    return photo(kind="HEIF", exif=exif.tobytes(), xmp=b"<x:xmpmeta>" + WORD) + WORD


TELLING: dict[str, Callable[[], bytes]] = {
    "jpeg": _telling_jpeg,
    "png": _telling_png,
    "webp": _telling_webp,
    "heic": _telling_heic,
    "a jpeg with html behind": lambda: JPEG + SCRIPT,
    "a jpeg with a pdf behind": lambda: JPEG + b"%PDF-1.4" + SCRIPT,
}


def outcome(raw: bytes) -> tuple[str, list[bytes]]:
    """The whole way of a file: what its head says, then the process; looked at for time and memory."""
    before, spent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        return "", photo_drawing._redrawn(raw)
    except CannotDraw as no:
        return no.trouble.value, []
    finally:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert used.ru_utime + used.ru_stime - spent.ru_utime - spent.ru_stime <= photo_drawing.SECONDS + 1
        assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10 <= 64 << 20


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name):
    trouble, files = outcome(REFUSED[name]())
    assert trouble in {each.value for each in Trouble} and files == []


def test_the_head_alone_refuses_what_would_cost_a_gigabyte_in_twenty_milliseconds():
    for name in ("13,000 x 13,000", "60,000 x 60,000 in the head", "a jpeg that claims 65,000 x 65,000",
                 "a webp that claims 16,000 x 16,000", "a heic that claims 30,000 x 30,000"):  # fmt: skip
        raw = REFUSED[name]()
        assert len(raw) < 30_000, name
        began = time.process_time()
        assert photos.trouble_of(raw[:4_096], is_whole=False) is Trouble.TOO_LARGE, name
        assert time.process_time() - began <= 0.020, name
    for name in ("a film as png", "a film as webp", "a film as heic"):
        assert photos.trouble_of(REFUSED[name](), is_whole=True) is Trouble.MOVING


def test_heads_say_what_the_library_says():
    names = {"HEIF": "heic"}
    for kind in ("JPEG", "PNG", "WEBP", "HEIF"):
        # HEVC codes no less than 64 pixels, and pairs of them: what is smaller is cut from that
        for size in ((320, 240), (64, 334), (1_000, 64)) if kind == "HEIF" else ((320, 240), (17, 333), (1_000, 1)):
            for how in ({}, {"lossless": True}) if kind == "WEBP" else ({},):
                head = picture_heads.read(photo("gold", size, kind, **how))
                assert head is not None and (head.kind, head.width, head.height) == (
                    names.get(kind, kind.lower()),
                    *size,
                )


@pytest.mark.parametrize("name", TELLING)
def test_nothing_but_pixels_is_left(name):
    trouble, (facts, *files) = outcome(TELLING[name]())
    assert trouble == "" and len(files) == 6
    assert set(json.loads(facts)) == {"width", "height", "blur"}
    for data in files:
        for told in (
            WORD,
            SCRIPT,
            b"alert",
            b"%PDF",
            b"PK\x03\x04",
            b"Exif",
            b"http",
            b"xmp",
            b"Photoshop",
            b"MPF",
            b"ICC",
        ):
            assert told not in data, told
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.format in ("WEBP", "AVIF") and not image.getexif() and getattr(image, "n_frames", 1) == 1
            assert set(image.info) <= {"loop", "background", "timestamp", "duration"}, image.info.keys()


def test_a_telephones_picture_is_drawn_like_any_other_and_upright():
    turned = Image.Exif()
    turned[0x0112] = 6
    raw = photo("maroon", (4_000, 3_000), "HEIF", exif=turned.tobytes())
    facts, *files = photo_drawing._redrawn(raw)
    told = json.loads(facts)
    assert (told["width"], told["height"]) == (1_440, 1_920) and len(files) == 6
    with Image.open(io.BytesIO(files[-2])) as image:
        red, green, blue = image.convert("RGB").getpixel((700, 1_000))
        assert abs(red - 128) < 12 and green < 20 and blue < 20


def test_three_sizes_upright_in_the_colours_that_were_seen():
    turned = Image.Exif()
    turned[0x0112] = 6
    wide = Image.new("RGB", (3_000, 1_500), (200, 30, 30))
    out = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide.save(out, "JPEG", exif=turned.tobytes(), icc_profile=profile, quality=95)
    facts, *files = photo_drawing._redrawn(out.getvalue())
    told = json.loads(facts)
    assert (told["width"], told["height"]) == (960, 1_920)
    sizes = []
    for data in files:
        with Image.open(io.BytesIO(data)) as image:
            sizes.append(image.size)
            red, green, blue = image.convert("RGB").getpixel((10, 10))
            assert abs(red - 200) < 12 and green < 45 and blue < 45
    assert sizes == [(240, 480)] * 2 + [(480, 960)] * 2 + [(960, 1_920)] * 2
    assert len(told["blur"]) == 72 and told["blur"].startswith("c")
    picture = photos.Picture("a" * 26, told["width"], told["height"], "", told["blur"])
    assert picture.sources("webp").split(", ")[0] == f"/p/{'a' * 26}/480.webp 240w"
    assert len(picture.colours) == 12
