"""Archives on the disk: ``INSTANCE_DIR/exports``, for nobody but the service, under names that say nothing."""

from __future__ import annotations

from pathlib import Path

from flask import current_app
from sqlalchemy import select

from neighbour.core.db import db
from neighbour.core.sealed_files import is_sealed
from neighbour.mydata.models import DataExport

FOLDER = "exports"


def folder() -> Path:
    """Where archives lie; made at first use, closed to others."""
    path: Path = current_app.extensions["config"].instance_dir / FOLDER
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def path_of(name: str) -> Path:
    """The file of this name."""
    return folder() / name


def remove(name: str) -> None:
    """Take a file away, finished or not; again does no harm."""
    for each in (name, name + ".part"):
        path_of(each).unlink(missing_ok=True)


def remove_of(person_id: int) -> None:
    """Take all archives of a person away. Through their eyes."""
    for name in db.session.scalars(select(DataExport.file).where(DataExport.person_id == person_id)):
        if name:
            remove(name)


def strangers(known: set[str]) -> list[Path]:
    """Files no row knows: left behind by a worker that was killed, or by a database that was replaced. And files that are not
    sealed, from before they were."""
    return [path for path in folder().iterdir() if path.name.removesuffix(".part") not in known or not is_sealed(path)]
