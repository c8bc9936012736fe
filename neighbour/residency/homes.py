"""Exact homes: sealed, in one table (and one for those the register lacks), opened by three named functions.

``home.sealed`` holds street, number and the name on the letterbox under AES-GCM, with the person as associated
data: a row copied to another person does not open. Everything that has to be compared (same house, same
household, refused name) is compared as keyed hashes, so nothing is opened for it.

Opening an address, always with a line in ``address_access``:

* ``open_for_letter`` – the operator prints the card;
* ``open_for_owner`` – the person looks at their own address;
* ``open_missing`` – the operator looks up what the register lacks.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import undefer

from neighbour.core import audit, clock
from neighbour.core.audit import Event
from neighbour.core.crypto import keyed_hash, open_sealed, seal
from neighbour.core.db import db
from neighbour.core.text import normal_form
from neighbour.residency import cells
from neighbour.residency.models import Address, AddressAccess, Home, MissingAddress

_SPELLED_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "å": "aa", "ł": "l", "đ": "d", "ı": "i"}
)
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


def family_hashes(house: bytes, *names: str) -> list[bytes]:
    """Keyed hashes of the family names (each hyphenated part by itself) in this house: what a letter carries."""
    return _name_hashes(house, (word for name in names for word in _family(name)))


def word_hashes(house: bytes, *names: str) -> list[bytes]:
    """Keyed hashes of every word of ``names`` in this house. A request is refused when one of them was: so "A.
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


def settle(person_id: int, address: Address, quarter_id: int, recipient: str, care_of: str, town: str) -> Home:
    """Seal a person's home and store it in place of the one before; returns the row (its cell and hash are set)."""
    number = f"{address.number} {address.suffix}".strip()
    exact = ExactHome(recipient, care_of, address.street, number, address.postcode, address.place or town)
    home = db.session.scalar(select(Home).where(Home.person_id == person_id).with_for_update())
    if home is None:
        home = Home(person_id=person_id)
        db.session.add(home)
    home.quarter_id = quarter_id
    home.sealed = seal(json.dumps(asdict(exact), ensure_ascii=False).encode(), _belongs_to(person_id))
    home.address_hash = address_hash(address)
    home.family_hashes = family_hashes(home.address_hash, recipient, care_of)
    home.word_hashes = word_hashes(home.address_hash, recipient, care_of)
    home.cell = public_cell(address)
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
    return _open(person_id, purpose=f"letter {batch}", by=None)


def open_for_owner(person_id: int) -> ExactHome | None:
    """The person's own home, for their own eyes; None when there is none."""
    return _open(person_id, purpose="own page", by=person_id)


def _open(person_id: int, *, purpose: str, by: int | None) -> ExactHome | None:
    """Open one home and write down who did and why. Raises ``core.crypto.CannotOpen`` for an altered row."""
    home = db.session.scalar(select(Home).where(Home.person_id == person_id).options(undefer(Home.sealed)))
    if home is None:
        return None
    exact = ExactHome(**json.loads(open_sealed(home.sealed, _belongs_to(home.person_id))))
    db.session.add(AddressAccess(person_id=person_id, by_person_id=by, purpose=purpose))
    audit.note(Event.ADDRESS_OPENED, actor=by, subject=person_id, about=purpose.partition(" ")[0])
    return exact


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


def open_missing(own: int | None = None) -> list[Missing]:
    """All addresses that people missed, oldest first, each with a line in ``address_access``. Inside atomic(), on the
    owner's connection; or only the one of the person ``own``, for their own eyes."""
    wanted = select(MissingAddress.person_id, MissingAddress.sealed).order_by(MissingAddress.created_at)
    rows = db.session.execute(wanted if own is None else wanted.where(MissingAddress.person_id == own)).all()
    purpose = "missing address" if own is None else "own page"
    db.session.add_all(AddressAccess(person_id=person_id, by_person_id=own, purpose=purpose) for person_id, _ in rows)
    return [Missing(key, open_sealed(sealed, _missing_of(key)).decode()) for key, sealed in rows]


def accesses(person_id: int, limit: int = 20) -> Sequence[AddressAccess]:
    """When and what for a person's address was opened, newest first."""
    mine = select(AddressAccess).where(AddressAccess.person_id == person_id)
    return db.session.scalars(mine.order_by(AddressAccess.id.desc()).limit(limit)).all()


def _missing_of(person_id: int) -> bytes:
    return f"address missed by person {person_id}".encode()


def _belongs_to(person_id: int) -> bytes:
    return f"home of person {person_id}".encode()
