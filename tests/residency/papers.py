"""Papers to upload and people to look at them, for the tests of cases."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from functools import cache
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import update
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from neighbour.accounts.models import Person
from neighbour.core import clock
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.tokens import to_uid
from neighbour.policy import Level, Role
from neighbour.residency import grading, homes
from neighbour.residency.cases import concluding, documents
from neighbour.residency.cases.models import HouseRule, ProofCase
from neighbour.residency.models import Address, Membership
from tests.factories import sign_in
from tests.residency.helpers import Town

YEAR = timedelta(days=365)


@cache
def photo(words: str = "Meldebescheinigung", kind: str = "JPEG", size: tuple[int, int] = (300, 400)) -> bytes:
    """A picture of a paper."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((20, 20), words, fill="black")
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def text_of(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)).split())


def upload(*files: bytes, paper: str = "bill", field: str = "files") -> tuple[bytes, str]:
    """The body of the form with these files, and its content type. Made in memory: the test client would use a file."""
    named = [FileStorage(io.BytesIO(raw), f"{number}.x") for number, raw in enumerate(files)]
    boundary, body = encode_multipart(MultiDict([("paper", paper), *((field, each) for each in named)]))
    return body, f"multipart/form-data; boundary={boundary}"


class Desk:
    """A town with people who look at proofs."""

    def __init__(self, town: Town, make_client: Any):
        self.town, self.make_client, self.number = town, make_client, 100

    def browser(self, person_id: int) -> Any:
        """Somebody signed in at a browser of their own."""
        client = self.make_client()
        with self.town.app.app_context():
            with as_owner():
                row = db.session.get(Person, person_id)
            sign_in(client, row)
        return client

    def resident(
        self, name: str, *, bell: str = "", house: int | None = None, quarter: str = "weber", **person: Any
    ) -> int:
        """Somebody who has chosen an address (a house of their own unless told) and proven nothing."""
        self.number += 1
        given = {"first_name": name.title(), "last_name": "Probe", **person}
        person_id = self.town.person(name, **given)
        address = house or self.town.address(str(self.number), quarter=quarter)
        self.town.settle(person_id, address, bell or f"{name.title()} {name.title()}sen")
        return person_id

    def looks_at_each(self, house: int) -> None:
        """From now on every proof at this house waits for a look, as the team may decide about a crowded one."""
        with self.town.app.app_context(), as_owner(), atomic():
            address = db.session.get_one(Address, house)
            rule = {"house_hash": homes.address_hash(address), "quarter_id": address.quarter_id}
            db.session.add(HouseRule(**rule, up_to=0, one_by_one=True))

    def proven(self, name: str, **more: Any) -> int:
        """A resident with a strong proof."""
        person_id = self.resident(name, **more)
        self.prove(person_id)
        return person_id

    def prove(self, person_id: int, method: str = "postcard", level: Level = Level.VERIFIED) -> None:
        with self.town.as_person(person_id):
            grading.grant(person_id, method, level, YEAR)

    def verifier(self, name: str, role: Role = Role.VERIFIER, **more: Any) -> int:
        person_id = self.proven(name, **more)
        with self.town.app.app_context(), as_owner(), atomic():
            db.session.execute(update(Membership).where(Membership.person_id == person_id).values(role=role))
        return person_id

    def operator(self, name: str) -> int:
        return self.town.person(name, is_operator=True)

    def eyes(self, person_id: int) -> Any:
        """A context through somebody's eyes, as a request of theirs has them."""
        return self.town.as_person(person_id)

    def hand_in(self, browser: Any, *files: bytes, paper: str = "bill") -> Any:
        """Upload a document by the form."""
        body, kind = upload(*files, paper=paper)
        return browser.post("/proof/document", data=body, content_type=kind)

    def deposit(self, person_id: int) -> None:
        """A document that is there already: drawn once, for all tests."""
        with self.town.as_person(person_id):
            documents.hand_in(person_id, "bill", [photo()])

    def case_of(self, person_id: int) -> str:
        """The address of somebody's newest case on the desk: of two of the same second, the one nobody has decided."""
        with self.town.app.app_context(), as_owner():
            rows = db.session.query(ProofCase).filter_by(person_id=person_id)
            rows = rows.order_by(ProofCase.created_at, ProofCase.decided_at.asc().nulls_last())
            return "/desk/proofs/" + to_uid(rows.all()[-1].id)

    def says(self, person_id: int, case: str, verdict: str = "matches", note: str = "") -> Any:
        """Open a case and say something about it, in a browser."""
        browser = self.browser(person_id)
        opened = browser.post(case)
        assert opened.status_code == 200, (opened.status_code, opened.location)
        return browser.post(case + "/decide", data={"verdict": verdict, "note": note})

    def hears(self) -> None:
        """Three days after their cases began, people are told of whom the desk said no. Needs a clock that stands."""
        clock.tick(concluding.ANSWERED_AFTER.total_seconds())
        with self.town.app.app_context():
            concluding.answer_refused()

    def level(self, person_id: int) -> Level:
        return Level(self.town.seat(person_id).level)
