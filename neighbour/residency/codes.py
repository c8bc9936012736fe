"""Codes printed on paper: made, read forgivingly, stored only as keyed hashes.

Two kinds leave the house on a letter:

* the **letter code**, 8 symbols, shown as ``XXXX-XXXX``: 32^8 = 2^40 possibilities. With five
  tries a letter, ten thousand accounts guessing for a month succeed with about 5e-8 – OWASP's floor of
  20 bits for such codes would be far too weak here (six digits fall to the same crowd in one case of twenty);
* the **refusal code**, 12 symbols, ``XXXX-XXXX-XXXX``: 2^60, because it is looked up without any account.

Two more are given out by neighbours and by the Quartiersteam, 11 symbols, ``NXXX-XXXX-XXX``: the first one says which it
is – **N** for a neighbour's invitation, **F** for a flyer – and ten random ones are left, 2^50. They are looked up among all that
live in a quarter: with 2,000 of them, ten wrong codes an account in 30 days and ten thousand accounts guessing, 1.8e-7.

The alphabet is Crockford's base 32 (https://www.crockford.com/base32.html): all digits and the Latin letters
without I, L, O and U. Each look-alike that is left out therefore has exactly one symbol it can mean, so
reading it forgivingly never makes two codes equal.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from collections.abc import Iterable

from neighbour.core import tokens
from neighbour.core.crypto import keyed_hash
from neighbour.core.text import normal_form

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LETTER_CODE_LENGTH = 8
REFUSAL_CODE_LENGTH = 12
INVITATION, FLYER = "N", "F"
MARKED_LENGTH = 11
GROUP = 4
KINDS = (
    tokens.kind("letter_code", "proves one person's home to whom the letter went"),
    tokens.kind("refusal_code", "stops letters to a name or a house"),
)

# What people type for what is printed. The second row are Cyrillic and Greek capitals that look the same:
# a phone whose keyboard is set to another alphabet must not cost a try.
_LOOK_ALIKES = str.maketrans(
    "OILU" + "АВЕКМНОРСТХУІЗ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "011V" + "ABEKMH0PCTXY13" + "ABEZH1KMN0PTYX",
)


def make(length: int = LETTER_CODE_LENGTH) -> str:
    """A fresh random code of ``length`` symbols from the operating system's generator, without hyphens."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def show(code: str) -> str:
    """``ABCDEFGH`` → ``ABCD-EFGH``: the form that is printed."""
    return "-".join(code[i : i + GROUP] for i in range(0, len(code), GROUP))


def read(typed: str, length: int = LETTER_CODE_LENGTH) -> str | None:
    """What a person typed, as the code it means, or ``None`` when it cannot be one.

    Forgives lower case, spaces, hyphens and dots of every kind, full-width letters, O for 0, I and L for 1,
    U for V and Cyrillic or Greek letters of the same shape. ``None`` needs no try at the lock: the
    length or a symbol is wrong whatever the code is.
    """
    if len(typed) > 100:
        return None
    plain = normal_form(typed, "NFKC").upper().translate(_LOOK_ALIKES)
    kept = "".join(c for c in plain if unicodedata.category(c)[0] not in "ZPC")
    if len(kept) != length or any(c not in ALPHABET for c in kept):
        return None
    return kept


def fingerprint(code: str, *, bound_to: str) -> bytes:
    """Keyed hash of a code for storing, 32 bytes. ``bound_to`` ties it to one letter, so that equal codes on two
    letters have different hashes and a row copied to another letter opens nothing."""
    return keyed_hash("letter-code", f"{bound_to}:{code}")


def matches(code: str, stored: Iterable[bytes], *, bound_to: str) -> bool:
    """Whether ``code`` is one of the ``stored`` fingerprints. Takes the same time wherever the first difference lies
    and however many of them match: every one is compared."""
    mine = fingerprint(code, bound_to=bound_to)
    found = False
    for other in stored:
        found |= hmac.compare_digest(mine, bytes(other))
    return found


def refusal_fingerprint(code: str) -> bytes:
    """Keyed hash under which a letter is found by its refusal code; 32 bytes."""
    return keyed_hash("letter-refusal-code", code)


def new_public_id() -> str:
    """A fresh id for a row whose code is derived from it."""
    return tokens.public_id()


def derive(mark: str, public_id: str) -> str:
    """The code of an invitation or a flyer: always the same for the same row, and nothing without the key outside the
    database. ``public_id`` has 60 random bits (``tokens.public_id``), of which 50 arrive here."""
    number = int.from_bytes(keyed_hash("code-of-row", f"{mark}:{public_id}"))
    symbols = []
    for _place in range(MARKED_LENGTH - 1):
        number, rest = divmod(number, len(ALPHABET))
        symbols.append(ALPHABET[rest])
    return mark + "".join(symbols)


def read_marked(typed: str, mark: str) -> str | None:
    """What a person typed, as the code of this kind that it means; None when it cannot be one."""
    code = read(typed, MARKED_LENGTH)
    return code if code is not None and code.startswith(mark) else None


def marked_fingerprint(code: str) -> bytes:
    """Keyed hash under which an invitation or a flyer is found by its code; 32 bytes."""
    return keyed_hash("marked-code", code)
