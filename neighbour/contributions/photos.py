"""Photos of contributions: receiving them in pieces, hanging them on something, and what a card shows of them.

A file arrives in pieces of any length, each once: what is there is said by the row, so an upload goes on where a connection
broke. Pieces are sealed under a salt of their own – a photo tells where it was taken – and lie in the database, so any web
server takes the next one, a piece and the count of it are one fact, and nothing is left over by whoever dies. The head of the
first piece decides whether there is anything to draw; ``photo_drawing`` does that in the worker.

What is here runs through the eyes of the photo's author, inside the ``atomic()`` of its caller.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from neighbour.contributions.models import Contribution
from neighbour.contributions.photo_models import Photo, PhotoPiece, PhotoState
from neighbour.contributions.service import NotPossible, one_at_a_time
from neighbour.core import clock, jobs, limits, picture_heads
from neighbour.core.columns import new_id
from neighbour.core.crypto import new_salt, seal_under
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.jobs import Job
from neighbour.core.limits import Rate
from neighbour.core.pictures import MOST_PIXELS, CannotDraw, Trouble
from neighbour.core.text import clean_line
from neighbour.core.tokens import to_uid

MOST, MOST_BYTES, ALT_LENGTH = 8, 20 << 20, 300
EDGES = (480, 960, 1920)  # pixels of the longer side
FORMATS = ("avif", "webp")  # browsers take the first one they know
UNPINNED = timedelta(days=1)
MEGABYTES = Rate(200, 30 * 86_400, parts=30)  # a person and thirty days
STEPS = Rate(1_200, 3_600)  # pieces, new photos, turns of the order: a person and an hour


class TooManyPhotos(NotPossible):
    """With what was hung there in another window meanwhile there are more than MOST."""

    field = "photos"

    def __init__(self) -> None:
        super().__init__(
            __(
                "At most %(most)s photos. Some were added in another window meanwhile: take some off, or open this page anew.",
                most=MOST,
            )
        )


class PhotosGone(NotPossible):
    """Photos of the form that are not there any more, or hang elsewhere."""

    field = "photos"

    def __init__(self) -> None:
        super().__init__(
            __(
                "Not every photo from here can still come along: one was taken off or pinned up in another window, or has"
                " waited for more than a day. Nothing has been saved yet. Choose it again, or go on without it."
            )
        )


class NothingComes(NotPossible):
    """Photos of the form that turned out to be none while it was filled in."""

    field = "photos"

    def __init__(self) -> None:
        super().__init__(
            __("Nothing comes of one of the photos, the reason stands beside it. Nothing has been saved yet.")
        )


class WrongOffset(ValueError):
    """A piece that does not begin where the last one ended. ``received``: how many bytes are there."""

    def __init__(self, received: int):
        super().__init__(f"{received} bytes are there")
        self.received = received


class Picture(NamedTuple):
    """A photo as cards and pages show it."""

    uid: str
    width: int
    height: int
    alt: str
    blur: str

    def sources(self, form: str) -> str:
        """``srcset`` in this format; a picture smaller than a size is there once."""
        found: dict[int, str] = {}
        for edge in EDGES:
            found.setdefault(self._width(edge), f"{self.path(edge, form)} {self._width(edge)}w")
        return ", ".join(found.values())

    def path(self, edge: int, form: str = "webp") -> str:
        """The address of one size (route ``contributions.photo``)."""
        return f"/p/{self.uid}/{edge}.{form}"

    @property
    def src(self) -> str:
        """For browsers that know no ``srcset``."""
        return self.path(EDGES[1])

    @property
    def colours(self) -> list[str]:
        """Twelve colours, row by row."""
        return [f"#{self.blur[at : at + 6]}" for at in range(0, len(self.blur), 6)]

    def _width(self, edge: int) -> int:
        longer = max(self.width, self.height)
        return self.width if longer <= edge else max(1, round(self.width * edge / longer))


def pictures_of(rows: Sequence[Sequence] | None) -> tuple[Picture, ...]:
    """Pictures from what the column ``photos`` of a card's row holds: id, width, height, alt, blur of each, in order."""
    return tuple(Picture(to_uid(uuid.UUID(key)), *more) for key, *more in rows or ())


def picture(photo: Photo) -> Picture:
    """A photo that is ready, as pages show it."""
    return Picture(to_uid(photo.id), photo.width or 1, photo.height or 1, photo.alt, photo.blur)


def begin(author_id: int, size: int, key: uuid.UUID) -> Photo:
    """Expect a file of ``size`` bytes. The same ``key`` again is the same photo, whatever has come of it meanwhile.

    Raises CannotDraw for what is too large, limits.TooMany for whoever has sent all that thirty days have.
    """
    if not 0 < size <= MOST_BYTES:
        raise CannotDraw(Trouble.TOO_LARGE if size > 0 else Trouble.EMPTY)
    mine = uuid.uuid5(key, str(author_id))
    row = insert(Photo).values(
        id=new_id(), author_id=author_id, size=size, upload_key=mine, salt=new_salt(), made_at=clock.now()
    )
    made = db.session.scalar(row.on_conflict_do_nothing(index_elements=[Photo.upload_key]).returning(Photo.id))
    if made is not None:
        limits.hit("photo_megabytes", str(author_id), -(-size // (1 << 20)))
    return db.session.scalars(select(Photo).where(Photo.upload_key == mine)).one()


def append(photo_id: uuid.UUID, start: int, data: bytes) -> Photo | None:
    """Take one more piece, which begins at byte ``start``; None where there is no such photo of this author's.

    Raises WrongOffset. A file that is no picture, or whose head claims too much, is refused with its first piece.
    """
    mine = select(Photo).where(Photo.id == photo_id).with_for_update().execution_options(populate_existing=True)
    photo = db.session.scalar(mine)
    if photo is None or photo.state == PhotoState.REFUSED:
        return photo
    if start != photo.received or start + len(data) > photo.size or photo.state != PhotoState.RECEIVING:
        raise WrongOffset(photo.received)
    if start == 0 and data and (trouble := trouble_of(data, is_whole=len(data) == photo.size)):
        return refuse(photo, trouble)
    if data:
        assert photo.salt is not None
        sealed = seal_under(photo.salt, data, belongs_to(photo.id, start))
        db.session.execute(insert(PhotoPiece).values(photo_id=photo.id, start=start, sealed=sealed))
        photo.received += len(data)
    if photo.received == photo.size:
        photo.state = PhotoState.WAITING
        jobs.enqueue(Job.PHOTOS_DRAW)
    db.session.flush()
    return photo


def receive(author_id: int, raw: bytes, key: uuid.UUID) -> Photo:
    """A whole file at once; raises what ``begin`` does. The same file in the same form (``key``) is one photo."""
    photo = begin(author_id, len(raw), uuid.uuid5(key, picture_heads.fingerprint(raw)))
    if photo.state == PhotoState.RECEIVING and photo.received == 0:
        photo = append(photo.id, 0, raw) or photo
    return photo


def trouble_of(data: bytes, *, is_whole: bool) -> Trouble | None:
    """What the beginning of a file tells against it. A head that is longer than these bytes is looked at by the worker."""
    if len(data) < picture_heads.SHORTEST and not is_whole:
        return None
    if picture_heads.kind_of(data) is None:
        return Trouble.KIND
    head = picture_heads.read(data)
    if head is None:
        return Trouble.BROKEN if is_whole else None
    if head.pixels > MOST_PIXELS:
        return Trouble.TOO_LARGE
    return Trouble.MOVING if head.is_moving else None


def refuse(photo: Photo, trouble: Trouble) -> Photo:
    """There is nothing to draw: what was sent is gone at once, the reason stays for the author to read."""
    photo.state, photo.trouble, photo.salt, photo.lease_until = PhotoState.REFUSED, trouble.value, None, None
    db.session.flush()
    db.session.execute(delete(PhotoPiece).where(PhotoPiece.photo_id == photo.id))
    return photo


def belongs_to(photo_id: uuid.UUID, start: int) -> bytes:
    """What a piece is sealed as."""
    return f"photo {photo_id} from {start}".encode()


def mine(author_id: int, ids: Iterable[uuid.UUID], contribution_id: uuid.UUID | None = None) -> list[Photo]:
    """Those of these photos, in this order, that the author may hang on this contribution: not pinned up yet, or there
    already. Of others nothing is said."""
    wanted = list(dict.fromkeys(ids))
    rows = select(Photo).where(
        Photo.id.in_(wanted),
        Photo.author_id == author_id,
        Photo.contribution_id.is_(None) | (Photo.contribution_id == contribution_id),
    )
    found = {photo.id: photo for photo in db.session.scalars(rows.execution_options(populate_existing=True))}
    return [found[key] for key in wanted if key in found]


def hanging(contribution_id: uuid.UUID) -> list[Photo]:
    """The photos of a contribution in their order, as far as these eyes see them."""
    there = select(Photo).where(Photo.contribution_id == contribution_id)
    return list(db.session.scalars(there.order_by(Photo.position, Photo.id)))


def find(photo_id: uuid.UUID) -> Photo | None:
    """A photo, if it exists for the viewer of this session."""
    return db.session.get(Photo, photo_id, populate_existing=True)


def arrange(
    author_id: int, contribution_id: uuid.UUID, wanted: Sequence[tuple[uuid.UUID, str]], off: Collection[uuid.UUID] = ()
) -> None:
    """Let these photos hang on the contribution, in this order, each with its alt text; those taken ``off`` it go, files and all.
    What hangs there and is in neither list came from another window meanwhile and stays, behind these. Raises TooManyPhotos where
    that makes more than MOST, PhotosGone for those that are not there, not the author's, or hang elsewhere,
    and NothingComes for what was refused."""
    one_at_a_time(author_id)
    words = dict(wanted)
    found = mine(author_id, words, contribution_id)
    if len(found) < len(words):
        raise PhotosGone
    chosen = [photo for photo in found if photo.state in (PhotoState.WAITING, PhotoState.READY)]
    if len(chosen) < len(found):
        raise NothingComes
    listed = {*words, *off}
    others = [each for each in hanging(contribution_id) if each.author_id == author_id and each.id not in listed]
    if len(chosen) + len(others) > MOST:
        raise TooManyPhotos
    for position, photo in enumerate(chosen):
        photo.contribution_id, photo.position = contribution_id, position
        photo.alt = clean_line(words[photo.id])[:ALT_LENGTH]
    for position, photo in enumerate(others, len(chosen)):
        photo.position = position
    db.session.flush()
    gone = delete(Photo).where(Photo.contribution_id == contribution_id, Photo.author_id == author_id)
    db.session.execute(gone.where(Photo.id.in_(listed - {photo.id for photo in chosen})))


def hang_also(old: uuid.UUID, new: uuid.UUID) -> None:
    """Let the photos of a contribution that are drawn hang on another one of the same author, too, as photos of its own over the
    same files: these go with the last of them. Inside atomic()."""
    for photo in hanging(old):
        if photo.state == PhotoState.READY:
            columns = {each.key: getattr(photo, each.key) for each in Photo.__table__.c}
            own = {"id": new_id(), "contribution_id": new, "upload_key": uuid.uuid5(photo.upload_key, str(new))}
            db.session.execute(insert(Photo).values({**columns, **own}))


def throw_away(author_id: int, photo_id: uuid.UUID) -> None:
    """Take away a photo that was sent and not pinned up."""
    db.session.execute(
        delete(Photo).where(Photo.id == photo_id, Photo.author_id == author_id, Photo.contribution_id.is_(None))
    )


def in_preparation(contribution: Contribution, person_id: int | None) -> tuple[int, int]:
    """How many photos of one's own contribution are still being drawn, and how many could not be."""
    if contribution.author_id != person_id:
        return 0, 0
    rows = (
        select(Photo.state, func.count())
        .where(Photo.contribution_id == contribution.id, Photo.author_id == person_id)
        .group_by(Photo.state)
    )
    counts: dict[str, int] = {row[0]: row[1] for row in db.session.execute(rows)}
    return counts.get(PhotoState.WAITING, 0), counts.get(PhotoState.REFUSED, 0)
