"""Makers of rows for tests: small, explicit, committed. They run as the owner; the test itself uses the application's role.

Call them inside an application context. Each returns the row, detached, with its id.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from flask.testing import FlaskClient
from shapely import to_geojson, to_wkb
from shapely.geometry import box

from neighbour.accounts import sessions
from neighbour.accounts.models import Person
from neighbour.contributions import service
from neighbour.contributions.models import Audience, Comment, Contribution
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.events import service as events
from neighbour.events.models import Event
from neighbour.initiatives.models import Initiative, InitiativeEditor, InitiativeQuarter
from neighbour.notices.service import begin_lists
from neighbour.policy import Level, Role
from neighbour.posts.models import Post
from neighbour.quarters.models import Adjacency, City, Quarter
from neighbour.residency.models import Membership

_numbers = count(1)


def make_city(name: str = "Altenbrück") -> City:
    """The city of this instance, made once."""
    with as_owner(), atomic():
        city = db.session.get(City, 1)
        if city is None:
            city = City(id=1, name=name, time_zone="Europe/Berlin", language="de")
            db.session.add(city)
    return city


def make_quarter(
    name: str = "", *, beside: Quarter | None = None, households: int | None = 1200, is_open: bool = True
) -> Quarter:
    """A quarter: a square of about a kilometre; ``beside`` makes it adjacent to that one. ``is_open``: it has a board of its own."""
    make_city()
    number = next(_numbers)
    area = box(10 + number * 0.02, 50, 10.01 + number * 0.02, 50.01)
    with as_owner(), atomic():
        quarter = Quarter(
            key=f"Q{number:04}",
            name=name or f"Quartier {number}",
            slug=f"quartier-{number}",
            households=households,
            geometry=to_wkb(area),
            outline=to_geojson(area),
            area_m2=800_000.0,
            lon=area.centroid.x,
            lat=area.centroid.y,
            checksum=str(number),
            opened_at=clock.now() if is_open else None,
        )
        db.session.add(quarter)
        db.session.flush()
        if beside is not None:
            for one, other in ((quarter, beside), (beside, quarter)):
                db.session.add(Adjacency(quarter_id=one.id, neighbour_id=other.id, border_m=900.0))
    return quarter


def make_person(
    quarter: Quarter | None = None,
    *,
    name: str = "",
    level: Level = Level.VERIFIED,
    role: Role = Role.RESIDENT,
    language: str = "de",
    **fields: Any,
) -> Person:
    """A person with a confirmed address, living in ``quarter`` at this level of proof."""
    number = next(_numbers)
    first = name or f"Nachbar{number}"
    with as_owner(), atomic():
        person = Person(
            **{
                "email": f"person{number}@altenbrueck.example",
                "email_key": f"person{number}@altenbrueck.example",
                "password_hash": "!",
                "first_name": first,
                "last_name": "Probe",
                "display_name": f"{first} P.",
                "name_nearby": fields.get("display_name", f"{first} P."),
                "name_city": first,
                "language": language,
                "confirmed_at": clock.now(),
                "signup_step": "done",
                **fields,
            }
        )
        db.session.add(person)
        db.session.flush()
        if quarter is not None:
            db.session.add(Membership(person_id=person.id, quarter_id=quarter.id, level=level, role=role))
    return person


def make_signed_in(client: FlaskClient, quarter: Quarter, **fields: Any) -> Person:
    """Somebody of this quarter, signed in with this browser."""
    person = make_person(quarter, **fields)
    sign_in(client, person)
    return person


def make_listed(quarter: Quarter, **fields: Any) -> Person:
    """Somebody of this quarter who is on every list of mails, as whoever signs up is."""
    person = make_person(quarter, **fields)
    with scope.use(scope.NOBODY), atomic():
        begin_lists(person.id, quarter.id)
    return person


def make_move(person: Person, quarter: Quarter, *, level: Level = Level.VERIFIED) -> Membership:
    """Somebody lives in ``quarter`` from now on, proven so well; the membership before has ended."""
    with as_owner(), atomic():
        old = db.session.query(Membership).filter_by(person_id=person.id, ended_at=None).one_or_none()
        if old is not None:
            old.ended_at = clock.now()
            db.session.flush()
        seat = Membership(person_id=person.id, quarter_id=quarter.id)
        db.session.add(seat)
        db.session.flush()
        seat.level, seat.proven_at = level, None if level is Level.UNPROVEN else clock.now()
    return seat


def viewer_of(person: Person, *quarters: Quarter) -> scope.Viewer:
    """The eyes of this person, living in these quarters."""
    return scope.Viewer(person.id, tuple(quarter.id for quarter in quarters))


def make_post(
    author: Person,
    quarter: Quarter,
    *,
    title: str = "",
    audience: Audience = Audience.QUARTER,
    category: str = "question",
    body: str = "Ein Satz.",
    **fields: Any,
) -> Post:
    """A published post, through the real service and the wall."""
    with scope.use(viewer_of(author, quarter)), atomic():
        return service.publish(
            Post,
            author_id=author.id,
            quarter_id=quarter.id,
            category=category,
            body_md=body,
            title=title or f"Beitrag {next(_numbers)}",
            audience=audience,
            form_key=uuid.uuid4(),
            **fields,
        )


def make_event(
    author: Person,
    quarter: Quarter,
    begins: datetime,
    *,
    hours: float = 2,
    title: str = "",
    audience: Audience = Audience.QUARTER,
    body: str = "Ein Satz.",
    category: str = "gathering",
    initiative_id: int | None = None,
    **plan: Any,
) -> Event:
    """A published event, beginning at this time on Berlin's clock, through the real service and the wall."""
    given = {"ends": begins + timedelta(hours=hours), "zone": "Europe/Berlin", **plan}
    with scope.use(viewer_of(author, quarter)), atomic():
        return events.publish(
            author_id=author.id,
            quarter_id=quarter.id,
            category=category,
            title=title or f"Termin {next(_numbers)}",
            body_md=body,
            audience=audience,
            plan=events.Plan(begins, **given),
            initiative_id=initiative_id,
            form_key=uuid.uuid4(),
        )


def make_initiative(quarter: Quarter, *editors: Person, slug: str = "haus", **fields: Any) -> Initiative:
    """A verified initiative that works there, with these editors, the first one the longest."""
    with as_owner(), atomic():
        made = Initiative(**{"slug": slug, "name": "Haus am Kanal", "verified_at": clock.now(), **fields})
        db.session.add(made)
        db.session.flush()
        db.session.add(InitiativeQuarter(initiative_id=made.id, quarter_id=quarter.id))
        ages = enumerate(editors, start=-len(editors))
        db.session.add_all(
            InitiativeEditor(initiative_id=made.id, person_id=each.id, since=clock.now() + timedelta(days=age))
            for age, each in ages
        )
    return made


def make_comment(author: Person, quarter: Quarter, contribution: Contribution, body: str = "Eine Antwort.") -> Comment:
    """A comment by somebody of ``quarter``."""
    with scope.use(viewer_of(author, quarter)), atomic():
        return service.comment(contribution, author_id=author.id, body_md=body)


def sign_in(client: FlaskClient, person: Person, *, is_kept: bool = True, is_strong: bool = True) -> str:
    """Sign ``person`` in without the form, as somebody who has just shown who they are, with a second factor unless told
    otherwise; returns the session's token."""
    with scope.use(scope.NOBODY), atomic():
        token = sessions.open_session(person.id, is_kept=is_kept, device="test", is_strong=is_strong)
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = token, True
    return token
