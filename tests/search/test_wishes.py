"""What somebody looks for again and again, in the morning's issue."""

from __future__ import annotations

import re

import pytest

from neighbour.contributions import muting
from neighbour.contributions.models import Audience, Contribution
from neighbour.contributions.muting import What
from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.digests import service as digests
from neighbour.digests.edition import MOST_ITEMS
from neighbour.search import saved, service
from neighbour.search.service import Wish
from neighbour.search.tags import tags
from tests.digests.helpers import EVENING, NEXT_MORNING, body, make_reader
from tests.factories import make_person, make_post, make_quarter, viewer_of

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def issue(jobs, mailbox):
    """Sends the issue of a morning; the words of each mail, by address."""

    def sending_it():
        with clock.freeze(NEXT_MORNING):
            digests.open_due("Europe/Berlin")
            jobs.run()
        return {mail.recipients[0]: body(mail) for mail in mailbox.messages()}

    return sending_it


def looks_for(person, quarter, *words, **narrowed):
    with scope.use(viewer_of(person, quarter)), atomic():
        for each in words:
            saved.save(person.id, Wish(each, **narrowed), tags)


def pinned(author, quarter, title, *, hour=12, **more):
    with clock.freeze(EVENING.replace(day=12, hour=hour)):
        return make_post(author, quarter, title=title, **more)


def test_what_is_looked_for_stands_first_and_once(issue):
    here = make_quarter("Weberviertel")
    author, reader, other = make_person(here), make_reader(here), make_reader(here)
    looks_for(reader, here, "Fahrräder", "Klavier")
    for title in ("Kinderfahrrad zu haben", "Ganz was Neues", "Fahrrad und Klavier"):
        pinned(author, here, title)
    mails = issue()
    mine = mails[reader.email]
    assert (
        mine.index("Zu deiner Suche „Fahrräder“") < mine.index("Kinderfahrrad zu haben") < mine.index("Ganz was Neues")
    )
    assert mine.count("Fahrrad und Klavier") == 1
    assert "„Klavier“" not in mine, "nothing is left that answers it"
    assert "Zu deiner Suche" not in mails[other.email]
    assert "Fahrräder" not in mails[other.email], "nobody learns what somebody else looks for"


def test_it_is_there_however_much_is_new(issue):
    here = make_quarter()
    author, reader = make_person(here), make_reader(here)
    looks_for(reader, here, "Ziehharmonika")
    pinned(author, here, "Ziehharmonika sucht Hände", hour=6)
    for number in range(MOST_ITEMS + 5):
        pinned(author, here, f"Anderes {number}")
    mine = issue()[reader.email]
    assert "Ziehharmonika sucht Hände" in mine
    assert len(set(re.findall(r"Anderes \d+", mine))) == MOST_ITEMS - 1, "it takes the place of one of them"


FORGIVEN = {
    "Farrad": {"Fahrrad für Kinder abzugeben"},
    "Kinderfahrrad": {"Fahrrad für Kinder abzugeben"},
    "Leiter leihen": {"Leiter"},
    "mein rotes Fahrrad": {"Fahrrad für Kinder abzugeben"},
    "Klavier": set(),
    "Bratsche": set(),
    "Malerpinselfest": {"Alles klar"},
}


def test_the_issue_is_as_forgiving_as_the_search_and_does_not_guess_beyond_titles(owner):
    here = make_quarter()
    author = make_person(here)
    readers = {typed: make_reader(here) for typed in FORGIVEN}
    for typed, reader in readers.items():
        looks_for(reader, here, typed)
    texts = {
        "Leiter": "",
        "Rotes Sofa": "",
        "Rote Bete": "",
        "Fahrrad für Kinder abzugeben": "",
        "Wie geht es weiter": "Britsche",
    }
    texts["Alles klar"] = "Vier Kinder suchen eine Bühne."
    new = {pinned(author, here, title, body=text or title).id: title for title, text in texts.items()}
    asked = next(key for key, title in new.items() if title == "Alles klar")
    owner.execute(
        "INSERT INTO poll (contribution_id, question, is_multiple, days, closes_at)"
        " VALUES (%s, %s, false, 7, now() + interval '7 days')",
        [asked, "Wann treffen wir uns zum Malerpinselfest?"],
    )
    with scope.use(scope.Viewer(None, (here.id,))):
        told = saved.wishes([reader.id for reader in readers.values()], list(new))
    for typed, reader in readers.items():
        assert {new[key] for _said, key in told.get(reader.id, ())} == FORGIVEN[typed], typed


def test_what_narrows_a_search_down_holds_in_the_issue(issue):
    here = make_quarter()
    author, reader = make_person(here), make_reader(here)
    looks_for(reader, here, "Leiter", kind="post", category="notice")
    pinned(author, here, "Wer leiht mir eine Leiter", category="question")
    assert "Zu deiner Suche" not in issue()[reader.email]


def test_a_search_for_one_quarter_is_told_of_nothing_from_another(issue):
    here = make_quarter("Weberviertel")
    beside = make_quarter("Altmarkt", beside=here)
    reader, there = make_reader(here), make_person(beside)
    looks_for(reader, here, "Klavier", home=here.id)
    looks_for(reader, here, "Geige", home=beside.id)
    looks_for(reader, here, "Laute")
    pinned(make_person(here), here, "Geige zu stimmen")
    for title in ("Klavier abzuholen", "Geige abzuholen", "Laute abzuholen"):
        pinned(there, beside, title, audience=Audience.NEARBY)
    mine = issue()[reader.email]
    assert "Klavier abzuholen" in mine and "„Klavier“" not in mine
    wished = mine[mine.index("Zu deiner Suche „Geige“") :]
    assert wished.index("Geige abzuholen") < wished.index("Geige zu stimmen"), "which stands among the rest"
    assert "Zu deiner Suche „Laute“" in mine


@pytest.mark.parametrize("what", ["author", "category"])
def test_what_is_silenced_is_found_by_looking_and_told_by_no_issue(issue, what):
    here = make_quarter()
    loud, reader = make_person(here), make_reader(here)
    looks_for(reader, here, "Leiter")
    ladder = pinned(loud, here, "Leiter zu haben", category="recommendation")
    pinned(make_person(here), here, "Anderes")
    with scope.use(viewer_of(reader, here)), atomic():
        muting.mute(reader.id, db.session.get_one(Contribution, ladder.id), What(what))
        assert [hit.contribution_id for hit in service.find(Wish("Leiter"), tags).hits] == [ladder.id]
    assert "Leiter zu haben" not in issue()[reader.email]


def test_silence_ends_it_and_the_reader_does_not_hear_of_themselves(issue):
    here = make_quarter()
    author, reader, writer = make_person(here), make_reader(here), make_reader(here)
    for person in (reader, writer):
        looks_for(person, here, "Leiter")
    with scope.use(viewer_of(reader, here)), atomic():
        saved.tell(reader.id, saved.all_of(reader.id)[0].id, is_told=False)
    pinned(writer, here, "Leiter gesucht")
    pinned(author, here, "Anderes")
    mails = issue()
    assert "Zu deiner Suche" not in mails[reader.email]
    assert "Zu deiner Suche" not in mails[writer.email]


def test_nothing_of_a_foreign_quarter_is_told(issue):
    here, foreign = make_quarter(), make_quarter()
    reader = make_reader(here)
    looks_for(reader, here, "Kanarienvogel")
    pinned(make_person(foreign), foreign, "Kanarienvogel entflogen")
    pinned(make_person(here), here, "Anderes")
    assert "entflogen" not in issue()[reader.email]


def test_what_comes_from_nearby_is_left_out_where_nearby_is_not_wanted(issue):
    here = make_quarter()
    beside = make_quarter(beside=here)
    reader = make_reader(here, subscription={"includes_nearby": False})
    looks_for(reader, here, "Leiter")
    pinned(make_person(beside), beside, "Leiter nebenan", audience=Audience.NEARBY)
    pinned(make_person(here), here, "Anderes")
    assert "Leiter nebenan" not in issue()[reader.email]
