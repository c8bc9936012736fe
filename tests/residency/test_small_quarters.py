"""Quarters with few households read together with those beside them, and get a board of their own later."""

from __future__ import annotations

import pytest

from neighbour.contributions.models import Audience
from neighbour.core import scope
from neighbour.core.db import atomic
from neighbour.residency import opening
from tests.factories import make_person, make_post, make_quarter, sign_in, viewer_of
from tests.residency.patchwork import readable


@pytest.fixture
def row(context, owner):
    """Small – middle – far: only the first has few households, the far one borders on the middle alone."""
    small = make_quarter("Am Wehr", is_open=False)
    middle = make_quarter("Weberviertel", beside=small)
    far = make_quarter("Oststadt", beside=middle)
    owner.execute("UPDATE city SET opens_at = 2")
    return small, middle, far


def titles(owner, person):
    found = readable(owner, person)
    return {title for key, title in owner.execute("SELECT id::text, title FROM contribution") if key in found}


def pin_up(row, prefix):
    for quarter in row:
        make_post(make_person(quarter, name="Wer"), quarter, title=f"{prefix} {quarter.name}")


def test_few_and_their_surroundings_read_each_other_and_nobody_further_away(row, owner):
    pin_up(row, "von")
    small, middle, far = (titles(owner, make_person(quarter)) for quarter in row)
    assert small == {"von Am Wehr", "von Weberviertel"}
    assert middle == {"von Am Wehr", "von Weberviertel"}
    assert far == {"von Oststadt"}


def test_with_enough_households_the_board_opens_once_and_what_hung_there_stays(row, owner, jobs, mailbox):
    readers = [make_person(quarter) for quarter in row]
    pin_up(row, "von")
    before = [titles(owner, each) for each in readers]
    jobs.sent[:] = [("quarters.open", [])]
    jobs.run()
    jobs.sent.append(("quarters.open", []))
    jobs.run()
    pin_up(row, "danach")
    assert [titles(owner, each) for each in readers] == [
        old | {f"danach {quarter.name}"} for old, quarter in zip(before, row, strict=True)
    ]
    texts = {
        each.id: [" ".join(mail.text.split()) for mail in mailbox.messages() if each.email in mail.recipients]
        for each in readers
    }
    assert [len(texts[each.id]) for each in readers] == [1, 1, 0]
    assert "nicht mehr nebenan" in texts[readers[0].id][0] and "bei euch mitgelesen" in texts[readers[1].id][0]


def test_a_board_stays_open_when_people_move_away(row, owner):
    pin_up(row, "von")
    make_person(row[0])
    assert opening.open_due() == 1
    owner.execute("UPDATE membership SET ended_at = now() WHERE quarter_id = %s", [row[0].id])
    assert opening.open_due() == 0
    assert owner.execute("SELECT count(*) FROM quarter WHERE opened_at IS NULL").fetchone() == (0,)


def test_too_few_households_open_nothing(row):
    make_person(row[0])
    assert not opening.open_board(row[0].id)


def test_what_was_edited_after_the_opening_keeps_its_readers(row, owner):
    author, reader = make_person(row[0]), make_person(row[1])
    post = make_post(author, row[0])
    make_person(row[0])
    assert opening.open_due() == 1
    owner.execute("UPDATE contribution SET category = 'notice'")
    assert readable(owner, reader) == {str(post.id)}


def test_the_composer_and_the_page_say_who_reads_along(row, client, app):
    author = make_person(row[0])
    sign_in(client, author)
    line = " ".join(client.get("/write/reach?audience=quarter").get_data(as_text=True).split())
    assert "In deinem Quartier machen noch wenige Haushalte mit. Ihr lest zusammen mit: Weberviertel." in line
    assert "zusammen" not in client.get("/write/reach?audience=nearby").get_data(as_text=True)
    post = make_post(author, row[0], audience=Audience.QUARTER)
    from neighbour.contributions.cards import url_of

    assert "für alle, die dort mitlesen" in client.get(url_of(post.id)).get_data(as_text=True)
    sign_in(client, make_person(row[1]))
    assert "In Am Wehr machen noch wenige Haushalte mit" in client.get("/write/reach?audience=quarter").get_data(
        as_text=True
    )
    sign_in(client, make_person(row[2]))
    assert "mitlesen" not in client.get("/write/reach?audience=quarter").get_data(as_text=True)


def test_the_application_cannot_open_a_board_that_is_not_ready(row):
    with scope.use(viewer_of(make_person(row[0]), row[0])), atomic() as session:
        from sqlalchemy import func, select

        from neighbour.core import clock

        assert session.scalar(select(func.open_own_board(row[0].id, clock.now()))) is False
