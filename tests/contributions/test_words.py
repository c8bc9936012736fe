"""What people type into the composer, and what becomes of it."""

from __future__ import annotations

import re

import pytest

from neighbour.core.text import MOST_MARKS, clean_line, clean_text, markdown, soft_hyphens
from tests.factories import make_person, make_quarter, sign_in


@pytest.mark.parametrize(
    "typed",
    ['[x](https://e.example "titel")', '[x](https://e.example "t\\" onx=\\"y")', "[x](tel:110)", "https://e.example/a"],
)
def test_a_link_has_an_address_and_nothing_else_of_its_writer(typed):
    (attributes,) = re.findall(r"<a ([^>]*)>", markdown(typed))
    assert re.fullmatch(r'href="[^"]*" rel="nofollow ugc noopener"', attributes)


@pytest.mark.parametrize("field", ["category", "audience", "hours"])
def test_a_choice_that_does_not_exist_is_refused_in_the_readers_language(context, client, field):
    sign_in(client, make_person(make_quarter()))
    form = {"title": "Leiter?", "category": "urgent", "audience": "quarter", "hours": "24", field: "9" * 5000}
    page = client.post("/write", data=form)
    assert page.status_code == 422
    assert "Bitte wähl etwas davon aus." in page.text and 'value="Leiter?"' in page.text


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Spulengasse 2–14", 'Spulengasse <span class="nowrap">2–14</span>'),
        ("9-17 Uhr", '<span class="nowrap">9-17</span> Uhr'),
        ("heute – 5 Uhr", "heute – 5 Uhr"),
        ("Nachbarschaftsversammlung", "Nachbarschafts&shy;versammlung"),
        ("17a–19b, 0170-1234567", '<span class="nowrap">17a–19b</span>, 0170-1234567'),
        ("<b>2–3</b>", '&lt;b&gt;<span class="nowrap">2–3</span>&lt;/b&gt;'),
    ],
)
def test_titles_break_where_a_reader_would_break_them(typed, shown):
    assert soft_hyphens(typed) == shown


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Familie 👨\u200d👩\u200d👧 kommt", "Familie 👨\u200d👩\u200d👧 kommt"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u200db\u200cc", "abc"),
        ("\u200d👍\u200d", "👍"),
        ("x\x9b31mROT\x1b[0m", "x31mROT[0m"),
        ("\u2800\u200d\u2800", ""),
        ("\u202eumgekehrt\u061c\u3164\U000e0041", "umgekehrt"),
    ],
)
def test_what_nobody_sees_is_dropped_and_what_joins_stays(typed, kept):
    assert clean_line(typed) == clean_text(typed) == kept


def test_a_letter_has_as_many_accents_as_any_writing_has():
    """More would be put in order in a time that grows with their square: one request for minutes of a processor."""
    for row in ("\u0315\u0300", "\u0f73", "\u0f75\u0f81", "\uff9e\u0334", "\uff9f\u0334"):
        assert len(clean_line("a" + row * 40_000)) <= 1 + MOST_MARKS
    assert clean_line("Vie\u0302\u0323t Nam") == "Việt Nam"


@pytest.mark.parametrize(
    "address", ["//evil.example", "/me", "me/access", "#id", "?a=b", "javascript:alert(1)", "data:,x"]
)
def test_a_link_leads_where_its_address_says(address):
    assert "href" not in markdown(f"[hier]({address})")


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://example.org/leiter_(neu)", "https://example.org/leiter_(neu)"),
        ("(https://example.org/a)", "https://example.org/a"),
        ("https://example.org/a_(b), dann", "https://example.org/a_(b)"),
        ("https://example.org/a).", "https://example.org/a"),
    ],
)
def test_a_bare_address_ends_where_a_reader_would_end_it(typed, address):
    assert f'href="{address}"' in markdown(typed)
