"""The words the rules are made of. Each takes (identity, object) and says yes or no.

An object is anything with the attributes a predicate reads: ``quarter_id``, ``author_id``, ``person_id``. Where there
is none (a page of its own), rules about the quarter and about whose it is hold; nobody is the author of nothing.
"""

from __future__ import annotations

from typing import Any

from neighbour.policy.identity import Identity, Level, Role


def anybody(identity: Identity, thing: Any) -> bool:
    """Everyone, without an account."""
    return True


def signed_in(identity: Identity, thing: Any) -> bool:
    """A person who is signed in."""
    return identity.is_authenticated


def confirmed(identity: Identity, thing: Any) -> bool:
    """Signed in, and the e-mail address is confirmed."""
    return identity.is_authenticated and identity.is_confirmed


def not_suspended(identity: Identity, thing: Any) -> bool:
    """Writing is not suspended (the suspended keep reading)."""
    return not identity.is_suspended


def vouched(identity: Identity, thing: Any) -> bool:
    """At least vouched for, in any quarter."""
    return identity.level.reads_board


def verified(identity: Identity, thing: Any) -> bool:
    """Has proven to live in a quarter, whichever."""
    return identity.level is Level.VERIFIED


def proven_there(identity: Identity, thing: Any) -> bool:
    """Has proven to live in the thing's quarter – now, not once: whoever has moved away has no say there any more."""
    return thing is None or identity.level_in(thing.quarter_id).rank >= Level.VERIFIED.rank


def in_office(identity: Identity, thing: Any) -> bool:
    """The thing is kept for an initiative or for whoever runs the instance, which takes no home beside it."""
    return bool(getattr(thing, "is_office", False))


def author(identity: Identity, thing: Any) -> bool:
    """Wrote the thing, or keeps it for an office."""
    return identity.person_id is not None and getattr(thing, "author_id", None) == identity.person_id


def owner(identity: Identity, thing: Any) -> bool:
    """The thing is about this person."""
    return identity.person_id is not None and getattr(thing, "person_id", identity.person_id) == identity.person_id


def staff(identity: Identity, thing: Any) -> bool:
    """Runs the instance, or helps to run a quarter."""
    return identity.is_staff


def looks_at_proofs(identity: Identity, thing: Any) -> bool:
    """Verifier or steward of the thing's quarter, or operator; never where the thing is about themselves."""
    if thing is None:
        return identity.is_staff
    if getattr(thing, "person_id", None) == identity.person_id:
        return False
    return identity.is_operator or identity.role_in(thing.quarter_id).is_staff


def edits(identity: Identity, thing: Any) -> bool:
    """Speaks for the initiative (``editor_ids``)."""
    return identity.person_id is not None and (thing is None or identity.person_id in getattr(thing, "editor_ids", ()))


def runs_quarter(identity: Identity, thing: Any) -> bool:
    """Of the thing's Quartiersteam, or operator; without a thing: of any."""
    if thing is None:
        return identity.is_operator or any(identity.role_in(seat.quarter_id) is Role.STEWARD for seat in identity.seats)
    return identity.is_operator or identity.role_in(thing.quarter_id) is Role.STEWARD


def operator(identity: Identity, thing: Any) -> bool:
    """Runs the instance."""
    return identity.is_operator
