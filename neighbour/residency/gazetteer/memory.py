"""The register as dictionaries: for looking up very many addresses in one go."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from neighbour.residency.gazetteer import nearness
from neighbour.residency.gazetteer.lookup import Entry, Houses, Street
from neighbour.residency.gazetteer.spelling import loose_key, street_key, street_words

Row = tuple[int, str, str, str, str, str, "int | None"]  # the fields of Entry, in order


class MemoryRegister:
    """A whole register, about 250 bytes a row. Entries are made when they are asked for."""

    def __init__(self, rows: Iterable[Row]):
        self._rows: dict[Street, dict[tuple[str, str], Row]] = {}
        streets: dict[tuple[str, str], dict[tuple[str, str], Row]] = {}
        for row in rows:
            where = row[1], row[4]
            if where not in streets:
                streets[where] = self._rows[Street(*where)] = {}
            streets[where][row[2], row[3].upper()] = row
        self._by_key: dict[str, list[Street]] = defaultdict(list)
        self._by_loose: dict[str, list[Street]] = defaultdict(list)
        self._by_gram: dict[str, list[Street]] = defaultdict(list)
        self._by_letter: dict[str, list[tuple[str, Street]]] = defaultdict(list)
        for street in self._rows:
            key, words = street_key(street.name), street_words(street.name)
            self._by_key[key].append(street)
            self._by_loose[loose_key(street.name)].append(street)
            self._by_letter[words[:1]].append((words, street))
            for gram in nearness.grams(key):
                self._by_gram[gram].append(street)

    def by_key(self, key: str) -> Sequence[Street]:
        return self._by_key.get(key, ())

    def by_loose_key(self, loose: str) -> Sequence[Street]:
        return self._by_loose.get(loose, ())

    def by_pattern(self, pattern: str) -> Sequence[Street]:
        fits = re.compile(pattern).match
        return [street for words, street in self._by_letter[pattern[1:2]] if fits(words)]

    def houses(self, street: Street) -> Houses:
        return _Houses(self._rows[street])

    def near(self, key: str) -> Sequence[Street]:
        wanted = nearness.grams(key)
        shared = Counter(street for gram in wanted for street in self._by_gram.get(gram, ()))
        return [street for street, count in shared.most_common(200) if count * 3 >= len(wanted)]


class _Houses(Mapping[tuple[str, str], Entry]):
    """The rows of one street, as entries."""

    def __init__(self, rows: dict[tuple[str, str], Row]):
        self._rows = rows

    def __getitem__(self, house: tuple[str, str]) -> Entry:
        return Entry(*self._rows[house])

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
