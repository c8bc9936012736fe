"""What somebody wants to do with a thing is no part of what it is called: it lifts what fits and hides nothing."""

from __future__ import annotations

import pytest

from neighbour.core import scope
from neighbour.search import service
from neighbour.search.service import Wish
from neighbour.search.tags import tags
from tests.factories import make_person, make_post, viewer_of
from tests.offers.helpers import make_offer

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def found(here):
    """What is found for words, titles in order; on a board with a ladder for each way of getting one."""
    author, reader = make_person(here), make_person(here)
    titles = {}
    for category, title in (("lend", "Leiter, drei Meter"), ("sell", "Leiter aus Holz"), ("give", "Alte Leiter"),
                            ("swap", "Leiter gegen Honig"), ("wanted", "Leiter für Sonntag")):  # fmt: skip
        titles[make_offer(author, here, title=title, category=category).id] = title
    for title in ("Leiter im Keller vergessen", "Wem darf man eine Leiter leihen?", "Das Leihregal ist offen"):
        titles[make_post(author, here, title=title).id] = title

    def looking(words, **more):
        with scope.use(viewer_of(reader, here)):
            return [titles[hit.contribution_id] for hit in service.find(Wish(words, **more), tags).hits]

    return looking


LADDERS = 7


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("Leiter ausleihen", "Leiter, drei Meter"),
        ("wer verleiht eine Leiter", "Leiter, drei Meter"),
        ("borrow Leiter", "Leiter, drei Meter"),
        ("Leiter kaufen", "Leiter aus Holz"),
        ("Leiter for sale", "Leiter aus Holz"),
        ("Leiter umsonst", "Alte Leiter"),
        ("Leiter tauschen", "Leiter gegen Honig"),
        ("Leiter gesucht", "Leiter für Sonntag"),
    ],
)
def test_what_fits_stands_first_and_every_ladder_is_there(found, words, first):
    titles = found(words)
    assert titles[0] == first and len(titles) == LADDERS


def test_whoever_looks_for_something_finds_what_is_offered_and_wanted_first(found):
    assert set(found("brauche Leiter")[5:]) == {"Leiter im Keller vergessen", "Wem darf man eine Leiter leihen?"}


def test_alone_such_a_word_finds_what_says_it_and_what_is_meant_for_it(found):
    assert set(found("leihen")) == {"Leiter, drei Meter", "Wem darf man eine Leiter leihen?", "Das Leihregal ist offen"}
    assert set(found("kaufen verkaufen")) == {"Leiter aus Holz"}


def test_in_the_order_of_time_it_changes_nothing(found):
    assert found("Leiter leihen", order="newest") == found("Leiter", order="newest")


def test_a_thing_that_stands_nowhere_is_not_made_up_for_by_what_is_to_be_done(found):
    assert found("Quetschkommode leihen") == []
