"""Draw an uploaded page anew: bytes of one file in, plain pictures out. Run by path in a process of its own, never imported.

    python -I redraw.py KIND BYTES SECONDS PAGES PIXELS EDGE < file > pictures

KIND is what the file's first bytes say (``pdf`` or ``image``). The process takes its limits before it reads anything: memory,
processor time, no file may be written, none but these opened. What comes out are JPEGs without a word about camera, place or
author: the pixels and nothing else. PDFs are drawn by PDFium without forms and scripts. Anything the file does to the
process ends the process and nothing else.

On standard output: for each page four bytes of length (big-endian), the JPEG; before them one byte, how many pages there are.
Exit codes: 0, or one of REFUSED.
"""

import io
import resource
import struct
import sys

REFUSED = {"broken": 10, "too large": 11, "locked": 12, "empty": 13}
QUALITY = 82


def main(kind: str, most_bytes: int, seconds: int, pages: int, pixels: int, edge: int) -> int:
    """Read, draw, write; gives the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    raw = sys.stdin.buffer.read()
    try:
        found = _of_pdf(raw, pages, edge) if kind == "pdf" else _of_image(raw, pixels, edge)
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


class Refused(Exception):
    """A word of REFUSED."""


def _of_image(raw: bytes, pixels: int, edge: int) -> tuple[int, list[bytes]]:
    """A photo or a scan; only its first picture. The header says the size before anything is decoded."""
    from PIL import Image, ImageFile, ImageOps, PngImagePlugin

    Image.MAX_IMAGE_PIXELS = None  # the line below is stricter, and says which of the two it was
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    PngImagePlugin.MAX_TEXT_MEMORY = 1 << 20
    with Image.open(io.BytesIO(raw), formats=["JPEG", "PNG", "WEBP"]) as image:
        if image.width * image.height > pixels:
            raise Refused("too large")
        if min(image.size) < 16:
            raise Refused("empty")
        image.draft("RGB", (edge, edge))  # a JPEG is decoded at the size that is needed
        image.load()
        upright = ImageOps.exif_transpose(image)
        return 1, [_jpeg(upright, edge)]


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
    from PIL import Image

    image.thumbnail((edge, edge))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        over = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(over, mask=over.getchannel("A"))
    plain = Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
