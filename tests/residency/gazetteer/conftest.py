"""The real register, read once a run; the small town of this room."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import pytest

from neighbour.residency.gazetteer.memory import MemoryRegister, Row


@pytest.fixture(scope="session")
def berlin_rows(city_data: Path) -> list[Row]:
    """Every entry of Berlin's register; the "quarter number" is the operator's key as a number."""
    with gzip.open(city_data / "berlin" / "addresses_plr.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [
            (number, row[0], row[1], row[2], row[3], row[4], int(row[5]))
            for number, row in enumerate(csv.reader(file))
            if number
        ]


@pytest.fixture(scope="session")
def berlin(berlin_rows: list[Row]) -> MemoryRegister:
    return MemoryRegister(berlin_rows)


@pytest.fixture(scope="session")
def spellings(city_data: Path) -> list[dict[str, Any]]:
    """How people and authorities really wrote an address, and the entry it means."""
    with (city_data / "berlin" / "addresses_raw_spellings.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
