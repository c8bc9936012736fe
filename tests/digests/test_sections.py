"""What an issue says beside what is new: once per issue, for whom it is meant, and never a reason for a mail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from neighbour.contributions import sections
from neighbour.contributions.models import Audience
from neighbour.contributions.sections import Section
from neighbour.core import clock
from neighbour.core.i18n import lazy_gettext as __
from neighbour.digests import service
from neighbour.digests.edition import MOST_ITEMS
from tests.digests.helpers import EVENING, MORNING, NEXT_MORNING, body, make_reader
from tests.factories import make_person, make_post, make_quarter

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def named(monkeypatch):
    """Contributions that a section names, most important first."""
    ids = []
    title = __("Urgent")  # a word both catalogues have
    monkeypatch.setattr(
        sections, "_sections", {"known": Section("known", 10, title, most=3, fill=lambda _quarter, _at: ids)}
    )
    return ids


@pytest.fixture
def issues(jobs, mailbox):
    """Sends the issue of a morning; the words of each mail, by address."""

    def sending_it(at=NEXT_MORNING):
        before = {mail.name for mail in mailbox.messages()}
        with clock.freeze(at):
            service.open_due("Europe/Berlin")
            jobs.run()
        return {mail.recipients[0]: body(mail) for mail in mailbox.messages() if mail.name not in before}

    return sending_it


def pinned(author, quarter, title, at=EVENING, **more):
    with clock.freeze(at):
        return make_post(author, quarter, title=title, **more).id


def test_a_section_reaches_those_it_is_meant_for_and_repeats_nothing(named, issues):
    here = make_quarter("Weberviertel")
    beside = make_quarter(beside=here)
    reader, plain = make_reader(here), make_reader(here, subscription={"includes_nearby": False})
    newcomer = make_reader(here, subscription={"told_up_to": None})
    author, neighbour = make_reader(here), make_person(beside)
    named += [
        pinned(author, here, "Wer hat eine Leiter"),
        pinned(neighbour, beside, "Von nebenan", audience=Audience.NEARBY),
        pinned(neighbour, beside, "Nur drüben"),
    ]
    issues(MORNING)
    pinned(make_person(here), here, "Heute neu", at=MORNING + timedelta(hours=3))
    said = issues()
    for person, known in (
        (reader, {"Wer hat eine Leiter", "Von nebenan"}),
        (plain, {"Wer hat eine Leiter"}),
        (newcomer, {"Wer hat eine Leiter", "Von nebenan"}),
        (author, {"Von nebenan"}),
    ):
        text = said[person.email]
        assert {title for title in ("Wer hat eine Leiter", "Von nebenan", "Nur drüben") if title in text} == known
        assert text.index("Heute neu") < text.index("Dringend") < text.index(min(known, key=text.index))


def test_what_is_new_to_a_reader_stands_there_once_and_a_section_alone_is_no_issue(named, issues):
    here = make_quarter()
    make_reader(here)
    named.append(pinned(make_person(here), here, "Wer hat eine Leiter"))
    (first,) = issues(MORNING).values()
    assert first.count("Wer hat eine Leiter") == 1
    assert "Dringend" not in first
    assert issues() == {}


def test_sections_take_their_share_of_an_issue(named, issues):
    here = make_quarter()
    author = make_person(here)
    make_reader(here)
    named += [pinned(author, here, f"Bekannt {number:02}") for number in range(5)]
    issues(MORNING)
    for number in range(MOST_ITEMS):
        pinned(author, here, f"Neu {number:02}", at=MORNING + timedelta(hours=3, minutes=number))
    (said,) = issues().values()
    assert (said.count("Bekannt"), said.count("Neu ")) == (3, MOST_ITEMS - 3)
    assert "3 weitere" in said
