"""Signing up, in and out, new passwords: what people and attackers get to see."""

from __future__ import annotations

import random
import re

import pytest
from sqlalchemy import select

from neighbour.accounts import forgetting, guessed, passwords, service, sessions
from neighbour.accounts.entering import Browser
from neighbour.accounts.models import LoginSession, Person
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db, hang_up
from tests.accounts.signing_helpers import GOOD, give_password, masked, sign_up
from tests.factories import make_person, make_quarter, sign_in


def test_sign_up_takes_four_steps_and_every_step_is_saved(context, client, mailbox, jobs):
    quarter = make_quarter()
    assert sign_up(client).location.endswith("/signup/next")
    assert client.get("/signup/next").location.endswith("/signup/address")
    with as_owner():
        person = db.session.scalar(select(Person).where(Person.email_key == "neu@altenbrueck.example"))
        from neighbour.core.db import atomic

        with atomic():
            service.step_done(person, "address")
    assert client.get("/signup/next").location.endswith("/signup/appearance")
    page = client.post(
        "/signup/appearance", data={"first_name": "Maximiliane-Theodora", "last_name": "Obermüller", "shown": "name"}
    )
    assert page.location.endswith("/signup/confirm")
    jobs.run()
    (mail,) = mailbox.messages()
    code = re.search(r"\b(\d{6})\b", mail.text).group(1)
    assert client.post("/signup/confirm", data={"code": "000000" if code != "000000" else "111111"}).status_code == 422
    assert client.post("/signup/confirm", data={"code": code}).status_code == 303
    with as_owner():
        person = db.session.get_one(Person, person.id, populate_existing=True)
        assert (person.signup_step, person.display_name, person.confirmed_at is not None) == (
            "done",
            "Maximiliane-Theodora O.",
            True,
        )
    assert quarter is not None


def test_who_is_not_of_age_is_refused_and_nothing_is_kept(context, client, owner):
    page = client.post("/signup", data={"email": "kind@altenbrueck.example", "password": GOOD, "accepts_rules": "y"})
    assert page.status_code == 422 and "is_adult" in page.text
    for table in ("person", "one_time_token", "delivery", "login_session", "security_event"):
        assert owner.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def test_the_sixth_try_of_a_mails_digits_is_dead_even_with_the_right_ones(context, client, mailbox, jobs):
    make_quarter()
    sign_up(client)
    with as_owner(), atomic():
        service.step_done(db.session.scalars(select(Person)).one(), "address")
    client.post("/signup/appearance", data={"first_name": "Maxi", "last_name": "Obermüller", "shown": "name"})
    jobs.run()
    code = re.search(r"\b(\d{6})\b", mailbox.messages()[0].text).group(1)
    guesses = [f"{(int(code) + number) % 1_000_000:06}" for number in range(1, 6)]
    assert [client.post("/signup/confirm", data={"code": guess}).status_code for guess in guesses] == [422] * 5
    assert client.post("/signup/confirm", data={"code": code}).status_code == 422
    with as_owner():
        assert db.session.scalar(select(Person.confirmed_at)) is None


def test_what_is_no_six_digits_costs_no_try_and_the_eleventh_code_of_an_hour_is_refused(
    context, client, visitor, mailbox, jobs
):
    sign_up(client)
    client.post("/signup/confirm/again")
    jobs.run()
    mail = mailbox.messages()[0].text
    code = re.search(r"\b(\d{6})\b", mail).group(1)
    for typed in ("", "12345", "abcdef", "1234567") * 4:
        page = client.post("/signup/confirm", data={"code": typed})
        assert page.status_code == 422 and ("keinen Versuch" in page.text) is bool(typed)
    wrong = [f"{(int(code) + number) % 1_000_000:06}" for number in range(1, 11)]
    tries = [client.post("/signup/confirm", data={"code": guess}) for guess in (*wrong, code)]
    assert [page.status_code for page in tries] == [422] * 10 + [429]
    assert 0 < int(tries[-1].headers["Retry-After"]) <= 3600 and "Der Knopf in der Mail" in tries[-1].text
    link = re.search(r"http://localhost(/signup/confirm/\S+)", mail).group(1)
    assert client.post(link).status_code == 303


def test_the_same_six_digits_again_are_no_failure(context, client, mailbox, jobs):
    sign_up(client)
    client.post("/signup/confirm/again")
    jobs.run()
    code = re.search(r"\b(\d{6})\b", mailbox.messages()[0].text).group(1)
    assert [client.post("/signup/confirm", data={"code": code}).status_code for _ in range(2)] == [303, 303]


def test_a_mistyped_address_is_put_right_where_one_waits_for_its_mail(context, client, visitor, mailbox, jobs):
    sign_up(client, "hanelore@altenbrueck.example")
    client.post("/signup/confirm/again")
    jobs.run()
    (before,) = mailbox.messages()
    assert client.post("/signup/confirm/address", data={"e-email": "hannelore"}).status_code == 422
    assert client.post("/signup/confirm/address", data={"e-email": "hannelore@altenbrueck.example"}).status_code == 303
    assert "Die Mail ging an hannelore@altenbrueck.example" in " ".join(client.get("/signup/confirm").text.split())
    jobs.run()
    client.post("/signup/confirm/again")
    jobs.run()
    _first, *mails = mailbox.messages()
    assert [mail.recipients for mail in mails] == [("hannelore@altenbrueck.example",)] * 2
    link = re.search(r"http://localhost(/signup/confirm/\S+)", before.text).group(1)
    assert visitor().post(link).status_code == 410, "whoever reads the other mailbox can do nothing any more"
    code = re.search(r"\b(\d{6})\b", mails[-1].text).group(1)
    assert client.post("/signup/confirm", data={"code": code}).status_code == 303
    for path in ("/signup/confirm/again", "/signup/confirm/address"):  # an old tab
        assert client.post(path, data={"e-email": "noch@altenbrueck.example"}).status_code == 303
    jobs.run()
    assert len(mailbox.messages()) == 3
    for email, status in (("hannelore@altenbrueck.example", 303), ("hanelore@altenbrueck.example", 422)):
        assert visitor().post("/signin", data={"email": email, "password": GOOD}).status_code == status


def test_a_password_that_is_too_long_is_called_so_in_the_language_of_the_page(context, client, visitor):
    long = "Regenschirm " * 30
    person = visitor()
    sign_in(person, make_person())
    for page in (
        sign_up(client, password=long),
        client.post("/signin", data={"email": "neu@altenbrueck.example", "password": long}),
        person.post("/me/password", data={"p-current": long, "p-password": long}),
    ):
        assert page.status_code == 422 and "Bitte höchstens 256 Zeichen." in page.text
        assert "Bitte mindestens" not in page.text and "Field cannot" not in page.text


def test_a_mail_that_waits_for_the_mistyped_address_is_not_sent_any_more(context, client, mailbox, jobs):
    sign_up(client, "hanelore@altenbrueck.example")
    client.post("/signup/confirm/again")
    client.post("/signup/confirm/address", data={"e-email": "hannelore@altenbrueck.example"})
    jobs.run()
    assert [mail.recipients for mail in mailbox.messages()] == [("hannelore@altenbrueck.example",)]


@pytest.mark.parametrize("path", ["/signup/confirm/address", "/me/email"])
@pytest.mark.parametrize("again", [True, False], ids=["the same", "another"])
def test_a_correction_to_a_taken_address_looks_like_any_other(context, visitor, mailbox, jobs, path, again):
    taken, free = "da@altenbrueck.example", "frei@altenbrueck.example"
    make_person(make_quarter(), email=taken, email_key=taken)
    seen = []
    for number, address in enumerate((taken, free)):
        client = visitor()
        sign_up(client, address if again else f"neu{number}@altenbrueck.example")
        jobs.run()
        mailbox.clear()
        answers = [client.post(path, data={"e-email": address}).status_code for _time in range(7)]
        with client.session_transaction() as cookie:
            kept = sorted(cookie)
        seen.append((answers, kept, masked(client.get("/signup/confirm")), len(jobs.sent)))
    assert seen[0] == seen[1]
    assert 429 in seen[0][0]


def test_one_address_gets_a_few_mails_an_hour_whoever_asks(context, visitor, mailbox, jobs):
    for number in range(4):
        client = visitor()
        sign_up(client, f"wegwerf{number}@altenbrueck.example")
        for _time in range(3):
            client.post("/signup/confirm/address", data={"e-email": "opfer@altenbrueck.example"})
        client.post("/signup/confirm/address", data={"e-email": f"weiter{number}@altenbrueck.example"})
    jobs.run()
    assert sum(mail.recipients == ("opfer@altenbrueck.example",) for mail in mailbox.messages()) <= 5


def test_changing_to_ones_own_address_says_so(context, client, mailbox, jobs):
    person = make_person(make_quarter(), email="uwe@altenbrueck.example", email_key="uwe@altenbrueck.example")
    give_password(person)
    sign_in(client, person)
    page = client.post("/me/email", data={"e-email": "Uwe@altenbrueck.example"})
    assert page.status_code == 422 and "Das ist schon deine Adresse." in page.text
    jobs.run()
    assert mailbox.messages() == []


def test_the_link_of_the_mail_confirms_by_its_button_only_and_once(context, client, visitor, mailbox, jobs):
    sign_up(client)
    client.post("/signup/confirm/again")
    jobs.run()
    link = re.search(r"http://localhost(/signup/confirm/\S+)", mailbox.messages()[0].text).group(1)
    stranger = visitor()
    for _ in range(3):
        page = stranger.get(link)
        assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    with as_owner():
        assert db.session.scalar(select(Person.confirmed_at)) is None
    assert stranger.post(link, data={"password": GOOD}).status_code == 303
    gone = stranger.post(link, data={"password": GOOD})
    assert (gone.status_code, gone.headers["Referrer-Policy"]) == (410, "no-referrer")
    with as_owner():
        assert db.session.scalar(select(Person.confirmed_at)) is not None
    assert stranger.get("/me").status_code == 303  # confirming is not signing in


def test_nobody_learns_whether_an_address_has_an_account(context, visitor, mailbox, jobs):
    make_person(make_quarter(), email="da@altenbrueck.example", email_key="da@altenbrueck.example")
    known, unknown = visitor(), visitor()
    first, second = sign_up(known, "da@altenbrueck.example"), sign_up(unknown, "weg@altenbrueck.example")
    assert (first.status_code, first.location) == (second.status_code, second.location)
    assert masked(known.get("/signup/appearance")) == masked(unknown.get("/signup/appearance"))
    assert masked(known.get("/signup/confirm")) == masked(unknown.get("/signup/confirm"))
    jobs.run()
    assert {mail.recipients[0]: "schon ein Konto" in mail.text for mail in mailbox.messages()} == {
        "da@altenbrueck.example": True
    }
    for path, data in (("/forgot", {}), ("/signin", {"password": "falsch und lang"})):
        one = visitor().post(path, data={"email": "da@altenbrueck.example", **data})
        other = visitor().post(path, data={"email": "weg2@altenbrueck.example", **data})
        assert (one.status_code, masked(one)) == (other.status_code, masked(other)), path


def test_a_session_set_in_advance_is_never_the_one_signed_in_with(context, client):
    person = make_person(make_quarter(), email="a@altenbrueck.example", email_key="a@altenbrueck.example")
    give_password(person)
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "vorgegeben"
        cookie["foreign"] = "x"
    assert client.post("/signin", data={"email": "a@altenbrueck.example", "password": GOOD}).status_code == 303
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] != "vorgegeben"
        assert "foreign" not in cookie


def test_signing_out_ends_the_session_on_the_server(context, client, visitor):
    person = make_person(make_quarter())
    token = sign_in(client, person)
    thief = visitor()
    with thief.session_transaction() as cookie:
        cookie["_user_id"] = token
    assert thief.get("/me").status_code == 200
    response = client.post("/signout")
    assert "storage" in response.headers["Clear-Site-Data"]
    assert thief.get("/me").status_code == 303


def test_a_new_password_ends_every_session_and_tells_the_owner(context, client, visitor, mailbox, jobs):
    person = make_person(make_quarter(), email="a@altenbrueck.example", email_key="a@altenbrueck.example")
    give_password(person)
    sign_in(client, person)
    stranger = visitor()
    stranger.post("/forgot", data={"email": "A@altenbrueck.example "})
    jobs.run()
    link = re.search(r"http://localhost(/reset/\S+)", mailbox.messages()[0].text).group(1)
    assert stranger.get(link).headers["Referrer-Policy"] == "no-referrer"
    assert stranger.post(link, data={"password": "passwort"}).status_code == 422
    assert stranger.post(link, data={"password": "sieben gelbe Gießkannen"}).status_code == 303
    assert stranger.post(link, data={"password": "acht gelbe Gießkannen"}).status_code == 410
    assert client.get("/me").status_code == 303
    jobs.run()
    assert any("geändert" in mail.message["Subject"] for mail in mailbox.messages())
    assert (
        stranger.post(
            "/signin", data={"email": "a@altenbrueck.example", "password": "sieben gelbe Gießkannen"}
        ).status_code
        == 303
    )


def test_too_many_tries_say_when_to_come_back(context, visitor):
    for _ in range(6):
        response = visitor().post("/signin", data={"email": "x@altenbrueck.example", "password": "falsch falsch"})
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 4200


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "http:evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%0d%0aX: 1\r\n",
        "javascript:alert(1)",
        "///evil.example",
        "////evil.example",
        "/\tevil",
        " /board",
        "evil.example",
        "/ /evil.example",
        "https:/evil.example",
        "data:text/html,x",
        "/\u00a0",
        "//evil.example/board",
        "/\\/evil.example",
        "http://localhost.evil.example/",
        "@evil.example",
        "/\x00",
        "?next=//evil.example",
        "",
    ],
)
def test_signing_in_never_leads_to_another_site(context, client, target):
    person = make_person(make_quarter(), email="a@altenbrueck.example", email_key="a@altenbrueck.example")
    give_password(person)
    response = client.post("/signin", data={"email": "a@altenbrueck.example", "password": GOOD, "next": target})
    assert response.location == "/board"


def test_signing_in_goes_on_where_one_wanted_to(context, client):
    person = make_person(make_quarter(), email="a@altenbrueck.example", email_key="a@altenbrueck.example")
    give_password(person)
    assert client.get("/write").location == "/signin?next=/write"
    assert (
        client.post("/signin", data={"email": "a@altenbrueck.example", "password": GOOD, "next": "/write"}).location
        == "/write"
    )


@pytest.mark.parametrize(
    ("password", "is_taken"),
    [
        ("kurz", False),
        ("vq7-wmz", False),
        ("vq7-wmzk", True),
        ("x" * 257, False),
        ("passwort", False),
        ("Qwertz123", False),
        ("altenbrück", False),
        ("Altenbrueck", False),
        ("weberviertel", False),
        ("87654321", False),
        ("neu@altenbrueck", False),
        ("vier lila Löwen " * 4 + "Z", True),
        ("ünï cödé wörter ☂", True),
        ("        leer rundum      ", True),
        ("vq7-wmzk" * 32, True),
    ],
)
def test_passwords_are_judged_by_length_and_by_what_is_guessed_first(context, client, password, is_taken):
    make_quarter(name="Weberviertel")
    assert (sign_up(client, password=password).status_code == 303) is is_taken


def test_every_symbol_of_a_password_counts():
    hashed = passwords.hash_password("a" * 100 + "b", 64)
    assert passwords.verify(hashed, "a" * 100 + "b", 64)
    assert not passwords.verify(hashed, "a" * 100 + "c", 64)
    assert passwords.verify(passwords.hash_password("u\u0308ber", 64), "\u00fcber", 64)


WORDS = ("Altenbrück", "Weberviertel", "Am Wehr", "nachbar", "Maximiliane", "Obermüller")
GUESSED = [
    "00000000",
    "aaaaaaaa",
    "12341234",
    "87654321",
    "abcdefgh",
    "hgfedcba",
    "abcabcabc",
    "98765432",
    "aaaabbbbcccc",
    "abcd1234",
    "24121985",
    "24.12.1985",
    "1985-12-24",
    "qwertzuiop",
    "poiuztrew",
    "asdfghjklö",
    "LKJHGFDSA",
    "1qay2wsx3edc",
    "mnbvcxy0",
    "Passwort1!",
    "!!Passwort??",
    "p@ssw0rt",
    "P@55w0rt2031!",
    "$ommer2031",
    "Sommer2031!?",
    "h@llo5678",
    "trowssap1",
    "altenbrueck",
    "Altenbrück",
    "altenbruck",
    "Altenbrück2026",
    "4ltenbrueck!",
    "weberviertel",
    "Weberviertel12345",
    "Am-Wehr-12",
    "amwehr99",
    "WeberviertelAltenbrueck",
    "nachbarnachbar",
    "NACHBAR-2026",
    "maximiliane123456",
    "0bermueller",
    "Obermuller77",
]
GOOD_ONES = [
    "vq7-wmzk",
    "tanzbaer-mond-7",
    "Im Weberviertel steht ein Pferd",
    "Kartoffelsalat mit Ei",
    "Mondlicht Ofen Kran",
]


def test_what_is_guessed_first_is_refused_however_it_is_dressed_and_hardly_anything_else():
    assert [each for each in GUESSED if not guessed.is_guessed(each, WORDS)] == []
    assert [each for each in GOOD_ONES if guessed.is_guessed(each, WORDS)] == []
    assert len(set(GUESSED) - guessed.common()) >= 35, "the list alone would not do"
    common = sorted(guessed.common())
    assert len(common) >= 3000 and all(guessed.is_guessed(word) for word in random.sample(common, 100))
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    refused = sum(guessed.is_guessed("".join(random.choices(letters, k=12)), WORDS) for _ in range(10_000))
    assert refused <= 10


KEPT, PASSING = (14 * 24, 90 * 24), (12, 24)


@pytest.mark.parametrize(("is_kept", "limits"), [(True, KEPT), (False, PASSING)])
@pytest.mark.parametrize(("minutes", "status"), [(-1, 200), (1, 303)])
def test_a_session_ends_when_it_was_not_used_for_its_time(
    context, client, frozen_clock, is_kept, limits, minutes, status
):
    sign_in(client, make_person(make_quarter()), is_kept=is_kept)
    frozen_clock.tick(limits[0] * 3600 + minutes * 60)
    assert client.get("/me").status_code == status


@pytest.mark.parametrize(("is_kept", "limits"), [(True, KEPT), (False, PASSING)])
@pytest.mark.parametrize(("minutes", "status"), [(-1, 200), (1, 303)])
def test_a_session_ends_after_its_longest_time_however_much_it_is_used(
    context, client, frozen_clock, is_kept, limits, minutes, status
):
    token, (idle, most) = sign_in(client, make_person(make_quarter()), is_kept=is_kept), limits
    passed, step = 0, (idle - 2) * 3600
    while passed + step < most * 3600 + minutes * 60:
        frozen_clock.tick(step)
        passed += step
        assert client.get("/me").status_code == 200
    frozen_clock.tick(most * 3600 + minutes * 60 - passed)
    assert client.get("/me").status_code == status
    with scope.use(scope.NOBODY):
        assert (sessions.recognise(token) is None) is (status == 303)


def test_devices_are_listed_and_can_be_signed_out_one_by_one(context, client, visitor):
    person, other = make_person(make_quarter()), visitor()
    sign_in(client, person)
    sign_in(other, person)
    page = client.get("/me/access").get_data(as_text=True)
    (key,) = re.findall(r'name="device" value="([0-9a-f]{20})"', page)
    assert client.post("/me/devices/end", data={"device": key}).status_code == 303
    assert other.get("/me").status_code == 303
    assert client.get("/me").status_code == 200
    assert client.post("/me/devices/end", data={"device": key}).status_code == 404


def test_never_confirmed_sign_ups_are_forgotten_after_14_days(context, client, frozen_clock):
    sign_up(client)
    kept = make_person(make_quarter())
    frozen_clock.tick(14 * 86400 - 60)
    with scope.use(scope.NOBODY):
        assert forgetting.unconfirmed(clock.now() - forgetting.UNCONFIRMED_FOR) == 0
        frozen_clock.tick(120)
        assert forgetting.unconfirmed(clock.now() - forgetting.UNCONFIRMED_FOR) == 1
    with as_owner():
        assert list(db.session.scalars(select(Person.id))) == [kept.id]


def test_cookies_are_one_and_have_their_flags(context, settings):
    from dataclasses import replace

    from neighbour.app import create_app

    app = create_app(replace(settings, site_url="https://nachbar.example"))
    response = app.test_client().get("/signin", base_url="https://nachbar.example")
    (cookie,) = response.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-nachbar=")
    assert all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie
    assert "max-age=63072000" in response.headers["Strict-Transport-Security"]
    with app.app_context():
        hang_up()


def test_signing_in_rehashes_a_password_made_with_older_parameters(context):
    person = make_person(email="a@altenbrueck.example", email_key="a@altenbrueck.example")
    give_password(person)
    with scope.use(scope.NOBODY):
        service.sign_in("a@altenbrueck.example", GOOD, Browser("", "1"), memory_kib=128)
    with as_owner():
        assert "m=128," in db.session.get_one(Person, person.id, populate_existing=True).password_hash
        assert db.session.scalar(select(LoginSession.person_id)) == person.id


def test_another_address_counts_once_confirmed_and_the_old_one_is_told(context, client, visitor, mailbox, jobs):
    person = make_person(make_quarter(), email="alt@altenbrueck.example", email_key="alt@altenbrueck.example")
    give_password(person)
    sign_in(client, person)
    assert client.post("/me/email", data={"e-email": "neu"}).status_code == 422
    client.post("/me/email", data={"e-email": "neu@altenbrueck.example"})
    jobs.run()
    by = {mail.recipients[0]: mail for mail in mailbox.messages()}
    assert set(by) == {"alt@altenbrueck.example", "neu@altenbrueck.example"}
    link = re.search(r"http://localhost(/signup/confirm/\S+)", by["neu@altenbrueck.example"].text).group(1)
    visitor().post(link)
    with as_owner():
        assert db.session.get_one(Person, person.id, populate_existing=True).email_key == "neu@altenbrueck.example"
