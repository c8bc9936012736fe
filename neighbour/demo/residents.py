"""Gives the people of the demo city an account, a home and a proof, through the residency room's own services."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select, update

from neighbour.accounts import service as accounts
from neighbour.accounts.appearance import Chosen, worn
from neighbour.accounts.models import Person, SignUpStep
from neighbour.core import clock
from neighbour.core.columns import id_at
from neighbour.core.db import db
from neighbour.demo.people import DemoPerson, people
from neighbour.notices.models import Subscription
from neighbour.policy import Level, Role
from neighbour.residency import codes, flyers, grading, invitations, letters, service
from neighbour.residency.models import Address, Letter, LetterState, Membership, Proof
from neighbour.residency.proofs import lasting
from neighbour.residency.proofs.invitation import INVITATION
from neighbour.residency.proofs.postcard import POSTCARD

WAITING = "mira"  # the newcomer whose card is on its way
CARD_CODE = "WEBE4172"
NEWEST_MEMBER = timedelta(days=65)  # everybody lived here before the first post
MEMBER_SINCE = timedelta(days=520)
METHODS = {Level.VERIFIED: POSTCARD, Level.VOUCHED: INVITATION}
FLYER_STREETS = ("Garnweg", "Spulengasse 1–20")
ASKED = "hannelore"  # whose last yes is a year ago: she is asked whether she still lives here


class Resident(NamedTuple):
    """A settled person: numbers of the person and of the quarter, and what the content says."""

    person_id: int
    quarter_id: int
    demo: DemoPerson


def settle(quarter_ids: dict[str, int], password_hash: str) -> dict[str, Resident]:
    """Make every account and move it in; key → Resident. Inside atomic(), as the owner.

    quarter_ids: the quarters by their key; password_hash: one for all, so that argon2 works once.
    """
    everybody, now = people(), clock.now()
    persons = {demo.key: _account(demo, password_hash, _joined(demo, now)) for demo in everybody}
    db.session.add_all(persons.values())
    db.session.flush()
    register = _register()
    residents = {}
    for demo in everybody:
        resident = Resident(persons[demo.key].id, quarter_ids[demo.quarter], demo)
        with clock.freeze(_joined(demo, now)):
            _move_in(resident, register)
        residents[demo.key] = resident
    _have_said_yes(residents, now)
    _choose_digests(residents, now)
    return residents


def send_card(resident: Resident) -> None:
    """The newcomer's card: asked for three days ago, printed the day after, with a code that everybody may know."""
    now = clock.now()
    with clock.freeze(now - timedelta(days=3)):
        letter: Letter = letters.request(resident.person_id)
    with clock.freeze(now - timedelta(days=2)):
        letter.state, letter.printed_at, letter.batch = LetterState.PRINTED, clock.now(), "demo"
        letter.expires_at = clock.now() + letters.LIFE
        letter.code_hashes = [codes.fingerprint(CARD_CODE, bound_to=letters.binding(letter))]
    db.session.flush()


def _account(demo: DemoPerson, password_hash: str, joined: datetime) -> Person:
    return Person(
        email=demo.email,
        email_key=accounts.fold(demo.email),
        password_hash=password_hash,
        first_name=demo.first_name,
        last_name=demo.last_name,
        **worn(demo.first_name, demo.last_name, Chosen()),
        street_shown=demo.home.street if _shows_street(demo) else None,
        is_on_map=_is_on_map(demo),
        language=demo.locale,
        confirmed_at=joined,
        created_at=joined,
        signup_step=SignUpStep.DONE,
        is_operator=demo.is_operator,
    )


def _shows_street(demo: DemoPerson) -> bool:
    return demo.level == "verified" and random.Random(f"shows street {demo.key}").random() < 0.75  # noqa: S311


def _is_on_map(demo: DemoPerson) -> bool:
    return _shows_street(demo) and random.Random(f"is on the map {demo.key}").random() < 0.5  # noqa: S311


def _joined(demo: DemoPerson, now: datetime) -> datetime:
    if demo.level == "unproven":
        return now - timedelta(days=3, hours=2)
    days = random.Random(f"joined {demo.key}").uniform(NEWEST_MEMBER.days, MEMBER_SINCE.days)  # noqa: S311
    return now - timedelta(days=days)


def _register() -> dict[tuple[str, str, str, str], int]:
    rows = db.session.execute(select(Address.id, Address.street, Address.number, Address.suffix, Address.postcode))
    return {(street, number, suffix, postcode): key for key, street, number, suffix, postcode in rows}


def _move_in(resident: Resident, register: dict[tuple[str, str, str, str], int]) -> None:
    demo, person_id = resident.demo, resident.person_id
    home = demo.home
    address_id = register[home.street, home.number, home.suffix, home.postcode]
    placed = service.choose_address(person_id, address_id, f"{demo.first_name} {demo.last_name}")
    if placed.id != resident.quarter_id:
        raise ValueError(f"{demo.key} was placed in {placed.key}, not in {demo.quarter}")
    level = Level(demo.level)
    if level in METHODS:
        grading.grant(person_id, METHODS[level].key, level, METHODS[level].lasts)
    if demo.is_team:
        mine = Membership.person_id == person_id, Membership.ended_at.is_(None)
        db.session.execute(update(Membership).where(*mine).values(role=Role.STEWARD))


def _have_said_yes(residents: dict[str, Resident], now: datetime) -> None:
    """The last yes was within the year, so that nobody falls while the town stands and few are asked at a time; one is asked."""
    for key, resident in residents.items():
        days = 366 if key == ASKED else random.Random(f"last yes {key}").uniform(1, 240)  # noqa: S311
        for proof in db.session.scalars(select(Proof).where(Proof.person_id == resident.person_id)):
            said = now - timedelta(days=days)
            proof.renewed_at = said if key == ASKED else max(proof.created_at, said)
            proof.expires_at = proof.renewed_at + lasting(proof.method)


def give_out_codes(resident: Resident, steward: Resident) -> None:
    """A neighbour's invitation and a flyer of the Quartiersteam, both good: their codes stand on her page and on the desk."""
    invitations.make(resident.person_id, is_named=True)
    wish = flyers.Wish(steward.quarter_id, "\n".join(FLYER_STREETS), days=90)
    flyers.make(wish, by=steward.person_id)


def _choose_digests(residents: dict[str, Resident], now: datetime) -> None:
    """Who reads no digest leaves the list; the others have read every issue up to this morning's."""
    silent = [resident.person_id for resident in residents.values() if not resident.demo.reads_digest]
    db.session.execute(update(Subscription).where(Subscription.person_id.in_(silent)).values(is_on=False))
    told = id_at(now - timedelta(hours=20))
    everyone = [resident.person_id for resident in residents.values()]
    db.session.execute(update(Subscription).where(Subscription.person_id.in_(everyone)).values(told_up_to=told))
