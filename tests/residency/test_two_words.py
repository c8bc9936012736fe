"""Two neighbours' words: what the desk has to know of them, and what becomes of them afterwards."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from neighbour.core.db import as_owner, atomic, db
from neighbour.initiatives.models import Initiative
from neighbour.policy import Level
from neighbour.residency.cases import visits
from neighbour.residency.cases.models import CaseKind, ProofCase
from neighbour.residency.models import Membership
from tests.initiatives.helpers import Treff
from tests.residency.helpers import invited, types
from tests.residency.papers import Desk, text_of

pytestmark = pytest.mark.usefixtures("frozen_clock")


def cases(desk: Desk, person: int) -> int:
    with desk.town.app.app_context(), as_owner():
        mine = ProofCase.person_id == person, ProofCase.kind == CaseKind.WORDS
        return int(db.session.scalar(select(func.count()).where(*mine)) or 0)


def test_whoever_types_the_second_word_is_told_that_two_people_look(desk: Desk):
    anna, bert = desk.proven("anna"), desk.proven("bert")
    phone = desk.browser(desk.resident("ines"))
    for inviter in (anna, bert):
        answer = phone.post("/code", data={"code": invited(desk.town, inviter)}, follow_redirects=True)
    assert "Zwei aus dem Quartiersteam sehen sich" in text_of(answer)


def test_a_third_word_asks_nothing_anew_while_the_two_are_looked_at(desk: Desk):
    asker = desk.resident("ines")
    for inviter in ("anna", "bert", "carl"):
        types(desk.town, asker, invited(desk.town, desk.proven(inviter)))
    assert cases(desk, asker) == 1 and desk.level(asker) is Level.VOUCHED


def test_the_desk_is_told_when_both_words_come_from_one_house(desk: Desk):
    house = desk.town.address("12")
    neighbours = [
        desk.proven("anna", house=house, bell="Anna Wolf"),
        desk.proven("bert", house=house, bell="Bert Fuchs"),
    ]
    vera, asker = desk.verifier("vera"), desk.resident("ines")
    for inviter in neighbours:
        types(desk.town, asker, invited(desk.town, inviter))
    assert "aus einem Haus" in text_of(desk.browser(vera).post(desk.case_of(asker)))


def test_an_appeal_that_is_granted_lets_two_words_count(desk: Desk):
    asker = desk.resident("ines")
    for inviter in ("anna", "bert"):
        types(desk.town, asker, invited(desk.town, desk.proven(inviter)))
    case = desk.case_of(asker)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), case, "words")
    desk.hears()
    phone = desk.browser(asker)
    phone.post("/proof/decision", data={"words": "Beide kennen mich seit Jahren vom Markt."})
    assert desk.level(asker) is Level.VOUCHED
    desk.says(desk.operator("olga"), case)
    assert desk.level(asker) is Level.VERIFIED


def test_whom_an_editor_of_their_household_confirms_others_look_at(desk: Desk, owner):
    """Between the code and the tick the editor's own name on the letterbox may have changed."""
    treff, asker = Treff(desk), desk.resident("ines", bell="Ines Wolf")
    code = treff.code_of(desk.browser(asker))
    editor = desk.browser(treff.editor)
    assert "Ines Wolf" in text_of(editor.post(f"/i/{treff.slug}/confirm", data={"code": code}))
    with desk.town.app.app_context(), as_owner(), atomic():
        hers = select(Membership.household_hash).where(Membership.person_id == asker).scalar_subquery()
        db.session.execute(update(Membership).where(Membership.person_id == treff.editor).values(household_hash=hers))
        place = db.session.scalars(select(Initiative.public_id).where(Initiative.slug == treff.slug)).one()
    with desk.eyes(treff.editor):
        assert visits.confirm(treff.editor, place, code)
    assert desk.level(asker) is Level.UNPROVEN
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), desk.case_of(asker))
    assert desk.level(asker) is Level.VERIFIED
