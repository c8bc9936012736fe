"""Start page, texts, language and theme: open to everyone, honest, and no way out of the site."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from sqlalchemy import text

from neighbour.core import i18n
from neighbour.core.db import as_owner, atomic, db
from neighbour.pages import helpers
from neighbour.quarters import drawing
from tests.factories import make_city, make_person, make_quarter, sign_in

ELSEWHERE = [
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "evil.example",
    "/\t/evil.example",
    "/ /evil.example",
    "http:/evil.example",
    "",
    "/\u2028evil",
]


def page(client, path: str, language: str = "de") -> str:
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/", "/rules", "/privacy", "/imprint"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_everyone_can_read_them_in_both_languages_without_a_cookie(client, path, language):
    answer = client.get(path, headers={"Accept-Language": language})
    html = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in html
    assert html.count("<h1") == 1
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert "csrf" not in html  # what is kept for everybody must not carry somebody's token


def test_the_rules_promise_only_what_can_be_done_today(client):
    html = page(client, "/rules")
    assert "schreib dem Betreiber, um welchen Zettel es geht" in html
    assert "gibt es noch nicht" in html
    assert "Quartiersteam" not in html and "widersprechen" not in html


def test_the_start_page_says_when_there_are_no_quarters(client):
    html = page(client, "/")
    assert "noch keine Quartiere eingelesen" in html
    assert "/find-my-quarter" not in html


def test_the_start_page_counts_households_only_from_five(app, client):
    with app.app_context():
        make_city()
        quarter = make_quarter("Weberviertel")
        make_quarter("Altmarkt", beside=quarter)
        for _ in range(4):
            make_person(quarter)
        with as_owner(), atomic():
            db.session.execute(text("UPDATE quarter_stat SET households_on_board = 4"))
    assert "In Altenbrück gibt es 2 Quartiere" in page(client, "/")
    with app.app_context(), as_owner(), atomic():
        db.session.execute(
            text("UPDATE quarter_stat SET households_on_board = 1240 WHERE quarter_id = :id"), {"id": quarter.id}
        )
    assert re.search(r"In Altenbrück lesen 1\.2\d\d Haushalte mit, in 2 Quartieren", page(client, "/"))


def test_whoever_is_signed_in_goes_on_to_the_board(app, client):
    with app.app_context():
        sign_in(client, make_person(make_quarter("Weberviertel")))
    answer = client.get("/")
    assert (answer.status_code, answer.location) == (303, "/board")


def test_the_imprint_names_the_operator_or_says_what_is_missing(app, client):
    assert "noch nicht alles eingetragen" in page(client, "/imprint")
    before = app.jinja_env.globals["operator"]
    app.jinja_env.globals["operator"] = {
        **before,
        "name": "Mieterverein",
        "address": "Brunnenplatz 3",
        "email": "brett@example.org",
        "responsible": "Ana Beispiel",
    }
    try:
        html = page(client, "/imprint")
    finally:
        app.jinja_env.globals["operator"] = before
    assert "Mieterverein" in html and "§ 5 DDG" in html
    assert "§ 18 Abs. 2 MStV: Ana Beispiel" in html
    assert "noch nicht alles eingetragen" not in html


def test_the_language_stays_chosen_and_leads_back(client):
    answer = client.post("/language/en", data={"next": "/rules?x=1"})
    assert (answer.status_code, answer.location) == (303, "/rules?x=1")
    assert '<html lang="en">' in page(client, "/rules", "de")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_stays_chosen_until_the_device_decides_again(client, theme):
    assert client.post("/theme", data={"theme": theme, "next": "/privacy"}).location == "/privacy"
    assert f'data-theme="{theme}"' in page(client, "/privacy")
    client.post("/theme", data={"theme": "system"})
    assert "data-theme" not in page(client, "/privacy")


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("path", ["/language/en", "/theme"])
def test_nobody_is_led_off_the_site(client, path, target):
    answer = client.post(path, data={"next": target, "theme": "dark"})
    assert answer.status_code == 303
    assert answer.location == "/"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["/language/en", "/theme"])
def test_other_sites_cannot_choose_for_somebody(client, path, headers):
    answer = client.post(path, data={"theme": "dark"}, headers=headers, csrf=False)
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers


def test_other_values_are_refused(client):
    assert client.post("/theme", data={"theme": "pink"}).status_code == 400
    assert client.post("/language/fr").status_code == 404


@pytest.mark.parametrize("code", [400, 403, 404, 405, 413, 429, 500, 503])
@pytest.mark.parametrize("language", ["de", "en"])
def test_error_pages_need_no_database_and_nobody(app, code, language):
    """Rendered without a request: no session, no viewer, no query is possible."""
    template = app.jinja_env.get_template(f"errors/{code}.html")
    with i18n.speaking(language):
        html = template.render(code=code, retry_after=400)
    assert html.count("<h1>") == 1
    assert f'lang="{language}"' in html
    assert "Traceback" not in html
    assert "csrf" not in html


def test_where_nothing_is_there_is_a_way_on(context, client, visitor):
    """Signed out: the bar of public pages. Signed in: back to the board, and nothing about signing in."""
    nothing, start = client.get("/nirgendwo/hier"), client.get("/")
    ways = [
        re.findall(r'(?:href|action)="([^"#]+)"', page.text.split("<header")[1].split("</header>")[0])
        for page in (nothing, start)
    ]
    assert nothing.status_code == 404 and ways[0] == ways[1] == ["/", "/language/en", "/signin"]
    neighbour = visitor()
    sign_in(neighbour, make_person(make_quarter()))
    bar = neighbour.get("/nirgendwo/hier").text.split("<header")[1].split("</header>")[0]
    assert "/signin" not in bar and "Zum Brett" in bar


def test_the_drawing_is_one_picture_with_names_that_are_text():
    square = '{"type": "Polygon", "coordinates": [[[13.0, 52.0], [13.1, 52.0], [13.1, 52.1], [13.0, 52.1], [13.0, 52.0]], [[13.04, 52.04], [13.06, 52.04], [13.06, 52.06], [13.04, 52.04]]]}'
    twin = '{"type": "MultiPolygon", "coordinates": [[[[13.1, 52.0], [13.3, 52.0], [13.3, 52.1], [13.1, 52.0]]]]}'
    svg = drawing.draw(
        [drawing.Outline("<Alt & Neu>", 13.05, 52.05, square), drawing.Outline("Süd", 13.2, 52.03, twin)],
        'Karte "von" Süd',
    )
    tree = ElementTree.fromstring(svg)
    paths = [part.get("d") for part in tree.findall("path")]
    assert [path.count("z") for path in paths] == [2, 1]
    assert [part.text for part in tree.findall("text")] == ["<Alt & Neu>", "Süd"]
    assert tree.get("aria-label") == 'Karte "von" Süd'
    _, _, width, height = map(int, tree.get("viewBox").split())
    x, y = map(int, re.match(r"M(\d+) (\d+)", paths[0]).groups())
    assert 0 <= x <= width
    assert 0 <= y <= height


def test_nothing_to_draw_is_no_drawing():
    assert drawing.draw([], "leer") is None
    assert drawing.draw([drawing.Outline("x", 1.0, 1.0, "{}")], "leer") is None


def test_a_person_keeps_the_same_colour():
    washes = {helpers.wash(f"person-{number}") for number in range(200)}
    assert washes == {1, 2, 3, 4, 5, 6}
    assert helpers.wash("abc") == helpers.wash("abc")


def test_a_page_says_what_it_is_about_for_previews_of_links(client, context):
    quarter = make_quarter("Weberviertel")
    told = {
        path: re.findall(r'<meta name="description" content="([^"]+)"', page(client, path))
        for path in ("/", f"/quarters/{quarter.slug}")
    }
    assert [len(each) for each in told.values()] == [1, 1]
    assert "nebenan" in told["/"][0] and "Weberviertel" in told[f"/quarters/{quarter.slug}"][0]
