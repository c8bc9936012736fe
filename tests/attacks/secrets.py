"""A live secret of every kind the product makes (``tokens.KINDS``), and a false one of the same shape."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from neighbour.accounts import care, disputes, email_changes, onetime, passkeys, taking_back, totp
from neighbour.accounts.models import EmailChange
from neighbour.core import clock, scope, tokens
from neighbour.core.db import as_owner, atomic, db
from neighbour.events import feeds
from neighbour.events.models import FeedKind
from neighbour.mydata import erasing, inactivity
from neighbour.mydata.notices import Farewell
from neighbour.residency import codes, flyers, grading, homes, invitations, renewal
from neighbour.residency.cases.desk_views import MISSING
from neighbour.residency.models import MissingAddress
from neighbour.residency.proofs.postcard import POSTCARD
from tests.factories import viewer_of

if TYPE_CHECKING:
    from tests.attacks.world import World

ALPHABETS = ("0123456789", "0123456789abcdefghijklmnopqrstuvwxyz", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
RANDOM = re.compile(r"[\w-]{43}")  # of tokens.random_token(): signs stand anywhere in it


def _once(role: str, purpose: str, secret: str | None = None) -> Callable[[World], str]:
    def make(world: World) -> str:
        person = world.people[role]
        with as_owner(), atomic():
            return onetime.mint(person.id, purpose, person.email, onetime.CONFIRM_FOR, secret=secret)

    return make


def _come_back(world: World) -> str:
    """Somebody has left, and has the mail with the way back."""
    person = world.people["leaver"]
    leaving = erasing.begin(person.id, keeps_texts=True)
    with scope.use(scope.Viewer(person.id)), atomic():
        said = Farewell().context(person.id, {"erasure": str(leaving.id)})
    return str(said["url"]).rpartition("/")[2]


def _undo_email(world: World) -> str:
    """Somebody's account has another address since today."""
    with as_owner(), atomic():
        person = db.session.merge(world.people["mailer"])
        email_changes.change(person, "neu@altenbrueck.example")
        left = db.session.scalars(select(EmailChange).where(EmailChange.person_id == person.id)).one()
        return str(taking_back.mint_email_undo(person.id, left.id))


def _dispute(world: World) -> str:
    """Two mailboxes say that somebody's account is theirs."""
    with as_owner(), atomic():
        person = db.session.merge(world.people["disputed"])
        email_changes.change(person, "umgezogen@altenbrueck.example")
        left = db.session.scalars(select(EmailChange).where(EmailChange.person_id == person.id)).one()
        told = str(taking_back.mint_email_undo(person.id, left.id))
    return disputes.by_email(told)[1]


def _undo_factor(world: World) -> str:
    """Something to sign in with was added to somebody's account just now."""
    person = world.people["mailer"]
    with as_owner(), atomic():
        return str(taking_back.mint_factor_undo(person.id, {"since": clock.now().isoformat(), "to": person.email}))


def _stop_reset(world: World) -> str:
    """The operator was asked to take somebody's second factors off."""
    person = world.people["keys"]
    with as_owner():
        asked = care.ask_for_reset(person.email)
        with atomic():
            minted = care.mint_stop(person.id, asked.id)
        assert minted
        return minted[1]


def _still_here(world: World) -> str:
    """Somebody proved their address more than a year ago and is asked whether they still live there."""
    person = world.people["asked"]
    with clock.freeze(clock.now() - renewal.YEAR - timedelta(days=9)), scope.use(viewer_of(person, world.here)):
        grading.grant(person.id, POSTCARD.key, POSTCARD.level, POSTCARD.lasts)
    question = renewal.question_of(person.id)
    assert question
    with scope.use(scope.Viewer(person.id)):
        return renewal.token(person.id, question)


def _missing(world: World) -> str:
    """Somebody's address is not in the register."""
    with as_owner(), atomic():
        homes.report_missing(world.people["newcomer"].id, "Kanalweg 99")
        return tokens.sign(MISSING, db.session.scalars(select(MissingAddress.id)).one())


def _calendar(world: World) -> str:
    """Somebody follows the events of their quarter with a program of their own."""
    person = world.people["author"]
    with scope.use(viewer_of(person, world.here)), atomic():
        return feeds.make(person.id, FeedKind.QUARTER)


#: kind → (whose it is, how one is made, in a context of the application); "nobody": whoever has it needs no account
MAKERS: dict[str, tuple[str, Callable[[World], str]]] = {
    "calendar": ("nobody", _calendar),
    "ceremony": ("nobody", lambda world: world.ceremony),
    "challenge": ("nobody", lambda world: passkeys.issue(world.ceremony, passkeys.SIGN_IN).decode()),
    "come_back": ("nobody", _come_back),
    "confirm": ("nobody", _once("unconf.", "confirm")),
    "confirm_code": ("unconf.", _once("unconf.", "confirm_code", "471108")),
    "dispute": ("nobody", _dispute),
    "csrf": ("author", lambda world: world.browsers["author"].token),
    "desk:missing": ("operator", _missing),
    "flyer_code": ("unproven", lambda world: flyers.code_of(world.flyer)),
    "invitation_code": ("unproven", lambda world: invitations.code_of(world.invitation)),
    "letter_code": ("unproven", lambda world: world.letter_code),
    "list": ("nobody", lambda world: world.lists["author"]),
    "offer_code": ("author", lambda world: world.offer_code),
    "recovery": ("nobody", lambda world: world.recovery_code),
    "refusal_code": ("nobody", lambda world: world.refusal_code),
    "reset": ("nobody", _once("author", "reset")),
    "second_step": ("nobody", _once("keys", "second_step")),
    "session": ("nobody", lambda world: world.browsers["author"].session),
    "stay": ("nobody", lambda world: inactivity.token_for(world.people["far"].public_id)),
    "still-here": ("nobody", _still_here),
    "stop_reset": ("nobody", _stop_reset),
    "totp-set-up": ("author", lambda world: totp.carry(world.people["author"].public_id, world.seed)),
    "undo_email": ("nobody", _undo_email),
    "undo_factor": ("nobody", _undo_factor),
    "visit_code": ("author", lambda world: world.visit_code),
}


HOW = (
    "the product makes a secret of this kind: add to MAKERS in tests/attacks/secrets.py whose one is and how it is made, and"
    " to SECRETS_OF_PAGES in tests/attacks/words.py which pages take it"
)


def make(world: World) -> dict[str, str]:
    """One of every kind that is made here; ``HOW`` says what to do about others."""
    with world.app.app_context(), scope.use(scope.NOBODY):
        return {kind: maker(world) for kind, (_whose, maker) in MAKERS.items()}


def false_one(secret: str) -> str:
    """Another value of the same shape: as long, of the same letters, signs where signs are. One for all random tokens."""
    if RANDOM.fullmatch(secret):
        return "Zm" * 21 + "Q"
    chance = random.Random(secret)
    letters = next((some for some in ALPHABETS if set(secret) <= set(some)), None)
    if letters:
        first = (
            secret[0] if len(secret) == codes.MARKED_LENGTH else chance.choice(letters)
        )  # which says what kind it is
        return first + "".join(chance.choice(letters) for _ in secret[1:])
    return re.sub(r"[A-Za-z0-9]", lambda _: chance.choice("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz"), secret)
