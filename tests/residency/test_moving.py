"""Moving house: the old quarter closes at once, one's name goes, and what one wrote becomes what one chose."""

from __future__ import annotations

import contextlib
import re
from datetime import timedelta
from itertools import pairwise

import pytest

from neighbour.contributions.cards import url_of
from neighbour.contributions.notices import tell_of
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.tokens import to_uid
from neighbour.notices.service import begin_lists
from neighbour.policy import Level, Role
from neighbour.residency import grading, service
from neighbour.residency.leaving import Leaving
from tests.factories import make_comment, make_post, sign_in, viewer_of
from tests.residency.breaking import breaks_at_each_point
from tests.residency.patchwork import Patchwork, readable

ROW = {(0, 0): "a", (2, 0): "b", (4, 0): "c"}  # three quarters that do not touch


@pytest.fixture
def city(context, frozen_clock):
    return Patchwork(ROW)


def take(city, person, column, leaving=Leaving.STAY):
    """The person takes the house in the middle of this patch."""
    with scope.use(scope.Viewer(person.id)):
        address = city.addresses[column, 0, "middle"].id
        return service.choose_address(person.id, address, "Anna Kowalczyk", leaving=leaving)


def prove(person):
    with scope.use(scope.Viewer(person.id)):
        grading.grant(person.id, "postcard", Level.VERIFIED, None)


def words(client, path):
    return " ".join(client.get(path).get_data(as_text=True).split())


def test_the_old_quarter_is_closed_at_the_next_request(city, client):
    mover, neighbour = city.resident(0, 0, role=Role.STEWARD), city.resident(0, 0)
    mine, theirs = make_post(mover, city.quarter("a")), make_post(neighbour, city.quarter("a"), title="Fremd")
    make_comment(neighbour, city.quarter("a"), mine, "Vorher geantwortet")
    sign_in(client, mover)
    assert "Fremd" in words(client, "/board") and "Vorher geantwortet" in words(client, url_of(mine.id))
    take(city, mover, 2)
    assert client.get("/board").status_code == 303
    assert client.get(url_of(theirs.id)).status_code == 404
    assert client.get("/me/digest").status_code != 500
    assert "Vorher geantwortet" not in words(client, url_of(mine.id))
    with as_owner():
        roles = db.session.execute(
            db.text("SELECT role FROM membership WHERE ended_at IS NULL AND person_id = :p"), {"p": mover.id}
        )
        assert roles.scalars().all() == ["resident"]


def test_no_mail_tells_what_is_answered_there_afterwards(city, jobs, mailbox):
    mover, neighbour = city.resident(0, 0), city.resident(0, 0)
    post = make_post(mover, city.quarter("a"))
    number = city.quarter("a").id
    with scope.use(scope.Viewer(mover.id)), atomic():
        begin_lists(mover.id, number)
    take(city, mover, 2)
    prove(mover)
    quarter = city.quarter("a")
    answer = make_comment(neighbour, quarter, post, "Geheimes")
    with scope.use(viewer_of(neighbour, quarter)), atomic():
        tell_of(answer, post)
    jobs.run()
    told = [mail.message["Subject"] for mail in mailbox.messages()]
    assert told == ["Deine Adresse wurde geändert", "Willkommen im Quartier Quartier b"]


def test_what_stays_stands_there_without_a_name_also_in_what_was_kept(city, client):
    mover, neighbour = city.resident(0, 0, name="Ayşegül"), city.resident(0, 0)
    post, other = (
        make_post(mover, city.quarter("a"), title="Meins"),
        make_post(neighbour, city.quarter("a"), title="Fremd"),
    )
    make_comment(mover, city.quarter("a"), other, "Gern")
    sign_in(client, neighbour)
    paths = ("/board", url_of(post.id), url_of(other.id))
    assert all("Ayşegül" in words(client, path) for path in (paths[0], paths[1], paths[2]))
    take(city, mover, 2)
    assert ["Ayşegül" in words(client, path) for path in paths] == [False, False, False]
    assert ["Ehemalige Nachbarschaft" in words(client, path) for path in paths] == [True, True, True]


def test_who_comes_back_and_proves_it_has_their_name_back(city, client, frozen_clock):
    mover, neighbour = city.resident(0, 0, name="Ayşegül"), city.resident(0, 0)
    post = make_post(mover, city.quarter("a"))
    take(city, mover, 2)
    take(city, mover, 0)
    sign_in(client, neighbour)
    assert "Ayşegül" not in words(client, url_of(post.id))
    prove(mover)
    assert "Ayşegül" in words(client, url_of(post.id))


def test_another_house_in_the_same_quarter_takes_no_name(city, client):
    mover, neighbour = city.resident(0, 0, "east", name="Ayşegül"), city.resident(0, 0)
    post = make_post(mover, city.quarter("a"))
    take(city, mover, 0)
    sign_in(client, neighbour)
    assert "Ayşegül" in words(client, url_of(post.id))


def test_what_is_open_can_be_closed_at_once(city, owner):
    mover = city.resident(0, 0)
    asked, noted = make_post(mover, city.quarter("a")), make_post(mover, city.quarter("a"), category="notice")
    take(city, mover, 2, Leaving.CLOSE)
    found = dict(owner.execute("SELECT id, solved_at IS NOT NULL FROM contribution").fetchall())
    assert found == {asked.id: True, noted.id: False}


def test_what_nobody_answered_comes_along_with_the_proof_and_the_rest_stays(city, owner, client):
    mover, old, new = city.resident(0, 0, name="Ayşegül"), city.resident(0, 0), city.resident(2, 0)
    along, answered = make_post(mover, city.quarter("a")), make_post(mover, city.quarter("a"))
    make_comment(old, city.quarter("a"), answered)
    take(city, mover, 2, Leaving.TAKE)
    assert (readable(owner, old), readable(owner, new)) == ({str(answered.id)}, set())
    prove(mover)
    assert (readable(owner, old), readable(owner, new)) == ({str(answered.id)}, {str(along.id)})
    sign_in(client, new)
    assert "Ayşegül" in words(client, url_of(along.id))


def test_earlier_words_do_not_come_along_with_what_does(city, owner, client, visitor):
    mover, new, browser = city.resident(0, 0), city.resident(2, 0), visitor()
    post = make_post(mover, city.quarter("a"), title="Feier", body="Bei uns, Spulengasse.", category="notice")
    answer = make_comment(mover, city.quarter("a"), post, "Hinten im Hof, Code 4711.")
    sign_in(client, mover)
    form = {"title": "Feier", "body_md": "Bei uns.", "audience": "quarter", "category": "notice"}
    assert client.post(f"{url_of(post.id)}/edit", data=form).status_code == 303
    owner.execute("UPDATE comment SET created_at = created_at - interval '11 minutes'")
    there = f"{url_of(post.id)}/answer/{to_uid(answer.id)}"
    assert client.post(f"{there}/edit", data={"body": "Hinten im Hof."}).status_code == 303
    take(city, mover, 2, Leaving.TAKE)
    prove(mover)
    sign_in(browser, new)
    page = words(browser, url_of(post.id))
    assert "Bei uns." in page and "Hinten im Hof." in page
    assert "Spulengasse" not in words(browser, f"{url_of(post.id)}/history")
    assert "4711" not in words(browser, f"{there}/history")
    sign_in(client, mover)
    assert "Spulengasse" in words(client, f"{url_of(post.id)}/history") and "4711" in words(client, f"{there}/history")
    assert client.post(f"{url_of(post.id)}/edit", data={**form, "body_md": "Kommt!"}).status_code == 303
    assert "Bei uns." in words(browser, f"{url_of(post.id)}/history"), "what it said here was read here"


def test_nothing_is_pinned_up_again_where_one_does_not_live_any_more(city, client, owner):
    mover = city.resident(0, 0)
    post = make_post(mover, city.quarter("a"))
    sign_in(client, mover)
    assert client.post(f"/c/{to_uid(post.id)}/withdraw").status_code == 303
    take(city, mover, 2)
    assert client.post(f"/c/{to_uid(post.id)}/restore").status_code == 404
    assert owner.execute("SELECT state FROM contribution").fetchall() == [("withdrawn",)]


def test_ones_own_things_are_listed_and_can_be_taken_down(city, client, owner):
    mover, neighbour = city.resident(0, 0), city.resident(0, 0)
    post = make_post(mover, city.quarter("a"), title="Meine Frage")
    other = make_post(neighbour, city.quarter("a"), title="Fremde Frage")
    answer = make_comment(mover, city.quarter("a"), other, "Meine Antwort")
    sign_in(client, mover)
    assert "Meine Frage" not in words(client, "/me/left")
    take(city, mover, 2)
    page = words(client, "/me/left")
    assert "Meine Frage" in page and "Meine Antwort" in page and "Fremde Frage" not in page
    assert "Wo du früher gewohnt hast, steht es unter" in page
    for path in (f"/c/{to_uid(post.id)}/withdraw", f"/c/{to_uid(other.id)}/answer/{to_uid(answer.id)}/withdraw"):
        gone = client.post(path)
        assert (gone.status_code, gone.location) == (303, "/me/left")
    assert "Nirgends hängt noch etwas von dir" in words(client, "/me/left")
    assert owner.execute("SELECT DISTINCT state FROM comment").fetchall() == [("withdrawn",)]


def test_the_page_says_before_what_will_happen_and_when_it_is_possible_again(city, client, frozen_clock):
    mover = city.resident(0, 0, role=Role.STEWARD)
    sign_in(client, mover)
    assert client.get("/signup/address").location == "/settings/address/move"
    page = words(client, "/settings/address/move")
    assert "Das Brett deines Quartiers Quartier a schließt sich" in page and "Quartiersteam endet" in page
    sent = client.post("/settings/address/move", data={"street": "", "leaving": "take"})
    (chosen,) = re.findall(r"<input[^>]*checked[^>]*>", sent.get_data(as_text=True))
    assert (sent.status_code, 'value="take"' in chosen) == (422, True)
    take(city, mover, 2)
    prove(mover)
    page = words(client, "/settings/address/move")
    assert "erst in 180 Tagen" not in page and "8. November 2026" in page and '<form class="sheet-form"' not in page


@pytest.mark.parametrize("leaving", Leaving)
def test_wherever_it_breaks_nothing_has_moved(city, owner, monkeypatch, leaving):
    mover = city.resident(0, 0)
    make_post(mover, city.quarter("a"))

    def state():
        return [
            owner.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
            for table in ("membership", "home", "subscription", "contribution", "comment", "reach", "letter", "proof", "delivery", "security_event")
        ]  # fmt: skip

    assert breaks_at_each_point(monkeypatch, lambda: take(city, mover, 2, leaving), state) >= 4
    assert city.quarter("b").id in {row[2] for row in state()[0]}


def test_a_bot_that_hops_over_fifty_areas_sees_one_in_half_a_year_and_no_name_unproven(
    context, frozen_clock, client, owner
):
    """Dutch case of 2019: from area to area, collecting members. Every area has a canary who has pinned something up."""
    city = Patchwork({(2 * column, 0): f"q{column:02}" for column in range(50)})
    canaries = {}
    for column in range(50):
        person = city.resident(2 * column, 0, "east", name=f"Kanari{column:02}")
        canaries[column] = make_post(
            person, city.quarter(f"q{column:02}"), title=f"Lied {column:02}", body="Zwitschern"
        )
    bot = city.resident(0, 0)
    seen = {}
    for column in range(50):
        with contextlib.suppress(service.MovedRecently):
            take(city, bot, 2 * column)
        level = owner.execute("SELECT level FROM membership WHERE person_id = %s AND ended_at IS NULL", [bot.id])
        is_proven = level.fetchone() == ("verified",)
        read = readable(owner, bot)
        found = {number for number, post in canaries.items() if str(post.id) in read}
        if column % 10 in (1, 2):
            sign_in(client, bot)
            paths = ("/board", "/waiting", "/settings/address", url_of(canaries[column].id))
            shown = "".join(client.get(path, follow_redirects=True).get_data(as_text=True) for path in paths)
            assert {int(number) for number in re.findall(r"(?:Kanari|Lied )(\d\d)", shown)} == found
        assert is_proven or not found
        for number in found:
            seen.setdefault(number, clock.now())
        if column % 3 == 2:  # now and then it can prove where it is
            prove(bot)
        frozen_clock.tick(10 * 24 * 3600)
    firsts = sorted(seen.values())
    assert 2 < len(firsts) <= 2 + 500 // 180
    assert all(later - before >= timedelta(days=170) for before, later in pairwise(firsts[1:]))
