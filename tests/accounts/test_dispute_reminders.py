"""What operators hear of quarrels that wait for them, and the links that are sent again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from neighbour.accounts import dispute_deciding, dispute_notices, disputes
from neighbour.accounts.dispute_parties import by_operator, for_operator
from neighbour.core import clock, scope
from neighbour.core.db import atomic
from tests.accounts.dispute_helpers import DAY, HERS, HOUR, moves
from tests.accounts.factor_helpers import MAIL, digits, link_of, make_member, with_app
from tests.factories import sign_in

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
OLGA, OTTO = "olga@altenbrueck.example", "otto@altenbrueck.example"
MONDAY = datetime(2026, 5, 18, 8, 0, tzinfo=UTC)  # ten o'clock there; the clock of tests stands at the Tuesday before


def quarrel(owner, who, *, days=0, old="alt@altenbrueck.example", new="neu@altenbrueck.example", state="objected"):
    """A quarrel about this account that has been waiting for so many days."""
    at = clock.now() - timedelta(days=days)
    return owner.execute(
        "INSERT INTO dispute (person_id, old_email, new_email, since, begun_at, due_at, objected_at, state)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        [who.id, old, new, at, at, at, at if state == "objected" else None, state],
    ).fetchone()[0]


def reminds(jobs, mailbox, at):
    """The knock of this moment; gives (mailbox, text in one line) of each reminder there is by then."""
    clock.tick((at - clock.now()).total_seconds())
    with scope.use(scope.NOBODY):
        dispute_deciding.remind("Europe/Berlin")
    jobs.run()
    return [
        (m.recipients[0], " ".join(m.text.split()))
        for m in mailbox.messages()
        if "auf deine Entscheidung" in m.message["Subject"]
    ]


@pytest.fixture
def olga(context):
    return make_member(OLGA, is_operator=True)


def test_on_mondays_every_operator_gets_one_mail_about_all_that_wait_as_long_as_any_does(
    owner, olga, person, mailbox, jobs
):
    make_member(OTTO, is_operator=True)
    other = make_member("ines@altenbrueck.example", display_name="Ines Wolf")
    clock.tick((MONDAY - timedelta(hours=3) - clock.now()).total_seconds())
    numbers = quarrel(owner, person, days=20), quarrel(owner, other, days=3)
    assert reminds(jobs, mailbox, MONDAY - timedelta(hours=2, minutes=1)) == [], "a minute before eight o'clock there"
    for _knock in range(3):
        told = reminds(jobs, mailbox, clock.now() + timedelta(hours=3))
        assert sorted(to for to, _text in told) == [OLGA, OTTO]
    text = told[0][1]
    assert "2 Konten" in text and "das sind 20 Tage" in text and "/desk/disputes" in text
    for word in ("alt@", "neu@", "ines@", "Ines", "Wolf", person.display_name, person.public_id, other.public_id):
        assert word not in text
    assert len(reminds(jobs, mailbox, MONDAY + timedelta(days=6, hours=5))) == 2, "once a week"
    owner.execute("UPDATE dispute SET state = 'new', ended_at = now() WHERE id = %s", [numbers[0]])
    told = reminds(jobs, mailbox, MONDAY + timedelta(days=7))
    assert len(told) == 4 and "sagen, dass ein Konto ihnen" in told[-1][1] and "das sind 10 Tage" in told[-1][1]
    owner.execute("UPDATE dispute SET state = 'new', ended_at = now()")
    assert len(reminds(jobs, mailbox, MONDAY + timedelta(days=14))) == 4, "nothing waits"


def test_what_the_operators_were_told_of_yesterday_and_what_may_settle_itself_is_no_reminder(
    owner, olga, person, mailbox, jobs
):
    clock.tick((MONDAY - clock.now()).total_seconds())
    quarrel(owner, person, days=1)
    quarrel(owner, make_member("ines@altenbrueck.example"), days=9, state="waiting")
    assert reminds(jobs, mailbox, clock.now()) == []
    assert len(reminds(jobs, mailbox, MONDAY + timedelta(days=7))) == 1


def test_whoever_was_away_on_monday_reminds_on_tuesday_and_a_mail_that_comes_too_late_is_none(
    owner, olga, person, mailbox, jobs
):
    quarrel(owner, person, days=20)
    clock.tick((MONDAY + timedelta(days=1) - clock.now()).total_seconds())
    with scope.use(scope.NOBODY):
        assert dispute_deciding.remind("Europe/Berlin") == 1
    owner.execute("UPDATE dispute SET state = 'new', ended_at = now()")
    jobs.run()
    assert mailbox.messages() == []


# Who is party ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["own account", "older mailbox", "newer mailbox", "left mailbox", "household"])
def test_an_operator_who_is_party_hears_and_sees_nothing_and_has_no_say(
    owner, olga, person, client, mailbox, jobs, how
):
    otto = make_member(OTTO, is_operator=True)
    clock.tick((MONDAY - clock.now()).total_seconds())
    boxes = {
        "older mailbox": {"old": OLGA.upper()},
        "newer mailbox": {"new": OLGA},
        "left mailbox": {"new": "frueher@altenbrueck.example"},
    }
    number = quarrel(owner, olga if how == "own account" else person, days=9, **boxes.get(how, {}))
    if how == "left mailbox":
        owner.execute(
            "INSERT INTO email_change (person_id, old_email, old_key, changed_at, undo_until)"
            " VALUES (%s, 'frueher@altenbrueck.example', 'frueher@altenbrueck.example', now(), now())", [olga.id]
        )  # fmt: skip
    if how == "household":
        owner.execute("UPDATE membership SET household_hash = 'one' WHERE person_id = ANY (%s)", [[olga.id, person.id]])
    told = reminds(jobs, mailbox, clock.now())
    assert [to for to, _text in told] == [OTTO]
    with scope.use(scope.NOBODY):
        rows = dispute_deciding.listed()
        assert {who: len(mine) for who, mine in by_operator(rows).items()} == {olga.id: 0, otto.id: 1}
        with atomic():
            dispute_notices.tell_operators(rows[0])
        with pytest.raises(dispute_deciding.Undecided) as refused:
            dispute_deciding.decide(number, disputes.NEW, by=olga.id)
        assert refused.value.why == "party"
        with pytest.raises(dispute_deciding.Undecided, match="party"):
            dispute_deciding.send_links(number, by=olga.id)
    jobs.run()
    assert {m.recipients[0] for m in mailbox.messages() if "entscheide" in m.message["Subject"]} == {OTTO}
    account = owner.execute("SELECT public_id FROM person p JOIN dispute d ON d.person_id = p.id").fetchone()[0]
    sign_in(client, olga)
    if how != "own account":  # that one is closed
        assert "Um kein Konto wird gestritten" in client.get("/desk/disputes").text
        for path in ("", "/links", "/letterbox"):
            answer = client.post(f"/desk/disputes/{account}{path}", data={"side": "new", "has_proof": "y"})
            assert answer.status_code == 404
    with scope.use(scope.NOBODY):
        assert dispute_deciding.decide(number, disputes.NEW, by=otto.id).state == "new"


def test_an_operator_who_may_not_work_is_asked_for_nothing(owner, olga, person):
    owner.execute("UPDATE person SET status = 'suspended' WHERE id = %s", [olga.id])
    quarrel(owner, person)
    with scope.use(scope.NOBODY):
        assert by_operator(dispute_deciding.listed()) == {}
        assert for_operator(dispute_deciding.listed(), olga.id) == []


def test_the_desk_asks_as_much_for_twenty_as_for_one(owner, olga, count_queries):
    counts = []
    for many in (1, 19):
        for number in range(many):
            quarrel(owner, make_member(f"n{many}-{number}@altenbrueck.example"))
        with scope.use(scope.Viewer(olga.id)):
            with count_queries() as queries:
                rows = dispute_deciding.by_account()
            assert [each for each in queries if "set_config" not in each][1:] == [], "one question"
            with count_queries() as queries:
                assert dispute_deciding.by_account(olga.id) == rows
            counts.append(len(queries))
    assert counts[0] == counts[1] <= 4 and len(rows) == 20
    assert len({account for account, _row in rows}) == 20


# Links once more -------------------------------------------------------------------------------------------------------


@pytest.fixture
def objected(client, visitor, person, mailbox, jobs, frozen_clock):
    """Both have spoken; gives (the seed of an app from before, the older one's link, the newer one's)."""
    seed = with_app(person)
    frozen_clock.tick(4 * DAY)
    link = moves(client, person, mailbox, jobs)
    visitor().post(link)
    jobs.run()
    visitor().post(link_of(mailbox, "dispute", HERS) + "/object")
    jobs.run()
    return seed, link_of(mailbox, "dispute", MAIL), link_of(mailbox, "dispute", HERS)


def account_of(person):
    return f"/desk/disputes/{person.public_id}"


def test_links_end_after_thirty_days_and_are_sent_again_to_both_which_ends_the_old_ones(
    objected, client, visitor, person, olga, mailbox, jobs, owner
):
    seed, old, new = objected
    clock.tick(29 * DAY)
    sign_in(client, olga)
    assert "gilt bis" in client.get(account_of(person)).text and "abgelaufen" not in client.get("/desk/disputes").text
    assert "Es klärt" not in visitor().get(old).text and "Das ist geklärt" not in visitor().get(old).text
    for ends_after in (0, 30 * DAY):
        clock.tick(ends_after)
        sign_in(client, olga)
        if ends_after:
            assert "Das ist geklärt" in visitor().get(old).text, "their thirty days are over"
            assert "abgelaufen" in client.get("/desk/disputes").text
        assert client.post(account_of(person) + "/links").status_code == 303
        jobs.run()
        fresh = link_of(mailbox, "dispute", MAIL), link_of(mailbox, "dispute", HERS)
        assert not {old, new} & set(fresh)
        for before, now in zip((old, new), fresh, strict=True):
            assert "Das ist geklärt" in visitor().get(before).text
            assert visitor().post(before, data={"code": digits(seed)}).status_code == 410
            assert "Das Konto ist geschlossen" in visitor().get(now).text
        old, new = fresh
    told = {
        m.recipients[0]: " ".join(m.text.split()) for m in mailbox.messages() if "neuer Link" in m.message["Subject"]
    }
    assert set(told) == {MAIL, HERS} and HERS not in told[MAIL] and MAIL not in told[HERS]
    noted = "SELECT actor_id, subject_id, route FROM security_event WHERE kind = 'account.dispute_links_sent'"
    assert owner.execute(noted).fetchall() == [(olga.id, person.id, "accounts.send_dispute_links")] * 2
    assert visitor().post(new, data={"code": digits(seed)}).location == "/signin", "it settles as the one before did"


def test_they_are_sent_once_a_day_for_each_quarrel(objected, client, person, olga, mailbox, jobs, owner):
    sent = "SELECT count(*) FROM delivery WHERE notice = 'accounts.dispute_links'"
    for wait, is_sent in ((0, True), (HOUR, False), (DAY - HOUR - 1, False), (1, True)):
        clock.tick(wait)
        sign_in(client, olga)
        before = owner.execute(sent).fetchone()[0]
        assert ("Einmal am Tag reicht" in client.get(account_of(person)).text) is (not is_sent)
        client.post(account_of(person) + "/links")
        assert owner.execute(sent).fetchone()[0] - before == (2 if is_sent else 0)
        assert "raus. Einmal am Tag reicht" in client.get(account_of(person)).text or is_sent
    owner.execute("UPDATE dispute SET state = 'new', ended_at = now()")
    assert client.post(account_of(person) + "/links").status_code == 404


def test_a_link_sent_again_gives_nobody_longer_to_object(client, visitor, newcomer, olga, mailbox, jobs, owner):
    visitor().post(moves(client, newcomer, mailbox, jobs))
    jobs.run()
    clock.tick(2 * DAY)
    before = owner.execute("SELECT due_at FROM dispute").fetchone()
    with scope.use(scope.NOBODY):
        dispute_deciding.send_links(dispute_deciding.of_email(HERS))
    jobs.run()
    assert owner.execute("SELECT due_at FROM dispute").fetchone() == before
    assert "Sag" in visitor().get(link_of(mailbox, "dispute", HERS)).text or "sag es bis" in mailbox.messages()[-1].text
    clock.tick(DAY + 60)
    with scope.use(scope.NOBODY):
        assert disputes.due() == 1
