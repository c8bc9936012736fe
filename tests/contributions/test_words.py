"""What people type into the composer, and what becomes of it."""

from __future__ import annotations

import re

import pytest

from neighbour.core.text import markdown, soft_hyphens
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
        ("Spulengasse 2–14", "Spulengasse 2–\u206014"),
        ("9-17 Uhr", "9-\u206017 Uhr"),
        ("heute – 5 Uhr", "heute – 5 Uhr"),
        ("Nachbarschaftsversammlung", "Nachbarschafts&shy;versammlung"),
        ("<b>2–3</b>", "&lt;b&gt;2–\u20603&lt;/b&gt;"),
    ],
)
def test_titles_break_where_a_reader_would_break_them(typed, shown):
    assert soft_hyphens(typed) == shown
