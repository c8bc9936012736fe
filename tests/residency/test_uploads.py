"""Hostile files: forty of them, each refused or made harmless, within two seconds and little memory."""

from __future__ import annotations

import io
import resource
import struct
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

import pytest
from PIL import Image, PngImagePlugin
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject
from reportlab.pdfgen.canvas import Canvas

from neighbour.residency.cases import pictures
from neighbour.residency.cases.pictures import CannotDraw, Trouble
from tests.residency.papers import photo
from tests.support.photos import photo as taken

MOST_SECONDS, MOST_GROWTH = 2.0, 256 << 20
SCRIPT = b"<script>alert(1)</script>"


def png(width: int, height: int, rows: bytes | None = None, more: bytes = b"") -> bytes:
    """A PNG by hand: one bit a pixel, its rows packed very small."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    if rows is None:
        packer, rows = zlib.compressobj(9), b""
        line = b"\0" + b"\0" * ((width + 7) // 8)
        for _row in range(min(height, 13_000)):
            rows += packer.compress(line)
        rows += packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def pdf(
    draw: Callable[[Canvas], object] = lambda canvas: canvas.drawString(72, 700, "Kettfadenstrasse 17"),
    pages: int = 1,
    **more,
) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, **more)
    for _page in range(pages):
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def written(change: Callable[[PdfWriter], object]) -> bytes:
    writer, out = PdfWriter(io.BytesIO(pdf())), io.BytesIO()
    change(writer)
    writer.write(out)
    return out.getvalue()


def _open_with_script(writer: PdfWriter) -> None:
    action = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1);")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(action)


def pillow(kind: str, size: tuple[int, int] = (200, 200), **more) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, kind, **more)
    return out.getvalue()


def text_bomb() -> bytes:
    data = b"Comment\0\0" + zlib.compress(b"x" * (80 << 20), 9)
    chunk = struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))
    return png(64, 64, more=chunk)


def image_in_pdf() -> bytes:
    """A PDF of 40 KB that holds a picture of 169 megapixels."""
    raw = zlib.compress(b"\0" * (13_000 * 13_000 // 8), 9)
    head = b"<</Type/XObject/Subtype/Image/Width 13000/Height 13000/ColorSpace/DeviceGray/BitsPerComponent 1"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>",
        b"<</Length 27>>stream\n600 0 0 800 0 0 cm /I Do   \nendstream",
        head + b"/Filter/FlateDecode/Length " + str(len(raw)).encode() + b">>stream\n" + raw + b"\nendstream",
    ]
    return (
        b"%PDF-1.4\n"
        + b"".join(b"%d 0 obj" % n + body + b"endobj\n" for n, body in enumerate(objects, 1))
        + (b"trailer<</Root 1 0 R/Size 6>>\n%%EOF")
    )


def exif() -> bytes:
    info = Image.Exif()
    info[0x010E], info[0x8825] = "Zuhause", {1: "N", 2: (52.0, 30.0, 0.0)}
    return pillow("JPEG", exif=info)


def with_words() -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", "Zaunkönig")
    return pillow("PNG", pnginfo=words)


JPEG, PNG = photo(), photo(kind="PNG")
REFUSED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a text": lambda: b"Guten Tag",
    "html": lambda: b"<!doctype html>" + SCRIPT,
    "html named pdf": lambda: b"\n<html>%PDF-1.4" + SCRIPT,
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "svg with a declaration": lambda: b'<?xml version="1.0"?><svg/>',
    "an svg in a gif": lambda: b"GIF89a<svg onload=alert(1)>",
    "a gif": lambda: pillow("GIF"),
    "a tiff": lambda: pillow("TIFF"),
    "a bmp": lambda: pillow("BMP"),
    "an icon": lambda: pillow("ICO", (32, 32)),
    "a postscript": lambda: b"%!PS-Adobe-3.0\n(/etc/passwd) run",
    "an archive": lambda: b"PK\x03\x04" + JPEG,
    "a word document": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "a program": lambda: b"MZ" + b"\0" * 600,
    "an elf": lambda: b"\x7fELF" + b"\0" * 600,
    "the head of a jpeg": lambda: JPEG[:3],
    "half a jpeg": lambda: JPEG[: len(JPEG) // 4],
    "half a png": lambda: PNG[: len(PNG) // 2],
    "a png of another checksum": lambda: PNG[:60] + b"\0\0\0\0" + PNG[64:],
    "a webp of nothing": lambda: b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "half a pdf": lambda: pdf()[:200],
    "the head of a pdf": lambda: b"%PDF-1.7\n",
    "a pdf that is html": lambda: b"%PDF-1.4\n<html>" + SCRIPT,
    "a pdf of no pages": lambda: (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>"
    ),
    "a pdf with a password": lambda: written(lambda writer: writer.encrypt("geheim", "geheim")),
    "a pdf as large as a field": lambda: pdf(pagesize=(200_000, 200_000)),
    "13,000 x 13,000": lambda: png(13_000, 13_000),
    "60,000 x 60,000 in the head": lambda: png(60_000, 60_000, rows=zlib.compress(b"\0" * 100)),
    "two billion pixels wide": lambda: png(0x7FFFFFFF, 1, rows=zlib.compress(b"\0" * 100)),
    "a picture of one pixel": lambda: png(1, 1),
    "words that unpack to 80 MB": text_bomb,
    "thirty-three megabytes": lambda: JPEG + b"\0" * (33 << 20),
}
HARMLESS: dict[str, Callable[[], bytes]] = {
    "a jpeg with html behind": lambda: JPEG + SCRIPT,
    "a jpeg with a pdf behind": lambda: JPEG + pdf(),
    "a png with an archive behind": lambda: PNG + b"PK\x03\x04" + SCRIPT,
    "a pdf with javascript": lambda: written(lambda writer: _open_with_script(writer)),
    "a pdf with a file in it": lambda: written(lambda writer: writer.add_attachment("x.html", SCRIPT)),
    "a pdf with html behind": lambda: pdf() + SCRIPT,
    "where the camera was": exif,
    "who wrote it": with_words,
    "a picture of 169 megapixels in a pdf": image_in_pdf,
}


def trial(raw: bytes) -> list[bytes] | Trouble:
    """What becomes of a file, with the time and the memory of this process looked at."""
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        return pictures.draw([raw]).pages
    except CannotDraw as no:
        return no.trouble
    finally:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Processor time of the child: the clock on the wall belongs to whatever else this machine does.
        assert used.ru_utime + used.ru_stime - spent.ru_utime - spent.ru_stime <= MOST_SECONDS
        # … and this only says that it ends at all, however busy the machine is.
        assert time.perf_counter() - began <= 6 * pictures.SECONDS
        assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10 <= MOST_GROWTH


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name):
    assert isinstance(trial(REFUSED[name]()), Trouble)


@pytest.mark.parametrize("name", HARMLESS)
def test_it_is_refused_or_nothing_but_pixels_is_left(name):
    found = trial(HARMLESS[name]())
    if isinstance(found, Trouble):
        return
    (page,) = found
    for hidden in (SCRIPT, b"alert", b"PK\x03\x04", b"%PDF", b"Zuhause", "Zaunkönig".encode(), b"Exif", b"http"):
        assert hidden not in page
    with Image.open(io.BytesIO(page)) as image:
        assert image.format == "JPEG" and max(image.size) <= pictures.EDGE
        assert not image.getexif() and set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_forty_are_tried():
    assert len(REFUSED) + len(HARMLESS) >= 40


def test_reasons_are_told_apart():
    assert trial(REFUSED["svg"]()) is Trouble.KIND
    assert trial(REFUSED["a pdf with a password"]()) is Trouble.LOCKED
    assert trial(REFUSED["13,000 x 13,000"]()) is Trouble.TOO_LARGE
    assert trial(REFUSED["half a jpeg"]()) is Trouble.BROKEN


def test_what_people_send_is_read():
    for kind in ("JPEG", "PNG", "WEBP"):
        assert len(pictures.draw([photo(kind=kind)]).pages) == 1
    assert len(pictures.draw([taken("white", kind="HEIF")]).pages) == 1, "as a phone takes it"
    drawn = pictures.draw([pdf(pages=6)])
    assert (len(drawn.pages), drawn.left_out) == (4, 2)
    drawn = pictures.draw([photo(), pdf(pages=2), photo(kind="PNG"), photo()])
    assert (len(drawn.pages), drawn.left_out) == (4, 1)


def test_a_photo_stands_upright_and_transparent_paper_is_white():
    turned = Image.Exif()
    turned[0x0112] = 6
    (page,) = pictures.draw([pillow("JPEG", (400, 200), exif=turned)]).pages
    with Image.open(io.BytesIO(page)) as image:
        assert image.size == (200, 400)
    out = io.BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(out, "PNG")
    (page,) = pictures.draw([out.getvalue()]).pages
    with Image.open(io.BytesIO(page)) as image:
        assert image.getpixel((32, 32)) == (255, 255, 255)


def test_a_child_that_hangs_is_ended(monkeypatch, tmp_path):
    program = tmp_path / "hangs.py"
    program.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(pictures, "PROGRAM", program)
    monkeypatch.setattr(pictures, "SECONDS", 1)
    began = time.perf_counter()
    assert trial(JPEG) is Trouble.TOO_LARGE
    assert time.perf_counter() - began < 50


@pytest.mark.parametrize("does", ["bytearray(700 << 20)", "import os; os.write(os.open({file!r}, 65), b'x')"])
def test_the_child_has_little_memory_and_writes_no_file(monkeypatch, tmp_path, does):
    """Its own limits hold for whatever a file makes it do."""
    source, reads = pictures.PROGRAM.read_text(), "    raw = sys.stdin.buffer.read()\n"
    changed = source.replace(reads, reads + "    " + does.format(file=str(tmp_path / "x")) + "\n", 1)
    assert changed != source
    program = tmp_path / "changed.py"
    program.write_text(changed)
    monkeypatch.setattr(pictures, "PROGRAM", program)
    assert isinstance(trial(JPEG), Trouble)
    assert not (tmp_path / "x").exists() or (tmp_path / "x").read_bytes() == b""


def test_no_more_than_two_are_drawn_at_once_and_whoever_waits_too_long_is_told(monkeypatch):
    """Each may take half a gigabyte and a core: a farm of accounts that all upload must not take the whole machine."""
    now = most = 0
    lock, go_on = threading.Lock(), threading.Event()

    def slow(*_file: object) -> tuple[int, list[bytes]]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        go_on.wait(5)
        with lock:
            now -= 1
        return 1, [b"x"]

    monkeypatch.setattr(pictures, "_redraw", slow)
    monkeypatch.setattr(pictures, "SECONDS", 0.3)
    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(pictures.draw, [photo()]) for _upload in range(6)]
        told = [each.exception() for each in islice(as_completed(waiting, 5), 4)]
        go_on.set()
    assert most == pictures.AT_ONCE
    assert [error.trouble for error in told if isinstance(error, CannotDraw)] == [Trouble.BUSY] * 4
    assert pictures.draw([photo()]).pages == [b"x"], "there is room again"
