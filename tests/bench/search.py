"""A search through the whole stack, on a city of slips with the words of a language: a few everywhere, most of them rare.

Wall time of the page that shows what was found – question to the database, cards, HTML – in this process, which is what a reader
waits for besides the line. Questions are mixed: common and rare words, the beginning or end of a compound, several words, typing
errors, words that are nowhere; asked by readers of quarters from the busiest to the quietest.
"""

from __future__ import annotations

import math
import random
import re
import time
import uuid
from collections.abc import Iterator
from contextvars import Context
from typing import Any

import psycopg

from neighbour.core import roles
from tests.bench import measure
from tests.bench.data import QUARTERS, Size, fill, grow, skew
from tests.bench.web import HEADERS, Server
from tests.support import cluster

FIGURES = ("search_page_p95_ms",)
SIZES = {"small": (Size(5_420, 20_000), 20_000), "full": (Size(10_840, 20_000), 1_000_000)}
ASKED = 40  # questions of each kind
VOCABULARY, FILLERS = 120_000, 50  # the most common words of a language say nothing and are in no index
SYLLABLES = [
    a + b
    for a in ["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "w", "z", "st", "sch", "br"]
    for b in ["a", "e", "i", "o", "u", "ei", "au", "er", "en", "al"]
]


def run(scale: str) -> Iterator[dict[str, Any]]:
    """The figures at a size of the city."""
    first, posts = SIZES[scale]
    size = Size(first.people, posts)
    run_of = cluster.start()
    cluster.remember(run_of)
    try:
        databases = run_of.copy_template("neighbour_bench_search")
        chance = random.Random(4)
        vocabulary = words(chance)
        with WithoutIndex(databases):
            fill(databases, first)
            if posts > first.posts:
                grow(databases, size)
            _index(databases, vocabulary, chance)
        taken = _pages(Server(databases), vocabulary, chance)
        every = [each for times in taken.values() for each in times]
        kinds = {kind: round(_share(times, 0.95)) for kind, times in taken.items()}
        yield {
            **measure.figure("search_page_p95_ms", [_share(every, 0.95)], "wall ms", f"{size}, {skew()}"),
            "runs": len(every),
            "p50": round(_share(every, 0.5), 1),
            "p95_by_kind": kinds,
        }
    finally:
        cluster.stop()


def words(chance: random.Random) -> list[str]:
    """A made-up language, the most common word first: short ones, long ones, and compounds of common ones."""
    base = ["".join(chance.choice(SYLLABLES) for _n in range(chance.choice((2, 2, 3)))) for _word in range(3000)]
    found = base[:2000]
    while len(found) < VOCABULARY:
        if chance.random() < 0.5:
            found.append(base[int(3000 ** chance.random())] + base[int(3000 ** chance.random())])
        else:
            found.append("".join(chance.choice(SYLLABLES) for _n in range(chance.choice((2, 3, 4)))))
    return found


def _rank(chance: random.Random, low: int, high: int) -> int:
    """A word's place in the language between two places, as often as words are (Zipf's law)."""
    return min(VOCABULARY - 1, int(low * math.exp(chance.random() * math.log(high / low))) - FILLERS)


class WithoutIndex:
    """Slips come without their index, which is made at the end in one go."""

    def __init__(self, databases: cluster.Databases):
        self.url = databases.superuser_url

    def __enter__(self) -> None:
        with roles.connect(self.url, autocommit=True) as connection:
            connection.execute("ALTER TABLE contribution DISABLE TRIGGER search_keep")
            for end in ("added", "gone"):
                connection.execute(f"ALTER TABLE reach DISABLE TRIGGER search_follow_reach_{end}")
            row = connection.execute("SELECT pg_get_indexdef('ix_search_entry_shelved'::regclass)").fetchone()
            assert row is not None
            self.definition = row[0]
            connection.execute("DROP INDEX ix_search_entry_shelved")

    def __exit__(self, *_error: object) -> None:
        with roles.connect(self.url, autocommit=True) as connection:
            connection.execute("SET maintenance_work_mem = '1GB'")
            connection.execute(self.definition)
            connection.execute("VACUUM ANALYZE search_entry")
            connection.execute("CHECKPOINT")


def _index(databases: cluster.Databases, vocabulary: list[str], chance: random.Random) -> None:
    """An entry with twenty to fifty words for each slip, and the words themselves with their spellings."""
    ranks = [_rank(chance, FILLERS, VOCABULARY) for _n in range(2_000_000)]
    with roles.connect(databases.superuser_url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        rows = connection.execute(
            "SELECT id, CASE WHEN audience = 'city' THEN 0 WHEN audience = 'quarter' THEN quarter_id * 2 ELSE quarter_id * 2 + 1 END"
            " FROM contribution ORDER BY id"
        ).fetchall()
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY search_entry (id, contribution_id, shelf, words) FROM STDIN") as copy,
        ):
            for key, shelf in rows:
                start = chance.randrange(len(ranks) - 50)
                said = dict.fromkeys(
                    vocabulary[rank] for rank in ranks[start : start + chance.choice((20, 30, 40, 50))]
                )
                marks = (f"'{word}':{at}{'A' if at < 5 else 'C'}" for at, word in enumerate(said, 1))
                copy.write_row((key, key, shelf, " ".join((*marks, "'#post' '#question'"))))
        connection.execute(
            "INSERT INTO search_shelf SELECT DISTINCT r.quarter_id, e.shelf FROM search_entry e JOIN reach r ON r.contribution_id = e.id"
            " WHERE e.shelf > 0"
        )
        _write(connection)
        _learn(connection, rows[0][0], vocabulary)


def _write(connection: psycopg.Connection[Any]) -> None:
    """The words of its entry into the text of each slip: what was probably meant is said only where a slip says it."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(
            "UPDATE contribution c SET body_md = (SELECT string_agg(word, ' ') FROM unnest(tsvector_to_array(e.words)) word"
            " WHERE word NOT LIKE '#%') FROM search_entry e WHERE e.id = c.id"
        )
    connection.execute("VACUUM ANALYZE contribution")


def _learn(connection: psycopg.Connection[Any], entry: uuid.UUID, vocabulary: list[str]) -> None:
    known = sorted({word for word in vocabulary if 4 <= len(word) <= 30})
    connection.execute(
        "INSERT INTO search_word (word, entry_id) SELECT word, %s FROM unnest(%s::text[]) word", [entry, known]
    )
    connection.execute(
        "INSERT INTO search_spelling (spelling, word_id) SELECT word, id FROM search_word"
        " UNION SELECT overlay(word PLACING '' FROM n FOR 1), id FROM search_word, generate_series(1, length(word)) n"
    )
    connection.execute("VACUUM ANALYZE search_word, search_spelling")


def _questions(vocabulary: list[str], chance: random.Random) -> dict[str, list[str]]:
    """Questions of each kind."""

    def word(low: int, high: int) -> str:
        return vocabulary[_rank(chance, low, high)]

    def mistyped(typed: str) -> str:
        at = chance.randrange(1, len(typed) - 1)
        return typed[:at] + typed[at + 1 :] if chance.random() < 0.5 else typed[:at] + "x" + typed[at + 1 :]

    def half(typed: str) -> str:
        return typed[: max(4, len(typed) // 2)] if chance.random() < 0.5 else typed[len(typed) // 2 :]

    makers = {
        "common": lambda: vocabulary[chance.randrange(20)],
        "usual": lambda: word(80, 3_000),
        "rare": lambda: word(20_000, VOCABULARY),
        "part of a compound": lambda: half(word(2_100, 60_000)),
        "two words": lambda: f"{word(FILLERS, 800)} {word(FILLERS, 5_000)}",
        "four words": lambda: " ".join(word(FILLERS, 5_000) for _n in range(4)),
        "typing error": lambda: mistyped(word(500, 30_000)),
        "two words, one mistyped": lambda: f"{word(80, 3_000)} {mistyped(word(500, 30_000))}",
        "nowhere": lambda: "".join(chance.choice("bcdfghjklmnpqrstvwxyz") for _n in range(12)),
    }
    return {kind: [make() for _n in range(ASKED)] for kind, make in makers.items()}


def _pages(server: Server, vocabulary: list[str], chance: random.Random) -> dict[str, list[float]]:
    """Milliseconds of each page, by kind of question; every other one asked in one of the eight busiest quarters."""
    with roles.connect(server.databases.owner_url, autocommit=True) as connection:
        people = connection.execute(
            "SELECT DISTINCT ON (s.rank) p.id FROM bench_share s JOIN bench_person p USING (quarter_id)"
            " WHERE s.rank < 8 OR s.rank % 30 = 0 ORDER BY s.rank, p.id DESC"
        ).fetchall()
    readers = [server.sign_in(person) for (person,) in people]
    client = server.app.test_client()
    taken: dict[str, list[float]] = {}
    for reader in readers[
        :8
    ]:  # templates are read and connections opened once in a process's life, not once a question
        _look(client, reader, vocabulary[-1])
    for kind, questions in _questions(vocabulary, chance).items():
        for number, typed in enumerate(questions):
            place = number % 8 if number % 2 else chance.randrange(8, len(readers))
            spent = _look(client, readers[place], typed)
            taken.setdefault(kind, []).append(spent)
    assert len(readers) < QUARTERS
    return taken


def _look(client: Any, reader: str, typed: str) -> float:
    name, _equals, value = reader.partition("=")
    client.set_cookie(name, value)
    form = Context().run(client.get, "/search", headers=HEADERS).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    assert token is not None
    sent = Context().run(client.post, "/search", headers=HEADERS, data={"csrf_token": token.group(1), "words": typed})
    assert sent.status_code == 303, sent.status_code
    started = time.perf_counter()
    page = Context().run(client.get, sent.location, headers=HEADERS)
    spent = 1000 * (time.perf_counter() - started)
    assert page.status_code == 200 and "„" in page.get_data(as_text=True), page.status_code
    return spent


def _share(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]
