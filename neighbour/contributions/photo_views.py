"""Pages of photos: the files themselves, a photo with its words, and the doors by which they come in.

A file is answered to whoever sees its photo, asked anew each time: a browser may keep it but has to ask before it shows it, so
what was taken down is gone at the next look. Whoever may not see it gets what everybody gets for nothing. It is shown inside
our own pages only, and a browser that opens it alone treats it as from nowhere.

Uploads go in pieces as the core of tus 1.0 does (tus.io/protocols/resumable-upload): POST says how long the file is, PATCH brings
what follows ``Upload-Offset``, HEAD tells how far it is; 409 is the answer to a piece from elsewhere in the file.
``Upload-Pause`` asks to let so many milliseconds go by between two pieces, those of sending among them: see ``core.turns``.
"""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, abort, current_app, jsonify, make_response, render_template, request, url_for

from neighbour.contributions import composing, kinds, photo_forms, photos
from neighbour.contributions.forms import as_uuid
from neighbour.contributions.models import State
from neighbour.contributions.photo_drawing import file_name
from neighbour.contributions.photo_models import Photo, PhotoState
from neighbour.contributions.views import views, visible
from neighbour.core import clock, storage
from neighbour.core.db import atomic
from neighbour.core.limits import TooMany
from neighbour.core.pictures import CannotDraw, Trouble
from neighbour.core.storage import StorageTrouble
from neighbour.core.tokens import to_uid
from neighbour.core.turns import Turns
from neighbour.core.web import is_own_form
from neighbour.policy import Permission, requires
from neighbour.policy.gate import demand, identity, person_number

SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"
TURNS = Turns()
FILES = {f"{edge}.{form}": (edge, form) for edge in photos.EDGES for form in photos.FORMATS}


@views.get("/p/<uid:photo_id>/<name>")
@requires(Permission.CONTRIBUTION_READ)
def photo(photo_id: uuid.UUID, name: str) -> Response:
    """One size of a photo."""
    found = photos.find(photo_id) if name in FILES and is_own_form() else None
    if found is None or found.state != PhotoState.READY:
        abort(404)
    tag = f'"{found.stored_as.hex[:16]}-{name}"'
    is_known = tag in (request.headers.get("If-None-Match") or "")
    data = b"" if is_known else _file(found, name)
    response = make_response(data, 304 if is_known else 200)
    response.headers["Content-Type"] = f"image/{FILES[name][1]}"
    response.headers["Content-Disposition"] = f'inline; filename="{to_uid(photo_id)}-{name}"'
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["ETag"] = tag
    # Whoever is nobody in particular sees what is public only, the same for everybody.
    response.headers["Cache-Control"] = "public, max-age=60" if not identity().is_authenticated else "private, no-cache"
    return response


def _file(found: Photo, name: str) -> bytes:
    try:
        data = storage.here().get(file_name(found.stored_as, *FILES[name]))
    except StorageTrouble as error:
        current_app.logger.error("a photo cannot be shown: %s", error)
        abort(503)
    if data is None:
        abort(404)
    return data


@views.get("/c/<uid:contribution_id>/photo/<uid:photo_id>")
@requires(Permission.CONTRIBUTION_READ)
def photo_page(contribution_id: uuid.UUID, photo_id: uuid.UUID) -> str:
    """One photo as large as it is, with its words and the ways to the one before and after."""
    contribution = visible(contribution_id)
    there = [each for each in photos.hanging(contribution_id) if each.state == PhotoState.READY]
    at = next((number for number, each in enumerate(there) if each.id == photo_id), None)
    if at is None:
        abort(404)
    pictures = [photos.picture(each) for each in there]
    return render_template("contributions/photo.html", contribution=contribution, pictures=pictures, at=at)


@views.post("/write/photos")
@requires(Permission.CONTRIBUTION_PUBLISH, rate="photo", body=photo_forms.MOST_BODY)
def compose_photos() -> Any:
    """The composer again, with the files that were chosen, or one photo moved; nothing is pinned up."""
    kind = composing.kind_named(request.form.get("kind", "post"))
    form = kind.form()
    sheet = photo_forms.read(form)
    page = composing.page(kind, form, sheet, copied=request.args.get("copy", ""))
    return page, 422 if form.photos.errors else 200


@views.post("/c/<uid:contribution_id>/edit/photos")
@requires(Permission.ACCOUNT_OWN, rate="photo", body=photo_forms.MOST_BODY)
def edit_photos(contribution_id: uuid.UUID) -> Any:
    """Likewise while something is changed; what hangs there stays as it is until the change is saved."""
    contribution = visible(contribution_id)
    demand(Permission.CONTRIBUTION_EDIT, contribution)
    if contribution.state != State.PUBLISHED:
        abort(404)
    kind = kinds.get(contribution.kind)
    form = kind.form()
    form.changes(contribution)
    sheet = photo_forms.read(form)
    return composing.page(kind, form, sheet, contribution), 422 if form.photos.errors else 200


@views.post("/photos")
@requires(Permission.CONTRIBUTION_PUBLISH, rate="photo")
def begin_photo() -> Any:
    """Expect a file of ``Upload-Length`` bytes; the same ``Upload-Key`` again is the same upload."""
    size, key = _number("Upload-Length"), as_uuid(request.headers.get("Upload-Key"))
    if size is None or key is None:
        abort(400)
    started = clock.busy()
    try:
        with atomic():
            begun = photos.begin(person_number(), size, key)
    except CannotDraw as no:
        return _told(photo_forms.say(no.trouble), 422)
    except TooMany:
        return _told(photo_forms.too_much(), 422)
    response = _paced(_progress(begun, 201), started)
    response.headers["Location"] = url_for("contributions.photo_progress", photo_id=begun.id)
    return response


@views.get("/photos/<uid:photo_id>")
@requires(Permission.ACCOUNT_OWN)
def photo_progress(photo_id: uuid.UUID) -> Any:
    """How far one's own upload is."""
    return _progress(_own(photos.find(photo_id)), 200)


@views.patch("/photos/<uid:photo_id>")
@requires(Permission.CONTRIBUTION_PUBLISH, rate="photo")
def append_photo(photo_id: uuid.UUID) -> Any:
    """The next piece of a file."""
    start = _number("Upload-Offset")
    if start is None:
        abort(400)
    started = clock.busy()
    try:
        with atomic():
            found = photos.append(photo_id, start, request.get_data())
    except photos.WrongOffset as wrong:
        response = make_response("", 409)
        response.headers["Upload-Offset"] = str(wrong.received)
        return response
    return _paced(_progress(_own(found), 200), started)


def _paced(response: Response, started: float) -> Response:
    """With the time to the next piece: the more people send at once, the longer."""
    pause = TURNS.take(clock.busy() - started, clock.monotonic())
    response.headers["Upload-Pause"] = str(round(1000 * pause))
    return response


def _own(found: Photo | None) -> Photo:
    if found is None or found.author_id != person_number():
        abort(404)
    return found


def _progress(found: Photo, status: int) -> Response:
    """State and offset; 422 with the reason for a file of which nothing comes."""
    if found.state == PhotoState.REFUSED:
        return _told(photo_forms.say(Trouble(found.trouble)), 422)
    response = jsonify(uid=to_uid(found.id), offset=found.received, length=found.size, state=found.state)
    response.status_code = status
    response.headers["Upload-Offset"] = str(found.received)
    response.headers["Upload-Length"] = str(found.size)
    return response


def _told(words: str, status: int) -> Response:
    response = jsonify(says=words)
    response.status_code = status
    return response


def _number(header: str) -> int | None:
    text = request.headers.get(header, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
