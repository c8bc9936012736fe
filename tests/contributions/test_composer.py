"""The composer, as the server answers it."""

from __future__ import annotations

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
