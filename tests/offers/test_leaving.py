"""Whoever goes leaves no hole: the next one moves up, whoever waits is told once, and a worker that dies loses nothing."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from neighbour.contributions.models import Audience
from neighbour.core import scope
from neighbour.core.db import atomic, db
from neighbour.core.tokens import to_uid
from neighbour.mydata import erasing
from neighbour.offers import notices, tending
from neighbour.offers.models import Offer
from tests.factories import make_move, make_person, make_quarter, sign_in, viewer_of
from tests.offers.helpers import mails, make_ask, make_offer, promise, states

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def author(here):
    return make_person(here, name="Aylin")


@pytest.fixture
def queue(here, author):
    """(offer, those who ask): promised to the first."""
    people = [make_person(here, name=name) for name in ("Bela", "Cem", "Dora")]
    offer = make_offer(author, here, title="Kinderrad")
    asks = [make_ask(person, here, offer) for person in people]
    promise(author, here, offer, asks[0])
    return offer, people


def tend():
    return tending.tend("Europe/Berlin")


def erase(person, *, keeps_texts=False):
    return erasing.begin(person.id, keeps_texts=keeps_texts)


def test_who_erases_their_account_or_moves_away_leaves_the_queue_and_the_next_has_it(here, queue, owner):
    offer, (first, second, third) = queue
    erase(first)
    assert states(owner) == ["left", "promised", "waiting"], "at once, not when the fortnight is over"
    assert [tend(), tend()] == [1, 0] and mails(owner, "promised") == [first.id, second.id]
    make_move(second, make_quarter("Anderswo"))
    assert states(owner) == ["left", "left", "promised"]
    assert [tend(), tend()] == [1, 0] and mails(owner, "promised")[2:] == [third.id]
    owner.execute("UPDATE erasure SET due_at = now() - interval '1 day'")
    with scope.use(scope.NOBODY):
        (gone,) = [key for what, key, _person in erasing.due() if what == "erasure"]
        assert erasing.run(gone)
    assert states(owner) == ["left", "promised"] and offer.title


@pytest.mark.parametrize("how", ["erased", "erased, texts stay", "moved"])
def test_what_somebody_offered_who_is_gone_is_over_and_those_who_wait_are_told_once(
    here, author, queue, owner, how, client
):
    _offer, people = queue
    if how == "moved":
        make_move(author, make_quarter("Anderswo"))
    else:
        erase(author, keeps_texts=how.endswith("stay"))
    owner.execute("UPDATE contribution SET edited_at = edited_at - interval '11 minutes'")
    assert [tend(), tend()] == [3, 0]
    assert sorted(mails(owner, "missed")) == [person.id for person in people] and states(owner) == ["missed"] * 3
    sign_in(client, make_person(here))
    market = client.get("/market").text
    assert ("Kinderrad" in market) is (how != "erased") and "Aylin" not in market
    assert client.get("/market?there=1").text.count("Kinderrad") == 0


def test_the_mail_names_what_was_asked_for_though_it_is_not_to_be_seen_any_more(author, queue, owner, jobs, mailbox):
    jobs.run()
    mailbox.clear()
    erase(author)
    jobs.sent.clear()
    owner.execute("UPDATE contribution SET edited_at = edited_at - interval '11 minutes'")
    tend()
    jobs.run()
    assert {mail.message["Subject"] for mail in mailbox.messages()} == {"Schon weg: Kinderrad"}
    assert all("/market" in mail.text and "/c/" not in mail.text for mail in mailbox.messages())
    assert len(mailbox.messages()) == 3


def test_who_moves_up_reads_what_is_for_the_chosen_one_once_the_author_says_so(
    here, author, owner, client, visitor, jobs, mailbox
):
    secret = "Spulengasse 6, Klingel Faden"
    first, second, third = (make_person(here, name=name) for name in ("Bela", "Cem", "Dora"))
    offer = make_offer(author, here, title="Leiter", for_holder=secret)
    asks = [make_ask(person, here, offer) for person in (first, second, third)]
    promise(author, here, offer, asks[0])
    url, moved_up = f"/c/{to_uid(offer.id)}", visitor()
    sign_in(client, author)
    assert "darf es lesen" not in client.get(url).text, "whom the author has chosen reads it"
    sign_in(moved_up, first)
    moved_up.post(f"{url}/step-back")
    sign_in(moved_up, second)
    page = moved_up.get(url).text
    assert "shown-code__code" in page and secret not in page
    jobs.run()
    (mail,) = (each for each in mailbox.messages() if "tritt zurück" in each.message["Subject"])
    assert "erst, wenn du auf der Seite zustimmst" in " ".join(mail.text.split())
    assert moved_up.post(f"{url}/promise", data={"ask": to_uid(asks[1].id)}).status_code == 404, (
        "nobody lets themselves"
    )
    for way in ("SELECT let_read(:ask)", "UPDATE ask SET moved_up = false WHERE id = :ask"):
        with scope.use(viewer_of(second, here)), suppress(ProgrammingError), atomic():
            db.session.execute(text(way), {"ask": asks[1].id})
    assert secret not in moved_up.get(url).text, "nor by what the application could ask the database"
    secret = "Spulengasse 6, Klingel Garn"
    words = {"category": "give", "title": "Leiter", "audience": "quarter", "lend_days": "7", "for_holder": secret}
    assert client.post(f"{url}/edit", data=words).status_code == 303 and mails(owner, "changed") == []
    page = client.get(url).text
    assert "Cem P. ist nachgerückt und liest das noch nicht: " + secret in page and "Cem P. darf es lesen" in page
    for _twice in range(2):
        client.post(f"{url}/promise", data={"ask": to_uid(asks[1].id)})
    assert secret in moved_up.get(url).text and "darf es lesen" not in client.get(url).text
    assert mails(owner, "changed") == [second.id] and mails(owner, "promised") == [first.id, second.id]
    client.post(f"{url}/pass-on")
    assert secret not in moved_up.get(url).text
    sign_in(moved_up, third)
    assert secret not in moved_up.get(url).text, "who is next was not chosen either"


def test_a_quarter_that_is_redrawn_leaves_queues_as_they_are(queue, owner):
    _offer, people = queue
    beside = make_quarter("Neu geschnitten")
    owner.execute("UPDATE membership SET quarter_id = %s WHERE person_id = %s", [beside.id, people[1].id])
    assert states(owner) == ["promised", "waiting", "waiting"]


def test_a_worker_that_dies_while_it_tells_leaves_it_to_the_next(queue, owner, monkeypatch):
    _offer, (first, second, _third) = queue
    erase(first)
    with monkeypatch.context() as broken:
        broken.setattr(notices.Promised, "send", lambda *_ids, **_more: (_ for _ in ()).throw(ConnectionError))
        with pytest.raises(ConnectionError):
            tend()
    assert mails(owner, "promised") == [first.id]
    assert [tend(), tend()] == [1, 0] and mails(owner, "promised") == [first.id, second.id]


def test_whoever_does_not_see_it_any_more_is_told_and_the_next_one_has_it(here, author, owner, client, jobs, mailbox):
    beside = make_quarter(beside=here)
    far, near, last = make_person(beside), make_person(here), make_person(beside)
    offer = make_offer(author, here, title="Schrank", audience=Audience.NEARBY)
    asks = [make_ask(far, beside, offer), make_ask(near, here, offer), make_ask(last, beside, offer)]
    promise(author, here, offer, asks[0])
    jobs.run()
    mailbox.clear()
    sign_in(client, author)
    narrower = {"category": "give", "title": "Schrank", "lend_days": "7", "audience": "quarter"}
    assert client.post(f"/c/{to_uid(offer.id)}/edit", data=narrower).status_code == 303
    assert states(owner) == ["missed", "promised", "missed"] and tend() == 0
    assert sorted(mails(owner, "missed")) == [far.id, last.id] and mails(owner, "promised") == [far.id, near.id]
    jobs.run()
    told = {mail.message["To"]: mail.text for mail in mailbox.messages()}
    assert "in weniger Quartieren" in " ".join(told[far.email].split()) and "/c/" not in told[far.email]


@pytest.mark.parametrize("category", ["give", "wanted"])
@pytest.mark.parametrize("is_late", [False, True])
def test_whoever_has_the_promise_hears_ten_minutes_later_that_it_was_settled_without_them(
    here, author, owner, client, visitor, jobs, mailbox, frozen_clock, category, is_late
):
    holder, waiting = make_person(here, name="Bela"), make_person(here)
    offer = make_offer(author, here, title="Leiter", category=category)
    ask, _other = make_ask(holder, here, offer), make_ask(waiting, here, offer)
    promise(author, here, offer, ask)
    if is_late:
        frozen_clock.tick(61 * 86_400)
    jobs.run()
    mailbox.clear()
    url, holds = f"/c/{to_uid(offer.id)}", visitor()
    sign_in(client, author)
    sign_in(holds, holder)
    client.post(f"{url}/solve")
    page = client.get(url).text
    assert "Bela P. erfährt in ein paar Minuten" in page and "hand-over" not in page and "shown-code__code" not in page
    assert ("Du nimmst es von" in page, "Versprochen an" in page) == (False, False)
    assert "shown-code__code" not in (page := holds.get(url).text) and "ohne dich erledigt" in page
    tend()
    assert mails(owner, "missed") == [] and states(owner) == ["promised", "waiting"], "it can be taken back"
    frozen_clock.tick(660)
    tend()
    assert sorted(mails(owner, "missed")) == [holder.id, waiting.id] and states(owner) == ["missed", "missed"]
    jobs.run()
    told = {
        mail.message["To"]: " ".join(f"{mail.message['Subject']} {mail.text}".split()) for mail in mailbox.messages()
    }
    assert "ohne dich erledigt" in told[holder.email] and "Antworte" in told[holder.email], told[holder.email]
    assert "ohne dich" not in told[waiting.email] and "Das ist vorbei" in holds.get(url).text


@pytest.mark.parametrize(
    ("category", "how", "subject", "told"),
    [
        ("give", "its days are over", "Abgelaufen: Leiter", "hat es niemand bekommen"),
        ("wanted", "its days are over", "Nicht mehr gesucht: Leiter", "hat sich nichts gefunden"),
        ("give", "its author is gone", "Abgelaufen: Leiter", "hat es niemand bekommen"),
        ("wanted", "its author is gone", "Nicht mehr gesucht: Leiter", "hat sich nichts gefunden"),
    ],
)
def test_what_nobody_got_is_told_so_to_whoever_waited_or_had_the_promise(
    here, author, jobs, mailbox, frozen_clock, category, how, subject, told
):
    people = [make_person(here), make_person(here)]
    offer = make_offer(author, here, title="Leiter", category=category)
    asks = [make_ask(person, here, offer) for person in people]
    if how == "its author is gone":
        promise(author, here, offer, asks[0])
    jobs.run()
    mailbox.clear()
    if how == "its author is gone":
        erase(author, keeps_texts=True)
        jobs.sent.clear()
    else:
        frozen_clock.tick(61 * 86_400)
    tend()
    jobs.run()
    mails = {mail.message["To"]: mail for mail in mailbox.messages()}
    for person in people:
        words = " ".join(mails[person.email].text.split())
        assert mails[person.email].message["Subject"] == subject and told in words
        assert "Antworte" not in words and "Es ist weg" not in words


def test_what_left_somebodys_sight_by_another_way_is_over_for_them_with_the_next_round(here, author, owner):
    beside = make_quarter(beside=here)
    far = make_person(beside)
    offer = make_offer(author, here, audience=Audience.NEARBY)
    ask = make_ask(far, beside, offer)
    owner.execute("UPDATE contribution SET audience = 'quarter'")
    promise(author, here, offer, ask)
    assert states(owner) == ["missed"] and mails(owner, "promised") == [] and mails(owner, "missed") == [far.id]
    assert owner.execute("SELECT stage FROM offer").fetchone() == ("free",)


def test_what_is_for_the_one_alone_is_read_by_the_one_it_is_promised_to(
    here, author, client, visitor, owner, jobs, mailbox
):
    first, second = make_person(here), make_person(here)
    secret, for_one = "Spulengasse 6, dritter Stock", {"category": "give", "lend_days": "7", "audience": "quarter"}
    sign_in(client, author)
    client.post("/write", data={**for_one, "kind": "offer", "title": "Regal", "for_holder": secret})
    with scope.use(viewer_of(author, here)):
        offer = db.session.scalars(select(Offer)).one()
        db.session.expunge_all()
    asks = [make_ask(person, here, offer) for person in (first, second)]
    url = f"/c/{to_uid(offer.id)}"
    assert secret in client.get(f"{url}/edit").text
    promise(author, here, offer, asks[0])
    jobs.run()
    (mail,) = (each for each in mailbox.messages() if "versprochen" in each.message["Subject"].casefold())
    assert "steht auf der Seite" in mail.text and secret not in mail.text
    readers = {person.id: visitor() for person in (first, second)}
    for person in (first, second):
        sign_in(readers[person.id], person)
    assert [secret in each.get(url).text for each in (client, *readers.values())] == [True, True, False]
    client.post(f"{url}/pass-on")
    assert [secret in each.get(url).text for each in (client, *readers.values())] == [True, False, False]
    client.post(f"{url}/promise", data={"ask": to_uid(asks[1].id)})
    assert [secret in each.get(url).text for each in (client, *readers.values())] == [True, False, True]
    client.post(f"{url}/hand-over")
    assert secret not in readers[second.id].get(url).text, "it has served"
    owner.execute("UPDATE contribution SET solved_at = NULL")
    assert client.post(f"{url}/edit", data={**for_one, "title": "Regal"}).status_code == 303
    assert owner.execute("SELECT count(*) FROM offer_for_holder").fetchone() == (0,)
