"""What an offer is shows wherever it is seen: photos on its tile, silence on the market, "gone" on board, page and in mail, and
everybody concerned hears what they need to know, once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from neighbour.contributions.models import Contribution
from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.core.jobs import Job
from neighbour.core.tokens import to_uid
from neighbour.digests import service as digests
from neighbour.mydata import erasing
from neighbour.notices import service as notices
from neighbour.offers import queue, sections, service, tending
from neighbour.offers.models import Offer
from neighbour.offers.prices import Price
from tests.digests.helpers import body, make_reader
from tests.factories import make_move, make_person, make_post, make_quarter, sign_in, viewer_of
from tests.offers.helpers import hand_over, mails, make_ask, make_offer, promise
from tests.support.photos import no_photos, photo, post

pytestmark = pytest.mark.usefixtures("context")
TUESDAY = datetime(2026, 5, 12, 15, 0, tzinfo=UTC)


@pytest.fixture
def author(here):
    return make_person(here, name="Aylin")


def titles(client, query=""):
    return re.findall(
        r'class="tile__title"><a href="/c/\w{26}">([^<]+)</a>', client.get("/market" + query).text.replace("\xad", "")
    )


def morning(day, jobs, mailbox):
    """The issue of seven o'clock on this day of May 2026: its words, by address."""
    before = {mail.name for mail in mailbox.messages()}
    with clock.freeze(datetime(2026, 5, day, 5, 1, tzinfo=UTC)):
        digests.open_due("Europe/Berlin")
        jobs.run()
    return {mail.recipients[0]: body(mail) for mail in mailbox.messages() if mail.name not in before}


def words(text):
    """With its white space folded, also that which does not break."""
    return " ".join(text.replace("&nbsp;", " ").split())


def part(mail, title):
    """What stands in a section of an issue, up to the next heading; empty where there is none."""
    found = re.search(rf"<h2[^>]*>[^<]*{title}.*?(?=<h2|</body>)", mail, re.DOTALL)
    return found[0] if found else ""


def test_a_tile_shows_the_first_photo_and_one_without_its_icon(app, here, author, client, visitor, jobs):
    with no_photos(app):
        sign_in(client, author)
        fields = {"kind": "offer", "category": "give", "title": "Kinderrad", "lend_days": "7", "audience": "quarter"}
        assert post(client, "/write", photo(), photo("tomato"), **fields).status_code == 303
        make_offer(author, here, title="Zelt ohne Bild")
        jobs.run()
        reader = visitor()
        sign_in(reader, make_person(here))
        with_photo, without = reader.get("/market").text.split('class="tile"')[:0:-1][:2]
        assert with_photo.count("<picture>") == 1 and ".avif" in with_photo and ".webp" in with_photo
        assert with_photo.count('<path fill="#') == 12 and 'loading="lazy"' in with_photo
        assert "<picture>" not in without and "#i-gift" in without
        alt = re.search(r'<img[^>]* alt="([^"]*)"', with_photo)[1]
        assert alt == "", "the title beside it says what it is; a photo that was described says so"


def test_the_market_leaves_out_what_its_reader_silenced(here, author, client, visitor):
    loud = make_person(here)
    one = make_offer(loud, here, title="Schon wieder ich")
    make_offer(author, here, title="Zelt", category="lend")
    sign_in(client, make_person(here))
    client.post(f"/c/{to_uid(one.id)}/mute", data={"what": "author"})
    assert titles(client) == titles(client, "?there=1") == ["Zelt"]
    tent = re.search(r'/c/(\w{26})">Zelt', client.get("/market").text)[1]
    client.post(f"/c/{tent}/mute", data={"what": "category"})
    assert titles(client) == [] and titles(client, "?category=lend") == ["Zelt"]
    other = visitor()
    sign_in(other, make_person(here))
    assert titles(other) == ["Zelt", "Schon wieder ich"]


def test_gone_is_seen_at_once_on_board_market_and_page_and_read_once_in_mail(here, author, client, jobs, mailbox):
    with clock.freeze(TUESDAY):
        taker, reader = make_person(here), make_reader(here)
        offer = make_offer(author, here, title="Kinderrad")
        make_post(author, here, title="Etwas Neues")
    assert "Kinderrad" in morning(13, jobs, mailbox)[reader.email]
    with clock.freeze(TUESDAY + timedelta(days=1)):
        promise(author, here, offer, make_ask(taker, here, offer))
        make_post(author, here, title="Noch etwas Neues")
        hand_over(author, here, offer)
        sign_in(client, reader)
        assert (
            "Weg"
            in re.search(
                r'aria-labelledby="c-' + to_uid(offer.id) + r'".*?</article>', client.get("/board").text, re.DOTALL
            )[0]
        )
        assert "tile--gone" in client.get("/market").text and titles(client, "?there=1") == []
        assert "Danach kann niemand mehr fragen" in client.get(f"/c/{to_uid(offer.id)}").text
    said = morning(14, jobs, mailbox)[reader.email]
    assert "Kinderrad" in part(said, "Inzwischen vergeben")
    with clock.freeze(TUESDAY + timedelta(days=2)):
        make_post(author, here, title="Wieder etwas")
    assert "Kinderrad" not in morning(15, jobs, mailbox)[reader.email], "told once"


def test_gone_waits_for_the_next_issue_where_a_morning_brings_none(here, author, jobs, mailbox):
    with clock.freeze(TUESDAY):
        taker, reader = make_person(here), make_reader(here)
        offer = make_offer(author, here, title="Kinderrad")
    assert "Kinderrad" in morning(13, jobs, mailbox)[reader.email]
    with clock.freeze(TUESDAY + timedelta(days=1)):
        promise(author, here, offer, make_ask(taker, here, offer))
        hand_over(author, here, offer)
    assert reader.email not in morning(14, jobs, mailbox), "nothing new, no mail"
    for day, is_told in ((2, True), (3, False)):
        with clock.freeze(TUESDAY + timedelta(days=day)):
            make_post(author, here, title="Etwas Neues")
        assert ("Kinderrad" in morning(13 + day, jobs, mailbox)[reader.email]) is is_told


@pytest.mark.parametrize("is_promised", [True, False])
def test_what_an_author_leaves_who_erases_their_account_is_not_told_as_given_away(
    here, author, client, jobs, mailbox, is_promised
):
    with clock.freeze(TUESDAY):
        holder, reader = make_person(here, name="Bela"), make_reader(here)
        offer = make_offer(author, here, title="Kinderrad")
        ask = make_ask(holder, here, offer)
        if is_promised:
            promise(author, here, offer, ask)
    assert "Kinderrad" in morning(13, jobs, mailbox)[reader.email]
    mailbox.clear()
    with clock.freeze(TUESDAY + timedelta(days=1)):
        erasing.begin(author.id, keeps_texts=True)
        jobs.sent.clear()
        tending.tend("Europe/Berlin")
        make_post(make_person(here), here, title="Etwas Neues")
        jobs.run()
        sign_in(client, reader)
        tile = client.get("/market").text
        assert "Kinderrad" in tile and "Abgelaufen" in tile and ">Weg<" not in tile
    said = morning(14, jobs, mailbox)[reader.email]
    assert "Inzwischen vergeben" not in said and "Kinderrad" not in said


def test_what_is_gone_before_the_issue_is_cut_is_not_announced_as_there(here, author, jobs, mailbox):
    reader = make_reader(here)
    with clock.freeze(TUESDAY):
        offer = make_offer(author, here, title="Kinderrad")
        make_post(author, here, title="Etwas Neues")
        promise(author, here, offer, make_ask(make_person(here), here, offer))
        hand_over(author, here, offer)
    said = morning(13, jobs, mailbox)[reader.email]
    assert "Inzwischen vergeben" not in said, "nobody had been told of it"
    assert "Kinderrad" not in said or "Weg" in said


def test_one_announcement_and_one_final_reminder(here, author, jobs, mailbox, owner):
    reader = make_reader(here)
    with clock.freeze(TUESDAY - timedelta(days=60)):
        offer = make_offer(author, here, title="Kinderrad")
        held, kept = (
            make_offer(author, here, title="Versprochenes Zelt"),
            make_offer(author, here, title="Verlängerte Lampe"),
        )
        promise(author, here, held, make_ask(make_person(here), here, held))
    owner.execute("UPDATE contribution SET expires_at = '2026-05-17 12:00+02' WHERE kind = 'offer'")
    owner.execute("UPDATE contribution SET expires_at = '2026-07-12 12:00+02' WHERE id = %s", [kept.id])
    named = {}
    for day in (12, 13, 14, 15, 16):
        with clock.freeze(datetime(2026, 5, day - 1, 15, 0, tzinfo=UTC)):
            make_post(author, here, title=f"Neu am {day - 1}.")
        named[day] = part(morning(day, jobs, mailbox)[reader.email], "Endet bald")
    assert {day for day, words in named.items() if "Kinderrad" in words} == {14}, (
        "three days before its end, and only then"
    )
    assert not any("Zelt" in words or "Lampe" in words for words in named.values())
    assert offer.title


@pytest.mark.parametrize(("is_kept", "days"), [(False, [57]), (True, [57, 120])])
def test_a_week_more_brings_no_second_reminder_and_sixty_days_do(here, author, frozen_clock, is_kept, days):
    offer = make_offer(author, here)
    ask = make_ask(make_person(here), here, offer)
    named = []
    for day in range(1, 125):
        frozen_clock.tick(86_400)
        tending.tend("Europe/Berlin")
        if day == 59:
            promise(author, here, offer, ask)
        with scope.use(viewer_of(author, here)), atomic():
            seen = db.session.get_one(Offer, offer.id, populate_existing=True)
            if day == 62:
                queue.pass_on(seen)
            if day == 63 and is_kept:
                service.keep(seen)
            if offer.id in sections.last_call(here.id, clock.now()):
                named.append(day)
    assert named == days


def test_the_holder_hears_of_another_price_and_of_nothing_else_that_stays(here, author, client, owner, jobs, mailbox):
    holder, waiting = make_person(here), make_person(here)
    offer = make_offer(author, here, title="Kinderrad", category="sell", price=Price(cents=2500))
    asks = [make_ask(person, here, offer) for person in (holder, waiting)]
    promise(author, here, offer, asks[0])
    jobs.run()
    mailbox.clear()
    sign_in(client, author)
    data = {"title": "Kinderrad", "category": "sell", "audience": "quarter"}
    for price in ("25,00 €", "95"):
        assert client.post(f"/c/{to_uid(offer.id)}/edit", data={**data, "price": price}).status_code == 303
    assert mails(owner, "changed") == [holder.id], "typed otherwise it is the same price"
    jobs.run()
    (told,) = mailbox.messages()
    assert all(
        "Preis: 95 €" in said and "macht ihr auf der Seite aus" in said for said in (words(told.text), words(told.html))
    )


@pytest.mark.parametrize("how", ["moves", "erases", "steps back"])
def test_the_author_hears_once_that_the_one_it_was_promised_to_is_gone(here, author, client, owner, jobs, mailbox, how):
    first, second = make_person(here, name="Bela"), make_person(here, name="Cem")
    offer = make_offer(author, here, title="Kinderrad")
    asks = [make_ask(person, here, offer) for person in (first, second)]
    promise(author, here, offer, asks[0])
    jobs.run()
    mailbox.clear()
    if how == "moves":
        make_move(first, make_quarter("Anderswo"))
    elif how == "erases":
        erasing.begin(first.id, keeps_texts=False)
    else:
        sign_in(client, first)
        for _twice in range(2):
            client.post(f"/c/{to_uid(offer.id)}/step-back")
    with clock.freeze(clock.now() + timedelta(minutes=1)):
        for job in (Job.OFFERS_TEND, Job.NOTICES_SWEEP) * 2:
            jobs.sent.append((str(job), []))
            jobs.run()
    assert mails(owner, "stepped_back") == [author.id]
    told = [mail for mail in mailbox.messages() if author.email in mail.recipients]
    assert len(told) == 1 and "Kinderrad" in str(told[0].message["Subject"])
    assert "Nächste" in told[0].text, told[0].text


@pytest.mark.parametrize("comes", ["done", "later"])
def test_whoever_steps_back_is_not_followed_by_a_false_word_about_the_queue(here, author, client, jobs, mailbox, comes):
    holder, other = make_person(here), make_person(here)
    offer = make_offer(author, here, title="Kinderrad")
    promise(author, here, offer, make_ask(holder, here, offer))
    jobs.run()
    mailbox.clear()
    if comes == "done":
        make_ask(other, here, offer)
        sign_in(client, author)
        client.post(f"/c/{to_uid(offer.id)}/solve")
    sign_in(client, holder)
    client.post(f"/c/{to_uid(offer.id)}/step-back")
    if comes == "later":
        make_ask(other, here, offer)
    jobs.run()
    (told,) = [
        " ".join(mail.text.split()) for mail in mailbox.messages() if "Kinderrad" in str(mail.message["Subject"])
    ]
    says = {"done": "rückt niemand nach", "later": "1 Person wartet. Du suchst aus"}
    assert says[comes] in told and "wartet sonst niemand" not in told, told


def test_who_only_waited_or_has_borrowed_leaves_without_a_word_to_the_author(here, author, owner):
    offer, lent = make_offer(author, here), make_offer(author, here, category="lend", lend_days=30)
    first, second, borrower = (make_person(here) for _each in range(3))
    promise(author, here, offer, make_ask(first, here, offer))
    make_ask(second, here, offer)
    promise(author, here, lent, make_ask(borrower, here, lent))
    hand_over(author, here, lent, due_on=clock.today("Europe/Berlin") + timedelta(days=3))
    for person in (second, borrower):
        make_move(person, make_quarter())
    assert mails(owner, "stepped_back") == []


@pytest.fixture
def wanted(here, author):
    """Something that is wanted, since Tuesday, and its author gets mails."""
    with scope.use(scope.NOBODY), atomic():
        notices.begin_lists(author.id, here.id)
    with clock.freeze(TUESDAY):
        return make_offer(author, here, title="Babyphone", category="wanted")


def nudged(jobs, owner, at):
    with clock.freeze(at):
        jobs.sent[:] = [(str(Job.CONTRIBUTIONS_NUDGE), [])]
        jobs.run()
    return [row[0] for row in owner.execute("SELECT person_id FROM delivery WHERE notice = 'contributions.unanswered'")]


def test_what_is_wanted_waits_for_answers_and_somebody_who_has_one_is_an_answer(here, author, wanted, jobs, owner):
    with clock.freeze(TUESDAY):
        given = make_offer(author, here, title="Zelt", category="give")
        answered = make_offer(author, here, title="Leiter gesucht", category="wanted")
        make_ask(make_person(here), here, answered, "Ich habe eine.")
    assert nudged(jobs, owner, TUESDAY + timedelta(hours=49)) == [author.id]
    about = owner.execute(
        "SELECT payload->>'contribution' FROM delivery WHERE notice = 'contributions.unanswered'"
    ).fetchall()
    assert about == [(str(wanted.id),)] and given.title


@pytest.mark.parametrize("is_answered", [False, True])
def test_it_goes_next_door_only_while_nobody_asks(here, author, wanted, client, jobs, owner, is_answered):
    beside = make_quarter("Mühlgraben", beside=here)
    where = f"/c/{to_uid(wanted.id)}"
    with clock.freeze(TUESDAY):
        sign_in(client, author)
        assert f'action="{where}/widen"' in client.get(where).text
        client.post(f"{where}/widen", data={"act": "later"})
        if is_answered:
            make_ask(make_person(here), here, wanted, "Ich habe eins.")
    with clock.freeze(TUESDAY + timedelta(hours=26)):
        jobs.sent[:] = [(str(Job.CONTRIBUTIONS_WIDEN), [])]
        jobs.run()
    reached = {row[0] for row in owner.execute("SELECT quarter_id FROM reach WHERE contribution_id = %s", [wanted.id])}
    assert (beside.id in reached) is not is_answered


def test_still_there_is_answered_with_yes_or_gone_both_in_one_press(here, author, client, owner, frozen_clock):
    offer = make_offer(author, here, title="Kinderrad")
    frozen_clock.tick(55 * 24 * 3600)
    sign_in(client, author)
    where = f"/c/{to_uid(offer.id)}"
    page = client.get(where).text
    assert "Nein, ist schon weg" in page and f'action="{where}/solve"' in page
    client.post(f"{where}/solve")
    after = client.get(where).text
    assert "Rückgängig" in after and "Das sehen jetzt alle." in after
    with scope.use(viewer_of(author, here)):
        assert db.session.get_one(Contribution, offer.id, populate_existing=True).solved_at is not None
