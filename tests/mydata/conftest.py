"""What tests of this room share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def instance_dir(app) -> Iterator[Path]:
    """The instance's folder, without what this room writes into it before and after."""
    folder: Path = app.extensions["config"].instance_dir

    def sweep() -> None:
        shutil.rmtree(folder / "exports", ignore_errors=True)
        shutil.rmtree(folder / "letters", ignore_errors=True)
        (folder / "erased.log").unlink(missing_ok=True)

    sweep()
    yield folder
    sweep()
