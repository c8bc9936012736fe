"""Photos in the composer: what a form says of them, files that came with it, and how the sheet is shown again.

The form carries the photos as a list of ids in their order, a text for each (``alt-…``), and those taken off what hangs; a button
moves one of them. What it does not name – another window's – stays where it is.
Whatever else is wrong with the form, what was received stays received: the next page lists it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from flask import request

from neighbour.contributions import photos
from neighbour.contributions.forms import ContributionForm, as_uuid
from neighbour.contributions.photo_models import Photo, PhotoState
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.limits import TooMany
from neighbour.core.pictures import CannotDraw, Trouble
from neighbour.core.text import clean_line
from neighbour.core.tokens import from_uid, to_uid
from neighbour.policy.gate import person_number

MOST_AT_ONCE = 40 << 20  # bytes of one form: without script files come all together
MOST_BODY = MOST_AT_ONCE + (1 << 20)


@dataclass(frozen=True)
class Entry:
    """A photo on the sheet."""

    photo: Photo
    alt: str

    @property
    def uid(self) -> str:
        return to_uid(self.photo.id)

    @property
    def is_ready(self) -> bool:
        return self.photo.state == PhotoState.READY

    @property
    def trouble(self) -> str:
        """Why nothing comes of it; empty while something may."""
        return say(Trouble(self.photo.trouble)) if self.photo.state == PhotoState.REFUSED else ""


@dataclass
class Sheet:
    """The photos of one form: ids in their order, the words for each, what was taken off, and those of which the form has told
    that nothing comes. What of it is the author's is decided where it is used."""

    order: list[uuid.UUID] = field(default_factory=list)
    words: dict[uuid.UUID, str] = field(default_factory=dict)
    off: list[uuid.UUID] = field(default_factory=list)
    told: list[uuid.UUID] = field(default_factory=list)

    @property
    def off_uids(self) -> list[str]:
        """Those taken off, for the form."""
        return [to_uid(key) for key in self.off]

    @property
    def wanted(self) -> list[tuple[uuid.UUID, str]]:
        """What ``photos.arrange`` takes."""
        return [(key, self.words.get(key, "")) for key in self.order if key not in self.told]

    @property
    def leaving(self) -> list[uuid.UUID]:
        """What goes, if it hangs."""
        return [*self.off, *self.told]

    def entries(self, contribution_id: uuid.UUID | None = None) -> list[Entry]:
        """What the page shows of it."""
        found = photos.mine(person_number(), self.order, contribution_id)
        return [Entry(photo, self.words.get(photo.id, photo.alt)) for photo in found]


def brought_along() -> Sheet:
    """What a form had before it became one of another kind (``?photo=``). No other form's photos are shown: each has its own."""
    return Sheet([photo.id for photo in photos.mine(person_number(), _ids(request.args.getlist("photo")))])


def entries(form: ContributionForm, sheet: Sheet, contribution_id: uuid.UUID | None) -> list[Entry]:
    """What the page shows of a form's photos. Those that cannot be hung any more – a day has gone by, another window has taken
    them off or pinned them up – are told of at the field. The form is another one from then on: the same file sent with it
    again is a photo of its own, not the one that hangs elsewhere."""
    found = sheet.entries(contribution_id)
    if len(found) < len(sheet.order):
        gone = str(photos.PhotosGone())
        form.photos.errors = [" ".join([gone, *(each for each in form.photos.errors if each != gone)])]
        form.form_key.data = str(uuid.uuid4())
    return found


def hanging(form: ContributionForm) -> Sheet:
    """What hangs there as this form was opened."""
    there = dict(form.hanging)
    return Sheet(list(there), there)


def read(form: ContributionForm) -> Sheet:
    """The sheet as the request has it, with the files that came along received. What is wrong with a file stands at the field."""
    sheet = Sheet()
    for uid in request.form.getlist("photo")[: 2 * photos.MOST]:
        key = _id_of(uid)
        if key is not None and key not in sheet.order:
            sheet.order.append(key)
            sheet.words[key] = request.form.get(f"alt-{uid}", "")[: photos.ALT_LENGTH]
    sheet.off = [key for key in _ids(request.form.getlist("photo_off")) if key not in sheet.order]
    sheet.told = [key for key in _ids(request.form.getlist("photo_told")) if key in sheet.order]
    _move(sheet, request.form.get("move", ""))
    _take_files(form, sheet)
    return sheet


def _take_files(form: ContributionForm, sheet: Sheet) -> None:
    """Receive what came along. What is wrong with files of several says of which; a field shows one sentence."""
    me, form_key = person_number(), as_uuid(form.form_key.data) or uuid.uuid4()
    files, wrong = form.photos.data or [], []
    for file in files:
        if len(sheet.order) >= photos.MOST:
            wrong.append(_("At most %(most)s photos. The others were left out.", most=photos.MOST))
            break
        if trouble := _take(me, file.read() if hasattr(file, "read") else b"", form_key, sheet):
            name = clean_line(getattr(file, "filename", None) or "")[:40]
            wrong.append(_("“%(name)s”: %(trouble)s", name=name, trouble=trouble) if len(files) > 1 else trouble)
    if wrong:
        form.add_error("photos", " ".join(wrong))


def _take(me: int, raw: bytes, form_key: uuid.UUID, sheet: Sheet) -> str:
    """Receive one file; gives what is wrong with it."""
    if not raw:
        return say(Trouble.EMPTY)
    try:
        with atomic():
            photo = photos.receive(me, raw, form_key)
    except CannotDraw as no:
        return say(no.trouble)
    except TooMany:
        return too_much()
    if photo.state == PhotoState.REFUSED:
        return say(Trouble(photo.trouble))
    if photo.id not in sheet.order:
        sheet.order.append(photo.id)
    return ""


def _move(sheet: Sheet, said: str) -> None:
    """``up-…``, ``down-…`` or ``off-…`` with the id of a photo; anything else moves nothing."""
    way, _dash, uid = said.partition("-")
    key = _id_of(uid)
    if key not in sheet.order:
        return
    at = sheet.order.index(key)
    if way == "off":
        del sheet.order[at]
        sheet.off.append(key)
        with atomic():
            photos.throw_away(person_number(), key)
    elif way in ("up", "down"):
        other = at + (1 if way == "down" else -1)
        if 0 <= other < len(sheet.order):
            sheet.order[at], sheet.order[other] = sheet.order[other], sheet.order[at]


def _ids(uids: Iterable[str]) -> list[uuid.UUID]:
    found = map(_id_of, islice(uids, 2 * photos.MOST))
    return list(dict.fromkeys(key for key in found if key is not None))


def _id_of(uid: str) -> uuid.UUID | None:
    try:
        return from_uid(uid)
    except ValueError:
        return None


def too_much() -> str:
    """Whoever has sent all that thirty days have."""
    return _("You have sent %(most)s MB of photos within 30 days. More is possible soon.", most=photos.MEGABYTES.times)


def say(trouble: Trouble) -> str:
    """What is wrong with a file, and what to do."""
    return {
        Trouble.KIND: _("We can show photos as JPEG, PNG, WebP or HEIC. Please choose another file."),
        Trouble.MOVING: _("This picture moves. Please choose one that stands still."),
        Trouble.TOO_LARGE: _("This is too large: 20 MB and 25 megapixels a photo. Please make it smaller."),
        Trouble.EMPTY: _("There is nothing on this photo. Please choose another one."),
    }.get(trouble, _("This file cannot be read. Please choose another one, or take the photo again."))
