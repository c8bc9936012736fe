"""Undo instead of "are you sure?": each small step that can be regretted comes with the way back, without script, too."""

from __future__ import annotations

import re
import threading
from contextvars import Context

import pytest

from neighbour.core.tokens import to_uid
from neighbour.policy import Level
from tests.factories import make_comment, make_move, make_person, make_post, make_quarter, make_signed_in, sign_in
from tests.offers.helpers import mails, make_ask, make_offer

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def anna(here, client):
    return make_signed_in(client, here, name="Anna")


def path(contribution):
    return f"/c/{to_uid(contribution.id)}"


def undo(html):
    """Press "undo" in the message on this page; gives the address it is sent to."""
    form = re.search(
        r'class="toast.*?<form class="post-btn" method="post" action="([^"]+)"(.*?)</form>', html, re.DOTALL
    )
    assert form and "Rückgängig" in form[2], "a form with a button: nothing of it needs a script"
    return form[1].replace("&amp;", "&")


def does_and_undoes(client, action, data=None):
    """Does it, then undoes it by what the next page offers."""
    done = client.post(action, data=data)
    assert done.status_code == 303
    back = undo(client.get(done.location.partition("#")[0]).text)
    assert client.post(back).status_code == 303
    return back


def test_my_answer_comes_back_as_it_was_with_what_hangs_on_it(here, anna, client, visitor):
    slip = make_post(make_person(here), here)
    answer = make_comment(anna, here, slip, "Ich habe **eine** Leiter.")
    where, other = f"{path(slip)}/answer/{to_uid(answer.id)}", visitor()
    sign_in(other, make_person(here))
    before = other.get(path(slip)).text
    assert "<strong>eine</strong>" in before
    client.post(f"{where}/withdraw")
    assert "Leiter" not in other.get(path(slip)).text and "Leiter" not in client.get(path(slip)).text
    assert client.post(f"{where}/restore").status_code == 303
    assert (
        re.search(r'id="r-.*?</li>', other.get(path(slip)).text, re.DOTALL)[0]
        == re.search(r'id="r-.*?</li>', before, re.DOTALL)[0]
    )
    does_and_undoes(client, f"{where}/withdraw")
    assert "<strong>eine</strong>" in other.get(path(slip)).text and "1 Antwort" in other.get("/board").text


def test_ten_minutes_later_or_by_somebody_else_it_does_not(here, anna, client, visitor, owner, frozen_clock):
    sign_in(client, anna)
    slip = make_post(make_person(here), here)
    answer = make_comment(anna, here, slip, "Ich habe eine Leiter.")
    where, other = f"{path(slip)}/answer/{to_uid(answer.id)}", visitor()
    sign_in(other, make_person(here))
    client.post(f"{where}/withdraw")
    assert other.post(f"{where}/restore").status_code == 404
    frozen_clock.tick(601)
    answered = client.post(f"{where}/restore", follow_redirects=True).text
    assert "Es ist mehr als zehn Minuten her" in answered or "zehn Minuten" in answered
    assert owner.execute("SELECT state, body_md FROM comment").fetchone() == ("withdrawn", "")
    owner.execute("UPDATE comment SET state = 'hidden'")
    client.post(f"{where}/restore")
    assert owner.execute("SELECT state FROM comment").fetchone() == ("hidden",)


def test_the_words_are_for_nobody_elses_eyes_meanwhile_and_go_by_themselves(
    here, anna, client, raw, owner, frozen_clock
):
    sign_in(client, anna)
    asker = make_person(here)
    slip = make_post(asker, here)
    answer = make_comment(anna, here, slip, "Ein Geheimnis.")
    client.post(f"{path(slip)}/answer/{to_uid(answer.id)}/withdraw")
    connection = raw()
    connection.execute("SELECT set_config('app.quarters', %s, false)", [f"{{{here.id}}}"])
    for person, seen in ((asker, 0), (anna, 1)):
        connection.execute("SELECT set_config('app.person', %s, false)", [str(person.id)])
        assert connection.execute("SELECT count(*) FROM answer_taken_down").fetchone()[0] == seen
    assert owner.execute("SELECT body_md FROM comment").fetchone() == ("",)
    frozen_clock.tick(2 * 3600)
    from neighbour.core import scope
    from neighbour.mydata import retention

    with scope.use(scope.NOBODY):
        retention.retain(client.application.extensions["config"])
    assert owner.execute("SELECT count(*) FROM answer_taken_down").fetchone() == (0,)


def test_who_has_moved_away_or_lost_their_proof_says_nothing_again(here, anna, client, owner):
    slip = make_post(make_person(here), here)
    answer = make_comment(anna, here, slip)
    where = f"{path(slip)}/answer/{to_uid(answer.id)}"
    client.post(f"{where}/withdraw")
    owner.execute("UPDATE membership SET level = %s WHERE person_id = %s", [str(Level.UNPROVEN), anna.id])
    assert client.post(f"{where}/restore").status_code != 303 or owner.execute(
        "SELECT state FROM comment"
    ).fetchone() == ("withdrawn",)
    make_move(anna, make_quarter("Anderswo"))
    assert client.post(f"{where}/restore").status_code == 404
    assert owner.execute("SELECT state FROM comment").fetchone() == ("withdrawn",)


def test_taking_down_and_putting_back_at_the_same_moment_loses_no_word(here, anna, visitor, owner):
    slip = make_post(make_person(here), here)
    answer = make_comment(anna, here, slip, "Ich habe eine Leiter.")
    where = f"{path(slip)}/answer/{to_uid(answer.id)}"

    browsers = [(visitor(), step) for step in ("withdraw", "restore") * 2]
    for browser, _step in browsers:
        sign_in(browser, anna)

    def hammer(browser, step):
        for _time in range(4):
            browser.post(f"{where}/{step}")

    threads = [threading.Thread(target=Context().run, args=(hammer, *each)) for each in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (state, words), (kept,) = (owner.execute(query).fetchone() for query in (
        "SELECT state, body_md FROM comment", "SELECT max(body_md) FROM answer_taken_down"))  # fmt: skip
    assert (state, words or kept) in (("published", "Ich habe eine Leiter."), ("withdrawn", "Ich habe eine Leiter."))


def test_what_i_save_no_longer_can_be_saved_again_from_its_page_and_from_the_list(here, anna, client, owner):
    slip = make_post(make_person(here), here, title="Leiter")
    client.post(f"{path(slip)}/keep", data={"keep": "1"})
    count = "SELECT count(*) FROM bookmark"
    does_and_undoes(client, f"{path(slip)}/keep", {"keep": "0"})
    assert owner.execute(count).fetchone() == (1,)
    listed = client.get("/me/kept").text
    assert "Nicht mehr merken" in listed or "Nicht mehr" in listed
    done = client.post(f"{path(slip)}/keep", data={"keep": "0", "list": "1"})
    assert done.location == "/me/kept" and owner.execute(count).fetchone() == (0,)
    client.post(undo(client.get("/me/kept").text))
    assert owner.execute(count).fetchone() == (1,)


def test_silencing_comes_with_the_way_back(here, anna, client, owner):
    slip = make_post(make_person(here), here)
    for what in ("thread", "category", "author"):
        does_and_undoes(client, f"{path(slip)}/mute", {"what": what})
        assert owner.execute("SELECT count(*) FROM mute").fetchone() == (0,)


def test_hearing_of_it_again_comes_with_the_way_back_and_names_nobody_in_the_browser(here, anna, client, owner):
    slip, mutes = make_post(make_person(here), here), "SELECT * FROM mute ORDER BY id"
    for what in ("thread", "category", "author"):
        client.post(f"{path(slip)}/mute", data={"what": what})
        client.get("/board")
        before = owner.execute(mutes).fetchall()
        action = re.findall(r'action="(/me/silence/\w+)"', client.get("/me/silence").text)[0]
        again = does_and_undoes(client, action)
        assert owner.execute(mutes).fetchall() == before
        client.get("/board")
        client.post(again)
        assert "nicht mehr rückgängig machen" in client.get("/me/silence").text
        client.post(action)
        with client.session_transaction() as cookie:
            (_uid, sealed), *_older = cookie["silences_ended"]
            assert len(sealed) > 80
            assert (
                "author" not in str(cookie["silences_ended"]) and str(slip.author_id) not in cookie["silences_ended"][0]
            )


def test_each_of_the_last_two_is_silenced_again_whatever_spoke_after_it(here, anna, client, owner):
    slip, mutes = make_post(make_person(here), here), "SELECT * FROM mute ORDER BY id"
    for what in ("thread", "category"):
        client.post(f"{path(slip)}/mute", data={"what": what})
    before = owner.execute(mutes).fetchall()
    actions = re.findall(r'action="(/me/silence/\w+)"', client.get("/me/silence").text)
    for action in actions:
        client.post(action)
    for action in actions:
        client.post(f"{action}/again")
    assert owner.execute(mutes).fetchall() == before


def test_done_is_said_with_the_way_back_but_an_alert_that_is_over_is_over(here, anna, client, owner):
    slip = make_post(anna, here, category="help_wanted")
    does_and_undoes(client, f"{path(slip)}/solve")
    assert owner.execute("SELECT solved_at FROM contribution").fetchone() == (None,)
    helped = make_comment(make_person(here), here, slip)
    does_and_undoes(client, f"{path(slip)}/solve?by={to_uid(helped.id)}")
    assert owner.execute("SELECT count(*) FROM helped").fetchone() == (0,)
    client.post(f"{path(slip)}/solve")
    client.get(path(slip))
    again = client.post(f"{path(slip)}/solve?by={to_uid(helped.id)}")
    assert "Rückgängig" not in client.get(again.location.partition("#")[0]).text, "it would undo what was done before"
    from datetime import timedelta

    from neighbour.core import clock

    alert = make_post(anna, here, category="urgent", expires_at=clock.now() + timedelta(hours=6))
    client.post(f"{path(alert)}/solve")
    assert "Rückgängig" not in client.get(path(alert)).text


def test_already_gone_reaches_those_who_wait_when_it_cannot_be_undone_any_more(
    here, anna, client, owner, jobs, frozen_clock
):
    sign_in(client, anna)
    offer, waiting = make_offer(anna, here, title="Kinderrad"), make_person(here)
    make_ask(waiting, here, offer)

    def tend():
        jobs.sent.append(("offers.tend", []))
        jobs.run()

    back = does_and_undoes(client, f"{path(offer)}/solve")
    assert "open=1" in back
    tend()
    assert (mails(owner, "missed"), owner.execute("SELECT state FROM ask").fetchone()) == ([], ("waiting",))
    client.post(f"{path(offer)}/solve")
    tend()
    assert mails(owner, "missed") == []
    client.post(f"{path(offer)}/solve", data={"open": "1"})
    assert owner.execute("SELECT state FROM ask").fetchone() == ("waiting",), "they have lost nothing"
    client.post(f"{path(offer)}/solve")
    frozen_clock.tick(601)
    tend()
    assert mails(owner, "missed") == [waiting.id]
