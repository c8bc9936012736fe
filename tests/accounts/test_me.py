"""The hub of everything about oneself says how each thing stands."""

from __future__ import annotations

from datetime import timedelta

from neighbour.core import clock
from neighbour.policy import Level
from tests.digests.helpers import make_reader
from tests.factories import make_person, make_quarter, sign_in


def words(client) -> str:
    return " ".join(client.get("/me").get_data(as_text=True).split())


def test_it_says_quarter_proof_and_rhythm(client, session):
    garden = make_quarter("Gartenstadt")
    reader = make_reader(garden, name="Ana", street_shown="Garnweg")
    sign_in(client, reader)
    page = words(client)
    assert "Gartenstadt, nachgewiesen" in page
    assert "Ana P., Garnweg" in page
    assert "Täglich um 07:00, mit Umgebung" in page
    assert reader.email in page


def test_it_says_when_the_digest_pauses_or_is_off(client, visitor, session):
    garden = make_quarter("Gartenstadt")
    away = make_reader(garden, subscription={"paused_until": clock.now().date() + timedelta(days=9)})
    silent = make_reader(garden, subscription={"is_on": False})
    sign_in(client, away)
    assert "Pause bis" in words(client)
    other = visitor()
    sign_in(other, silent)
    assert ">Aus<" in words(other)


def test_without_a_home_it_says_so(client, session):
    sign_in(client, make_person())
    page = words(client)
    assert "Noch nicht angegeben" in page
    assert "Beginnt, sobald deine Adresse nachgewiesen ist" in page


def test_answers_to_oneself_are_one_step_away_for_whoever_reads_the_board(client, visitor, session):
    garden = make_quarter("Gartenstadt")
    sign_in(client, make_person(garden))
    assert 'href="/board/answers"' in words(client) and client.get("/board/answers").status_code == 200
    unproven = visitor()
    sign_in(unproven, make_person(garden, level=Level.UNPROVEN))
    assert 'href="/board/answers"' not in words(unproven)
