"""Exact homes: sealed, in one table (and one for those the register lacks), opened by few named functions.

``home.sealed`` holds street, number and the name on the letterbox under AES-GCM, with the person as associated
data: a row copied to another person does not open. Everything that has to be compared (same house, same
household, refused name) is compared as keyed hashes, so nothing is opened for it.

Opening an address, always with a line in ``address_access``:

* ``open_for_letter`` – the operator prints the card;
* ``open_for_owner`` – the person looks at their own address;
* ``open_for_verifier`` – somebody of the desk looks at a case, a visitor, or at what the register
  lacks. The database opens the row only for whoever has it in hand;
* ``of_dispute`` – an operator asks at a home whose its account is: at the one that was proven before.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import undefer

from neighbour.accounts.choosing import is_protected
from neighbour.accounts.models import Person
from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.crypto import keyed_hash, open_sealed, seal, sealed_in
from neighbour.core.db import db
from neighbour.core.text import normal_form
from neighbour.residency import cells
from neighbour.residency.models import Address, AddressAccess, Home, HomeBefore, Letter, MissingAddress

_SPELLED_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "å": "aa", "ł": "l", "đ": "d", "ı": "i"}
)
#: what the desk opens an address for: kinds of cases. Who looked is not in it: that it was the operator and not the team would
#: tell a protected person's namesake that she lives there
DESK_PURPOSES = ("document", "held")
QUIET = "quiet"  # a case of which its person never hears (``cases.crowds``)
DISPUTE = "dispute"  # whose an account is, the operator asks at its home (``of_dispute``)
PURPOSES = (*DESK_PURPOSES, QUIET, "visit", "missing address")
TOLD_AFTER = timedelta(days=30)
KEPT = timedelta(days=30)  # a proven home that was left or renamed; as long as somebody quarrels about the account
PRINTED_IN = "letter "  # followed by the batch

# Words before or inside a family name that many neighbours share.
_SMALL_WORDS = set("familie family fam herr frau dr prof und von zu vom zum van de der den di da del la le".split())  # noqa: SIM905


@dataclass(frozen=True)
class ExactHome:
    """A home as an envelope needs it. Never logged: its repr says nothing."""

    recipient: str = field(repr=False)
    care_of: str = field(repr=False)
    street: str = field(repr=False)
    number: str = field(repr=False)
    postcode: str = field(repr=False)
    town: str = field(repr=False)

    def envelope(self) -> tuple[str, ...]:
        """The lines of the address field, from the name down to the town."""
        co = f"c/o {self.care_of}" if self.care_of else ""
        lines = (self.recipient, co, f"{self.street} {self.number}".strip(), f"{self.postcode} {self.town}".strip())
        return tuple(line for line in lines if line)


def address_hash(address: Address) -> bytes:
    """Keyed hash of a house; 32 bytes. Made from what the register says, not from its row number, so that it
    outlives a new import of the register."""
    return entry_hash(address.street_key, address.street, address.number, address.suffix, address.postcode)


def entry_hash(*entry: str) -> bytes:
    """``address_hash`` from the columns (street_key, street, number, suffix, postcode) that make an entry unique."""
    return keyed_hash("home-address", "\x1f".join(entry))


def household_hash(house: bytes, recipient: str) -> bytes:
    """Keyed hash of a household: a house and the family name on the bell, however it is spelled. Two families
    Müller on two floors count as one; counting every first name as a household would flatter us more."""
    return keyed_hash("household", house.hex() + "\x1f" + " ".join(_family(recipient)))


def person_hash(house: bytes, name: str) -> bytes:
    """Keyed hash of a house and a full name, in whatever order and spelling its words are written."""
    return keyed_hash("person-at-house", house.hex() + "\x1f" + " ".join(sorted(_words(name))))


def family_hashes(house: bytes, *names: str) -> list[bytes]:
    """Keyed hashes of the family names (each hyphenated part by itself) in this house: what a letter carries."""
    return _name_hashes(house, (word for name in names for word in _family(name)))


def word_hashes(house: bytes, *names: str) -> list[bytes]:
    """Keyed hashes of every word of ``names`` in this house. A letter is not printed when one of them was refused: so "A.
    Kowalczyk" and "Kowalczyk, Anna" stay away after Anna Kowalczyk said never again."""
    return _name_hashes(house, (word for name in names for word in _words(name)))


def _name_hashes(house: bytes, words: Iterable[str]) -> list[bytes]:
    return [keyed_hash("letterbox-name", house.hex() + "\x1f" + word) for word in dict.fromkeys(words)]


def _family(name: str) -> list[str]:
    """The words of the family name: the last one, in its hyphenated parts."""
    return _words(name.split()[-1]) if name.split() else []


def _words(name: str) -> list[str]:
    plain = normal_form(name.casefold().translate(_SPELLED_OUT), "NFKD")
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    found = re.findall(r"[^\W_]+", letters)
    return [word for word in found if len(word) > 1 and word not in _SMALL_WORDS] or found


def settle(
    person_id: int,
    address: Address,
    quarter_id: int,
    recipient: str,
    care_of: str,
    town: str,
    proven_under: int | None = None,
) -> Home:
    """Seal a person's home and store it in place of the one before; returns the row (its cell and hash are set).

    proven_under: the number of the membership that the home before belongs to. If it was proven as it reads, it stays sealed
    for ``KEPT`` (``of_dispute``): whoever steals an account changes its home before they change its mail address."""
    number = f"{address.number} {address.suffix}".strip()
    exact = ExactHome(recipient, care_of, address.street, number, address.postcode, address.place or town)
    home = db.session.scalar(select(Home).where(Home.person_id == person_id).with_for_update())
    if home is None:
        home = Home(person_id=person_id)
        db.session.add(home)
    house, words = address_hash(address), word_hashes(address_hash(address), recipient, care_of)
    is_same_house = home.id is not None and bytes(home.address_hash) == house
    is_renamed = is_same_house and {*map(bytes, home.word_hashes)} != {*words}
    if proven_under is not None and (is_renamed or not is_same_house):
        db.session.execute(select(func.keep_proven_home(proven_under, clock.now())))
    if is_renamed:
        home.renamed_at = clock.now()  # looks that are under way begin anew (migration 0087)
    home.quarter_id = quarter_id
    home.sealed = seal(json.dumps(asdict(exact), ensure_ascii=False).encode(), _belongs_to(person_id))
    home.address_hash, home.word_hashes = house, words
    home.family_hashes = family_hashes(house, recipient, care_of)
    home.cell = None if is_staff_only(person_id) else public_cell(address)
    db.session.flush()
    return home


def public_cell(address: Address) -> str | None:
    """The public cell of an address, None where the quarter is all that may be said (see ``cells``)."""
    if address.lon is None or address.lat is None or address.quarter_id is None:
        return None
    return cells_of(address.quarter_id).get(cells.hexagon((address.lon, address.lat)))


def cells_of(quarter_id: int) -> dict[str, str]:
    """Hexagon → public cell of a quarter, from all its addresses that have a point."""
    known = Address.quarter_id == quarter_id, Address.lon.is_not(None), Address.lat.is_not(None)
    points = db.session.execute(select(Address.lon, Address.lat).where(*known)).all()
    return cells.divide((lon, lat) for lon, lat in points if lon is not None and lat is not None)


def open_for_letter(person_id: int, batch: str) -> ExactHome | None:
    """The home to write on a letter of ``batch``; None when the person has none. On the owner's connection only."""
    return _open(person_id, purpose=PRINTED_IN + batch, by=None)


def open_for_owner(person_id: int) -> ExactHome | None:
    """The person's own home, for their own eyes; None when there is none."""
    return _open(person_id, purpose="own page", by=person_id)


def is_staff_only(person_id: int) -> bool:
    """Whether only the operator may open this person's address: their profile is protected. Who looks after a queue asks
    this before it offers the address to a steward or verifier; ``_open`` refuses them in any case."""
    return is_protected(person_id)


class StaffOnly(PermissionError):
    """Somebody of a quarter's team asked for the address of a protected person."""


def _open(person_id: int, *, purpose: str, by: int | None) -> ExactHome | None:
    """Open one home and write down who did and why. ``by``: who looks; None: the operator, by a command.

    Raises ``core.crypto.CannotOpen`` for an altered row, StaffOnly for a protected person unless they or an operator look.
    """
    if by not in (None, person_id) and is_staff_only(person_id) and not _is_operator(by):
        raise StaffOnly("the address of a protected person is the operator's alone")
    home = db.session.scalar(select(Home).where(Home.person_id == person_id).options(undefer(Home.sealed)))
    if home is None:
        return None
    exact = _unsealed(person_id, home.sealed)
    _write_down(person_id, by, purpose)
    return exact


def _is_operator(person_id: int | None) -> bool:
    return bool(db.session.scalar(select(Person.is_operator).where(Person.id == person_id)))


def _write_down(person_id: int, by: int | None, purpose: str) -> None:
    """One line per opening. Nothing is read back: who looks at another's home may not read that person's lines."""
    line = {"person_id": person_id, "by_person_id": by, "purpose": purpose, "at": clock.now()}
    db.session.execute(insert(AddressAccess).inline().values(**line))
    audit.note(Event.ADDRESS_OPENED, actor=by, subject=person_id, about=purpose.partition(" ")[0])


@dataclass(frozen=True)
class Missing:
    """An address somebody missed, as they wrote it."""

    person_id: int
    text: str = field(repr=False)


def report_missing(person_id: int, text: str) -> None:
    """Keep an address that the register lacks, for the operator; a second report replaces the first. In atomic()."""
    sealed = seal(text.encode(), _missing_of(person_id))
    row = insert(MissingAddress).values(person_id=person_id, sealed=sealed, created_at=clock.now())
    again = {"sealed": sealed, "created_at": clock.now()}
    db.session.execute(row.on_conflict_do_update(constraint="uq_missing_address_person_id", set_=again))


def missing() -> Sequence[MissingAddress]:
    """The reports of what the register lacks, oldest first, sealed. For an operator, or on the owner's connection."""
    return db.session.scalars(select(MissingAddress).order_by(MissingAddress.created_at)).all()


def forget_missing(person_id: int) -> None:
    """The report was dealt with. Inside atomic()."""
    db.session.execute(delete(MissingAddress).where(MissingAddress.person_id == person_id))


def open_for_verifier(person_id: int, purpose: str, by: int | None) -> ExactHome | Missing | None:
    """What somebody of the desk has to see of a person's address, for a purpose of ``PURPOSES``; None where the database
    does not let them. ``by``: who looks, None for an operator's command on the owner's connection. Inside atomic()."""
    if purpose not in PURPOSES:
        raise ValueError(f"no purpose to open a home for: {purpose}")
    if purpose != "missing address":
        return _open(person_id, purpose=purpose, by=by)
    query = select(MissingAddress.sealed).where(MissingAddress.person_id == person_id)
    sealed = db.session.scalar(query)
    if sealed is None:
        return None
    said = open_sealed(sealed, _missing_of(person_id)).decode()
    _write_down(person_id, by, purpose)
    return Missing(person_id, said)


def of_dispute(person_id: int, by: int) -> tuple[list[tuple[ExactHome, Any]], Any | None]:
    """What an operator ``by`` may see of the homes of an account that is quarrelled about: each one that was proven as it reads
    before the quarrel's beginning, with its row of ``homes_of_dispute``; where there is none, the present one if at least its
    house was. And the row of the present home, None where there is none. That they looked is written down, once, where a home
    was opened. Empty where nobody quarrels, or the database does not let them. Inside atomic()."""
    rows = list(db.session.execute(_OF_DISPUTE, {"person": person_id}))
    now = next((row for row in rows if row.kept_id is None), None)
    shown = [row for row in rows if row.method] or [row for row in rows if row is now and row.house_method]
    found = [(_sealed_of(person_id, row.kept_id), row) for row in shown]
    if found:
        _write_down(person_id, by, DISPUTE)
    return found, now


_OF_DISPUTE = text("SELECT * FROM homes_of_dispute(:person)")


def _sealed_of(person_id: int, kept_id: int | None) -> ExactHome:
    one = select(Home.sealed).where(Home.person_id == person_id)
    if kept_id is not None:
        one = select(HomeBefore.sealed).where(HomeBefore.id == kept_id)
    return _unsealed(person_id, db.session.scalars(one).one())


def forget_unproven(person_id: int, before: datetime) -> None:
    """Another mailbox has the account from now on. Whoever had it may have fled from there, so every home goes that was not
    proven as it reads before that moment, and with it what says where that is: membership, letters, cases, visits, mail that
    waits, and what was done in its quarter (migration 0109). Where the house was proven and another name stands on its
    letterbox since, the name of before stands there again, if it is kept; a name alone at a proven house stays where it is not.
    Inside atomic(), with the person held and their quarrel settled."""
    db.session.flush()
    with scope.use(scope.Viewer(person_id)):
        if not db.session.scalar(select(func.forget_unproven_homes(person_id, before, clock.now()))):
            return
        home = db.session.scalars(select(Home).where(Home.person_id == person_id)).one()
        exact, house = _unsealed(person_id, home.sealed), bytes(home.address_hash)
        home.word_hashes = word_hashes(house, exact.recipient, exact.care_of)
        home.family_hashes = family_hashes(house, exact.recipient, exact.care_of)
        db.session.flush()


def kept_for_owner(person_id: int) -> list[ExactHome]:
    """The homes of before that are still kept, for the person's own eyes; the look is written down."""
    mine = select(HomeBefore.sealed).where(HomeBefore.person_id == person_id).order_by(HomeBefore.id)
    found = [_unsealed(person_id, sealed) for sealed in db.session.scalars(mine)]
    if found:
        _write_down(person_id, person_id, "own page")
    return found


def _unsealed(person_id: int, sealed: bytes) -> ExactHome:
    return ExactHome(**json.loads(open_sealed(sealed, _belongs_to(person_id))))


def accesses(person_id: int, limit: int = 20) -> Sequence[AddressAccess]:
    """When and what for a person's address was opened, newest first. Looks from the desk are told after ``TOLD_AFTER``, so
    that nobody reads off a day who of their neighbours decides; that a card was printed once its code was typed in, so that
    nobody reads off a day whether somebody else in the house ordered one (``letters``). What is told never says who.

    That every look is told yields to quiet cases: whoever gives another's name and house would read off the line that she lives
    there. Those looks stay in the record, with who looked at whose address, for the operator and whoever is answerable for
    data protection, and are told to nobody else."""
    told = (
        AddressAccess.purpose != QUIET,
        or_(AddressAccess.purpose.not_in(DESK_PURPOSES), AddressAccess.at <= clock.now() - TOLD_AFTER),
    )
    came = select(Letter.id).where(Letter.person_id == person_id, Letter.used_at.is_not(None))
    its_own = came.where(AddressAccess.purpose == PRINTED_IN + Letter.batch).correlate(AddressAccess)
    printed = AddressAccess.purpose.not_like(PRINTED_IN + "%") | its_own.exists()
    mine = select(AddressAccess).where(AddressAccess.person_id == person_id, *told, printed)
    return db.session.scalars(mine.order_by(AddressAccess.id.desc()).limit(limit)).all()


def _missing_of(person_id: int) -> bytes:
    return f"address missed by person {person_id}".encode()


def _belongs_to(person_id: int) -> bytes:
    return f"home of person {person_id}".encode()


sealed_in("home", "sealed", "person_id", _belongs_to)
sealed_in("home_before", "sealed", "person_id", _belongs_to, key="id")
sealed_in("missing_address", "sealed", "person_id", _missing_of)
