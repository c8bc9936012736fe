"""Photos to send, and people who send them."""

from __future__ import annotations

import io
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from functools import cache
from typing import Any

import pillow_heif
from PIL import Image, ImageDraw
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

FIELDS = {"kind": "post", "category": "question", "title": "Wem gehört die Katze?", "body_md": "Sie sitzt im Hof.",
          "hours": "24", "audience": "quarter"}  # fmt: skip


@cache
def photo(colour: str = "teal", size: tuple[int, int] = (320, 240), kind: str = "JPEG", **how: Any) -> bytes:
    """A picture with something on it; HEIF as a phone takes it."""
    image, out = Image.new("RGB", size, colour), io.BytesIO()
    ImageDraw.Draw(image).ellipse((40, 40, 120, 120), fill="white")
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(out, **how)
    else:
        image.save(out, kind, **how)
    return out.getvalue()


@cache
def noise(size: tuple[int, int]) -> bytes:
    """A picture that no encoder makes small."""
    out = io.BytesIO()
    Image.merge("RGB", [Image.effect_noise(size, 120) for _colour in "RGB"]).save(out, "JPEG", quality=85)
    return out.getvalue()


def post(client: Any, path: str, *files: bytes, photos: tuple[str, ...] = (), **fields: str) -> Any:
    """Send the composer's form with these files, photos that are there already, and fields."""
    given = {
        **FIELDS,
        "form_key": str(uuid.uuid4()),
        **{name.replace("alt_", "alt-"): value for name, value in fields.items()},
    }
    named = [("photos", FileStorage(io.BytesIO(raw), f"{number}.jpg")) for number, raw in enumerate(files)]
    boundary, body = encode_multipart(MultiDict([*given.items(), *(("photo", uid) for uid in photos), *named]))
    return client.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def sheet(answer: Any) -> list[str]:
    """The photos a composer's page lists, in their order."""
    return re.findall(r'name="photo" value="([a-z2-7]{26})"', answer.get_data(as_text=True))


def shown(client: Any, path: str) -> list[str]:
    """The photos of the slips on a page, in their order."""
    return re.findall(r'<img src="/p/([a-z2-7]{26})/960.webp"', client.get(path).get_data(as_text=True))


def begin(client: Any, size: int, key: str = "") -> Any:
    """Announce a file that comes in pieces."""
    headers = {"Upload-Length": str(size), "Upload-Key": key or str(uuid.uuid4())}
    return client.post("/photos", headers=headers)


def piece(client: Any, place: str, start: int, data: bytes) -> Any:
    """Send the bytes that begin at ``start``."""
    headers = {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
    return client.patch(place, data=data, headers=headers)


def send(client: Any, raw: bytes, size: int = 65_536) -> str:
    """A whole file in pieces of ``size``; gives the photo's id."""
    begun = begin(client, len(raw))
    for start in range(0, len(raw), size):
        answer = piece(client, begun.headers["Location"], start, raw[start : start + size])
        assert answer.status_code == 200, answer.get_data(as_text=True)
    return str(begun.json["uid"])


def work(app: Any, job: str = "photos.sweep") -> None:
    """What a worker does, and whatever that asks for."""
    import workers

    app.extensions["sent_jobs"].append((job, []))
    while app.extensions["sent_jobs"]:
        name, arguments = app.extensions["sent_jobs"].pop(0)
        Context().run(workers.perform, app, name, arguments)


@contextmanager
def no_photos(app: Any) -> Iterator[None]:
    """Nothing lies on the disk before and after."""
    folder = app.extensions["config"].instance_dir / "photos"
    shutil.rmtree(folder, ignore_errors=True)
    yield
    shutil.rmtree(folder, ignore_errors=True)


def files(app: Any) -> list[str]:
    """The files of photos that lie on the disk."""
    return sorted(path.name for path in (app.extensions["config"].instance_dir / "photos").rglob("*") if path.is_file())
