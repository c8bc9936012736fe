"""The board of a quarter, as its people see it."""

from __future__ import annotations

import re
import uuid

from sqlalchemy import update

from neighbour.contributions.models import Audience
from neighbour.core import scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.tokens import to_uid
from neighbour.feed import service
from neighbour.policy import Level
from tests.factories import make_comment, make_person, make_post, make_quarter, sign_in, viewer_of


def board(client, path="/board"):
    response = client.get(path)
    assert response.status_code == 200, response.status_code
    return response.get_data(as_text=True)


def change_of(row, **fields):
    """Change a person or a quarter, as the settings page or an import does."""
    with as_owner(), atomic():
        db.session.execute(update(type(row)).where(type(row).id == row.id).values(**fields))


def test_neighbours_of_the_quarter_see_a_post_and_nobody_else_does(context, visitor):
    here = make_quarter("Weberviertel")
    beside = make_quarter("Mühlgraben", beside=here)
    far = make_quarter("Oststadt")
    author = make_person(here)
    post = make_post(author, here, title="Canary im Hof")
    for quarter, level, sees in (
        (here, Level.VERIFIED, True),
        (here, Level.VOUCHED, True),
        (beside, Level.VERIFIED, False),
        (far, Level.VERIFIED, False),
    ):
        client = visitor()
        sign_in(client, make_person(quarter, level=level))
        assert ("Canary im Hof" in board(client)) is sees
        assert ("Noch ein Nachweis" in board(client)) is (level is Level.VOUCHED), "why one cannot write yet"
        assert (client.get(f"/c/{to_uid(post.id)}").status_code == 200) is sees
    stranger = visitor()
    for uid in (to_uid(post.id), "a" * 26):
        asked = stranger.get(f"/c/{uid}")
        assert (asked.status_code, asked.location) == (303, f"/signin?next=/c/{uid}"), "there or not"


def test_reach_nearby_is_read_next_door_and_not_further(context, visitor):
    here = make_quarter()
    beside = make_quarter(beside=here)
    far = make_quarter(beside=beside)
    make_post(make_person(here), here, title="Nah und nebenan", audience=Audience.NEARBY)
    seen = {}
    for quarter in (here, beside, far):
        client = visitor()
        sign_in(client, make_person(quarter))
        seen[quarter.id] = "Nah und nebenan" in board(client)
    assert seen == {here.id: True, beside.id: True, far.id: False}


def test_the_reader_can_leave_nearby_out(context, client):
    here = make_quarter()
    beside = make_quarter(beside=here)
    make_post(make_person(beside), beside, title="Von nebenan", audience=Audience.NEARBY)
    sign_in(client, make_person(here))
    assert "Von nebenan" in board(client)
    assert "Von nebenan" not in board(client, "/board?own=1")


def test_somebody_unproven_is_sent_to_wait(context, client):
    sign_in(client, make_person(make_quarter(), level=Level.UNPROVEN))
    response = client.get("/board")
    assert response.status_code == 303
    assert response.location.endswith("/waiting")


def test_pages_go_on_by_key_without_gaps_or_repeats(context, client):
    here = make_quarter()
    author, reader = make_person(here), make_person(here)
    titles = [make_post(author, here).title for _ in range(45)]
    sign_in(client, reader)
    seen, path = [], "/board"
    while path:
        html = board(client, path)
        seen += re.findall(r"Beitrag \d+(?=</a></h3>)", html)
        more = re.search(r'href="(/board\?before=[a-z2-7]{26})"', html)
        path = more.group(1) if more else None
    assert seen == titles[::-1]


def test_the_filter_shows_its_category_only(context, client):
    here = make_quarter()
    author = make_person(here)
    make_post(author, here, title="Wer weiß Rat?", category="question")
    make_post(author, here, title="Schlüssel gefunden", category="lost_found")
    sign_in(client, make_person(here))
    html = board(client, "/board?category=lost_found")
    assert "Schlüssel gefunden" in html
    assert "Wer weiß Rat?" not in html
    assert client.get("/board?category=nonsense").status_code == 404


def test_an_unread_contribution_is_marked_until_the_reader_says_so(context, client):
    here = make_quarter()
    author, reader = make_person(here), make_person(here)
    first = make_post(author, here)
    sign_in(client, reader)
    assert client.post("/board/read", data={"newest": to_uid(first.id)}).status_code == 303
    second = make_post(author, here)
    assert board(client).count("card--unread") == 1
    client.post("/board/read", data={"newest": to_uid(second.id)})
    client.post("/board/read", data={"newest": to_uid(first.id)})  # an old tab does not move it back
    assert board(client).count("card--unread") == 0


def test_whoever_never_said_so_finds_new_what_came_since_they_did_and_the_button_that_says_it(
    context, client, frozen_clock
):
    """Nobody has to know of a mark to get one, nor to do without when it was forgotten after a year."""
    here = make_quarter()
    author = make_person(here)
    make_post(author, here, title="Vorher")
    frozen_clock.tick(60)
    reader = make_person(here)
    sign_in(client, reader)
    page = board(client)
    assert "card--unread" not in page and "/board/read" not in page
    frozen_clock.tick(60)
    make_post(author, here, title="Seitdem")
    make_post(reader, here, title="Eigenes")
    page = board(client)
    assert page.count("card--unread") == 1 and "1 neu seit deinem letzten Besuch" in page
    newest = re.search(r'formaction="/board/read"[^>]*name="newest"[^>]*value="(\w+)"', page)[1]
    client.post("/board/read", data={"newest": newest})
    page = board(client)
    assert "card--unread" not in page and "/board/read" not in page


def test_a_quarter_of_ones_own_in_which_nothing_hangs_shows_the_way_to_what_hangs_nearby(context, client):
    sign_in(client, make_person(make_quarter()))
    page = board(client, "/board?own=1")
    assert "In deinem eigenen Quartier hängt gerade nichts." in page and "Auch nebenan schauen" in page
    assert "Noch hat niemand etwas ausgehängt" in board(client)


def test_nobody_has_read_what_is_not_there_yet(context, client, frozen_clock):
    here = make_quarter()
    author, reader = make_person(here), make_person(here)
    sign_in(client, reader)
    client.post("/board/read", data={"newest": to_uid(uuid.UUID(int=(1 << 128) - 1))})
    frozen_clock.tick(2)
    make_post(author, here)
    assert board(client).count("card--unread") == 1


def test_a_kept_card_is_made_anew_when_something_visible_changes(context, client):
    here = make_quarter()
    author, reader = make_person(here), make_person(here)
    post = make_post(author, here)
    sign_in(client, reader)
    assert "1 Antwort" not in board(client)
    make_comment(reader, here, post)
    assert "1 Antwort" in board(client)


def test_a_kept_card_follows_its_author_who_hides_the_street_or_takes_another_name(context, client):
    here = make_quarter()
    author = make_person(here, street_shown="Seilergasse")
    make_post(author, here)
    sign_in(client, make_person(here))
    assert "Seilergasse" in board(client)
    change_of(author, street_shown=None, display_name="Die mit dem Lastenrad")
    after = board(client)
    assert "Seilergasse" not in after
    assert "Die mit dem Lastenrad" in after


def test_a_card_next_door_follows_its_quarter_that_gets_another_name(context, client):
    here = make_quarter("Am Wehr")
    beside = make_quarter(beside=here)
    make_post(make_person(here), here, audience=Audience.NEARBY)
    sign_in(client, make_person(beside))
    assert "Am Wehr" in board(client)
    change_of(here, name="Stauwiese")
    after = board(client)
    assert "Am Wehr" not in after
    assert "Stauwiese" in after


def test_a_withdrawn_post_leaves_the_board_at_once_and_can_come_back(context, client, visitor):
    here = make_quarter()
    author = make_person(here)
    post = make_post(author, here, title="Doch nicht")
    sign_in(client, author)
    other = visitor()
    sign_in(other, make_person(here))
    client.post(f"/c/{to_uid(post.id)}/withdraw")
    assert "Doch nicht" not in board(other)
    assert other.get(f"/c/{to_uid(post.id)}").status_code == 404
    client.post(f"/c/{to_uid(post.id)}/restore")
    assert "Doch nicht" in board(other)


def test_an_urgent_post_stands_on_top_until_it_expires(context, client, frozen_clock):
    here = make_quarter()
    author = make_person(here)
    from datetime import timedelta

    make_post(author, here, title="Rohrbruch", category="urgent", expires_at=frozen_clock.now() + timedelta(hours=6))
    frozen_clock.tick(60)
    make_post(author, here, title="Neuer als der Rohrbruch")
    sign_in(client, make_person(here))
    html = board(client)
    assert html.index("Rohrbruch</a>") < html.index("Neuer als der Rohrbruch</a>")
    assert html.count("Rohrbruch</a></h3>") == 2  # the alert stands once, the newer post's title ends alike
    frozen_clock.tick(6 * 3600)
    html = board(client)
    assert html.index("Neuer als der Rohrbruch</a>") < html.index(">Rohrbruch</a>")


def test_the_board_needs_few_queries_whatever_it_shows(context, client, count_queries):
    here = make_quarter()
    author = make_person(here)
    sign_in(client, make_person(here))
    for _ in range(25):
        make_post(author, here)
    board(client)
    with count_queries() as queries:
        board(client)
    assert len(queries) <= 6, "\n".join(queries)


def test_the_page_of_the_board_is_an_index_range(context, owner):
    here = make_quarter()
    author = make_person(here)
    for _ in range(3):
        make_post(author, here)
    with scope.use(viewer_of(author, here)):
        assert len(service.page(author.id, here.id).lines) == 3
