"""One alert per person and day, by whatever way a post becomes urgent."""

from __future__ import annotations

import threading
import uuid

import pytest

from neighbour.core.tokens import to_uid
from tests.factories import make_post, make_signed_in, sign_in

pytestmark = pytest.mark.usefixtures("context")
DAY = 86_400


@pytest.fixture
def author(here, client):
    """Somebody who is signed in with ``client``."""
    return make_signed_in(client, here)


def words(**more):
    return {"title": "Rohrbruch", "body_md": "x", "category": "urgent", "audience": "quarter", "hours": "24", **more}


def publish(browser, **more):
    return browser.post("/write", data=words(form_key=str(uuid.uuid4()), **more)).status_code


def revise(browser, post, **more):
    return browser.post(f"/c/{to_uid(post.id)}/edit", data=words(**more)).status_code


def test_a_second_alert_within_a_day_is_refused_at_its_field(author, client, frozen_clock):
    assert publish(client) == 303
    page = client.post("/write", data=words(form_key=str(uuid.uuid4()), title="Noch einer"))
    assert page.status_code == 422 and 'id="category-error"' in page.text and 'value="Noch einer"' in page.text
    frozen_clock.tick(DAY + 60)
    sign_in(client, author)
    assert publish(client) == 303


def test_many_at_the_same_moment_are_one_alert(author, client, visitor, owner):
    browsers, codes = [visitor() for _ in range(6)], []
    for browser in browsers:
        sign_in(browser, author)
    threads = [threading.Thread(target=lambda each=each: codes.append(publish(each))) for each in browsers]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(codes) == [303] + [422] * 5
    assert owner.execute("SELECT count(*) FROM contribution WHERE category = 'urgent'").fetchone() == (1,)


def test_posts_made_urgent_are_alerts_too(author, here, client, frozen_clock):
    posts = [make_post(author, here) for _ in range(2)]
    frozen_clock.tick(DAY - 60)
    assert [revise(client, post) for post in posts] == [303, 422]
    assert publish(client) == 422


def test_what_becomes_urgent_stands_on_top_until_it_expires(author, here, client, frozen_clock):
    post = make_post(author, here)
    frozen_clock.tick(DAY - 60)
    make_post(author, here, title="Neuer")
    assert revise(client, post, hours="72") == 303
    frozen_clock.tick(3 * DAY - 60)
    page = client.get("/board").text
    assert page.index("Rohrbruch") < page.index("Neuer")
    frozen_clock.tick(120)
    page = client.get("/board").text
    assert page.index("Neuer") < page.index("Rohrbruch")


def test_what_has_hung_for_days_is_written_anew_instead_of_becoming_urgent(author, here, client, frozen_clock):
    post = make_post(author, here)
    frozen_clock.tick(DAY + 60)
    answer = client.post(f"/c/{to_uid(post.id)}/edit", data=words())
    assert answer.status_code == 422 and "länger als einen Tag" in answer.text and 'value="Rohrbruch"' in answer.text
    assert publish(client) == 303


def test_an_alert_turned_into_a_notice_was_one_all_the_same(author, client, owner, frozen_clock):
    publish(client)
    key = owner.execute("SELECT id FROM contribution").fetchone()[0]
    assert client.post(f"/c/{to_uid(key)}/edit", data=words(category="notice")).status_code == 303
    assert publish(client, title="Der nächste") == 422


def test_changing_an_alert_twice_with_the_same_form_is_no_second_alert(author, here, client, owner):
    post = make_post(author, here)
    edit = f"/c/{to_uid(post.id)}/edit"
    assert 'name="hours"' in client.get(edit).text
    assert [revise(client, post), revise(client, post)] == [303, 303]
    assert 'name="hours"' not in client.get(edit).text, "it holds as long as everybody was told"
    assert owner.execute("SELECT count(*) FROM revision").fetchone() == (1,)
