"""Two mailboxes, one account: pressing the link in the old mailbox closes it, and hands nothing to anybody."""

from __future__ import annotations

import pytest

from neighbour.accounts import care, choosing, dispute_deciding, disputes, factors, forgetting
from neighbour.accounts.cli import person as command
from neighbour.accounts.models import Person
from neighbour.core import clock, scope
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import as_owner, atomic, db
from neighbour.notices.models import Suppression
from neighbour.policy import Level
from tests.accounts.dispute_helpers import DAY, HERS, HOUR, NEW, moves, passes
from tests.accounts.factor_helpers import (
    GOOD,
    MAIL,
    THIEF,
    add_passkey,
    change,
    digits,
    email_now,
    is_in,
    link_of,
    make_member,
    options,
    type_password,
    with_app,
    with_codes,
)
from tests.factories import sign_in
from tests.support.authenticator import Device

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")


@pytest.fixture
def her(client, person, mailbox, jobs):
    """She reads the new mailbox; her former partner still reads the old one."""
    sign_in(client, person)
    change(client, mailbox, jobs, HERS)
    return client


def presses(browser, mailbox, kind="undo-email"):
    """The button in the old mailbox; gives the page of that side."""
    answer = browser.post(link_of(mailbox, kind, MAIL))
    assert answer.status_code == 303 and answer.location.startswith("/dispute/"), answer.location
    return answer.location


def test_whoever_reads_the_old_mailbox_gets_nothing_but_a_closed_account(
    her, visitor, person, mailbox, jobs, frozen_clock
):
    """No home, no alias, no archive, no way in by password, a link for a new one, or a passkey."""
    device = Device()
    sign_in(her, person)
    add_passkey(her, device)
    ex = visitor()
    page = ex.get(presses(ex, mailbox)).text
    assert HERS not in page and person.display_name not in page and "Probe" not in page
    jobs.run()
    assert not is_in(her) and not is_in(ex)
    assert email_now(person) == HERS, "nothing else has changed"
    for address in (MAIL, HERS):
        visitor().post("/forgot", data={"email": address})
    jobs.run()
    assert not any("/reset/" in mail.text for mail in mailbox.messages())
    answer = type_password(visitor(), HERS)
    assert answer.status_code == 422 and "bis geklärt ist, wem es gehört" in answer.text
    by_key = visitor()
    signed = device.sign(options(by_key, "/signin/passkey/options"))
    assert by_key.post("/signin/passkey", data={"k-answer": signed}).status_code == 422
    told = {mail.recipients[0]: " ".join(mail.text.split()) for mail in mailbox.messages() if "/dispute/" in mail.text}
    assert set(told) == {MAIL, HERS}
    assert HERS not in told[MAIL] and MAIL not in told[HERS]
    assert "Hast du die Adresse selbst geändert?" in told[HERS]


def test_with_her_objection_it_stays_closed_until_the_operator_decides(
    her, visitor, person, mailbox, jobs, frozen_clock, operate, owner
):
    make_member("olga@altenbrueck.example", is_operator=True)
    ex = visitor()
    presses(ex, mailbox)
    jobs.run()
    frozen_clock.tick(23 * HOUR)
    link = link_of(mailbox, "dispute", HERS)
    assert "Das Konto gehört mir" in her.get(link).text
    assert her.post(f"{link}/object").status_code == 303
    objected = owner.execute("SELECT count(*) FROM security_event WHERE kind = 'account.dispute_objected'")
    assert objected.fetchone() == (1,)
    assert her.post(f"{link}/object").status_code == 410, "once"
    jobs.run()
    assert any(
        mail.recipients[0] == "olga@altenbrueck.example" and "entscheide" in mail.message["Subject"]
        for mail in mailbox.messages()
    )
    frozen_clock.tick(40 * DAY)
    with scope.use(scope.NOBODY):
        forgetting.left_addresses(clock.now())
    assert passes(jobs) == 0 and email_now(person) == HERS
    assert type_password(visitor(), HERS).status_code == 422, "closed all the time"
    assert HERS in operate(command, "disputes").output
    assert operate(command, "decide", HERS, "--for", "new").exit_code == 0
    jobs.run()
    assert type_password(visitor(), HERS).location == "/board"
    assert operate(command, "decide", HERS, "--for", "new").exit_code != 0
    told = {mail.recipients[0]: mail.text for mail in mailbox.messages() if "ist geklärt" in mail.message["Subject"]}
    assert "Das Konto gehört dir" in told[HERS] and "gehört zur anderen" in told[MAIL]


def test_the_operator_can_give_it_to_the_older_mailbox(her, visitor, person, mailbox, jobs, operate, owner):
    owner.execute("UPDATE membership SET proven_at = created_at WHERE person_id = %s", [person.id])
    presses(visitor(), mailbox)
    jobs.run()
    her.post(link_of(mailbox, "dispute", HERS) + "/object")
    assert operate(command, "decide", MAIL, "--for", "old").exit_code == 0
    jobs.run()
    robbed = visitor()
    assert robbed.post(link_of(mailbox, "reset", MAIL), data={"password": NEW}).status_code == 303
    assert type_password(robbed, MAIL, NEW).location == "/board"


def test_silence_of_three_days_gives_an_account_without_a_proven_home_back(
    client, visitor, newcomer, mailbox, jobs, frozen_clock
):
    """Here the one who changed the address is the thief."""
    link, owner = moves(client, newcomer, mailbox, jobs), visitor()
    side = owner.post(link).location
    frozen_clock.tick(HOUR)
    jobs.run()
    frozen_clock.tick(3 * DAY - 60)
    assert passes(jobs) == 0 and email_now(newcomer) == HERS, "counted from the mail"
    frozen_clock.tick(120)
    assert passes(jobs) == 1 and email_now(newcomer) == newcomer.email
    assert client.post(link_of(mailbox, "dispute", HERS) + "/object").status_code == 410, "too late"
    assert owner.post(link_of(mailbox, "reset", newcomer.email), data={"password": NEW}).status_code == 303
    assert type_password(owner, newcomer.email, NEW).status_code == 303
    assert "Das ist geklärt" in owner.get(side).text
    assert passes(jobs) == 0


@pytest.mark.parametrize("level", [Level.VOUCHED, Level.VERIFIED, "once proven", "protected", "protected and leaving"])
def test_silence_decides_nothing_where_a_home_was_ever_proven_or_the_profile_is_protected(
    client, visitor, mailbox, jobs, frozen_clock, owner, level
):
    make_member("olga@altenbrueck.example", is_operator=True)
    is_plain = not isinstance(level, Level)
    her = make_member("ines@altenbrueck.example", level=Level.UNPROVEN if is_plain else level)
    if level == "once proven":
        owner.execute("UPDATE membership SET proven_at = now() - interval '1 year' WHERE person_id = %s", [her.id])
    elif is_plain:
        with as_owner(), atomic():
            choosing.protect(db.session.get_one(Person, her.id), alias="Kiesel")
    link = moves(client, her, mailbox, jobs)
    if level == "protected and leaving":
        assert client.post("/me/leave", data={"texts": "keep", "word": "delete"}).status_code == 303
        jobs.run()
    visitor().post(link)
    jobs.run()
    frozen_clock.tick(3 * DAY + 60)
    assert passes(jobs) == 0 and email_now(her) != her.email
    assert owner.execute("SELECT state FROM dispute").fetchall() == [("objected",)]
    assert "/desk/disputes" in "".join(
        mail.text for mail in mailbox.messages() if mail.recipients[0].startswith("olga")
    )


@pytest.mark.parametrize("fate", ["pending", "failed", "suppressed"])
def test_silence_is_none_where_the_mail_did_not_arrive(
    client, visitor, newcomer, mailbox, jobs, frozen_clock, owner, fate
):
    link = moves(client, newcomer, mailbox, jobs)
    visitor().post(link)
    if fate == "suppressed":
        jobs.run()
        with scope.use(scope.NOBODY), atomic():
            db.session.add(Suppression(address_hash=keyed_hash("suppression", HERS), reason="bounced"))
    if fate == "failed":
        owner.execute("UPDATE delivery SET state = 'failed' WHERE notice = 'accounts.dispute_begun'")
    frozen_clock.tick(3 * DAY + 60)
    with scope.use(scope.NOBODY):
        assert disputes.due() == 0
    assert email_now(newcomer) == HERS
    assert owner.execute("SELECT state FROM dispute").fetchone() == ("waiting" if fate == "pending" else "objected",)
    if fate == "pending":  # the mail server is back
        jobs.run()
        frozen_clock.tick(3 * DAY - 60)
        assert passes(jobs) == 0
        frozen_clock.tick(120)
        assert passes(jobs) == 1


def test_an_objection_stays_whichever_older_mailbox_comes_later(
    client, visitor, newcomer, mailbox, jobs, frozen_clock, owner
):
    oldest = moves(client, newcomer, mailbox, jobs, THIEF)
    sign_in(client, newcomer)
    change(client, mailbox, jobs, HERS)
    visitor().post(link_of(mailbox, "undo-email", THIEF))
    jobs.run()
    assert visitor().post(link_of(mailbox, "dispute", HERS) + "/object").status_code == 303
    frozen_clock.tick(HOUR)
    assert visitor().post(oldest).location.startswith("/dispute/")
    jobs.run()
    frozen_clock.tick(4 * DAY)
    assert passes(jobs) == 0 and email_now(newcomer) == HERS
    assert owner.execute("SELECT state, old_email FROM dispute").fetchall() == [("objected", newcomer.email)]


@pytest.mark.parametrize("what", ["app", "codes", "passkey"])
@pytest.mark.parametrize("whose", ["hers", "the old mailbox's"])
def test_a_factor_from_before_settles_it_at_once(client, visitor, person, mailbox, jobs, frozen_clock, what, whose):
    seed, codes = with_app(person), with_codes(person)
    device = Device()
    sign_in(client, person)
    add_passkey(client, device)
    frozen_clock.tick(3 * DAY + 60)
    sign_in(client, person)
    change(client, mailbox, jobs, HERS)
    old = presses(visitor(), mailbox)
    jobs.run()
    link = link_of(mailbox, "dispute", HERS) if whose == "hers" else old
    browser = visitor()
    data = {"app": lambda: {"code": digits(seed)}, "codes": lambda: {"code": codes[0]}}.get(
        what, lambda: {"answer": device.sign(options(browser, f"{link}/options"))}
    )()
    answer = browser.post(link, data=data)
    assert answer.status_code == 303, answer.text
    if whose == "hers":
        assert answer.location == "/signin" and email_now(person) == HERS
        assert type_password(visitor(), HERS).location == "/signin/second"
        frozen_clock.tick(60)
        assert passes(jobs) == 0
    else:
        assert browser.post(answer.location, data={"password": NEW}).status_code == 303
        assert email_now(person) == MAIL and type_password(browser, MAIL, NEW).location == "/signin/second"
    assert visitor().post(old, data=data).status_code == 410, "settled once"


def test_a_factor_the_thief_made_just_before_settles_nothing(client, visitor, person, mailbox, jobs, frozen_clock):
    seed = with_app(person)
    frozen_clock.tick(3 * DAY - 60)
    sign_in(client, person)
    change(client, mailbox, jobs, THIEF)
    presses(visitor(), mailbox)
    jobs.run()
    link = link_of(mailbox, "dispute", THIEF)
    answer = visitor().post(link, data={"code": digits(seed)})
    assert answer.status_code == 422 and "weniger als drei Tage" in answer.text
    assert visitor().post(link, data={"code": "000000"}).status_code == 422
    assert visitor().post(link, data={}).status_code == 422


def test_a_link_about_recovery_codes_makes_an_older_factor_no_younger(
    client, visitor, person, mailbox, jobs, frozen_clock
):
    """The app on day 0, codes on day 1, the address on day 3 and an hour, as advised; then the codes' link is pressed."""
    seed = with_app(person)
    frozen_clock.tick(DAY)
    with factors.eyes_of(person.id):
        factors.renew_codes(person.id)
    jobs.run()
    frozen_clock.tick(2 * DAY + HOUR)
    sign_in(client, person)
    change(client, mailbox, jobs, HERS)
    presses(visitor(), mailbox, "undo-factor")
    jobs.run()
    assert visitor().post(link_of(mailbox, "dispute", HERS), data={"code": digits(seed)}).location == "/signin"


def test_five_wrong_codes_a_day_and_twenty_ever_are_written_down_and_the_other_side_goes_on(
    client, visitor, person, mailbox, jobs, frozen_clock, owner, operate
):
    seed = with_app(person)
    frozen_clock.tick(4 * DAY)
    sign_in(client, person)
    change(client, mailbox, jobs, HERS)
    side = presses(visitor(), mailbox)
    jobs.run()
    for day in range(4):
        answers = [visitor().post(side, data={"code": "000000"}).status_code for _try in range(6)]
        assert answers == [422] * 5 + [429 if day < 3 else 422]
        frozen_clock.tick(DAY + 4 * HOUR)
    noted = owner.execute("SELECT count(*) FROM security_event WHERE kind = 'factor.refused'").fetchone()
    assert noted == (20,)
    dead = visitor().post(side, data={"code": digits(seed)})
    assert dead.status_code == 422 and "zählt hier keiner mehr" in dead.text
    assert email_now(person) == HERS
    link = link_of(mailbox, "dispute", HERS)
    assert visitor().post(link, data={"code": digits(seed)}).location == "/signin", "he guessed on his own account only"


def test_whoever_shares_her_network_does_not_keep_her_from_objecting(her, visitor, mailbox, jobs):
    presses(visitor(), mailbox)
    jobs.run()
    strangers = [visitor().post("/dispute/none/object").status_code for _n in range(32)]
    assert strangers == [410] * 30 + [429] * 2, "guesses count by the network"
    link = link_of(mailbox, "dispute", HERS)
    for n in range(31):
        visitor().post("/forgot", data={"email": f"niemand{n}@altenbrueck.example"})
    assert visitor().post(link + "/object").status_code == 303
    assert [visitor().post(link + "/object").status_code for _n in range(30)][-1] == 429, "one link has its own count"


def test_the_page_tells_nobody_whether_there_is_a_passkey(client, visitor, mailbox, jobs, frozen_clock):
    seen = set()
    for name, has_one in (("anna", True), ("bert", False)):
        who = make_member(f"{name}@altenbrueck.example")
        sign_in(client, who)
        if has_one:
            add_passkey(client)
            frozen_clock.tick(4 * DAY)
            sign_in(client, who)
        change(client, mailbox, jobs, f"{name}.neu@altenbrueck.example")
        ex = visitor()
        side = ex.post(link_of(mailbox, "undo-email", who.email)).location
        asked = options(ex, f"{side}/options")
        seen.add(("data-passkey" in ex.get(side).text, str(asked.get("allowCredentials")), asked["userVerification"]))
    assert len(seen) == 1 and next(iter(seen))[0]


def test_the_link_about_a_new_passkey_takes_nothing_off_once_there_is_another_address(
    client, visitor, person, mailbox, jobs, frozen_clock
):
    """She made a passkey, then changed the address; both mails lie in the mailbox he reads."""
    sign_in(client, person)
    add_passkey(client)
    frozen_clock.tick(60)
    change(client, mailbox, jobs, HERS)
    ex = visitor()
    presses(ex, mailbox, "undo-factor")
    assert factors.has_any(person.id) and email_now(person) == HERS
    presses(ex, mailbox)
    jobs.run()
    assert visitor().post(link_of(mailbox, "dispute", HERS) + "/object").status_code == 303
    frozen_clock.tick(2 * DAY)
    assert passes(jobs) == 0 and factors.has_any(person.id) and email_now(person) == HERS


def test_a_link_about_a_passkey_takes_nothing_off_while_mailboxes_quarrel(
    her, visitor, person, mailbox, jobs, frozen_clock
):
    sign_in(her, person)
    add_passkey(her)
    jobs.run()
    presses(visitor(), mailbox)
    assert visitor().post(link_of(mailbox, "undo-factor", HERS)).status_code == 410
    assert factors.has_any(person.id)


def test_a_thief_cannot_void_it_by_protecting_the_profile_or_changing_once_more(
    client, visitor, person, mailbox, jobs, frozen_clock
):
    sign_in(client, person)
    change(client, mailbox, jobs, THIEF)
    client.post("/me/protection", data={"alias": "Kiesel"})
    frozen_clock.tick(60)
    change(client, mailbox, jobs, "dritte@altenbrueck.example")
    second = link_of(mailbox, "undo-email", THIEF)
    presses(visitor(), mailbox)
    jobs.run()
    assert link_of(mailbox, "dispute", "dritte@altenbrueck.example"), "the mailbox of now is asked"
    frozen_clock.tick(3 * DAY + 60)
    assert passes(jobs) == 0, "who is protected is asked for at home"
    with scope.use(scope.NOBODY):
        dispute_deciding.decide(dispute_deciding.of_email(MAIL), disputes.OLD)
    assert email_now(person) == MAIL
    assert visitor().post(second).status_code == 410


def test_the_oldest_mailbox_speaks_whoever_presses_first(client, visitor, newcomer, mailbox, jobs, frozen_clock):
    oldest = moves(client, newcomer, mailbox, jobs, THIEF)
    frozen_clock.tick(60)
    change(client, mailbox, jobs, "dritte@altenbrueck.example")
    thiefs = visitor().post(link_of(mailbox, "undo-email", THIEF)).location
    jobs.run()
    frozen_clock.tick(2 * DAY)
    visitor().post(oldest)
    jobs.run()
    assert "Das ist geklärt" in visitor().get(thiefs).text, "a link of somebody who speaks for nobody any more"
    frozen_clock.tick(2 * DAY)
    assert passes(jobs) == 0, "the three days begin anew for the mailbox that is asked"
    frozen_clock.tick(DAY + 60)
    assert passes(jobs) == 1 and email_now(newcomer) == newcomer.email


def test_a_younger_mailbox_that_comes_later_objects(client, visitor, person, mailbox, jobs, frozen_clock):
    sign_in(client, person)
    change(client, mailbox, jobs, THIEF)
    frozen_clock.tick(60)
    change(client, mailbox, jobs, "dritte@altenbrueck.example")
    presses(visitor(), mailbox)
    answer = visitor().post(link_of(mailbox, "undo-email", THIEF))
    assert answer.status_code == 200 and "der Betreiber entscheidet" in answer.text
    frozen_clock.tick(2 * DAY)
    assert passes(jobs) == 0


def test_who_let_the_account_go_deletes_nothing_while_it_is_quarrelled_about(
    her, visitor, person, mailbox, jobs, frozen_clock, owner
):
    sign_in(her, person)
    assert her.post("/me/leave", data={"texts": "keep", "word": "delete"}).status_code == 303
    jobs.run()
    presses(visitor(), mailbox)
    jobs.run()
    assert visitor().post(link_of(mailbox, "back", HERS)).status_code == 409
    visitor().post(link_of(mailbox, "dispute", HERS) + "/object")
    frozen_clock.tick(20 * DAY)
    from neighbour.mydata import erasing

    with scope.use(scope.NOBODY):
        assert erasing.due() == []


def test_no_second_step_is_taken_off_meanwhile(client, visitor, person, mailbox, jobs, frozen_clock, operate):
    with_app(person)
    operate(command, "reset-factors", MAIL)
    sign_in(client, person)
    change(client, mailbox, jobs, HERS)
    presses(visitor(), mailbox)
    visitor().post(link_of(mailbox, "undo-email", MAIL))
    frozen_clock.tick(4 * DAY)
    with scope.use(scope.NOBODY):
        assert care.due_resets() == 0
    assert factors.has_any(person.id)
    assert "settle that first" in operate(command, "reset-factors", HERS).stderr


def test_her_word_that_is_kept_ends_the_old_mailbox_for_good(client, visitor, person, mailbox, jobs, frozen_clock):
    seed = with_app(person)
    frozen_clock.tick(3 * DAY + 60)
    sign_in(client, person)
    change(client, mailbox, jobs, HERS)
    presses(visitor(), mailbox)
    jobs.run()
    assert visitor().post(link_of(mailbox, "dispute", HERS), data={"code": digits(seed)}).location == "/signin"
    assert visitor().post(link_of(mailbox, "undo-email", MAIL)).status_code == 410
    assert type_password(visitor(), HERS, GOOD).location == "/signin/second"
