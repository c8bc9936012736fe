"""The composer, as the server answers it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from neighbour.contributions import kinds
from neighbour.posts.kind import KIND
from tests.factories import make_person, make_quarter, sign_in


def test_asking_without_script_what_it_would_reach_keeps_what_was_typed(context, client):
    here = make_quarter("Weberviertel")
    make_quarter("Mühlgraben", beside=here)
    sign_in(client, make_person(here))
    typed = {"title": "Wer hat einen Entsafter?", "body_md": "Vier Kisten Äpfel.", "audience": "nearby"}
    answer = client.post("/write", data={**typed, "kind": "post", "preview": "1"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert 'value="Wer hat einen Entsafter?"' in page and "Vier Kisten Äpfel." in page
    assert 'id="reach"' in page and "<h1>" in page
    assert "Entsafter" not in client.get("/board").get_data(as_text=True)


@pytest.fixture
def second_kind(monkeypatch):
    """Another kind, as a new room would register it; gives the titles that its own service got."""
    pinned_up = []

    def publish(author, form):
        pinned_up.append(form.title.data)
        return KIND.publish(author, form)

    monkeypatch.setattr(kinds, "_kinds", {})
    kinds.register(KIND)
    kinds.register(replace(KIND, name="probe", label="Probestück", order=20, publish=publish))
    return pinned_up


def test_the_tab_of_another_kind_leads_to_its_composer_and_its_service(context, client, second_kind):
    sign_in(client, make_person(make_quarter()))
    tabs = re.findall(
        r'<a class="kind-tab" href="([^"]+)"( aria-current="page")?>.*?</svg>([^<]+)</a>', page(client, "/write")
    )
    assert [(bool(current), label) for _url, current, label in tabs] == [(True, "Beitrag"), (False, "Probestück")]
    there = page(client, tabs[1][0])
    assert re.search(r'aria-current="page">.*?</svg>Probestück', there)
    (kind,) = re.findall(r'name="kind" value="(\w+)"', there)
    fields = {
        "kind": kind,
        "category": "question",
        "title": "Wer leiht?",
        "body_md": "",
        "hours": "24",
        "audience": "quarter",
    }
    assert client.post("/write", data=fields).status_code == 303
    assert second_kind == ["Wer leiht?"]


def test_with_one_kind_there_is_nothing_to_choose(context, client, monkeypatch):
    monkeypatch.setattr(kinds, "_kinds", {KIND.name: KIND})
    sign_in(client, make_person(make_quarter()))
    assert "kind-tab" not in page(client, "/write")


def page(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)
