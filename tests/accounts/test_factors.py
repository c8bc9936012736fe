"""The app, recovery codes, and that no way into an account leads past its second step."""

from __future__ import annotations

import html
import re
import threading

import pyotp
import pytest
from sqlalchemy import select, update

from neighbour.accounts import care, confirming, dispute_deciding, disputes, factors, recovery, service, totp
from neighbour.accounts.cli import person as command
from neighbour.accounts.models import Authenticator, FactorReset, Person, RecoveryCode
from neighbour.core import crypto, qr, scope
from neighbour.core.db import as_owner, atomic, db
from tests.accounts.factor_helpers import (
    GOOD,
    MAIL,
    add_passkey,
    digits,
    is_in,
    link_of,
    make_member,
    options,
    type_password,
    with_app,
    with_codes,
)
from tests.accounts.signing_helpers import masked
from tests.factories import sign_in

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")


def second(browser, code):
    return browser.post("/signin/second", data={"code": code})


def test_an_app_is_set_up_by_its_picture_and_its_first_digits(client, person, mailbox, jobs):
    sign_in(client, person, is_strong=False)
    page = client.get("/me/app").text
    address = html.unescape(re.search(r'href="(otpauth:[^"]+)"', page)[1])
    assert f'fill="black" d="{qr.drawn(address).path}"' in page and " style=" not in page
    seed = re.search(r"secret=([A-Z2-7]{32})", page).group(1)
    carried = re.search(r'name="seed"[^>]*value="([^"]+)"', page).group(1)
    wrong = client.post("/me/app", data={"seed": carried, "code": "000000"})
    assert wrong.status_code == 422 and seed in wrong.text, "the same picture again"
    assert client.post("/me/app", data={"seed": "forged", "code": digits(seed)}).location == "/me/app"
    done = client.post("/me/app", data={"seed": carried, "code": digits(seed)})
    assert done.location == "/me/recovery-codes"
    codes = re.findall(r'<li><code class="code-text">(\S+)</code>', client.post("/me/recovery-codes").text)
    assert len(set(codes)) == recovery.COUNT
    assert codes[0] not in client.get("/me/recovery-codes").text, "shown once"
    assert "noch 10 Codes" in client.get("/me/access").text
    jobs.run()
    assert [mail.message["Subject"] for mail in mailbox.messages()] == ["Deine Anmeldung wurde geändert"] * 2


def test_a_seed_of_one_person_is_not_set_up_for_another(client, visitor, person):
    other = visitor()
    sign_in(client, person)
    sign_in(other, make_member("eva@altenbrueck.example"))
    page = client.get("/me/app").text
    seed = re.search(r"secret=([A-Z2-7]{32})", page).group(1)
    carried = re.search(r'name="seed"[^>]*value="([^"]+)"', page).group(1)
    assert other.post("/me/app", data={"seed": carried, "code": digits(seed)}).location == "/me/app"


def test_digits_count_one_step_around_now_and_each_step_once(client, visitor, person, frozen_clock):
    seed = with_app(person)
    type_password(client)
    for wrong in (digits(seed, -2), digits(seed, 2), digits(seed, -1)):
        assert second(client, wrong).status_code == 422, "too old, too new, used when it was set up"
    assert second(client, digits(seed)).location == "/board"
    other = visitor()
    type_password(other)
    assert second(other, digits(seed)).status_code == 422, "used"
    assert second(other, digits(seed, 1)).status_code == 303, "a phone that is fast"
    frozen_clock.tick(60)
    third = visitor()
    type_password(third)
    assert second(third, digits(seed, -1)).status_code == 422, "used by the fast phone"


def test_of_two_at_the_same_moment_one_is_let_in(person, visitor):
    seed = with_app(person)
    browsers, answers = [visitor() for _ in range(4)], []
    for browser in browsers:
        type_password(browser)
    code = digits(seed)
    threads = [
        threading.Thread(target=lambda b=browser: answers.append(second(b, code).status_code)) for browser in browsers
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(answers) == [303, 422, 422, 422]


def test_a_recovery_code_works_once_however_it_is_typed_and_is_told(client, visitor, person, mailbox, jobs):
    with_app(person)
    code = with_codes(person)[0]
    type_password(client)
    assert second(client, f" {code.upper().replace('-', ' ')} ").status_code == 303
    other = visitor()
    type_password(other)
    assert second(other, code).status_code == 422
    jobs.run()
    assert any("Notfallcodes zum Anmelden benutzt" in mail.text for mail in mailbox.messages())
    with factors.eyes_of(person.id):
        assert recovery.left(person.id) == recovery.COUNT - 1


def test_new_codes_replace_the_old_ones_and_go_with_the_last_factor(client, person):
    with_app(person)
    old = with_codes(person)
    sign_in(client, person)
    client.post("/me/recovery-codes")
    client.post("/signout")
    type_password(client)
    assert second(client, old[0]).status_code == 422
    sign_in(client, person)
    client.post("/me/app/remove")
    with as_owner():
        assert db.session.scalars(select(RecoveryCode.person_id)).all() == []
    assert client.post("/me/recovery-codes").location == "/me/access", "codes stand in for a factor"


def test_page_and_mail_speak_of_old_codes_only_where_there_were_some(client, person, mailbox, jobs):
    with_app(person)
    sign_in(client, person)
    for had_some in (False, True):
        mailbox.clear()
        page = client.post("/me/recovery-codes").text
        jobs.run()
        (mail,) = mailbox.messages()
        assert "Notfallcodes gemacht" in mail.text
        assert (
            "Frühere Codes gelten nicht mehr" in page,
            "Die alten gelten nicht mehr" in " ".join(mail.text.split()),
        ) == (had_some,) * 2


def test_the_form_for_codes_sent_twice_does_not_void_the_codes_that_were_just_printed(client, person):
    with_app(person)
    sign_in(client, person)
    for _round in range(2):  # none yet, then ten old ones
        instead_of = re.search(r'name="instead_of" value="([^"]*)"', client.get("/me/recovery-codes").text).group(1)
        made = client.post("/me/recovery-codes", data={"instead_of": instead_of}).text
        codes = re.findall(r'<li><code class="code-text">(\S+)</code>', made)
        again = client.post("/me/recovery-codes", data={"instead_of": instead_of}, follow_redirects=True).text
        assert "Diese Codes sind schon gemacht." in again and 'class="code-text"' not in again
    client.post("/signout")
    type_password(client)
    assert second(client, codes[0]).status_code == 303


def test_codes_and_seeds_are_of_no_use_to_who_reads_the_table(person):
    seed, codes = with_app(person), with_codes(person)
    other = make_member("eva@altenbrueck.example")
    with as_owner():
        rows = [bytes(row) for row in db.session.scalars(select(RecoveryCode.code_hash))]
        sealed = db.session.scalar(select(Authenticator.sealed))
    everything = b"".join(rows) + sealed
    assert seed.encode() not in everything and not any(code.encode() in everything for code in codes)
    for broken, whose in ((sealed[:-1] + bytes([sealed[-1] ^ 1]), person.id), (sealed, other.id)):
        with pytest.raises(crypto.CannotOpen):
            totp._seed(Authenticator(person_id=whose, sealed=broken))
    with pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(sealed, f"authenticator:{person.id}".encode())
    assert len({code.replace("-", "") for code in codes}) == 10 and all(len(code) == 14 for code in codes)


def test_recovery_codes_of_many_people_do_not_repeat(session, person):
    with factors.eyes_of(person.id), atomic():
        made = {code for _ in range(50) for code in recovery.renew(person.id)}
    assert len(made) == 500


def test_guessing_digits_is_stopped_after_five_and_a_known_device_still_gets_in(client, visitor, person):
    seed = with_app(person)
    type_password(client)
    assert second(client, digits(seed)).status_code == 303
    client.post("/signout")
    thief = visitor()
    type_password(thief)
    answers = [second(thief, f"{number:06}").status_code for number in range(5)]
    assert answers == [422] * 5
    assert second(thief, digits(seed, 1)).location == "/signin", "five wrong ones: begin with the password again"
    type_password(thief)
    assert second(thief, digits(seed, 1)).status_code == 429, "and the account has had its five of this hour"
    type_password(client)
    assert second(client, digits(seed, 1)).status_code == 303, "not for a device it knows"


@pytest.mark.parametrize(("seconds", "is_open"), [(599, True), (601, False)])
def test_the_second_step_waits_for_ten_minutes(client, person, frozen_clock, seconds, is_open):
    seed = with_app(person)
    type_password(client)
    frozen_clock.tick(seconds)
    assert second(client, digits(seed)).location == ("/board" if is_open else "/signin")


def test_a_step_works_once_and_only_with_the_cookie_of_the_password(client, visitor, person):
    seed = with_app(person)
    type_password(client)
    with client.session_transaction() as cookie:
        stolen = dict(cookie["second"])
    assert second(client, digits(seed)).status_code == 303
    thief = visitor()
    with thief.session_transaction() as cookie:
        cookie["second"] = stolen
    assert second(thief, digits(seed, 1)).location == "/signin"
    assert visitor().get("/signin/second").location == "/signin"
    assert second(visitor(), digits(seed, 1)).location == "/signin"


def test_the_second_step_has_a_session_of_its_own_and_signing_in_is_known_to_be_strong(client, person):
    seed = with_app(person)
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["foreign"] = "vorgegeben", "x"
    type_password(client)
    with client.session_transaction() as cookie:
        pending = cookie["second"]["token"]
    second(client, digits(seed))
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] not in ("vorgegeben", pending) and "foreign" not in cookie and "second" not in cookie


def test_a_wrong_password_is_answered_alike_with_and_without_a_factor(visitor, person):
    with_app(person)
    make_member("eva@altenbrueck.example")
    answers = [
        masked(type_password(visitor(), mail, "falsch und lang"))
        for mail in (MAIL, "eva@altenbrueck.example", "weg@altenbrueck.example")
    ]
    assert answers[0] == answers[1] == answers[2]


# -- every path keeps the factor ---------------------------------------------------------------------------------------


def by_password(browser, person, mailbox, jobs):
    type_password(browser)


def by_reset(browser, person, mailbox, jobs):
    browser.post("/forgot", data={"email": MAIL})
    jobs.run()
    assert browser.post(link_of(mailbox, "reset"), data={"password": "acht gelbe Gießkannen"}).status_code == 303
    type_password(browser, password="acht gelbe Gießkannen")


def by_confirming(browser, person, mailbox, jobs):
    with as_owner(), atomic():
        db.session.execute(update(Person).where(Person.id == person.id).values(confirmed_at=None))
        confirming.ask_to_confirm(db.session.get_one(Person, person.id))
    jobs.run()
    assert browser.post(link_of(mailbox, "signup/confirm"), data={"password": GOOD}).status_code == 303
    type_password(browser)


def by_a_new_address(browser, person, mailbox, jobs):
    with scope.use(scope.NOBODY):
        service.change_email(service.find(person.id), "neu@altenbrueck.example")
    jobs.run()
    assert browser.post(link_of(mailbox, "signup/confirm", "neu@")).status_code == 303
    type_password(browser, "neu@altenbrueck.example")


def by_taking_the_address_back(browser, person, mailbox, jobs):
    by_a_new_address(browser, person, mailbox, jobs)
    jobs.run()
    assert browser.post(link_of(mailbox, "undo-email", MAIL)).location.startswith("/dispute/")
    with scope.use(scope.NOBODY):
        dispute_deciding.decide(dispute_deciding.of_email(MAIL), disputes.OLD)
    jobs.run()
    assert browser.post(link_of(mailbox, "reset", MAIL), data={"password": "acht gelbe Gießkannen"}).status_code == 303
    type_password(browser, password="acht gelbe Gießkannen")


def by_signing_up_again(browser, person, mailbox, jobs):
    from tests.accounts.signing_helpers import sign_up

    sign_up(browser, MAIL, GOOD)
    browser.post("/signout")
    type_password(browser)


WAYS = [by_password, by_reset, by_confirming, by_a_new_address, by_taking_the_address_back, by_signing_up_again]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_way_leads_past_the_second_step(client, person, mailbox, jobs, frozen_clock, way):
    seed = with_app(person)
    frozen_clock.tick(30)
    way(client, person, mailbox, jobs)
    assert client.get("/board").status_code == 303, "0 sessions"
    assert client.get("/signin/second").status_code == 200
    assert second(client, digits(seed)).location == "/board", "and it is the same factor as before"


def test_a_passkey_alone_is_no_way_past_an_app_but_two_factors_in_one(client, visitor, person):
    with_app(person)
    sign_in(client, person)
    device = add_passkey(client)
    browser = visitor()
    device.checks_owner = False
    asked = options(browser, "/signin/passkey/options")
    assert browser.post("/signin/passkey", data={"k-answer": device.sign(asked)}).status_code == 422
    device.checks_owner = True
    asked = options(browser, "/signin/passkey/options")
    assert browser.post("/signin/passkey", data={"k-answer": device.sign(asked)}).status_code == 303


# -- a lost factor ------------------------------------------------------------------------------------------------------


def test_the_operator_can_take_a_lost_factor_off_after_72_hours_in_which_the_owner_can_object(
    operate, client, person, mailbox, jobs, frozen_clock
):
    with_app(person)
    sign_in(client, person)
    done = operate(command, "reset-factors", MAIL)
    assert done.exit_code == 0 and "told by mail" in done.stdout
    assert operate(command, "reset-factors", MAIL).stdout == done.stdout, "asked for twice it is once"
    jobs.run()
    (mail,) = [mail for mail in mailbox.messages() if "abgeschaltet" in mail.message["Subject"]]
    assert mail.recipients == (MAIL,)
    frozen_clock.tick(72 * 3600 - 60)
    purge()
    assert factors.has_any(person.id)
    frozen_clock.tick(120)
    purge()
    assert not factors.has_any(person.id)
    assert not is_in(client), "every session ends"
    jobs.run()
    assert "Wie angekündigt" in mailbox.messages()[-1].text
    assert type_password(client).location == "/board"
    with as_owner():
        assert db.session.scalars(select(FactorReset.state)).all() == ["done"]


def purge():
    with scope.use(scope.NOBODY):
        care.due_resets()


def test_the_owner_stops_a_reset_by_the_link_or_by_coming_in_with_the_factor(
    operate, client, visitor, person, mailbox, jobs, frozen_clock
):
    seed = with_app(person)
    frozen_clock.tick(73 * 3600)  # one that came shortly before stops nothing, see test_take_over
    operate(command, "reset-factors", MAIL)
    jobs.run()
    link = link_of(mailbox, "stop-reset")
    page = client.get(link)
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    with scope.use(scope.NOBODY), atomic():
        from neighbour.accounts import onetime

        onetime.spoil(person.id)  # whoever has got in and sets a new password does not take this away
    assert client.post(link).status_code == 303
    assert client.post(link).status_code == 410
    operate(command, "reset-factors", MAIL)
    type_password(client)
    second(client, digits(seed))
    frozen_clock.tick(73 * 3600)
    purge()
    assert factors.has_any(person.id)
    with as_owner():
        assert db.session.scalars(select(FactorReset.state)).all() == ["stopped", "stopped"]


def test_there_is_nothing_to_reset_without_a_factor_or_an_account(operate, person):
    for email, complaint in ((MAIL, "has no second factor"), ("weg@altenbrueck.example", "nobody has the address")):
        refused = operate(command, "reset-factors", email)
        assert refused.exit_code == 1 and complaint in refused.stderr


def test_a_change_of_factors_ends_every_other_session(client, visitor, person):
    other = visitor()
    sign_in(client, person)
    sign_in(other, person)
    add_passkey(client)
    assert is_in(client) and not is_in(other)
    sign_in(other, person)
    key = re.search(r'name="passkey" value="([0-9a-f]{20})"', client.get("/me/access").text).group(1)
    client.post("/me/passkeys/remove", data={"passkey": key})
    assert is_in(client) and not is_in(other)


def test_digits_of_another_length_or_script_are_no_digits(client, person):
    seed = with_app(person)
    type_password(client)
    arabic = "".join(chr(0x0660 + int(digit)) for digit in digits(seed))
    assert [second(client, wrong).status_code for wrong in ("", "1", "1" * 39, arabic)] == [422] * 4
    assert pyotp.TOTP(seed).digits == totp.DIGITS
