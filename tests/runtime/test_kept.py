"""What is kept: bounded, safe between threads, and each application's own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from neighbour.core.kept import Kept, Shelf


def test_what_nobody_asked_for_longest_is_forgotten_first() -> None:
    kept: Kept[str, int] = Kept(2)
    kept.keep("a", 1)
    kept.keep("b", 2)
    kept.find(["a"])
    kept.keep("c", 3)
    assert kept.find(["a", "b", "c"]) == [1, None, 3]


def test_a_value_is_made_once_even_if_it_is_nothing() -> None:
    kept: Kept[str, None] = Kept(2)
    made: list[str] = []
    for _time in range(3):
        assert kept.of("a", lambda: made.append("a")) is None
    assert made == ["a"]


def test_each_application_keeps_its_own() -> None:
    shelf: Shelf[str, str] = Shelf(10)
    one, other = Flask("one"), Flask("other")
    for app in (one, other):
        with app.app_context():
            assert shelf.of("site", lambda app=app: app.name) == app.name  # type: ignore[misc]
    with one.app_context():
        assert shelf.find(["site"]) == ["one"]


def test_many_threads_at_once_stay_within_the_limit() -> None:
    kept: Kept[int, int] = Kept(50)

    def use(number: int) -> int:
        kept.find(range(number % 100))
        return kept.of(number % 100, lambda: number % 100)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(use, range(4_000))) == [number % 100 for number in range(4_000)]
    assert sum(value is not None for value in kept.find(range(100))) == 50
