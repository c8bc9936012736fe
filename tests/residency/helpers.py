"""A small town for the tests of this room: two quarters, a street, people who want in."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from shapely import to_geojson, to_wkb
from shapely.geometry import box
from sqlalchemy import select

from neighbour.accounts.models import Person, SignUpStep
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.policy import Level, Seat
from neighbour.quarters import index
from neighbour.quarters.models import Quarter
from neighbour.residency import grading, homes, invitations, letters, printing, proofs, service
from neighbour.residency.cases import concluding
from neighbour.residency.cases.models import CaseHalf, CaseKind, CaseState, ProofCase
from neighbour.residency.gazetteer.loading import refresh_streets
from neighbour.residency.gazetteer.spelling import street_key
from neighbour.residency.letter_pdf import Format
from neighbour.residency.models import Address
from neighbour.residency.proofs.flyer import FLYER
from neighbour.residency.proofs.method import Outcome
from neighbour.residency.proofs.postcard import POSTCARD


def _square(key: str, name: str, west: float) -> Quarter:
    area = box(west, 52, west + 1, 53)
    shape = {"geometry": to_wkb(area), "outline": to_geojson(area), "lon": west + 0.5, "lat": 52.5}
    return Quarter(key=key, name=name, slug=key, area_m2=1, checksum=key, **shape)


class Town:
    """Everything in it is made through the owner's connection; people act with their own eyes (``as_person``)."""

    def __init__(self, app: Flask):
        self.app = app
        self.quarters = self._quarters()

    def _quarters(self) -> dict[str, int]:
        with self.app.app_context(), as_owner(), atomic():
            made = {
                key: _square(key, name, west)
                for key, name, west in (("weber", "Weberviertel", 13.0), ("ufer", "Am Ufer", 14.0))
            }
            db.session.add_all(made.values())
            db.session.flush()
            index.forget()  # as after every import
            return {key: quarter.id for key, quarter in made.items()}

    def address(
        self,
        number: str = "17",
        street: str = "Kettfadenstraße",
        quarter: str | None = "weber",
        suffix: str = "",
        postcode: str = "04873",
        **more: Any,
    ) -> int:
        """A register entry; returns its id."""
        with self.app.app_context(), as_owner(), atomic():
            row = Address(
                street=street,
                street_key=street_key(street),
                number=number,
                suffix=suffix,
                postcode=postcode,
                place="Altenbrück",
                quarter_id=self.quarters[quarter] if quarter else None,
                **more,
            )
            db.session.add(row)
            db.session.flush()
            return row.id

    def street(self, *houses: str, name: str = "Kettfadenstraße", postcode: str = "04873") -> None:
        """A street with these houses (``17``, ``17 I``), ready to be looked up."""
        for house in houses:
            number, _, suffix = house.partition(" ")
            self.address(number, name, suffix=suffix, postcode=postcode)
        with self.app.app_context(), as_owner(), atomic():
            refresh_streets()

    def person(self, name: str = "anna", *, is_confirmed: bool = True, **more: Any) -> int:
        """An account with its mail confirmed and sign-up done; returns its number."""
        with self.app.app_context(), as_owner(), atomic():
            row = Person(
                email=f"{name}@example.org",
                email_key=f"{name}@example.org",
                password_hash="x",
                display_name=name.title(),
                confirmed_at=clock.now() if is_confirmed else None,
                signup_step=more.pop("signup_step", SignUpStep.DONE),
                **more,
            )
            db.session.add(row)
            db.session.flush()
            return row.id

    @contextmanager
    def as_person(self, person_id: int) -> Iterator[Any]:
        """Inside a context of its own, through this person's eyes (nothing proven: no quarter's board)."""
        with self.app.app_context(), scope.use(scope.Viewer(person_id)):
            yield db.session

    def settle(self, person_id: int, address_id: int, recipient: str = "Anna Kowalczyk", care_of: str = "") -> None:
        with self.as_person(person_id):
            service.choose_address(person_id, address_id, recipient, care_of)

    def resident(self, name: str, address_id: int, recipient: str | None = None) -> int:
        """A person who lives at the address and has asked for a letter."""
        person_id = self.person(name)
        self.settle(person_id, address_id, recipient or f"{name.title()} Kowalczyk")
        with self.as_person(person_id):
            letters.request(person_id)
        return person_id

    def print_letters(self, folder: Path, *, again: str | None = None, paper: Format = Format.A6) -> Printout:
        """Print what is due, as the operator does, into ``folder``."""
        name = f"batch-{len(list(folder.iterdir()))}"
        wish = printing.Wish(out=folder / f"{name}.pdf", paper=paper, csv=folder / f"{name}.csv")
        config = self.app.extensions["config"]
        with self.app.app_context(), as_owner():
            done = printing.print_again(again, config, wish) if again else printing.print_due(config, wish)
        with (folder / f"{name}.csv").open(newline="") as table:
            cards = {row["line_1"]: (row["code"], row["refusal_code"]) for row in csv.DictReader(table)}
        return Printout(done, cards)

    def seat(self, person_id: int) -> Seat | None:
        """The current membership as the gate will see it."""
        with self.app.app_context(), as_owner():
            row = service.current_membership(person_id)
            return Seat(row.quarter_id, row.level, row.role) if row else None


@dataclass(frozen=True)
class Printout:
    """A finished batch and what stands on its cards: recipient → (code, refusal code)."""

    done: printing.Printed
    cards: dict[str, tuple[str, str]]


def proven(town: Town, name: str, number: str, level: Level = Level.VERIFIED, quarter: str = "weber") -> int:
    """Somebody who has proven to live in a house of their own."""
    person = town.person(name)
    town.settle(person, town.address(number, quarter=quarter), f"{name.title()} Kowalczyk-{name}")
    method = POSTCARD if level is Level.VERIFIED else FLYER
    with town.as_person(person):
        grading.grant(person, method.key, level, method.lasts)
    return person


def newcomer(town: Town, name: str, number: str, quarter: str = "weber") -> int:
    """Somebody who says that they live in a house of their own."""
    person = town.person(name)
    town.settle(person, town.address(number, quarter=quarter), f"{name.title()} Neumann-{name}")
    return person


def invited(town: Town, inviter: int) -> str:
    """A fresh invitation of this person; gives its code."""
    with town.as_person(inviter):
        return invitations.code_of(invitations.make(inviter).public_id)


def types(town: Town, person: int, code: str, network: str = "192.0.2.1") -> Outcome:
    """The person types a code, of whichever method."""
    with town.as_person(person):
        return proofs.redeem(person, code, network).outcome


def looked_at(town: Town, person: int) -> Level:
    """The desk says yes to the two words that stand for somebody; gives their level then."""
    with town.as_person(person), atomic():
        open_ones = ProofCase.person_id == person, ProofCase.kind == CaseKind.WORDS, ProofCase.state == CaseState.OPEN
        (case,) = db.session.scalars(select(ProofCase).where(*open_ones)).all()
        concluding._end(case, [CaseHalf(says="yes")])
    return level_of(town, person)


def level_of(town: Town, person: int) -> Level:
    """The level as the gate will see it."""
    seat = town.seat(person)
    assert seat is not None
    return Level(seat.level)


def crowd(town: Town, people: int, number: str, quarter: str = "weber", *, opens: bool = False) -> list[int]:
    """Many accounts that say they live in one house, made in one go. opens: whether their addresses can be opened, too."""
    with town.app.app_context(), as_owner(), atomic():
        run = db.session.connection().exec_driver_sql
        last = run("SELECT coalesce(max(id), 0) FROM person").scalar_one()
        run(
            "INSERT INTO person (public_id, email, email_key, password_hash, first_name, last_name, display_name, language,"
            " status, signup_step, is_operator, confirmed_at) SELECT 'crowd' || n, n || '@crowd.org', n || '@crowd.org', 'x', '',"
            f" '', 'N.', 'de', 'active', 'done', false, now() FROM generate_series({last} + 1, {last} + {people}) n"
        )
        found = list(run("SELECT id FROM person WHERE id > %s ORDER BY id", (last,)).scalars())
        entry = db.session.get(Address, town.address(number, quarter=quarter))
        assert entry is not None
        first = homes.settle(found[0], entry, town.quarters[quarter], "Ada Schwarm", "", town="Ort")
        db.session.flush()
        run(
            "INSERT INTO home (person_id, quarter_id, sealed, address_hash, family_hashes, word_hashes, created_at)"
            " SELECT p.id, h.quarter_id, h.sealed, h.address_hash, h.family_hashes, h.word_hashes, now() FROM person p, home h"
            " WHERE h.id = %s AND p.id > %s AND p.id <> h.person_id",
            (first.id, last),
        )
        for person in found[1:] if opens else ():
            homes.settle(person, entry, town.quarters[quarter], "Ada Schwarm", "", town="Ort")
        run(
            "INSERT INTO membership (person_id, quarter_id, level, role) SELECT id, %s, 'unproven', 'resident' FROM person"
            " WHERE id > %s",
            (town.quarters[quarter], last),
        )
    return found
