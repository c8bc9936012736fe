"""Codes on paper: read forgivingly, kept as keyed hashes, hopeless to guess."""

from __future__ import annotations

import base64
import random
import string
from collections import Counter
from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from neighbour.residency import codes

CODES = st.text(codes.ALPHABET, min_size=8, max_size=8)


@pytest.fixture
def _keys() -> Iterator[None]:
    app = Flask("codes")
    app.config["ADDRESS_KEY"] = base64.b64encode(bytes(range(32))).decode()
    with app.app_context():
        yield


def test_the_alphabet_has_32_symbols_and_no_two_that_look_alike():
    assert len(set(codes.ALPHABET)) == 32
    assert not set("OILU") & set(codes.ALPHABET)


def test_codes_are_random_and_use_every_symbol():
    many = [codes.make() for _ in range(4_000)]
    assert len(set(many)) == len(many)
    seen = Counter("".join(many))
    assert set(seen) == set(codes.ALPHABET)
    assert max(seen.values()) < 1.3 * min(seen.values())  # 1,000 expected of each, standard deviation 31


@settings(deadline=None)
@given(CODES)
def test_what_is_printed_reads_back(code: str):
    assert codes.show(code) == f"{code[:4]}-{code[4:]}"
    assert codes.read(codes.show(code)) == code


@settings(deadline=None)
@given(CODES, st.randoms(use_true_random=False))
def test_reading_forgives_what_people_do(code: str, dice: random.Random):
    written = {"0": "0oOОο", "1": "1iIlLІ", "V": "VvUu", "B": "BbВΒ", "3": "3З"}
    typed = "".join(
        dice.choice(written.get(symbol, symbol + symbol.lower()))
        + dice.choice(["", "", " ", "-", "–", ".", "\u00a0", "\u00ad"])
        for symbol in code
    )
    assert codes.read(f"  {typed}\n") == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ABCD-EFG",
        "ABCD-EFGHJ",
        "ABCD-EFG!"[:-1] + "ß",
        "ABCD+EFGH",
        "ABCDEFG€",
        "A" * 1_000_000,
        "\0" * 8,
        "١٢٣٤٥٦٧٨",
    ],
)
def test_what_cannot_be_a_code_costs_no_try(typed: str):
    assert codes.read(typed) is None


def test_full_width_letters_are_letters():
    assert codes.read("ＡＢＣＤ－２３４５") == "ABCD2345"


@pytest.mark.usefixtures("_keys")
def test_a_fingerprint_is_bound_to_its_letter_and_hides_the_code():
    one = codes.fingerprint("ABCD2345", bound_to="1")
    assert one == codes.fingerprint("ABCD2345", bound_to="1")
    assert one != codes.fingerprint("ABCD2345", bound_to="2")
    assert b"ABCD" not in one and len(one) == 32
    assert codes.matches("ABCD2345", [b"x" * 32, one], bound_to="1")
    assert not codes.matches("ABCD2346", [one], bound_to="1")
    assert not codes.matches("ABCD2345", [one], bound_to="2")
    assert not codes.matches("ABCD2345", [], bound_to="1")


@pytest.mark.usefixtures("_keys")
def test_every_stored_fingerprint_is_compared(monkeypatch: pytest.MonkeyPatch):
    """A match must not end the work early: the time would tell."""
    compared = []
    real = codes.hmac.compare_digest
    monkeypatch.setattr(codes.hmac, "compare_digest", lambda a, b: compared.append(1) or real(a, b))
    right = codes.fingerprint("ABCD2345", bound_to="1")
    assert codes.matches("ABCD2345", [right, b"y" * 32, right], bound_to="1")
    assert len(compared) == 3


def test_symbols_left_out_are_only_what_a_keyboard_offers():
    """Every Latin letter and digit can be typed: it is in the alphabet or means exactly one of its symbols."""
    for symbol in string.ascii_uppercase + string.digits:
        assert codes.read(symbol * 8) is not None


def test_what_was_printed_before_an_upgrade_is_valid_after_it(_keys: None):
    """Hashes lie in databases and codes on paper: the same key and the same code make the same hash for ever."""
    made = [
        codes.fingerprint("7K2M9QXD", bound_to="letter").hex()[:16],
        codes.refusal_fingerprint("7K2M9QXD7K2M").hex()[:16],
        codes.marked_fingerprint("N7K2M9QXD7K").hex()[:16],
        codes.derive("N", "a" * 12),
        codes.derive("F", "a" * 12),
    ]
    assert made == [
        "ef5ab2d2aff5558b",
        "1910923a41de9886",
        "d55863c3e68aa426",
        "NWD3BFQRWY2",
        "FGQ5W6N0C46",
    ]


def test_a_code_with_a_lot_of_space_around_is_read_and_a_book_is_not():
    assert codes.read("7K2M9QXD".ljust(100)) == "7K2M9QXD"
    assert codes.read("7K2M9QXD".ljust(101)) is None
