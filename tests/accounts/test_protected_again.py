"""Protection is there at once, each time: what may have to wait is a further name of one's own choice, never the protection."""

from __future__ import annotations

import pytest

from neighbour.accounts import names
from neighbour.core import i18n
from tests.accounts.test_appearance import appears, form
from tests.factories import make_person, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context")
DAY = 86_400
STATE = "SELECT is_protected, alias, display_name FROM person WHERE id = %s"


@pytest.fixture
def ines(client, owner, frozen_clock):
    """Protected as Kiesel once, back under her own name since yesterday; another name of her choice has to wait."""
    person = appears(make_person(make_quarter()))
    sign_in(client, person)
    assert client.post("/me/protection", data={"alias": "Kiesel"}).status_code == 303
    assert client.post("/me/protection", data={"end": "1"}).status_code == 303
    assert client.post("/me/appearance", data=form()).status_code == 303
    frozen_clock.tick(DAY)
    sign_in(client, person)
    assert owner.execute(STATE, [person.id]).fetchone() == (False, "", "Hannelore W.")
    return person


def protected_as(owner, person) -> str:
    is_protected, alias, shown = owner.execute(STATE, [person.id]).fetchone()
    assert is_protected and alias == shown
    return alias


def test_with_the_name_from_before_at_once(client, owner, ines):
    assert client.post("/me/protection", data={"alias": "Kiesel"}).status_code == 303
    assert protected_as(owner, ines) == "Kiesel"


def test_with_a_name_from_the_house_at_once_where_a_further_one_has_to_wait(client, owner, ines):
    answer = client.post("/me/protection", data={"alias": "Vera K."})
    assert answer.status_code == 303
    alias = protected_as(owner, ines)
    with i18n.speaking("de"):
        assert names.is_given(alias) and not names.is_given("Vera K.") and names.objection(alias) is None
    page = client.get("/me/protection").text
    assert "erst vor Kurzem geändert" in page and f"So lange kennen dich die Nachbarn als {alias}." in page


def test_the_house_gives_one_name_and_not_a_new_face_each_time(client, owner, ines):
    taken = set()
    for wish in ("Vera K.", "Jochen B.", "Uwe P."):
        assert client.post("/me/protection", data={"alias": wish}).status_code == 303
        taken.add(protected_as(owner, ines))
        assert client.post("/me/protection", data={"end": "1"}).status_code == 303
    assert len(taken) == 1
    assert client.post("/me/appearance", data=form()).status_code == 303, "back to her own name"
    assert client.post("/me/protection", data={"alias": "Vera K."}).status_code == 303
    assert taken == {protected_as(owner, ines)}


def test_whoever_is_protected_waits_for_a_further_name_and_stays_protected(client, owner, ines):
    assert client.post("/me/protection", data={"alias": "Kiesel"}).status_code == 303
    refused = client.post("/me/protection", data={"alias": "Vera K."})
    assert refused.status_code == 422 and 'id="alias-error"' in refused.text and 'value="Vera K."' in refused.text
    assert protected_as(owner, ines) == "Kiesel"


def test_neither_a_name_from_the_house_nor_ones_own_makes_one_wait_longer(client, owner, ines, frozen_clock):
    since = "SELECT renamed_at FROM person WHERE id = %s"
    before = owner.execute(since, [ines.id]).fetchone()
    client.post("/me/protection", data={"alias": "Vera K."})
    client.post("/me/protection", data={"end": "1"})
    client.post("/me/appearance", data=form())
    assert owner.execute(since, [ines.id]).fetchone() == before
    frozen_clock.tick(29 * DAY)
    sign_in(client, ines)
    assert client.post("/me/protection", data={"alias": "Vera K."}).status_code == 303
    assert protected_as(owner, ines) == "Vera K.", "thirty days after the last name of her choice"


def test_whoever_went_back_to_their_own_name_long_after_takes_another_at_once(client, owner, ines, frozen_clock):
    frozen_clock.tick(100 * DAY)
    sign_in(client, ines)
    client.post("/me/protection", data={"alias": "Kiesel"})
    client.post("/me/protection", data={"end": "1"})
    frozen_clock.tick(31 * DAY)
    sign_in(client, ines)
    client.post("/me/appearance", data=form())
    assert client.post("/me/protection", data={"alias": "Vera K."}).status_code == 303
    assert protected_as(owner, ines) == "Vera K."


@pytest.mark.parametrize("alias", ["", "🌻", "Hannelore", "Moderation", "Haռnelore"])
def test_what_is_no_name_is_told_at_the_field_and_nothing_is_lost(client, owner, ines, alias):
    page = client.post("/me/protection", data={"alias": alias})
    assert page.status_code == 422 and 'id="alias-error"' in page.text and f'value="{alias}"' in page.text
    assert owner.execute(STATE, [ines.id]).fetchone()[0] is False
