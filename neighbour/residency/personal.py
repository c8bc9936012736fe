"""What residency keeps about people; see ``core/personal``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from neighbour.core.personal import Calls, about, nobodys
from neighbour.residency import homes


def own_home(person_id: int) -> Any:
    """The exact address for its owner; the look is written down in ``address_access``."""
    exact = homes.open_for_owner(person_id)
    return asdict(exact) if exact else None


def own_missing(person_id: int) -> Any:
    """The address that the person says the register lacks, in their words; written down likewise."""
    return next((each.text for each in homes.open_missing(person_id)), None)


about(
    "home",
    of="person_id",
    kind="home",
    out="created_at cell",
    inner="id person_id quarter_id",
    secret="address_hash family_hashes word_hashes",  # noqa: S106  names of columns
    opened={"sealed": ("address", own_home)},
)
about(
    "missing_address",
    of="person_id",
    kind="home",
    out="created_at",
    inner="id person_id",
    opened={"sealed": ("text", own_missing)},
)
about(
    "address_access", of="person_id", kind="security", out="at purpose", inner="id person_id by_person_id", order="id"
)
about(
    "letter",
    of="person_id",
    kind="proof",
    out="state requested_at printed_at used_at expires_at batch",
    inner="id person_id tries",
    secret="address_hash name_hashes code_hashes refusal_hashes",  # noqa: S106  names of columns
    erase=Calls(
        "SELECT detach_letters()",
        why="stays without the person: whoever holds the card can refuse all further ones, and the house keeps its rest",
    ),
    order="id",
)
about(
    "membership",
    of="person_id",
    kind="proof",
    out="quarter_id:quarter level role proven_at ended_at created_at",
    inner="id person_id",
    secret="household_hash",  # noqa: S106  the name of a column
    order="id",
)
about(
    "proof",
    of="person_id",
    kind="proof",
    out="method level expires_at renewed_at ended_at created_at",
    inner="id person_id membership_id source by_person_id depth held_at",
    secret="vouch_household",  # noqa: S106  the name of a column
    order="id",
)
nobodys(
    "letter_refusal",
    "target_hash since",
    why="fingerprints of houses and names that want no letters, ever; outlives every account",
)
REGISTER = "the city's public register of addresses: no word about who lives there"
nobodys("address", "id street street_key number suffix postcode place lon lat quarter_id", why=REGISTER)
nobodys("street", "id name postcode place key words loose grams", why=REGISTER)
