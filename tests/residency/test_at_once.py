"""What is good for one is given to one, however many ask for it in the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest

from neighbour.accounts import factors
from neighbour.accounts.models import Person
from neighbour.core.db import as_owner, atomic, db
from neighbour.residency import flyers
from neighbour.residency.cases import visits
from neighbour.residency.proofs.method import Outcome
from tests.accounts.factor_helpers import with_app, with_codes
from tests.initiatives.helpers import Treff
from tests.residency.helpers import Town, newcomer, types
from tests.residency.papers import Desk

pytestmark = pytest.mark.usefixtures("frozen_clock")
MANY, T = 6, TypeVar("T")


def at_once(ask: Callable[[int], T], many: int = MANY) -> list[T]:
    """The answers of so many who ask (each with its number) in one moment."""
    start = Barrier(many)

    def one(number: int) -> T:
        start.wait(10)
        return ask(number)

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))


@pytest.mark.parametrize("repeats", [1, pytest.param(30, marks=pytest.mark.thorough)])
def test_the_last_use_of_a_flyer_lets_one_in(town: Town, owner, repeats):
    for number in range(repeats):
        people = [newcomer(town, f"p{number}x{n}", f"{number * MANY + n + 1}") for n in range(MANY)]
        with town.app.app_context(), as_owner():
            made = flyers.make(flyers.Wish(town.quarters["weber"], "Kettfadenstraße", most_uses=1), by=None)
            code = flyers.code_of(made.public_id)
        owner.execute("DELETE FROM rate_count")
        answers = at_once(lambda n, people=people, code=code: types(town, people[n], code, f"net{n}"))
        assert answers.count(Outcome.PROVEN) == 1 and set(answers) == {Outcome.PROVEN, Outcome.FULL}, answers
        assert owner.execute("SELECT count(*) FROM proof").fetchone() == (number + 1,)


@pytest.mark.parametrize("repeats", [1, pytest.param(30, marks=pytest.mark.thorough)])
def test_a_code_shown_in_person_is_confirmed_once(desk: Desk, owner, repeats):
    treff = Treff(desk)
    before = owner.execute("SELECT count(*) FROM proof").fetchone()[0]
    for number in range(repeats):
        owner.execute("DELETE FROM rate_count")
        person = desk.resident(f"p{number}")
        with desk.eyes(person):
            code = visits.renew(person).code
        with desk.eyes(treff.editor):
            assert visits.take(treff.editor, treff.place, code) is not None

        def confirm(_number: int, code: str = code) -> bool:
            with desk.eyes(treff.editor):
                return visits.confirm(treff.editor, treff.place, code)

        assert sorted(at_once(confirm)) == [False] * (MANY - 1) + [True]
        assert owner.execute("SELECT count(*) FROM proof").fetchone() == (before + number + 1,)


@pytest.mark.parametrize("repeats", [1, pytest.param(30, marks=pytest.mark.thorough)])
def test_a_recovery_code_lets_one_in(town: Town, owner, repeats):
    person = town.person("anna")
    with town.app.app_context():
        with as_owner():
            row = db.session.get_one(Person, person)
        with_app(row)
        codes = [code for _set in range(1 + repeats // 10) for code in with_codes(row)][-repeats:]
    for code in codes[-10:]:

        def accept(_number: int, code: str = code) -> bool:
            with town.app.app_context(), factors.eyes_of(person), atomic():
                return factors.accept_code(person, code) is not None

        assert sorted(at_once(accept)) == [False] * (MANY - 1) + [True]
