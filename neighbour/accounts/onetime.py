"""What is sent by mail and works once: links, and six digits for whoever reads mail on another device.

Kept as hashes, each for one purpose and one person, for a limited time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import or_, select, update

from neighbour.accounts.locks import hold
from neighbour.accounts.models import OneTimeToken, Person
from neighbour.core import clock, tokens
from neighbour.core.crypto import keyed_hash, same
from neighbour.core.db import db

CONFIRM_FOR, CODE_TRIES = timedelta(hours=24), 5
CODE_FOR = timedelta(minutes=10)  # six digits can be guessed, links cannot (ASVS 5.0 V6.5.5)
RESET_FOR = timedelta(minutes=60)
SECOND_STEP_FOR = timedelta(minutes=10)
UNDO, UNDO_FACTOR, STOP, SIDE = "undo_email", "undo_factor", "stop_reset", "dispute"
STAY = (
    UNDO,
    UNDO_FACTOR,
    STOP,
    SIDE,
)  # what the owner defends the account with: nobody who got into it can spoil these
KINDS = (
    tokens.kind("confirm", "confirms the address it was sent to"),
    tokens.kind("confirm_code", "the same as six digits, for whoever is signed in"),
    tokens.kind("reset", "sets a new password"),
    tokens.kind(UNDO, "gives an account its old address back"),
    tokens.kind(UNDO_FACTOR, "takes a new way to sign in off an account"),
    tokens.kind(SIDE, "speaks for one of two mailboxes that both say an account is theirs"),
    tokens.kind(STOP, "keeps the second step that somebody wants to have taken away"),
)


class Refused(ValueError):
    """The password, code or token is not right; ``why`` names the reason for the view."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


class Tried(NamedTuple):
    """What a typed code met: the row it belongs to, and whether there was any to be met."""

    right: OneTimeToken | None
    is_live: bool


def mint(person_id: int, purpose: str, email: str, valid: timedelta, secret: str | None = None) -> str:
    """A new single-use token (or one for the given ``secret``), kept as a hash; gives the token. Inside atomic().

    purpose: a declared kind of secret (``tokens.kind``); raises KeyError for any other.
    """
    if purpose not in tokens.KINDS:
        raise KeyError(f"no kind of secret is called {purpose!r}; declare it with tokens.kind()")
    token = secret or tokens.random_token()
    bound = f"{person_id}:{token}" if secret else token
    db.session.add(
        OneTimeToken(
            token_hash=tokens.hash_token(bound) if not secret else keyed_hash("code", bound),
            purpose=purpose,
            person_id=person_id,
            email=email,
            created_at=clock.now(),
            expires_at=clock.now() + valid,
        )
    )
    db.session.flush()
    return token


def redeem(token: str, purpose: str) -> OneTimeToken:
    """Use a token up; raises Refused. Inside atomic(), and the person is held from here on; of two at the same time one is
    refused, and so is who comes while links are being spoilt."""
    found = peek(token, purpose)
    if found is None:
        raise Refused("used_or_old")
    hold(found.person_id)
    row = peek(token, purpose, lock=True)
    if row is None:
        raise Refused("used_or_old")
    row.used_at = clock.now()
    db.session.flush()
    return row


def peek(token: str, purpose: str, *, lock: bool = False) -> OneTimeToken | None:
    """The token's row if it would still work; changes nothing."""
    wanted = select(OneTimeToken).where(
        OneTimeToken.token_hash == tokens.hash_token(token),
        OneTimeToken.purpose == purpose,
        OneTimeToken.used_at.is_(None),
        OneTimeToken.expires_at > clock.now(),
    )
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(wanted)


def works(token: str) -> bool:
    """Whether this is a link of whatever purpose that would still work; changes nothing."""
    mine = OneTimeToken.token_hash == tokens.hash_token(token), OneTimeToken.used_at.is_(None)
    return (
        db.session.scalar(select(OneTimeToken.purpose).where(*mine, OneTimeToken.expires_at > clock.now())) is not None
    )


def try_code(person_id: int, code: str) -> Tried:
    """Use a code up if it is the one; a wrong one costs a try of each that waits. Inside atomic()."""
    live = db.session.scalars(
        select(OneTimeToken)
        .where(
            OneTimeToken.person_id == person_id,
            OneTimeToken.purpose == "confirm_code",
            OneTimeToken.used_at.is_(None),
            OneTimeToken.expires_at > clock.now(),
            OneTimeToken.tries < CODE_TRIES,
        )
        .with_for_update()
    ).all()
    wanted = keyed_hash("code", f"{person_id}:{code}")
    right = next((row for row in live if same(row.token_hash, wanted)), None)
    if right is not None:
        right.used_at = clock.now()
    else:
        for row in live:
            row.tries += 1
    return Tried(right, bool(live))


def wrong(token: str, purpose: str) -> None:
    """A wrong answer was given together with this token: after five it works no more. Inside atomic()."""
    row = peek(token, purpose, lock=True)
    if row is not None:
        row.tries += 1
        row.used_at = clock.now() if row.tries >= CODE_TRIES else None
        db.session.flush()


def spoil(person_id: int) -> None:
    """None of a person's links and codes works any more, nor those of mails that still wait to be written; but for the
    ones the owner defends the account with, and where there is no owner yet those that belong to whoever reads the mail.
    Inside atomic()."""
    person = db.session.get_one(Person, person_id)
    live = [OneTimeToken.person_id == person_id, OneTimeToken.used_at.is_(None), OneTimeToken.purpose.not_in(STAY)]
    if person.confirmed_at is None:
        live.append(or_(OneTimeToken.purpose != "reset", OneTimeToken.email == ""))
    db.session.execute(update(OneTimeToken).where(*live).values(used_at=clock.now()))
    person.links_round += 1
    person.email_wish = person.email_wished_at = None
    db.session.flush()


def void(people: list[int]) -> None:
    """The links and digits these people were sent work no more. Inside atomic()."""
    live = OneTimeToken.person_id.in_(people), OneTimeToken.used_at.is_(None)
    db.session.execute(update(OneTimeToken).where(*live).values(used_at=clock.now()))


def wish_of(person: Person) -> str | None:
    """The mail address that waits for its confirmation, as long as a link for it can work."""
    at = person.email_wished_at
    return person.email_wish if at is not None and clock.now() < at + CONFIRM_FOR else None


def is_of_this_round(person_id: int, payload: dict[str, Any]) -> bool:
    """Whether a mail with a link was asked for after links were last spoilt (``payload`` of its notice)."""
    return bool(payload.get("round", 0) == db.session.get_one(Person, person_id).links_round)
