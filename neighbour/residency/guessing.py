"""Wrong codes of invitations and flyers, counted before anything is compared.

Ten an account in 30 days and forty a network in a day; a code that was right is not counted. A household that shares a network
has room, and ten thousand accounts that guess for a month reach one of two thousand live codes with 1.8e-7 (``codes``).
"""

from __future__ import annotations

from neighbour.core import limits

PER_ACCOUNT = limits.Rate(10, 30 * 86_400)
PER_NETWORK = limits.Rate(40, 86_400)


def register() -> None:
    """Make the two limits known."""
    limits.register("marked_code", PER_ACCOUNT)
    limits.register("marked_network", PER_NETWORK)


def may_try(person_id: int, network: str) -> bool:
    """Count a try; False when there is none left. The network first: where others have used up the tries of a shared one, the
    account keeps its own. Commits."""
    try:
        limits.hit("marked_network", network)
        limits.hit("marked_code", str(person_id))
    except limits.TooMany:
        return False
    return True


def was_right(person_id: int, network: str) -> None:
    """The code was a good one: the try costs nothing. Commits with the surrounding atomic()."""
    limits.take_back("marked_code", str(person_id))
    limits.take_back("marked_network", network)
