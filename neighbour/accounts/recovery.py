"""Recovery codes: ten on paper, each good once, for the day the phone is gone.

Twelve symbols of 32 are 60 bits; what is kept is a keyed hash together with whose they are, so the table alone is of no
use to anybody.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import delete, func, select, update

from neighbour.accounts.models import RecoveryCode
from neighbour.core import clock, tokens
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import db

COUNT, GROUPS, GROUP = 10, 3, 4
KIND = tokens.kind("recovery", "stands for the second step once")
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that looks like something else on paper


def renew(person_id: int) -> list[str]:
    """Ten new codes, as they are written down; those before work no more. Inside atomic()."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP)) for _ in range(COUNT)]
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    now = clock.now()
    db.session.add_all(
        RecoveryCode(code_hash=_hash(person_id, code), person_id=person_id, created_at=now) for code in codes
    )
    db.session.flush()
    return ["-".join(code[at : at + GROUP] for at in range(0, GROUPS * GROUP, GROUP)) for code in codes]


def left(person_id: int) -> int:
    """How many still work."""
    live = RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None)
    return db.session.scalar(select(func.count()).select_from(RecoveryCode).where(*live)) or 0


def name_of_set(person_id: int) -> str:
    """Names the ten somebody has at present, used or not: others have another name; "" while there are none."""
    mine = select(RecoveryCode.code_hash).where(RecoveryCode.person_id == person_id)
    first = db.session.scalar(mine.order_by(RecoveryCode.code_hash).limit(1))
    return keyed_hash("recovery set", first.hex()).hex()[:16] if first else ""


def accept(person_id: int, code: str) -> datetime | None:
    """Use a code up, however it is spaced and in whichever case: since when it is there, None if it is none or was used.
    Inside atomic(); of two at the same time one is refused."""
    mine = RecoveryCode.code_hash == _hash(person_id, code), RecoveryCode.person_id == person_id
    used = update(RecoveryCode).where(*mine, RecoveryCode.used_at.is_(None)).values(used_at=clock.now())
    return db.session.scalar(used.returning(RecoveryCode.created_at))


def _hash(person_id: int, code: str) -> bytes:
    plain = "".join(symbol for symbol in code.casefold() if symbol.isalnum())
    return keyed_hash("recovery", f"{person_id}:{plain}")
