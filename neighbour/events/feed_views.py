"""Events for calendars: one to take along, and calendars that a program follows under a secret address."""

from __future__ import annotations

import uuid

from flask import Response, abort, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from neighbour.accounts.hooks import ReadsAlong
from neighbour.contributions.models import State
from neighbour.core import i18n, limits, scope
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back, no_referrer, site_url
from neighbour.events import calendars, feeds, ics, service
from neighbour.events.models import FeedKind
from neighbour.events.views import views
from neighbour.policy import Permission, requires
from neighbour.policy.gate import person_number


@views.get("/c/<uid:contribution_id>/calendar.ics")
@requires(Permission.CONTRIBUTION_READ)
def download(contribution_id: uuid.UUID) -> Response:
    """One event with all its dates, to be put into a calendar as it is now."""
    event = service.of_person(contribution_id)
    if event is None or event.state != State.PUBLISHED:
        abort(404)
    response = _calendar(calendars.one(event))
    response.headers["Content-Disposition"] = 'attachment; filename="{}.ics"'.format(_("event"))
    return response


@views.get("/calendar/<token>.ics")
@requires(Permission.CALENDAR_FOLLOW)
def feed(token: str) -> BaseResponse:
    """What somebody's calendar holds now, for the program that follows it; 304 as long as nothing has changed."""
    follower = feeds.find(token)
    if follower is None:
        abort(404)
    limits.hit("calendar", str(follower.id))
    i18n.speak(follower.language)
    with scope.use(follower.eyes):
        book = calendars.book(follower.kind, _name(follower.kind), follower.person_id, follower.quarters)
        response = _calendar(b"")
        response.set_etag(book.content.hex()[:32])
        response.last_modified = max([follower.made_at, *book.changed_at])
        if request.if_none_match:  # of the moment alone nobody can tell what is not there any more
            response.make_conditional(request)
        if response.status_code != 304:
            response.set_data(book.written())
    response.headers["Referrer-Policy"] = "no-referrer"  # the address is the secret
    return response


@views.get("/events/calendars")
@requires(Permission.BOARD_READ)
def calendars_of_mine() -> str:
    """Which calendars one can follow, what each holds, and who could read it."""
    return _page()


@views.post("/events/calendars")
@requires(Permission.BOARD_READ)
def make_calendar() -> Response:
    """A new address for one of them, shown this once; the one before opens nothing any more."""
    kind = _kind()
    with atomic():
        token = feeds.make(person_number(), kind)
    return no_referrer(_page(kind, site_url(url_for("events.feed", token=token))))


@views.post("/events/calendars/end")
@requires(Permission.ACCOUNT_OWN)
def end_calendar() -> BaseResponse:
    """Nobody follows it any more, from this moment."""
    with atomic():
        feeds.end(person_number(), _kind())
    return back("events.calendars_of_mine")


def reading_along(person_id: int) -> list[ReadsAlong]:
    """Which of a person's calendars have an address, for their page of devices."""
    return [ReadsAlong(kind.value, title_of(kind), feed.made_at) for kind, feed in feeds.of_person(person_id).items()]


def _page(made: FeedKind | None = None, address: str = "") -> str:
    return render_template(
        "events/calendars.html",
        kinds=[(kind, title_of(kind)) for kind in FeedKind],
        mine=feeds.of_person(person_number()),
        made=made,
        address=address,
        webcal="webcal:" + address.partition(":")[2] if address else "",
    )


def _kind() -> FeedKind:
    try:
        return FeedKind(request.form.get("kind", ""))
    except ValueError:
        abort(404)


def title_of(kind: FeedKind) -> str:
    """What the calendar is called on its owner's pages."""
    return _("My events") if kind is FeedKind.MINE else _("Everything in my quarter")


def _name(kind: FeedKind) -> str:
    """What the calendar is called in the program that shows it."""
    return _("Neighbour: my events") if kind is FeedKind.MINE else _("Neighbour: events in my quarter")


def _calendar(data: bytes) -> Response:
    """Never kept on the way: it is one person's, and an address that is ended is so at once."""
    response = make_response(data)
    response.mimetype = ics.MIMETYPE
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
