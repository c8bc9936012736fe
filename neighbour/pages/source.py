"""The program's own source, for everybody who uses it over the network (AGPL 3.0, section 13).

What is running is handed out as one archive, made from the files beside this one: whoever changes the program hands
out the change without doing anything. What goes in is a list of what belongs to the program, not of what does not: an
instance's folder, settings, backups, keys and Git's history are never in it, whatever lies around. Hidden files stay
out too, ``neighbour/assets/.npmrc`` among them, because people keep passwords of registries there; the build does
without it.

The archive is the same for the same files (sorted, no owner, no times), is made at the first request of each process,
and is kept in a file without a name that goes away with the process. After an upgrade the server is started again
anyway, and so is this.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
import tempfile
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import neighbour

ROOT = Path(neighbour.__file__).resolve().parents[1]
NAME = f"neighbour-{neighbour.__version__}"
FILES = (
    ".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "config.py", "pyproject.toml",
    "requirements-dev.lock", "requirements.lock",
)  # fmt: skip
FOLDERS = (".ci", "docs", "migrations", "neighbour", "tests", "workers")
#: kinds of files a program is made of; the empty one is .ci/run and the like
SUFFIXES = (
    "", ".avif", ".conf", ".css", ".csv", ".geojson", ".html", ".ico", ".jpg", ".js", ".json", ".lock", ".md", ".mjs",
    ".otf", ".png", ".po", ".py", ".sh", ".svg", ".toml", ".ttf", ".txt", ".webmanifest", ".webp", ".woff2", ".xml",
    ".yaml", ".yml",
)  # fmt: skip
LEFT_OUT = ("__pycache__", "node_modules", "instance", "neighbour/static/build")  # made here, or an instance's own
MADE_ON = 1_767_225_600  # the time of every file, 2026-01-01 UTC: any fixed one after 1980, for the sake of ZIP
BLOCK = 1 << 16


@dataclass(frozen=True)
class Archive:
    """A finished archive: the descriptor of an open file, its size in bytes, and what tells it from another version."""

    descriptor: int
    size: int
    digest: str

    def blocks(self) -> Iterator[bytes]:
        """Its bytes, a block at a time; may be read by many at once, because nobody moves the file's position."""
        position = 0
        while block := os.pread(self.descriptor, BLOCK, position):
            yield block
            position += len(block)


class Shelf:
    """The archive of this process, made when it is asked for the first time."""

    def __init__(self, root: Path, keep_out: Path):
        self.root, self.keep_out = root, keep_out
        self._made: Archive | None = None
        self._one_makes = threading.Lock()

    def archive(self) -> Archive:
        """The archive; the first caller waits for a second or so."""
        with self._one_makes:
            if self._made is None:
                self._made = pack(self.root, self.keep_out)
            return self._made


def members(root: Path, keep_out: Path) -> list[str]:
    """Paths of the program's files below ``root``, sorted. Nothing from ``keep_out``, and no link is followed."""
    found = [name for name in FILES if _is_plain(root / name)]
    for folder in FOLDERS:
        for place, below, names in os.walk(root / folder):
            here = Path(place)
            below[:] = [name for name in below if _is_ours(root, here / name, keep_out)]
            found += [
                (here / name).relative_to(root).as_posix()
                for name in names
                if not name.startswith(".") and Path(name).suffix in SUFFIXES and _is_plain(here / name)
            ]
    return sorted(found)


def pack(root: Path, keep_out: Path) -> Archive:
    """Put the program's files into a .tar.gz; everything lies in one folder, ``neighbour-<version>``."""
    with tempfile.TemporaryFile(prefix="neighbour-source-") as file:
        with (
            gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name in members(root, keep_out):
                tar.add(root / name, f"{NAME}/{name}", recursive=False, filter=_anonymous)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        archive = Archive(os.dup(file.fileno()), file.tell(), digest)
    weakref.finalize(archive, os.close, archive.descriptor)
    return archive


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """The entry without what differs from one server to another."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = MADE_ON
    entry.mode = 0o755 if entry.mode & 0o100 else 0o644
    return entry


def _is_ours(root: Path, folder: Path, keep_out: Path) -> bool:
    if folder.name.startswith(".") or folder.is_symlink() or folder.resolve() == keep_out:
        return False
    return folder.name not in LEFT_OUT and folder.relative_to(root).as_posix() not in LEFT_OUT


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
