"""How alerts end and come back: whoever was told hears of it, and nobody reads words that were not for them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from neighbour.core import clock
from neighbour.core.jobs import Job
from neighbour.policy import Role
from tests.contributions.test_alert_mails import NOW, newest, pin_up
from tests.factories import make_listed, make_quarter, sign_in

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
