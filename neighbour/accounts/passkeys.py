"""Passkeys (WebAuthn level 2): what a device is asked to sign, and whether it did.

What is to be signed stands in the database for one browser or session, one purpose, once, and five minutes at most; it
is used up by whatever comes back, right or wrong. A passkey on its own is possession and a fingerprint or PIN, so
signing in with nothing else takes one that has checked its owner (user verification); beside a password, or to show
again that it is oneself, any will do. What the library makes of hostile bytes is a refusal, whichever error it is.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from neighbour.accounts import factors
from neighbour.accounts.locks import hold
from neighbour.accounts.models import Challenge, Passkey, Person
from neighbour.accounts.onetime import Refused
from neighbour.accounts.putting_aside import is_aside
from neighbour.core import clock, tokens
from neighbour.core.crypto import keyed_hash, same
from neighbour.core.db import atomic, db
from neighbour.core.i18n import gettext as _
from neighbour.core.text import clean_line
from neighbour.core.web import site_url

VALID = timedelta(minutes=5)
MOST, LONGEST_NAME, LONGEST_ANSWER = 20, 40, 20_000
TRANSPORTS = ("usb", "nfc", "ble", "internal", "hybrid", "smart-card")
SIGN_IN, SECOND, AGAIN, ADD = "sign_in", "second", "again", "add"

log = logging.getLogger("neighbour.accounts")


def options_to_add(person: Person, holder: str) -> str:
    """What the browser needs to make a passkey for this person, as JSON. Commits."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=_host(),
        rp_name=_("Neighbour"),
        user_id=_handle(person.id),
        user_name=person.email,
        user_display_name=person.display_name or person.email,
        challenge=issue(holder, ADD),
        exclude_credentials=[_described(key) for key in factors.of(person.id).passkeys],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
    )
    return options_to_json(options)


def add(person_id: int, answer: str, name: str, *, holder: str, token: str) -> str:
    """Keep the passkey a browser has made; gives the session's new token. Commits; raises Refused."""
    from webauthn import verify_registration_response

    expected, parsed = take(holder, ADD), _parsed(answer)
    try:
        made = verify_registration_response(
            credential=parsed, expected_challenge=expected, expected_rp_id=_host(), expected_origin=_origin()
        )
    except Exception as error:  # hostile bytes may end anywhere in the library
        raise _refused(error) from error
    with atomic():
        hold(person_id)
        known = factors.of(person_id).passkeys
        if len(known) >= MOST or _owner(made.credential_id) is not None or is_aside(made.credential_id):
            raise Refused("passkey")
        key = Passkey(
            person_id=person_id,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            transports=_transports(parsed),
            name=clean_line(name)[:LONGEST_NAME] or _("Passkey"),
            created_at=clock.now(),
        )
        db.session.add(key)
        db.session.flush()
        told = factors.Change.PASSKEY_ADDED
        return factors.changed(person_id, told, token=token, is_shown=True, since=key.created_at)


def options_to_sign(holder: str, purpose: str, person_id: int | None = None) -> str:
    """What the browser needs to use a passkey, as JSON: one of this person's, or whichever it knows for this site, so
    that nobody learns who has any. Commits."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    keys = factors.of(person_id).passkeys if person_id is not None else ()
    options = generate_authentication_options(
        rp_id=_host(),
        challenge=issue(holder, purpose),
        allow_credentials=[_described(key) for key in keys],
        user_verification=UserVerificationRequirement.PREFERRED
        if person_id is not None
        else UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


class Shown(NamedTuple):
    """A passkey that has signed: whose it is, which one, and since when it is there."""

    person_id: int
    number: int
    since: datetime


def check(answer: str, *, holder: str, purpose: str, person_id: int | None = None) -> Shown:
    """Which passkey has signed; ``person_id``: it has to be this one's. Commits; raises Refused."""
    from webauthn import verify_authentication_response
    from webauthn.helpers import base64url_to_bytes

    expected, parsed = take(holder, purpose), _parsed(answer)
    try:
        credential_id = base64url_to_bytes(parsed["id"])
        whose = _owner(credential_id)
        if whose is None or person_id not in (None, whose) or not _is_handle_of(parsed, whose):
            raise Refused("passkey")
        with factors.eyes_of(whose), atomic():
            mine = select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
            key = db.session.scalars(mine.execution_options(populate_existing=True)).one()
            shown = verify_authentication_response(
                credential=parsed,
                expected_challenge=expected,
                expected_rp_id=_host(),
                expected_origin=_origin(),
                credential_public_key=key.public_key,
                credential_current_sign_count=key.sign_count,
                require_user_verification=person_id is None,
            )
            key.sign_count, key.used_at = shown.new_sign_count, clock.now()
            found = Shown(whose, key.id, key.created_at)
    except Refused:
        raise
    except Exception as error:  # hostile bytes may end anywhere in the library
        raise _refused(error) from error
    return found


def is_there(shown: Shown) -> bool:
    """Whether that passkey has not been taken off since. Inside atomic(), with the eyes of its person, who is held."""
    return db.session.scalar(select(Passkey.id).where(Passkey.id == shown.number)) is not None


def is_of_this_device(answer: str) -> bool:
    """Whether the browser says that the passkey is the device's own, and not a key or a phone held to it."""
    return _parsed(answer).get("authenticatorAttachment") == "platform"


CHALLENGE = tokens.kind("challenge", "is signed by one passkey, once")


def issue(holder: str, purpose: str) -> bytes:
    """A new thing to be signed by one holder for one purpose, in place of the one before. Commits."""
    made = tokens.random_token().encode()
    row = {"challenge": made, "expires_at": clock.now() + VALID}
    new = insert(Challenge).values(holder_hash=tokens.hash_token(holder), purpose=purpose, **row)
    with atomic():
        db.session.execute(new.on_conflict_do_update(constraint="pk_challenge", set_=row))
    return made


def take(holder: str, purpose: str) -> bytes:
    """What this holder was to sign; it is used up with that. Commits; raises Refused."""
    mine = Challenge.holder_hash == tokens.hash_token(holder), Challenge.purpose == purpose
    with atomic():
        found = db.session.execute(
            delete(Challenge).where(*mine).returning(Challenge.challenge, Challenge.expires_at)
        ).one_or_none()
    if found is None or found.expires_at <= clock.now():
        raise Refused("passkey")
    return bytes(found.challenge)


def _parsed(answer: str) -> dict[str, Any]:
    """What a browser sent, as far as it is an object with a text for an id."""
    try:
        parsed = json.loads(answer) if len(answer) <= LONGEST_ANSWER else None
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("id"), str):
        raise Refused("passkey")
    return parsed


def _refused(error: Exception) -> Refused:
    log.info("a passkey was refused: %s", type(error).__name__)
    return Refused("passkey")


def _owner(credential_id: bytes) -> int | None:
    return db.session.scalar(select(func.passkey_owner(credential_id)))


def _handle(person_id: int) -> bytes:
    """What devices call this person: nothing that says who it is."""
    return keyed_hash("passkey-user", str(person_id))


def _is_handle_of(parsed: dict[str, Any], person_id: int) -> bool:
    """Devices say whose key it is where they were not told; then it has to be right (WebAuthn section 7.2, step 6)."""
    from webauthn.helpers import base64url_to_bytes

    said = parsed.get("response", {}).get("userHandle")
    return not said or same(base64url_to_bytes(said), _handle(person_id))


def _described(key: Passkey) -> Any:
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    ways = [AuthenticatorTransport(way) for way in key.transports.split()]
    return PublicKeyCredentialDescriptor(id=key.credential_id, transports=ways or None)


def _transports(parsed: dict[str, Any]) -> str:
    said = parsed.get("response", {}).get("transports") or []
    return " ".join(way for way in TRANSPORTS if way in said)


def _host() -> str:
    return urlsplit(site_url("")).hostname or ""


def _origin() -> str:
    parts = urlsplit(site_url(""))
    return f"{parts.scheme}://{parts.netloc}"
