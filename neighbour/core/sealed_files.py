"""Files that lie sealed on the disk and are opened only while they are handed over: archives, letters to be printed.

A file is a head, a salt of its own, and pieces of 64 KiB, each sealed as what it is in this file: the first, the second, the
last (``crypto.seal_piece``). So it is written and read piece by piece whatever its size, can be read from the middle (a
download that goes on where it broke off), and opens under its own name only.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any

from neighbour.core.crypto import CannotOpen, new_salt, open_piece, seal_piece

HEAD = b"NEIGHBOUR SEALED 1\n"
SALT, TAG, PIECE = 32, 16, 65_536
START = len(HEAD) + SALT


def is_sealed(path: Path) -> bool:
    """Whether a file is there and begins as sealed ones do."""
    try:
        with path.open("rb") as file:
            return file.read(len(HEAD)) == HEAD
    except FileNotFoundError:
        return False


class Sealing(io.RawIOBase):
    """Seals what is written to it into ``target``, which stays open. Use it as a context manager: what was broken off by an
    error has no last piece and cannot be opened."""

    def __init__(self, target: IO[bytes], name: str):
        super().__init__()
        self.target, self.name, self.salt = target, name, new_salt()
        self.size = self._number = 0  # ``size``: plain bytes written so far
        self._waiting = bytearray()
        target.write(HEAD + self.salt)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Take all of ``data``; gives its length."""
        plain = bytes(data)
        self._waiting += plain
        self.size += len(plain)
        while len(self._waiting) > PIECE:  # the last piece is not written before it is known to be the last
            self._seal(PIECE, is_last=False)
        return len(plain)

    def _seal(self, length: int, *, is_last: bool) -> None:
        piece = bytes(self._waiting[:length])
        del self._waiting[:length]
        self.target.write(seal_piece(self.salt, self._number, piece, _identity(self.name), is_last=is_last))
        self._number += 1

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is None and not self.closed:
            self._seal(len(self._waiting), is_last=True)
        self.close()


class Opened(io.RawIOBase):
    """A sealed file, read as if it were plain. Raises CannotOpen for one that was altered, cut off, renamed or never
    finished, and FileNotFoundError; ``size``: plain bytes."""

    def __init__(self, path: Path, name: str):
        super().__init__()
        self.label = name
        self._file = path.open("rb")
        try:
            head = self._file.read(START)
            if len(head) < START or not head.startswith(HEAD):
                raise CannotOpen("not a sealed file")
            self._salt = head[len(HEAD) :]
            sealed = path.stat().st_size - START
            self._pieces = max(1, -(-sealed // (PIECE + TAG)))
            self.size = sealed - self._pieces * TAG
            self._at, self._held = 0, (-1, b"")
            self._piece(self._pieces - 1)  # whether it is whole
        except BaseException:
            self._file.close()
            raise

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place of the plain text."""
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, begin + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` as far as the piece at the present place reaches; 0 at the end."""
        if self._at >= self.size:
            return 0
        number, within = divmod(self._at, PIECE)
        plain = self._piece(number)[within : within + len(buffer)]
        buffer[: len(plain)] = plain
        self._at += len(plain)
        return len(plain)

    def _piece(self, number: int) -> bytes:
        if self._held[0] != number:
            self._file.seek(START + number * (PIECE + TAG))
            sealed, is_last = self._file.read(PIECE + TAG), number == self._pieces - 1
            self._held = number, open_piece(self._salt, number, sealed, _identity(self.label), is_last=is_last)
        return self._held[1]

    def close(self) -> None:
        self._file.close()
        super().close()


def _identity(name: str) -> bytes:
    return f"file {name}".encode()
