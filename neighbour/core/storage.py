"""Where files lie that are handed out again and again: on the local disk, or in a store that speaks S3.

A file is written whole or not at all, under a name that says nothing, and never changed afterwards; what knows the names are
rows of the database. ``STORAGE_URL`` says where: empty for ``INSTANCE_DIR/photos``, or ``s3://key:secret@host/bucket?region=…``
(``s3+http://`` without TLS, for a store on a network of one's own). Every process of an instance has to see the same files.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, cast

from flask import Flask, current_app

from config import Config

EXTENSION, FOLDER = "storage", "photos"
NAME = re.compile(r"[0-9a-z][0-9a-z.-]{2,99}")  # no path, no case, nothing hidden


class StorageTrouble(OSError):
    """The store cannot be reached, or refuses."""


class Storage(Protocol):
    """What files lie in. Names are those of NAME; others raise ValueError."""

    def put(self, name: str, data: bytes) -> None:
        """Write a file, in place of one of the same name."""

    def get(self, name: str) -> bytes | None:
        """What is in it; None where there is no such file."""

    def remove(self, names: Iterable[str]) -> None:
        """Take files away; those that are not there do no harm."""

    def listed(self) -> Iterator[tuple[str, datetime]]:
        """Every file and when it was written."""


def init_app(app: Flask, config: Config) -> None:
    """Give the application its store."""
    app.extensions[EXTENSION] = of(config)


def here() -> Storage:
    """The store of this application."""
    return cast(Storage, current_app.extensions[EXTENSION])


def of(config: Config) -> Storage:
    """The store that the settings name. Asks nobody yet."""
    if config.storage_url:
        from neighbour.core.storage_s3 import Bucket

        return Bucket.of(config.storage_url)
    return Disk(config.instance_dir / FOLDER)


def checked(name: str) -> str:
    """The name, if it is one."""
    if not NAME.fullmatch(name) or ".." in name:
        raise ValueError(f"no name of a file: {name!r}")
    return name


class Disk:
    """A folder, closed to everybody but the service, with one folder below it for each beginning of a name."""

    def __init__(self, folder: Path):
        self.folder = folder

    def put(self, name: str, data: bytes) -> None:
        path = self._path(name)
        for each in (self.folder, path.parent):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_name(f"{name}.{secrets.token_hex(4)}.part")
        try:
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())  # the row that knows it is committed after this
            unfinished.rename(path)
        finally:
            unfinished.unlink(missing_ok=True)

    def get(self, name: str) -> bytes | None:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            self._path(name).unlink(missing_ok=True)

    def listed(self) -> Iterator[tuple[str, datetime]]:
        for path in self.folder.glob("??/*"):
            try:
                yield path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC)
            except FileNotFoundError:  # taken away meanwhile
                continue

    def _path(self, name: str) -> Path:
        return self.folder / checked(name)[:2] / name
