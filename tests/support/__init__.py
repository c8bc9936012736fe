"""What tests share. ``data_dir`` finds the real city data; the rest is in the modules beside this one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def data_dir() -> Path:
    """The folder of real city data: ``NEIGHBOUR_DATA``, or ``../shared/data`` beside the repository.

    Skips the test where there is none.
    """
    folder = Path(os.environ.get("NEIGHBOUR_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no city data here: set NEIGHBOUR_DATA")
    return folder
