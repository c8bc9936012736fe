"""An answer is changed by whoever wrote it, for an hour; nobody is told twice, and whoever reads it sees what it said before."""

from __future__ import annotations

import pytest

from neighbour.contributions import service
from neighbour.contributions.models import Comment
from neighbour.core import scope
from neighbour.core.db import atomic, db
from neighbour.core.tokens import to_uid
from neighbour.policy import Level
from neighbour.search import service as search
from neighbour.search.service import Wish
from tests.factories import (
    make_comment,
    make_listed,
    make_move,
    make_person,
    make_post,
    make_quarter,
    sign_in,
    viewer_of,
)
from tests.offers.helpers import make_offer

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
KEPT = "SELECT array_agg(body_md ORDER BY id) FROM comment_revision"


@pytest.fixture
def anna(here, client):
    person = make_person(here, name="Anna")
    sign_in(client, person)
    return person


@pytest.fixture
def asker(here):
    return make_listed(here, name="Bea")


@pytest.fixture
def slip(here, asker):
    return make_post(asker, here, title="Wer hat eine Leiter?")


@pytest.fixture
def answer(here, anna, slip):
    return make_comment(anna, here, slip, "Ich habe eine Laiter.")


@pytest.fixture
def change(client, slip, answer):
    """Sends the form; gives what comes back."""

    def changing(words, browser=client, **more):
        return browser.post(f"/c/{to_uid(slip.id)}/answer/{to_uid(answer.id)}/edit", data={"body": words, **more})

    return changing


def where(slip, answer, step=""):
    return f"/c/{to_uid(slip.id)}/answer/{to_uid(answer.id)}/{step}"


def test_a_slip_of_the_pen_is_mended_marked_and_told_nobody_again(
    here, anna, asker, client, visitor, slip, jobs, mailbox, owner
):
    client.post(f"/c/{to_uid(slip.id)}/answer", data={"body": "Ich habe eine Laiter."})
    (key,) = owner.execute("SELECT id FROM comment").fetchone()
    jobs.run()
    told = len(mailbox.messages())
    page = client.get(f"/c/{to_uid(slip.id)}").text
    form = client.get(f"/c/{to_uid(slip.id)}/answer/{to_uid(key)}/edit")
    assert f"/answer/{to_uid(key)}/edit" in page and "Ich habe eine Laiter." in form.text
    changed = client.post(f"/c/{to_uid(slip.id)}/answer/{to_uid(key)}/edit", data={"body": "Ich habe eine *Leiter*."})
    assert changed.status_code == 303 and changed.location.endswith(f"#r-{to_uid(key)}")
    jobs.run()
    assert told == 1 and len(mailbox.messages()) == told
    browser = visitor()
    sign_in(browser, asker)
    page = browser.get(f"/c/{to_uid(slip.id)}").text
    assert "Ich habe eine <em>Leiter</em>." in page and "geändert" in page and "Laiter" not in page
    assert f"/answer/{to_uid(key)}/edit" not in page, "it is Anna's"
    assert "Das heben wir nicht auf" in browser.get(f"/c/{to_uid(slip.id)}/answer/{to_uid(key)}/history").text
    with scope.use(viewer_of(asker, here)):
        assert search.find(Wish("Leiter")).hits and not search.find(Wish("Laiter")).meant


def test_what_hung_for_ten_minutes_or_was_answered_is_kept_for_whoever_reads_it(
    here, asker, slip, answer, change, visitor, owner, frozen_clock
):
    assert change("Eins").status_code == 303 and owner.execute(KEPT).fetchone() == (None,)
    frozen_clock.tick(1)
    make_comment(asker, here, slip, "Danke!")
    assert change("Zwei").status_code == 303 and owner.execute(KEPT).fetchone() == (["Eins"],)
    frozen_clock.tick(601)
    assert change("Drei").status_code == 303 and change("Drei").status_code == 303
    assert owner.execute(KEPT).fetchone() == (["Eins", "Zwei"],), "saying the same again changes nothing"
    browser, stranger = visitor(), visitor()
    sign_in(browser, asker)
    sign_in(stranger, make_person(make_quarter("Fremd")))
    page = browser.get(where(slip, answer, "history")).text
    assert page.index("Zwei") < page.index("Eins")
    assert stranger.get(where(slip, answer, "history")).status_code == 404


def test_ten_minutes_alone_are_enough_to_be_kept(change, owner, frozen_clock):
    frozen_clock.tick(601)
    assert change("Anders").status_code == 303 and owner.execute(KEPT).fetchone() == (["Ich habe eine Laiter."],)


def test_after_an_hour_it_stays_and_what_was_typed_is_not_lost(client, slip, answer, change, frozen_clock):
    frozen_clock.tick(3601)
    assert where(slip, answer, "edit") not in client.get(f"/c/{to_uid(slip.id)}").text
    assert client.get(where(slip, answer, "edit")).status_code == 303
    late = change("Lange getippt")
    assert late.status_code == 422 and "eine Stunde lang ändern" in late.text and "Lange getippt" in late.text


@pytest.mark.parametrize("words", ["", " \n ", "x" * 4001])
def test_what_is_no_answer_is_told_at_the_field(change, words, owner):
    assert change(words).status_code == 422
    assert owner.execute("SELECT body_md, edited_at FROM comment").fetchone() == ("Ich habe eine Laiter.", None)


def test_nobody_else_changes_it_nor_who_lost_their_proof_moved_away_or_is_suspended(
    here, asker, anna, change, visitor, owner
):
    browser = visitor()
    sign_in(browser, asker)
    assert change("Fremd", browser).status_code == 404
    for table, column, there, gone in (
        ("membership", "level", Level.VERIFIED, Level.UNPROVEN), ("person", "status", "active", "suspended"),
    ):  # fmt: skip
        key = "person_id" if table == "membership" else "id"
        owner.execute(f"UPDATE {table} SET {column} = %s WHERE {key} = %s", [str(gone), anna.id])
        assert change("Noch etwas").status_code in (403, 404)
        owner.execute(f"UPDATE {table} SET {column} = %s WHERE {key} = %s", [str(there), anna.id])
    make_move(anna, make_quarter("Anderswo"))
    assert change("Von fern").status_code == 404
    assert owner.execute("SELECT body_md FROM comment").fetchone() == ("Ich habe eine Laiter.",)


def test_under_what_was_taken_down_or_once_it_is_taken_down_itself_nothing_is_changed(
    here, client, slip, answer, change, owner
):
    client.post(where(slip, answer, "withdraw"))
    assert change("Zu spät").status_code == 422
    client.post(where(slip, answer, "restore"))
    owner.execute("UPDATE contribution SET state = 'withdrawn'")
    assert change("Auch zu spät").status_code == 404
    assert owner.execute("SELECT body_md FROM comment").fetchone() == ("Ich habe eine Laiter.",)


def test_what_it_said_before_goes_when_it_is_taken_down_and_the_mark_comes_back_with_it(
    client, slip, answer, change, owner, frozen_clock
):
    frozen_clock.tick(601)
    change("Ohne die Telefonnummer")
    (changed,) = owner.execute("SELECT edited_at FROM comment").fetchone()
    frozen_clock.tick(60)
    client.post(where(slip, answer, "withdraw"))
    assert owner.execute(KEPT).fetchone() == (None,)
    assert client.get(where(slip, answer, "history")).status_code == 404
    client.post(where(slip, answer, "restore"))
    assert owner.execute("SELECT body_md, edited_at FROM comment").fetchone() == ("Ohne die Telefonnummer", changed)


def test_what_is_suspicious_is_asked_about_when_it_is_changed_too(here, anna, asker, client):
    offer = make_offer(asker, here, title="Fahrrad", category="sell")
    answer = make_comment(anna, here, offer, "Ist es noch da?")
    scam = {"body": "Bitte überweise den Betrag vorab per Western Union, dann schickt mein Kurier das Fahrrad."}
    page = client.post(where(offer, answer, "edit"), data=scam)
    assert page.status_code == 422 and 'name="sure"' in page.text
    assert client.post(where(offer, answer, "edit"), data={**scam, "sure": "1"}).status_code == 303


def test_two_who_change_at_once_as_one_lose_no_wording(here, anna, slip, answer, owner, frozen_clock):
    frozen_clock.tick(601)
    with scope.use(viewer_of(anna, here)), atomic():
        stale = db.session.get_one(Comment, answer.id)
        owner.execute("UPDATE comment SET body_md = 'Von nebenan'")
        service.revise_comment(stale, "Zuletzt")
    assert owner.execute(KEPT).fetchone() == (["Von nebenan"],)


def test_an_answer_is_taken_down_by_whoever_wrote_it_though_its_thread_was_narrowed_away(here, visitor, owner):
    """It still hangs there, and is still theirs."""
    beside = make_quarter("Mühlgraben", beside=here)
    slip, writer, browser = make_post(make_person(here), here, audience="nearby"), make_person(beside), visitor()
    answer = make_comment(writer, beside, slip)
    sign_in(browser, writer)
    owner.execute("UPDATE contribution SET audience = 'quarter'")
    owner.execute("DELETE FROM reach WHERE quarter_id = %s", [beside.id])
    assert browser.get(f"/c/{to_uid(slip.id)}").status_code == 404
    address = f"/c/{to_uid(slip.id)}/answer/{to_uid(answer.id)}/withdraw"
    page, leads = browser.get("/me/left").text, "Was du geschrieben hast und hier nicht mehr siehst"
    assert address in page and f"<h1>{leads}</h1>" in page and leads in browser.get("/me/threads").text
    assert "früher" not in page and "Was du hier abnimmst, ist endgültig weg." in page, "it speaks of no other home"
    gone = browser.post(address, follow_redirects=True)
    assert gone.status_code == 200 and "Deine Antwort ist abgenommen" in gone.text and address not in gone.text
    assert owner.execute("SELECT state FROM comment").fetchone() == ("withdrawn",)


def test_what_it_said_before_stays_with_those_it_was_written_for_when_its_slip_goes_next_door(
    change, slip, answer, anna, asker, here, client, visitor, owner
):
    near, browser, inside = make_person(make_quarter("Mühlgraben", beside=here)), visitor(), visitor()
    owner.execute("UPDATE comment SET created_at = created_at - interval '11 minutes'")
    assert change("Ja, gern.").status_code == 303
    page, history = f"/c/{to_uid(slip.id)}", f"/c/{to_uid(slip.id)}/answer/{to_uid(answer.id)}/history"
    sign_in(browser, asker)
    assert browser.post(f"{page}/widen", data={"act": "now"}).status_code == 303
    sign_in(browser, near)
    assert "Ja, gern." in browser.get(page).text
    assert "Laiter" not in browser.get(history).text
    for reader in (anna, asker, make_person(here)):
        sign_in(inside, reader)
        assert "Laiter" in inside.get(history).text
    sign_in(client, anna)
    assert change("Ja, gern, ab fünf.").status_code == 303
    assert "Ja, gern." in browser.get(history).text, "what it said since then was read there, too"
