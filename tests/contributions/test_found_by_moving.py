"""Somebody who moves away from somebody: what those who stay can read off the board about where they live now."""

from __future__ import annotations

import pytest

from neighbour.contributions.models import Audience
from tests.factories import make_comment, make_move, make_person, make_post, make_quarter

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
DAY = 86_400


def is_left(owner, comment) -> bool:
    return owner.execute("SELECT is_left FROM comment WHERE id = %s", [comment.id]).fetchone()[0]


def test_an_answer_written_from_elsewhere_gets_no_name_back_in_the_quarter_one_moves_to(owner, frozen_clock):
    """Whoever remembers whose words it were would see in which quarter's threads the name came back."""
    old, new = make_quarter(), make_quarter()
    ada, thread = make_person(old), make_post(make_person(new), new, audience=Audience.CITY)
    comment = make_comment(ada, old, thread)
    frozen_clock.tick(DAY)
    make_move(ada, new)
    assert is_left(owner, comment)


def test_what_one_wrote_where_one_lived_before_gets_its_name_back_on_return(owner, frozen_clock):
    first, other = make_quarter(), make_quarter()
    ada, thread = make_person(first), make_post(make_person(first), first)
    comment = make_comment(ada, first, thread)
    frozen_clock.tick(DAY)
    make_move(ada, other)
    assert is_left(owner, comment)
    frozen_clock.tick(DAY)
    make_move(ada, first)
    assert not is_left(owner, comment)
