"""What hangs on a slip stands behind a wall of its own: dates, guests, queues, votes, plans, and what somebody saved or silenced."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text

from neighbour.core import scope
from neighbour.core.columns import new_id
from neighbour.core.db import db
from tests.factories import make_comment, make_event, make_person, make_post, make_quarter, viewer_of
from tests.offers.helpers import make_ask, make_offer, promise

#: read by everybody who reads the slip
SHOWN = ("event", "event_exception", "occurrence", "offer", "poll", "poll_option", "widening", "comment_revision")
#: read by those two of a quarter whom it concerns: whoever wrote the slip, and whoever answered it
BETWEEN_TWO = ("participation", "event_for_guests", "ask", "offer_for_holder")
#: read by one alone
OWN = {
    "guest": ("poll_vote", "bookmark", "mute", "answer_mark", "answer_taken_down", "calendar_feed"),
    "host": ("event_import",),
}
EVERY = (*SHOWN, *BETWEEN_TWO, *OWN["guest"], *OWN["host"])
# Each table gets a row of this quarter's; what is not made by a service is put there by the owner.
ROWS = """
INSERT INTO event_exception (event_id, slot_on, changed_at) SELECT event_id, slot_on, now() FROM occurrence LIMIT 1;
INSERT INTO participation (occurrence_id, person_id, state, asked_at) SELECT id, %(guest)s, 'coming', now() FROM occurrence LIMIT 1;
INSERT INTO event_for_guests VALUES (%(event)s, 'Klingel Kanarienvogel');
INSERT INTO event_import VALUES ('liste', '1', %(event)s, '', now());
INSERT INTO poll (contribution_id, question, is_multiple, days, closes_at)
  VALUES (%(post)s, 'Kanarienvogel?', false, 1, now() + interval '1 day');
INSERT INTO poll_option VALUES (%(post)s, 1, 'Ja');
INSERT INTO poll_vote VALUES (%(post)s, 1, %(guest)s, now());
INSERT INTO widening VALUES (%(post)s, now() + interval '1 day');
INSERT INTO bookmark VALUES (%(guest)s, %(post)s);
INSERT INTO mute (id, person_id, contribution_id) VALUES (%(id)s, %(guest)s, %(post)s);
INSERT INTO answer_mark VALUES (%(guest)s, %(id)s, now());
INSERT INTO comment_revision (comment_id, body_md, audience, replaced_at) VALUES (%(comment)s, 'Kanarienvogel', 'quarter', now());
INSERT INTO answer_taken_down VALUES (%(comment)s, 'Kanarienvogel', now());
INSERT INTO calendar_feed VALUES (%(id)s, %(guest)s, 'mine', '', now());
"""


@pytest.fixture
def quarter(context, frozen_clock, owner):
    """Eyes by who it is: host and guest of one quarter, somebody who lives there beside them, and somebody from elsewhere."""
    there, elsewhere = make_quarter("Dort"), make_quarter("Anderswo")
    host, guest, third, stranger = (make_person(each) for each in (there, there, there, elsewhere))
    event = make_event(host, there, datetime(2026, 5, 19, 18), rule="FREQ=WEEKLY")
    offer = make_offer(host, there, for_holder="Klingel Kanarienvogel")
    promise(host, there, offer, make_ask(guest, there, offer))
    post = make_post(host, there)
    comment = make_comment(guest, there, post)
    values = {"guest": guest.id, "event": event.id, "post": post.id, "comment": comment.id, "id": new_id()}
    for statement in filter(str.strip, ROWS.split(";")):
        owner.execute(statement, values if "%(" in statement else None)
    db.session.expunge_all()
    people = {"host": host, "guest": guest, "third": third}
    return {**{who: viewer_of(each, there) for who, each in people.items()}, "stranger": viewer_of(stranger, elsewhere)}


def reads(eyes: scope.Viewer) -> set[str]:
    """The tables in which there is something for these eyes."""
    with scope.use(eyes):
        return {table for table in EVERY if db.session.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {table})"))}


def test_from_elsewhere_nothing_of_it_is_there(quarter):
    assert reads(quarter["stranger"]) == reads(scope.NOBODY) == reads(scope.Viewer()) == set()


def test_beside_them_somebody_reads_what_hangs_and_nothing_of_who_answered_saved_or_silenced(quarter):
    assert reads(quarter["third"]) == set(SHOWN)


def test_each_of_the_two_reads_what_is_theirs(quarter):
    assert reads(quarter["guest"]) == {*SHOWN, *BETWEEN_TWO, *OWN["guest"]}
    assert reads(quarter["host"]) == {*SHOWN, *BETWEEN_TWO, *OWN["host"]}


def test_every_table_stands_here_that_hangs_on_a_kind(owner):
    """A new one has to be put into one of the lists above."""
    found = owner.execute(
        "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        " AND confrelid IN ('event'::regclass, 'occurrence'::regclass, 'offer'::regclass, 'poll'::regclass)"
    )
    assert {name for (name,) in found} <= set(EVERY)
