"""Taking down, pinning up again, and who may change what hangs in a quarter."""

from __future__ import annotations

import pytest

from neighbour.core.tokens import to_uid
from neighbour.policy import Level
from tests.factories import make_comment, make_move, make_person, make_post, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context")
CHANGED = {"title": "Anders", "body_md": "Anders.", "category": "question", "audience": "nearby"}


@pytest.fixture
def post(client):
    """A post whose author is signed in with ``client``."""
    quarter = make_quarter("Weberviertel")
    author = make_person(quarter)
    sign_in(client, author)
    return make_post(author, quarter, title="Wer hat eine Leiter?")


@pytest.fixture
def act(client, post):
    """Does one of the small steps with the post; gives the page."""
    return lambda step, data=None: client.post(f"/c/{to_uid(post.id)}/{step}", data=data)


@pytest.fixture
def state(owner):
    return lambda: owner.execute("SELECT state FROM contribution").fetchone()[0]


def test_the_page_of_what_was_taken_down_offers_the_way_back_for_ten_minutes(client, post, act, state, frozen_clock):
    act("withdraw")
    assert "Wieder aushängen" in client.get(f"/c/{to_uid(post.id)}").text
    act("restore")
    assert state() == "published"
    act("withdraw")
    frozen_clock.tick(601)
    assert "Wieder aushängen" not in client.get(f"/c/{to_uid(post.id)}").text
    act("restore")
    assert state() == "withdrawn"


def test_who_may_not_pin_up_any_more_is_offered_no_way_back(client, post, act, owner):
    owner.execute("UPDATE person SET status = 'suspended'")
    act("withdraw")
    page = client.get("/board").text
    assert "Abgenommen." in page and "/restore" not in page


def test_pinned_up_again_it_does_not_count_as_changed(act, owner):
    act("withdraw")
    act("restore")
    assert owner.execute("SELECT edited_at FROM contribution").fetchone() == (None,)
    act("edit", CHANGED)
    act("withdraw")
    act("restore")
    edited, replaced = owner.execute("SELECT edited_at, replaced_at FROM contribution, revision").fetchone()
    assert edited == replaced


@pytest.mark.parametrize("step", ["withdraw", "edit"])
def test_nothing_makes_the_time_to_undo_begin_anew(act, state, frozen_clock, step):
    act("withdraw")
    frozen_clock.tick(3600)
    act(step, CHANGED)
    act("restore")
    assert state() == "withdrawn"


@pytest.mark.parametrize("step", ["withdraw", "restore"])
def test_what_was_hidden_is_not_the_authors_to_bring_back(act, owner, state, step):
    owner.execute("UPDATE contribution SET state = 'hidden'")
    act(step)
    act("restore")
    assert state() == "hidden"


def test_a_change_sent_after_taking_it_down_keeps_the_words_and_says_why(client, post, act):
    act("withdraw")
    page = act("edit", {**CHANGED, "title": "Lange getippt"})
    assert page.status_code == 422 and "Du hast das inzwischen abgenommen" in page.text
    assert 'value="Lange getippt"' in page.text
    assert client.get(f"/c/{to_uid(post.id)}/edit").location == f"/c/{to_uid(post.id)}"


@pytest.mark.parametrize("level", [Level.UNPROVEN, Level.VOUCHED])
def test_only_whoever_has_proven_to_live_there_changes_what_hangs_there(client, act, owner, level):
    owner.execute("UPDATE membership SET level = %s", [str(level)])
    assert act("edit", CHANGED).status_code == 404
    assert act("withdraw").status_code == 303


def test_whoever_has_moved_away_can_take_down_but_not_change(act, owner):
    elsewhere = make_quarter("Gartenstadt")
    owner.execute("UPDATE membership SET quarter_id = %s", [elsewhere.id])
    assert act("edit", CHANGED).status_code == 404
    assert act("withdraw").status_code == 303


def test_whoever_has_moved_away_can_take_down_what_they_answered(client, visitor, owner):
    quarter, elsewhere = make_quarter("Weberviertel"), make_quarter("Oststadt")
    neighbour, post = make_person(quarter), make_post(make_person(quarter), quarter)
    answers = [make_comment(neighbour, quarter, post) for _ in range(2)]
    make_move(neighbour, elsewhere)
    sign_in(client, neighbour)
    path = f"/c/{to_uid(post.id)}"
    assert client.get(path).status_code == 404
    answer = client.post(f"{path}/answer/{to_uid(answers[0].id)}/withdraw")
    assert (answer.status_code, answer.location) == (303, "/me/left")
    states = dict(owner.execute("SELECT id, state FROM comment").fetchall())
    assert states == {answers[0].id: "withdrawn", answers[1].id: "published"}
    stranger = visitor()
    sign_in(stranger, make_person(elsewhere))
    assert stranger.post(f"{path}/answer/{to_uid(answers[1].id)}/withdraw").status_code == 404
