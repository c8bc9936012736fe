"""Something wanted is the same queue the other way round: who has one offers it, who looks for it accepts. No page and no mail of it
says what is said of something that is given away."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from neighbour.core import clock, scope
from neighbour.core.tokens import to_uid
from neighbour.notices import service as delivery
from neighbour.notices.base import Notice
from neighbour.offers import sections, tending, words
from tests.factories import make_listed, sign_in, viewer_of
from tests.offers.helpers import hand_over, make_ask, make_offer, promise

pytestmark = pytest.mark.usefixtures("context")
#: what is true of a thing that somebody has to give only
GIVEN = re.compile(
    r"versproch|versprech|abgeholt|beim abholen|w[aä]rte(?:t|n|st) |schon weg|ist weg|reserviert|danach frag|wer fragt|gefragt|"
    r"brauch\w* es nicht|anbietet|noch da\b|vergeben|weitergegeben",
    re.IGNORECASE,
)


@pytest.fixture
def people(here):
    """Ada looks for a ladder; Ben and Cem have one; Dora reads."""
    return [make_listed(here, name=name) for name in ("Ada", "Ben", "Cem", "Dora")]


def words_of(page):
    """What stands in the part of an offer's page, without its answers."""
    desk = re.search(r'<section class="offer-desk".*?</section>|<main.*?</main>', page, re.DOTALL)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", desk.replace("\xad", "")).split())


@pytest.fixture
def told(jobs, mailbox):
    """Gives the mails since it was asked last: {address: subjects and texts}, each read in both of its forms."""

    def since():
        jobs.run()
        found = {}
        for mail in mailbox.messages():
            html = mail.message.get_body(("html",)).get_content()
            for part in (mail.message["Subject"], mail.text, html):
                assert not GIVEN.search(part), (GIVEN.search(part)[0], mail.text)
            said = f"{mail.message['Subject']}\n{' '.join(mail.text.split())}"
            found[mail.message["To"]] = found.get(mail.message["To"], "") + said
        mailbox.clear()
        return found

    return since


def test_what_is_wanted_is_offered_accepted_and_found_in_words_of_its_own(
    here, people, client, visitor, told, frozen_clock
):
    ada, ben, cem, dora = people
    offer = make_offer(ada, here, title="Leiter", category="wanted")
    url = f"/c/{to_uid(offer.id)}"
    browsers = {person.first_name: visitor() for person in people}
    for person in people:
        sign_in(browsers[person.first_name], person)

    def sees(name):
        page = words_of(browsers[name].get(url).text)
        assert not GIVEN.search(page), (name, GIVEN.search(page)[0], page)
        return page

    def steps(name, step, **data):
        page = words_of(browsers[name].post(f"{url}/{step}", data=data, follow_redirects=True).text)
        assert not GIVEN.search(page), (step, GIVEN.search(page)[0], page)

    assert "liest nur, wer es sucht" in sees("Ben") and "Noch hat sich niemand gemeldet" in sees("Ada")
    steps("Ben", "ask", words="Ich habe eine")
    steps("Cem", "ask", words="Meine ist 6 m lang")
    assert (
        "Ben P. kann helfen: Leiter" in (mails := told())[ada.email]
        and "2 Leute haben sich gemeldet." in mails[ada.email]
    )
    assert "Du hast dich gemeldet: Du bist Nummer 2." in sees("Cem") and "2 Leute haben sich gemeldet." in sees("Dora")
    for path in ("/market", "/board"):
        assert "2 haben sich gemeldet" in browsers["Dora"].get(path).text, path
    ask = re.search(r'/promise".*?name="ask" value="(\w{26})"', browsers["Ada"].get(url).text, re.DOTALL)[1]
    assert "Von Ben P. annehmen" in sees("Ada")
    steps("Ada", "promise", ask=ask)
    assert (
        "Deins ist angenommen: Leiter" in told()[ben.email]
        and "So gut wie gefunden" in browsers["Dora"].get("/market").text
    )
    # whoever takes the thing away shows the code, whoever gives it away has it to compare; nothing is to be typed
    codes = [re.findall(r'shown-code__code">(\d{5})<', browsers[name].get(url).text) for name in ("Ada", "Ben", "Cem")]
    assert codes[0] == codes[1] and len(codes[0]) == 1 and codes[2] == [] and "zeig dort diesen Code" in sees("Ada")
    assert 'name="code"' not in browsers["Ada"].get(url).text and "zeigt dir diesen Code" in sees("Ben")
    for name, question in (("Ben", "step-back"), ("Ada", "pass-on")):
        asked = words_of(browsers[name].get(f"{url}/{question}").text)
        assert "Wer sich als Nächstes gemeldet hat" in asked and not GIVEN.search(asked), asked
    steps("Ben", "step-back")
    mails = told()
    assert "Ben P. kann doch nicht helfen: Leiter" in mails[ada.email] and "Deins ist angenommen" in mails[cem.email]
    steps("Ben", "ask", words="Doch, ab morgen")
    steps("Ada", "pass-on")
    assert "Doch nicht: Leiter" in (mails := told())[cem.email] and "Deins ist angenommen" in mails[ben.email]
    frozen_clock.tick(60)
    steps("Cem", "ask", words="Meine passt aber ins Auto")
    steps("Ada", "hand-over")
    told()
    frozen_clock.tick(11 * 60)
    tending.tend("Europe/Berlin")
    assert "Nicht mehr gesucht: Leiter" in (mails := told())[cem.email] and "jemand anderes" in mails[cem.email].lower()
    sign_in(browsers["Dora"], dora)
    assert "Gefunden" in browsers["Dora"].get("/market").text and "Das ist vorbei" in sees("Dora")


def test_a_no_and_an_end_out_of_sight_thank_for_the_help(here, people, client, told, frozen_clock):
    """Whoever offered help does not see what was taken down, and still hears of it in words that fit."""
    ada, ben, cem, _dora = people
    offer = make_offer(ada, here, title="Leiter", category="wanted")
    ask, _other = make_ask(ben, here, offer), make_ask(cem, here, offer)
    told()
    sign_in(client, ada)
    url = f"/c/{to_uid(offer.id)}"
    asked = words_of(client.get(f"{url}/decline?ask={to_uid(ask.id)}").text)
    assert "kann sich frühestens morgen wieder melden" in asked and not GIVEN.search(asked), asked
    client.post(f"{url}/decline", data={"ask": to_uid(ask.id)})
    assert "Wer es sucht, hat sich anders entschieden. Danke" in told()[ben.email]
    client.post(f"{url}/withdraw")
    frozen_clock.tick(11 * 60)
    tending.tend("Europe/Berlin")
    assert "Nicht mehr gesucht: Leiter" in told()[cem.email]


def test_the_digest_says_found_of_what_was_wanted_and_gone_of_what_was_offered(here, people):
    ada, ben, *_others = people
    since, made = clock.now() - timedelta(minutes=1), {}
    for category in ("wanted", "give"):
        offer = make_offer(ada, here, category=category)
        promise(ada, here, offer, make_ask(ben, here, offer))
        hand_over(ada, here, offer)
        made[category] = offer.id
    with scope.use(viewer_of(ben, here)):
        said = [
            [news.id for news in fill(here.id, since, clock.now() + timedelta(minutes=1))]
            for fill in (sections.gone, sections.found)
        ]
    assert said == [[made["give"]], [made["wanted"]]]


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_mail_has_words_for_what_is_wanted_in_both_forms(session, language, monkeypatch):
    loans = ("offers.bring_back", "offers.prolonged")
    keys = [key for key in Notice.registry if key.startswith("offers.") and key not in loans]
    assert len(keys) == 8
    usual = {key: delivery.preview(key, language) for key in keys}
    monkeypatch.setattr(words.Words, "is_wanted", property(lambda _self: True, lambda *_given: None), raising=False)
    for key in keys:
        mail = delivery.preview(key, language)
        assert mail.text != usual[key].text and mail.html != usual[key].html, key
        assert key in ("offers.declined", "offers.changed") or mail.subject != usual[key].subject, key
        for part in (mail.subject, mail.text, mail.html):
            assert not GIVEN.search(part), (key, GIVEN.search(part)[0])


def test_every_word_of_the_table_is_used_and_said_in_both_directions():
    room = [path for path in Path(words.__file__).parent.rglob("*") if path.suffix in (".py", ".html", ".txt")]
    source = "\n".join(path.read_text() for path in room)

    assert [key for key in words.TABLE if source.count(f'"{key}"') < 2] == []
    assert [key for key, (offered, wanted) in words.TABLE.items() if str(offered) == str(wanted)] == []
