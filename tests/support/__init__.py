"""What tests share; the rest is in the modules beside this one.

Real city data lie in ``CITY_DATA``: the folder ``NEIGHBOUR_DATA`` names, or ``../shared/data`` beside the repository.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CITY_DATA = Path(os.environ.get("NEIGHBOUR_DATA") or ROOT.parent / "shared" / "data")


def data_dir() -> Path:
    """The folder of real city data; skips the test where there is none."""
    if not CITY_DATA.is_dir():
        pytest.skip("no city data here: set NEIGHBOUR_DATA")
    return CITY_DATA
