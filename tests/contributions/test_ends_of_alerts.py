"""How alerts end and come back: whoever was told hears of it, and nobody reads words that were not for them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from neighbour.contributions import leaving
from neighbour.contributions.models import Contribution
from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.core.jobs import Job
from neighbour.mydata import erasing
from neighbour.policy import Role
from neighbour.residency.leaving import Leaving
from tests.contributions.test_alert_mails import NOW, newest, pin_up
from tests.factories import make_comment, make_listed, make_move, make_quarter, sign_in, viewer_of

pytestmark = pytest.mark.usefixtures("context", "moments_pass")
FORM = {"title": "Rohrbruch", "body_md": "", "audience": "quarter", "hours": "6"}


@pytest.fixture
def later(jobs, mails):
    """The ledger is swept, workers work; gives the mails of that moment by reader."""

    def coming(**passed):
        jobs.sent.append((str(Job.NOTICES_SWEEP), []))
        return mails(NOW + timedelta(**passed))

    return coming


def test_the_end_of_an_alert_tells_nobody_next_door_words_that_were_written_for_the_quarter(
    here, author, client, mails, later, owner, visitor
):
    inside, near = make_listed(here), make_listed(make_quarter("Mühlgraben", beside=here))
    pin_up(client, audience="nearby")
    path, browser = newest(owner), visitor()
    assert {inside.email, near.email} == set(mails())
    with clock.freeze(NOW + timedelta(minutes=1)):
        client.post(f"{path}/edit", data={**FORM, "category": "urgent", "audience": "nearby", "title": "Wasser weg"})
        kept = {**FORM, "category": "notice", "title": "Schlüssel liegt bei Ayşe"}
        assert client.post(f"{path}/edit", data=kept).status_code == 303
        sign_in(browser, near)
        assert browser.get(path).status_code == 404
    found = later(minutes=12)
    assert {person: mail.message["Subject"] for person, mail in found.items()} == {
        near.email: "Entwarnung: Rohrbruch",
        inside.email: "Entwarnung: Schlüssel liegt bei Ayşe",
    }
    assert "Schlüssel" not in found[near.email].text + found[near.email].html


@pytest.mark.parametrize("staff", [{}, {"role": Role.STEWARD}], ids=["neighbour", "team"])
def test_an_alert_pinned_up_again_reaches_whose_mail_was_skipped_meanwhile_and_nobody_twice(
    staff, here, client, mails, later, owner
):
    first, late = make_listed(here), make_listed(here)
    with clock.freeze(NOW):
        sign_in(client, make_listed(here, **staff))
    pin_up(client)
    path = newest(owner)
    owner.execute(
        "UPDATE delivery SET state = 'sent', sent_at = created_at WHERE notice = 'contributions.alert' AND person_id = %s",
        [first.id],
    )
    with clock.freeze(NOW + timedelta(seconds=5)):
        assert client.post(f"{path}/withdraw").status_code == 303
    assert mails(NOW + timedelta(seconds=6)) == {}
    with clock.freeze(NOW + timedelta(seconds=20)):
        for _twice in range(2):
            assert client.post(f"{path}/restore").status_code == 303
    found = mails(NOW + timedelta(seconds=21))
    assert {person: mail.message["Subject"] for person, mail in found.items()} == {late.email: "Dringend: Rohrbruch"}
    assert later(minutes=15) == {}


def test_pinning_up_an_alert_again_gives_nobody_a_second_one_that_day(here, author, client, visitor, mails, owner):
    reader, browser = make_listed(here), visitor()
    pin_up(client)
    path = newest(owner)
    with clock.freeze(NOW):
        client.post(f"{path}/withdraw")
        sign_in(browser, make_listed(here))
    mails()
    pin_up(browser, title="Gas", at=NOW + timedelta(minutes=1))
    assert reader.email in mails(NOW + timedelta(minutes=1))
    with clock.freeze(NOW + timedelta(minutes=2)):
        assert client.post(f"{path}/restore").status_code == 303
    assert reader.email not in mails(NOW + timedelta(minutes=2))


@pytest.mark.parametrize(
    ("choice", "word", "stands"),
    [(Leaving.CLOSE, "ist vorbei", "published"), (Leaving.TAKE, "wurde abgenommen und gilt nicht mehr", "withdrawn")],
)
def test_whoever_moves_away_ends_an_alert_for_those_who_were_told_and_takes_it_nowhere(
    choice, word, stands, here, author, client, mails, later, owner, visitor
):
    reader, new = make_listed(here), make_quarter("Neuland")
    there, browser = make_listed(new), visitor()
    pin_up(client, hours="72")
    assert set(mails()) == {reader.email}
    with clock.freeze(NOW + timedelta(hours=1)):
        with scope.use(viewer_of(author, here)), atomic():
            leaving.settle(author.id, here.id, choice)
        make_move(author, new)
        sign_in(browser, there)
        assert "card--urgent" not in browser.get("/board").text
    assert owner.execute("SELECT state, goes_along FROM contribution").fetchone() == (stands, False)
    found = later(hours=1, minutes=12)
    assert set(found) == {reader.email} and word in found[reader.email].text


def test_an_alert_that_was_answered_stays_where_it_hangs_when_its_author_moves(
    here, author, client, mails, later, owner
):
    reader = make_listed(here)
    pin_up(client)
    assert set(mails()) == {reader.email}
    with clock.freeze(NOW + timedelta(hours=1)):
        number = owner.execute("SELECT id FROM contribution").fetchone()[0]
        with scope.use(viewer_of(reader, here)):
            make_comment(reader, here, db.session.get(Contribution, number), "Bei uns auch.")
        with scope.use(viewer_of(author, here)), atomic():
            leaving.settle(author.id, here.id, Leaving.TAKE)
    assert owner.execute("SELECT state, solved_at FROM contribution").fetchone() == ("published", None)
    assert later(hours=1, minutes=12) == {}


def test_whoever_deletes_their_account_ends_their_alert_and_it_does_not_return_with_them(
    here, author, client, mails, later, owner
):
    reader = make_listed(here)
    pin_up(client, hours="72")
    assert set(mails()) == {reader.email}
    with clock.freeze(NOW + timedelta(hours=1)):
        erasing.begin(author.id, keeps_texts=False)
    found = later(hours=1, minutes=12)
    assert "wurde abgenommen und gilt nicht mehr" in found[reader.email].text
    with clock.freeze(NOW + timedelta(hours=2)), scope.use(scope.Viewer(author.id)), atomic():
        erasing.bring_back(author.id, has_another_address=False)
    assert owner.execute("SELECT state FROM contribution").fetchone() == ("withdrawn",)
