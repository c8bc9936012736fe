"""Files that lie sealed: read as written, from anywhere in them, and not at all once anything was done to them."""

from __future__ import annotations

import os
import random
import zipfile

import pytest

from neighbour.core.crypto import CannotOpen
from neighbour.core.sealed_files import HEAD, PIECE, START, TAG, Opened, Sealing

pytestmark = pytest.mark.usefixtures("context")
SIZES = (0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7)


def sealed(path, plain, name="a"):
    with path.open("wb") as out, Sealing(out, name) as sealing:
        pieces = random.Random(len(plain))
        at = 0
        while at < len(plain):
            step = pieces.randint(1, 90_000)
            sealing.write(plain[at : at + step])
            at += step
    assert sealing.size == len(plain)
    return path


@pytest.mark.parametrize("size", SIZES)
def test_it_is_read_as_it_was_written_whole_and_from_any_place(tmp_path, size):
    plain = random.Random(size).randbytes(size)
    with Opened(sealed(tmp_path / "x", plain), "a") as opened:
        assert opened.size == size and opened.read() == plain and opened.read(1) == b""
        for place in sorted({0, 1, size // 2, max(0, size - 1), min(size, PIECE)}):
            assert opened.seek(place) == place
            assert opened.read() == plain[place:]
        assert opened.seek(-1, os.SEEK_END) == max(0, size - 1) == opened.tell()


def test_nothing_of_it_lies_there_in_plain_and_no_two_files_are_alike(tmp_path):
    one, other = sealed(tmp_path / "1", b"Spulengasse 6 " * 9_000), sealed(tmp_path / "2", b"Spulengasse 6 " * 9_000)
    assert b"Spulengasse" not in one.read_bytes()
    assert one.read_bytes()[START : START + 1000] != other.read_bytes()[START : START + 1000]


def flipped(at):
    return lambda lying: lying[:at] + bytes([lying[at] ^ 1]) + lying[at + 1 :]


FIRST, SECOND = START, START + PIECE + TAG
DAMAGES = {
    "the head": flipped(2),
    "the salt": flipped(len(HEAD) + 3),
    "the first piece": flipped(FIRST + 10),
    "the last byte": flipped(-1 % (START + 2 * (PIECE + TAG) + 5 + TAG)),
    "the last piece cut off": lambda lying: lying[: START + 2 * (PIECE + TAG)],
    "a byte cut off": lambda lying: lying[:-1],
    "two pieces swapped": lambda lying: (
        lying[:FIRST] + lying[SECOND : SECOND + PIECE + TAG] + lying[FIRST:SECOND] + lying[SECOND + PIECE + TAG :]
    ),
    "a piece left out": lambda lying: lying[:FIRST] + lying[SECOND:],
    "everything but the head": lambda lying: lying[:START],
    "plain": lambda lying: b"%PDF-1.4 " * 100,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_altered_does_not_open(tmp_path, damage):
    path = sealed(tmp_path / "x", bytes(2 * PIECE + 5))
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(CannotOpen), Opened(path, "a") as opened:
        opened.read()


def test_it_opens_under_its_own_name_alone_and_not_with_another_instances_key(tmp_path, app, monkeypatch):
    path = sealed(tmp_path / "x", b"Spulengasse")
    with pytest.raises(CannotOpen):
        Opened(path, "b")
    monkeypatch.setitem(app.config, "HASH_KEY", "1:" + "A" * 43 + "=")
    with pytest.raises(CannotOpen):
        Opened(path, "a")


def test_what_was_broken_off_is_never_taken_for_whole(tmp_path):
    path = tmp_path / "x"
    with path.open("wb") as out, pytest.raises(RuntimeError), Sealing(out, "a") as sealing:
        sealing.write(bytes(3 * PIECE))
        raise RuntimeError
    with pytest.raises(CannotOpen):
        Opened(path, "a")


def test_an_archive_goes_through_forward_only(tmp_path):
    with (tmp_path / "x").open("wb") as out, Sealing(out, "a") as sealing, zipfile.ZipFile(sealing, "w") as made:
        made.writestr("a.txt", b"Hallo" * 50_000)
    with Opened(tmp_path / "x", "a") as opened, zipfile.ZipFile(opened) as read:
        assert read.testzip() is None and read.read("a.txt") == b"Hallo" * 50_000
