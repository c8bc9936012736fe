"""Whatever breaks in the middle of proving, protecting, printing or changing factors, the database is as it was before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from neighbour.accounts import care, choosing, factors
from neighbour.accounts.models import Person
from neighbour.core.db import as_owner, atomic, db
from neighbour.mydata import exports
from neighbour.residency import letters, printing
from neighbour.residency.cases import deciding, documents, queues, visits
from tests.accounts.factor_helpers import with_app
from tests.initiatives.helpers import Treff
from tests.residency.breaking import breaks_at_each_point, every_row
from tests.residency.papers import Desk, photo

pytestmark = pytest.mark.usefixtures("frozen_clock")
Flow = Callable[[], object]


def handing_a_document_in(desk: Desk, anna: int) -> Flow:
    def flow() -> None:
        with desk.eyes(anna):
            documents.hand_in(anna, "bill", [photo(), photo("Seite zwei")])

    return flow


def deciding_a_case(desk: Desk, anna: int, verdict: str = "matches") -> Flow:
    desk.deposit(anna)
    crew = desk.verifier("vera"), desk.verifier("wim")
    with desk.eyes(anna):
        case = db.session.query(deciding.ProofCase.id).scalar()
    eyes = []
    for verifier in crew:
        with desk.eyes(verifier):
            eyes.append(queues.eyes_of(verifier, is_operator=False))
            deciding.take(eyes[-1], case)
    with desk.eyes(crew[0]):
        deciding.decide(eyes[0], case, verdict, "")

    def flow() -> None:
        with desk.eyes(crew[1]):
            deciding.decide(eyes[1], case, verdict, "")

    return flow


def refusing_a_case(desk: Desk, anna: int) -> Flow:
    return deciding_a_case(desk, anna, "old")


def confirming_in_person(desk: Desk, anna: int) -> Flow:
    treff = Treff(desk)
    with desk.eyes(anna):
        code = visits.renew(anna).code
    with desk.eyes(treff.editor):
        assert visits.take(treff.editor, treff.place, code)

    def flow() -> None:
        with desk.eyes(treff.editor):
            assert visits.confirm(treff.editor, treff.place, code)

    return flow


def _with_app(desk: Desk, anna: int) -> Person:
    with desk.town.app.app_context():
        with as_owner():
            row = db.session.get_one(Person, anna)
        with_app(row)
        return row


def taking_the_app_away(desk: Desk, anna: int) -> Flow:
    _with_app(desk, anna)
    desk.browser(anna)

    def flow() -> None:
        with desk.eyes(anna):
            factors.remove_app(anna, token="of no session")

    return flow


def renewing_recovery_codes(desk: Desk, anna: int) -> Flow:
    _with_app(desk, anna)

    def flow() -> None:
        with desk.eyes(anna):
            factors.renew_codes(anna)

    return flow


def asking_for_a_reset_of_factors(desk: Desk, anna: int) -> Flow:
    email = _with_app(desk, anna).email

    def flow() -> None:
        with desk.town.app.app_context(), as_owner():
            care.ask_for_reset(email)

    return flow


def protecting_oneself(desk: Desk, anna: int) -> Flow:
    def flow() -> None:
        with desk.eyes(anna), atomic():
            choosing.protect(db.session.get_one(Person, anna), alias="Lastenrad")

    return flow


def asking_for_ones_data(desk: Desk, anna: int) -> Flow:
    def flow() -> None:
        with desk.eyes(anna):
            exports.ask(anna)

    return flow


def printing_cards(desk: Desk, anna: int) -> Flow:
    other = desk.resident("bela")
    for person in (anna, other):
        with desk.eyes(person):
            letters.request(person)
    config = desk.town.app.extensions["config"]
    folder = config.instance_dir / "printed"
    folder.mkdir(exist_ok=True)

    def flow() -> None:
        with desk.town.app.app_context(), as_owner():
            assert printing.print_due(config, printing.Wish(folder / "b.pdf", csv=folder / "b.csv")).letters == 2

    return flow


FLOWS = (
    handing_a_document_in, deciding_a_case, refusing_a_case, confirming_in_person, taking_the_app_away, renewing_recovery_codes,
    asking_for_a_reset_of_factors, protecting_oneself, asking_for_ones_data, printing_cards,
)  # fmt: skip


@pytest.mark.parametrize("prepare", FLOWS, ids=lambda prepare: prepare.__name__)
def test_nothing_half_done_is_left_wherever_it_breaks(desk: Desk, owner, monkeypatch, prepare):
    """Every row of every table, and the files beside the database."""
    flow = prepare(desk, desk.resident("anna", bell="Anna Kowalczyk"))
    folder = desk.town.app.extensions["config"].instance_dir / "printed"

    def again() -> object:
        owner.execute("DELETE FROM rate_count")
        return flow()

    def state() -> object:
        return every_row(owner), sorted(path.name for path in folder.glob("*"))

    assert breaks_at_each_point(monkeypatch, again, state) >= 1
