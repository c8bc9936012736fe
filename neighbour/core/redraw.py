"""Draw an uploaded picture or paper anew: bytes of one file in, plain pictures out. Run by path, never imported.

    python -I redraw.py KIND BYTES SECONDS PAGES PIXELS EDGE… < file > pictures

KIND is what the file's first bytes say, and what it is for: ``pdf`` and ``image`` become one JPEG a page no larger than EDGE,
``photo`` a WebP and an AVIF for every EDGE. The process takes its limits before it reads anything: memory, processor time, no
file may be written, none but these opened. What comes out says nothing of camera, place or author: the pixels and nothing
else. PDFs are drawn by PDFium without forms and scripts. Anything the file does to the process ends the process and nothing else.

On standard output: for each piece four bytes of length (big-endian) and its bytes; before them one byte, how many pages there
are. Of a photo the first piece is JSON: width, height, and its colours in a grid of BLUR.
Exit codes: 0, or one of REFUSED.
"""

import io
import json
import os
import resource
import struct
import sys

REFUSED = {"broken": 10, "too large": 11, "locked": 12, "empty": 13, "moving": 14}
QUALITY = 82
WEBP = {"quality": 78, "method": 4}
AVIF = {"quality": 58, "speed": 9, "max_threads": 1, "subsampling": "4:2:0"}
BLUR = (4, 3)  # columns and rows: enough to tell sky from meadow, said in twelve colours


def main(kind: str, most_bytes: int, seconds: int, pages: int, pixels: int, *edges: int) -> int:
    """Read, draw, write; gives the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    raw = sys.stdin.buffer.read()
    try:
        if kind == "photo":
            found = _of_photo(raw, pixels, edges)
        else:
            found = _of_pdf(raw, pages, edges[0]) if kind == "pdf" else _of_image(raw, pixels, edges[0])
    except Refused as no:
        return REFUSED[str(no)]
    except MemoryError:
        return REFUSED["too large"]
    except Exception:
        return REFUSED["broken"]
    number, pictures = found
    out = sys.stdout.buffer
    out.write(bytes([min(number, 255)]))
    for picture in pictures:
        out.write(struct.pack(">I", len(picture)) + picture)
    out.flush()
    return 0


def _in_the_background() -> None:
    """Nobody waits for it, and pages come first: only what the processors have left. A low priority alone would still take
    its turn from a page that has begun."""
    if hasattr(os, "SCHED_IDLE"):  # Linux (sched(7))
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(10)


class Refused(Exception):
    """A word of REFUSED."""


def _decoded(raw: bytes, pixels: int, edge: int, *, may_move: bool):  # type: ignore[no-untyped-def]
    """The first picture of a photo or a scan, upright and no larger than ``edge``. The header says the size before anything
    is decoded."""
    from PIL import Image, ImageFile, ImageOps, PngImagePlugin

    Image.MAX_IMAGE_PIXELS = None  # the line below is stricter, and says which of the two it was
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    PngImagePlugin.MAX_TEXT_MEMORY = 1 << 20
    formats = ["JPEG", "PNG", "WEBP"]
    if raw[4:8] == b"ftyp":
        formats = [_heif()]
    with Image.open(io.BytesIO(raw), formats=formats) as image:
        if image.width * image.height > pixels:
            raise Refused("too large")
        if min(image.size) < 16:
            raise Refused("empty")
        # A JPEG may hold a second picture that nobody is shown (MPF); of the others that is a film.
        if not may_move and image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False):
            raise Refused("moving")
        image.draft("RGB", (edge, edge))  # a JPEG is decoded at the size that is needed
        image.load()
        profile = image.info.get("icc_profile")
        image.thumbnail((edge, edge))  # small first: turning it makes a copy
        return ImageOps.exif_transpose(image), profile


def _heif() -> str:
    """Have Pillow read what phones take (HEIC), in this one thread: each further one would want addresses of its own. The library
    turns the picture upright itself and says so."""
    import pi_heif

    pi_heif.options.DECODE_THREADS = 1
    pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = False
    pi_heif.options.AUX_IMAGES = False
    pi_heif.register_heif_opener()
    return "HEIF"


def _of_image(raw: bytes, pixels: int, edge: int) -> tuple[int, list[bytes]]:
    upright, _profile = _decoded(raw, pixels, edge, may_move=True)
    return 1, [_jpeg(upright, edge)]


def _of_photo(raw: bytes, pixels: int, edges: tuple[int, ...]) -> tuple[int, list[bytes]]:
    """The largest size is drawn from the file, the others from that."""
    picture, profile = _decoded(raw, pixels, max(edges), may_move=False)
    plain = _plain(_in_srgb(picture, profile))
    colours = plain.resize(BLUR, 4).tobytes()  # 4: the mean of each field
    blur = [colours[at : at + 3].hex() for at in range(0, len(colours), 3)]
    facts = {"width": plain.width, "height": plain.height, "blur": "".join(blur)}
    made = [json.dumps(facts).encode()]
    for edge in edges:
        size = plain.copy()
        size.thumbnail((edge, edge))
        made += [_saved(size, "WEBP", **WEBP), _saved(size, "AVIF", **AVIF)]
    return 1, made


def _in_srgb(image, profile):  # type: ignore[no-untyped-def]
    """In the colours every screen shows: what comes out says nothing of a profile any more."""
    from PIL import ImageCms

    if not profile or image.mode not in ("RGB", "RGBA", "L", "CMYK"):
        return image
    try:
        theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        return ImageCms.profileToProfile(image, theirs, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _of_pdf(raw: bytes, pages: int, edge: int) -> tuple[int, list[bytes]]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(raw)
    except pypdfium2.PdfiumError as error:
        raise Refused("locked" if "assword" in str(error) else "broken") from error
    number = len(document)
    if not number:
        raise Refused("empty")
    drawn = []
    for index in range(min(number, pages)):
        page = document[index]
        width, height = page.get_size()
        if not (1 <= width <= 20_000 and 1 <= height <= 20_000):
            raise Refused("too large")
        scale = min(edge / max(width, height), 3.0)
        drawn.append(_jpeg(page.render(scale=scale, may_draw_forms=False).to_pil(), edge))
    return number, drawn


def _jpeg(image, edge: int) -> bytes:  # type: ignore[no-untyped-def]
    """Pixels on white paper, no larger than ``edge``, as a JPEG that says nothing else."""
    image.thumbnail((edge, edge))
    return _saved(_plain(image), "JPEG", quality=QUALITY)


def _plain(image):  # type: ignore[no-untyped-def]
    """The pixels on white paper, and nothing that came with them."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        over = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(over, mask=over.getchannel("A"))
    return Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())


def _saved(image, kind: str, **how: object) -> bytes:  # type: ignore[no-untyped-def]
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


if __name__ == "__main__":
    if sys.argv[1] == "photo":
        _in_the_background()
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
