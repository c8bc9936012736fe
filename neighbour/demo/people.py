"""The people of the demo city, read from ``data/people.txt``, each with a home from the gazetteer."""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

from neighbour.core.text import normal_form
from neighbour.demo.city import DemoAddress, addresses
from neighbour.demo.drawing import DATA

MAIL_DOMAIN = "altenbrueck.example"
PEOPLE_FILE = DATA / "people.txt"
SHORT_MAIL = ("hannelore", "mira", "ursula")  # the three logins shown at the start are short to type
LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ı": "i", "ł": "l", "đ": "d", "ø": "o"})


class DemoPerson(NamedTuple):
    """One inhabitant; ``home`` is a row of the gazetteer."""

    key: str
    first_name: str
    last_name: str
    quarter: str
    level: str
    is_team: bool
    is_operator: bool
    locale: str
    reads_digest: bool
    home: DemoAddress

    @property
    def email(self) -> str:
        if self.key in SHORT_MAIL:
            return f"{self.key}@{MAIL_DOMAIN}"
        return f"{ascii_name(self.first_name)}.{ascii_name(self.last_name)}@{MAIL_DOMAIN}"


def people() -> list[DemoPerson]:
    """Everybody, in the order of the file; raises ValueError naming the line that cannot be read."""
    rows = addresses()
    found: list[DemoPerson] = []
    quarter = ""
    for number, line in enumerate(PEOPLE_FILE.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("["):
            quarter = line[1:].split(maxsplit=1)[0]
        elif line.strip() and not line.startswith("#"):
            try:
                found.append(_person(line, quarter, rows))
            except (ValueError, IndexError) as error:
                raise ValueError(f"{PEOPLE_FILE.name}, line {number}: {error}") from error
    return found


def _person(line: str, quarter: str, rows: list[DemoAddress]) -> DemoPerson:
    key, first, last, street, standing, locale, digest = (part.strip() for part in line.split("|"))
    marks = [mark.strip() for mark in standing.split(",")]
    return DemoPerson(
        key=key,
        first_name=first,
        last_name=last,
        quarter=quarter,
        level=marks[0],
        is_team="team" in marks,
        is_operator="operator" in marks,
        locale=locale,
        reads_digest=digest == "digest",
        home=_home(last, quarter, street, rows),
    )


def _home(last_name: str, quarter: str, street: str, rows: list[DemoAddress]) -> DemoAddress:
    """The named house, or one of the street chosen by the name, always the same one."""
    match = re.fullmatch(r"(.+?)(?: (\d+) ?([a-zI]*))?", street)
    assert match is not None
    name, number, suffix = match.group(1), match.group(2), match.group(3) or ""
    here = [row for row in rows if row.street == name and row.quarter == quarter]
    if number:
        here = [row for row in here if (row.number, row.suffix) == (number, suffix)]
    if not here:
        raise ValueError(f"no house {street} in {quarter}")
    return here[zlib.crc32(last_name.encode()) % len(here)]  # one name in one street is one household


def ascii_name(name: str) -> str:
    """``Yıldız-Özgür`` → ``yildiz-oezguer``: for mail addresses."""
    plain = normal_form(name.lower().translate(LETTERS), "NFKD").encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]+", "-", plain).strip("-")
