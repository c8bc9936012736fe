"""The worker's part of photos: drawing what was sent, and taking files away whose photo is gone.

One photo is drawn at a time in each worker, in a process of low priority, so that mails and pages do not wait for it. A photo
is leased, its files are written under a name of its own, then the row says that they are there: whoever dies in between is
followed by somebody who does the same again under the same name. A file that killed three is no photo.

Files go after their row: the database writes their name down (``photo_trash``), a job takes them away and then the name.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import delete, select, text, update

from neighbour.contributions import photos
from neighbour.contributions.photo_models import Photo, PhotoPiece, PhotoState, PhotoTrash
from neighbour.contributions.service import one_at_a_time
from neighbour.core import clock, jobs, picture_heads, scope, storage
from neighbour.core.crypto import CannotOpen, open_under
from neighbour.core.db import atomic, db
from neighbour.core.jobs import Job
from neighbour.core.pictures import CannotDraw, Limits, Trouble, redraw
from neighbour.core.storage import StorageTrouble

log = logging.getLogger("neighbour.photos")

SECONDS = 5  # of CPU; a photo of 25 megapixels takes one
#: by kind: the library for WebP wants all pixels twice. Most of it is what Python and the libraries take of addresses
MEMORY = {"jpeg": 256 << 20, "png": 256 << 20, "webp": 512 << 20, "heic": 512 << 20}
PATIENCE = 60.0  # seconds of the clock: low priority may wait long for its turn
LEASE, AGAIN_AFTER, MOST_TRIES = timedelta(minutes=5), timedelta(minutes=1), 3
STRETCH = 60.0  # seconds one task draws; the next task goes on
MOST_TRASH = 500
_place = Lock()


def draw_waiting() -> int:
    """Draw what waits, one photo after the other; gives how many. Where this process draws already, nothing: it goes on until
    nothing is left. Commits."""
    drawn, until = 0, clock.monotonic() + STRETCH
    while (due := _due()) and _place.acquire(blocking=False):
        before = drawn
        try:
            for photo_id, author_id in due:
                if clock.monotonic() > until:
                    jobs.enqueue(Job.PHOTOS_DRAW)
                    return drawn
                drawn += _draw(photo_id, author_id)
        finally:
            _place.release()
        if drawn == before:  # others are at it
            break
    return drawn


def _due() -> list[tuple[uuid.UUID, int]]:
    with scope.use(scope.NOBODY), atomic():
        rows = db.session.execute(text("SELECT id, author_id FROM photos_due(:at)"), {"at": clock.now()})
        return [(row.id, row.author_id) for row in rows]


def _draw(photo_id: uuid.UUID, author_id: int) -> bool:
    """One photo; False where somebody else is at it or it is gone."""
    with scope.use(scope.Viewer(author_id)):
        claimed = _claim(photo_id)
        if claimed is None:
            return False
        stored_as, raw = claimed
        try:
            if raw is None:
                raise CannotDraw(Trouble.BROKEN)
            facts, *files = _redrawn(raw)
        except CannotDraw as no:
            _refuse(photo_id, author_id, no.trouble)
            return True
        try:
            for name, data in zip(file_names(stored_as), files, strict=True):
                storage.here().put(name, data)
        except StorageTrouble as error:
            log.warning("photos wait for their store: %s", error)
            _postpone(photo_id)
            return True
        if not _finish(
            photo_id, author_id, json.loads(facts)
        ):  # taken off meanwhile: nobody knows these files any more
            storage.here().remove(file_names(stored_as))
    return True


def _redrawn(raw: bytes) -> list[bytes]:
    """What the process makes of a file: the facts, and every size in every format. Raises CannotDraw."""
    if trouble := photos.trouble_of(raw, is_whole=True):
        raise CannotDraw(trouble)
    memory = MEMORY[picture_heads.kind_of(raw) or ""]
    return redraw(raw, "photo", Limits(memory, SECONDS, photos.EDGES), PATIENCE)[1]


def _claim(photo_id: uuid.UUID) -> tuple[uuid.UUID, bytes | None] | None:
    """Lease a photo: its files' name, and what was sent (None where that cannot be had any more)."""
    now = clock.now()
    with atomic():
        free = Photo.lease_until.is_(None) | (Photo.lease_until <= now)
        wanted = select(Photo).where(Photo.id == photo_id, Photo.state == PhotoState.WAITING, free)
        photo = db.session.scalar(wanted.with_for_update(skip_locked=True).execution_options(populate_existing=True))
        if photo is None:
            return None
        photo.lease_until, photo.attempts = now + LEASE, photo.attempts + 1
        if photo.attempts > MOST_TRIES or photo.salt is None:
            return photo.stored_as, None
        return photo.stored_as, _opened(photo.id, bytes(photo.salt))


def _opened(photo_id: uuid.UUID, salt: bytes) -> bytes | None:
    """What was sent, put together; None where the key that sealed it is gone."""
    rows = select(PhotoPiece.start, PhotoPiece.sealed).where(PhotoPiece.photo_id == photo_id).order_by(PhotoPiece.start)
    try:
        parts = [open_under(salt, bytes(sealed), photos.belongs_to(photo_id, start))
                 for start, sealed in db.session.execute(rows)]  # fmt: skip
    except CannotOpen:
        return None
    return b"".join(parts)


def _postpone(photo_id: uuid.UUID) -> None:
    """Nothing is wrong with the photo: the sweep asks again, as often as it takes."""
    again = {"lease_until": clock.now() + AGAIN_AFTER, "attempts": Photo.attempts - 1}
    with atomic():
        db.session.execute(update(Photo).where(Photo.id == photo_id, Photo.state == PhotoState.WAITING).values(**again))


def _refuse(photo_id: uuid.UUID, author_id: int, trouble: Trouble) -> None:
    with atomic():
        one_at_a_time(author_id)
        photo = db.session.scalar(select(Photo).where(Photo.id == photo_id).with_for_update())
        if photo is not None:
            photos.refuse(photo, trouble)


def _finish(photo_id: uuid.UUID, author_id: int, facts: dict) -> bool:
    """The files are there: the photo is ready, what was sent is gone. False where the photo is gone."""
    with atomic():
        one_at_a_time(author_id)  # before the photo, as whoever publishes: no deadlock over the contribution's version
        wanted = select(Photo).where(Photo.id == photo_id).with_for_update()
        photo = db.session.scalar(wanted.execution_options(populate_existing=True))
        if photo is None:
            return False
        photo.width, photo.height, photo.blur = facts["width"], facts["height"], facts["blur"]
        photo.state, photo.salt, photo.lease_until = PhotoState.READY, None, None
        db.session.flush()
        db.session.execute(delete(PhotoPiece).where(PhotoPiece.photo_id == photo_id))
        return True


def file_names(stored_as: uuid.UUID) -> list[str]:
    """The files of a photo, in the order in which ``redraw`` makes them."""
    return [file_name(stored_as, edge, form) for edge in photos.EDGES for form in ("webp", "avif")]


def file_name(stored_as: uuid.UUID, edge: int, form: str) -> str:
    """One of them."""
    return f"{stored_as.hex}-{edge}.{form}"


def sweep() -> None:
    """Ask again for what waits, and empty the trash. A store that is away is asked again in a minute. Commits."""
    if _due():
        jobs.enqueue(Job.PHOTOS_DRAW)
    try:
        empty_trash()
    except StorageTrouble as error:
        log.warning("files of photos could not be taken away: %s", error)


def empty_trash() -> int:
    """Take away the files of photos that are gone; gives of how many. Commits."""
    with scope.use(scope.NOBODY):
        with atomic():
            names = db.session.scalars(select(PhotoTrash.stored_as).limit(MOST_TRASH)).all()
        for stored_as in names:
            storage.here().remove(file_names(stored_as))
        if names:
            with atomic():
                db.session.execute(delete(PhotoTrash).where(PhotoTrash.stored_as.in_(names)))
    return len(names)


def tidy(before: datetime) -> int:
    """Take away files that no row knows and that were written before: left by a worker that was killed, or by a database that
    was replaced; gives how many."""
    known = known_names()
    strange = [name for name, written in storage.here().listed() if written < before and name[:32] not in known]
    storage.here().remove(strange)
    return len(strange)


def known_names() -> dict[str, bool]:
    """Beginnings of the names of all files there may be → whether they have to be there."""
    with scope.use(scope.NOBODY), atomic():
        rows = db.session.execute(text("SELECT stored_as, is_ready FROM photo_files()"))
        return {row.stored_as.hex: row.is_ready for row in rows}


def missing(known: dict[str, bool], there: Iterable[str]) -> int:
    """Of how many photos that are ready not all files are there."""
    found = set(there)
    return sum(
        any(name not in found for name in file_names(uuid.UUID(hex=start)))
        for start, is_ready in known.items()
        if is_ready
    )
