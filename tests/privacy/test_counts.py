"""Numbers of households and people: in steps of five everywhere, so that no two of them differ by one to four."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neighbour.contributions import reach
from neighbour.contributions.models import Audience
from neighbour.core import kept, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.feed.sidebar import sidebar
from neighbour.pages.service import figures
from neighbour.quarters.numbers import STEP, shown, total
from tests.factories import make_person, make_quarter, sign_in

SIZES = st.lists(st.integers(0, 40), min_size=3, max_size=3)


@settings(deadline=None)
@given(SIZES, SIZES)
def test_no_number_and_no_difference_between_two_numbers_or_two_days_lies_between_one_and_four(one_day, another_day):
    published = [0]
    for day in (one_day, another_day):
        published += [shown(count) or 0 for count in day]
        published += [total(day[:end]) or 0 for end in (2, 3)] + [total(day[1:]) or 0]
    assert all(count % STEP == 0 for count in published)
    assert all(abs(one - other) not in range(1, STEP) for one in published for other in published)


@settings(deadline=None)
@given(SIZES)
def test_a_sum_says_nothing_that_its_parts_do_not_say(day):
    """Two cities whose quarters show the same show the same sums: what is hidden in a part is not in the sum either."""
    blurred = [(shown(count) or 0) + 4 for count in day]
    assert total(day) == total(blurred)


@pytest.fixture
def three(context, app):
    here = make_quarter(households=42)
    return app, (here, make_quarter(beside=here, households=37), make_quarter(households=None))


def published(app, quarters):
    """Every number of people or households that the product says anywhere, by where it stands."""
    app.extensions.pop(kept.EXTENSION, None)
    found = {}
    with scope.use(scope.PUBLIC):
        city = figures("Altenbrück")
        found["start"] = [city.households, city.readers]
        for quarter in quarters:
            side = sidebar(quarter.id, is_proven=True)
            found["beside", quarter.id] = [side.households, side.on_board, side.readers]
            for audience in Audience:
                said = reach.preview(quarter.id, audience)
                found["reach", quarter.id, audience] = [said.households, said.of_households, said.readers]
    return {where: [count or 0 for count in counts] for where, counts in found.items()}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=3))
def test_what_pages_say_is_made_of_those_numbers(three, changes):
    """From any state to any other: every number said, wherever, and every difference, is none of one to four."""
    app, quarters = three
    before = published(app, quarters)
    with as_owner(), atomic():
        for quarter, (on_board, readers) in zip(quarters, changes, strict=True):
            db.session.execute(
                db.text(
                    "INSERT INTO quarter_stat (quarter_id, households_on_board, members, readers) VALUES (:q, :h, :h, :r)"
                    " ON CONFLICT (quarter_id) DO UPDATE SET households_on_board = :h, members = :h, readers = :r"
                ),
                {"q": quarter.id, "h": on_board, "r": readers},
            )
    after = published(app, quarters)
    said = [count for counts in (*before.values(), *after.values()) for count in counts]
    assert all(count % STEP == 0 for count in said)
    assert all(abs(one - other) not in range(1, STEP) for one in said for other in said)


def test_pages_show_no_exact_number_of_households(context, client):
    """The pages themselves: whatever stands before or behind "Haushalt" is a step."""
    here = make_quarter("Weberviertel", households=1203)
    for _person in range(8):
        make_person(here)
    sign_in(client, make_person(here))
    counts: dict[str, list[int]] = {}
    for path in ("/board", "/quarters", f"/quarters/{here.slug}", "/write", "/write/reach?audience=city", "/"):
        words = re.sub(r"<[^>]+>", " ", client.get(path, follow_redirects=True).get_data(as_text=True))
        near = re.findall(r"([\d.]*\d)\s+(?:von\s+([\d.]*\d)\s+)?Haushalt", words)
        near += re.findall(r"ca\.\s+([\d.]*\d)()", words)
        counts[path] = [int(count.replace(".", "")) for pair in near for count in pair if count]
        assert "1.203" not in words and "1203" not in words
    assert [(path, number) for path, found in counts.items() for number in found if number % STEP] == []
    assert sum(bool(found) for found in counts.values()) >= 4, counts
