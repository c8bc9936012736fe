"""Kinds of secrets, and how things are named in addresses."""

from __future__ import annotations

import uuid

import pytest

from neighbour.core import tokens
from neighbour.core.crypto import CannotOpen, new_salt, open_for, open_under, reseal, seal_for, seal_under


def test_one_name_is_one_kind_of_secret():
    for name, opens in list(tokens.KINDS.items()):
        assert tokens.kind(name, opens) == name
        with pytest.raises(ValueError, match="taken"):
            tokens.kind(name, "something else")


def test_what_was_not_declared_is_not_signed(context):
    with pytest.raises(KeyError, match="declare it"):
        tokens.sign("stray", 1)
    with pytest.raises(tokens.BadToken):
        tokens.read("list", "x", 60)


def test_a_thing_has_one_spelling():
    key = uuid.UUID(int=7)
    assert tokens.from_uid(tokens.to_uid(key)) == key
    for other in (tokens.to_uid(key).upper(), tokens.to_uid(key)[:-1] + "d", "x", "!" * 26):
        with pytest.raises(ValueError):
            tokens.from_uid(other)


def test_what_is_sealed_for_a_purpose_opens_for_it_only(context):
    sealed = seal_for("seeds", b"geheim", b"mine")
    assert open_for("seeds", reseal(sealed, b"mine", "seeds"), b"mine") == b"geheim"
    for wrong in (b"", sealed[:5], b"\xff" + sealed[1:], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(CannotOpen):
            open_for("seeds", wrong, b"mine")
    for purpose, belongs_to in (("other", b"mine"), ("seeds", b"theirs")):
        with pytest.raises(CannotOpen):
            open_for(purpose, sealed, belongs_to)


def test_without_its_salt_a_page_never_opens_again(context):
    salt = new_salt()
    sealed = seal_under(salt, b"geheim", b"page 1")
    assert open_under(salt, sealed, b"page 1") == b"geheim"
    for key, bytes_, belongs_to in ((new_salt(), sealed, b"page 1"), (salt, sealed, b"page 2"), (salt, b"", b"page 1")):
        with pytest.raises(CannotOpen):
            open_under(key, bytes_, belongs_to)
