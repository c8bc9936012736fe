"""Requests no page of ours makes, sessions that end meanwhile, and what an error leaves in the log."""

from __future__ import annotations

import logging
import traceback

import pytest
from sqlalchemy.exc import IntegrityError
from wtforms import DateField, HiddenField, IntegerField, StringField, TimeField

from neighbour.accounts.models import Person
from neighbour.app import OPTIONS, WRITING
from neighbour.contributions.kinds import all_kinds
from neighbour.core import logs
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.limits import RATES
from tests.factories import make_person, make_post, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def neighbour(client):
    """Somebody who is signed in with ``client``."""
    person = make_person(make_quarter())
    sign_in(client, person)
    return person


@pytest.mark.parametrize("path", ["/unsubscribe/%00", "/quarters/a%00b", "/reset/%00", "/c/%00", "/%00"])
def test_no_page_has_a_zero_byte_in_its_address(client, path):
    assert client.get(path).status_code == 404


FOREIGN = [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
OWN = [{}, {"Origin": "http://localhost"}, {"Origin": "null"}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_on_another_site_is_refused_even_with_the_right_token(neighbour, client, headers):
    assert client.post("/me/mails", headers=headers).status_code == 403


@pytest.mark.parametrize("headers", OWN)
def test_a_form_of_ours_is_taken(neighbour, client, headers):
    assert client.post("/me/mails", headers=headers).status_code == 303


def test_one_click_unsubscribing_needs_no_origin(client):
    assert client.post("/unsubscribe/x/now", headers=FOREIGN[0], csrf=False).status_code == 404


def test_the_language_can_be_chosen_on_pages_that_hide_where_one_comes_from(client):
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}  # what Chromium sends from a page with no-referrer
    assert client.post("/language/en", headers=headers, csrf=False).status_code == 303


def test_a_form_that_was_open_too_long_says_so_in_the_readers_language(client):
    person = make_person(make_quarter(), language="en")
    sign_in(client, person)
    client.get("/me", headers={"Accept-Language": "de"})
    page = client.post("/me/mails", csrf=False, headers={"Accept-Language": "de"})
    assert page.status_code == 403 and "This page was open for too long" in page.text


def test_whoever_is_too_fast_finds_what_they_wrote_on_the_page_that_says_so(neighbour, client):
    post = make_post(neighbour, db_quarter(neighbour))
    for number in range(RATES["publish"].times + 1):
        page = client.post(f"{post_path(post)}/answer", data={"body": f"Satz {number} <b>", "form_key": ""})
    assert page.status_code == 429 and f"Satz {number} &lt;b&gt;" in page.text and "csrf" not in page.text


def test_what_was_written_into_a_page_that_was_open_too_long_is_still_there(neighbour, client):
    typed = {
        "title": "Leiter?",
        "body_md": "Lang.",
        "poll_2": "Am Sonntag",
        "place": "Hof",
        "price": "ein Kaffee",
        "for_holder": "2. Stock",
    }
    page = client.post("/write", data={**typed, "poll_x": "nichts", "audience": "quarter"}, csrf=False)
    assert page.status_code == 403 and [word for word in typed.values() if word not in page.text] == []
    assert "nichts" not in page.text and "quarter<" not in page.text


def test_every_field_of_a_composer_that_is_typed_into_is_one_of_those_that_are_not_lost(app):
    typed = StringField, DateField, TimeField, IntegerField  # long texts are StringFields, too
    with app.test_request_context():
        fields = {field.name: field for kind in all_kinds() for field in kind.form() if isinstance(field, typed)}
    names = {name for name, field in fields.items() if not isinstance(field, HiddenField)}
    assert {name for name in names if name not in WRITING and not OPTIONS.fullmatch(name)} == {"point"}, "set on a map"


def test_a_password_is_never_shown_again(client):
    page = client.post("/signin", data={"email": "a@b.example", "password": "geheim!!"}, csrf=False)
    assert page.status_code == 403 and "geheim" not in page.text and "a@b.example" not in page.text


def test_a_method_no_page_knows_is_told_which_it_does(client):
    answer = client.put("/rules")
    assert answer.status_code == 405 and {"GET", "HEAD"} <= set(answer.allow)


def test_files_have_the_headers_of_pages(client):
    page, file = client.get("/rules"), client.get("/static/build/manifest.json")
    file.close()
    assert file.status_code == 200 and "Access-Control-Allow-Origin" not in file.headers
    for name in (
        "Content-Security-Policy",
        "X-Content-Type-Options",
        "Referrer-Policy",
        "Cross-Origin-Resource-Policy",
    ):
        assert file.headers[name] == page.headers[name]


def test_a_session_that_ends_while_writing_leads_back_to_the_page_and_says_so(neighbour, client):
    post = make_post(neighbour, db_quarter(neighbour))
    page = f"http://localhost{post_path(post)}?to=x"
    end_sessions(neighbour)
    answer = client.post(f"{post_path(post)}/answer", data={"body": "Lang."}, headers={"Referer": page})
    assert answer.location == f"/signin?next={post_path(post)}?to%3Dx"
    assert "Du bist inzwischen abgemeldet" in client.get(answer.location).text
    elsewhere = client.post("/write", headers={"Referer": "https://evil.example/x"})
    assert elsewhere.location == "/signin"


def test_the_log_does_not_show_what_the_database_quotes_from_rows(neighbour):
    with pytest.raises(IntegrityError) as caught, as_owner(), atomic():
        db.session.add(Person(email=neighbour.email, email_key=neighbour.email_key, password_hash="!"))
    assert neighbour.email in "".join(traceback.format_exception(caught.value))
    said = logs.traceback_of(caught.value)
    assert neighbour.email not in said and "uq_person_email_key" in said and "Traceback" in said
    record = logging.LogRecord(
        "x", logging.ERROR, "", 0, "failed: %s", (caught.value,), (IntegrityError, caught.value, None)
    )
    assert neighbour.email not in logs.Formatter("%(message)s").format(record)


def db_quarter(person):
    from neighbour.quarters.models import Quarter
    from neighbour.residency.models import Membership

    with as_owner():
        home = db.session.query(Membership).filter_by(person_id=person.id).one()
        return db.session.get_one(Quarter, home.quarter_id)


def post_path(post):
    from neighbour.contributions.cards import url_of

    return url_of(post.id)


def end_sessions(person):
    from neighbour.accounts import sessions

    with as_owner(), atomic():
        sessions.end_all(person.id)
