"""Bots that collect: what one account, and ten, get of their neighbours in a week."""

from __future__ import annotations

import pytest

from neighbour.core import clock, limits, scope
from neighbour.core.limits import PAGES_AT_ONCE, RATES, Rate, TooMany
from tests.attacks.world import World
from tests.factories import make_person

pytestmark = pytest.mark.thorough

DAY = 86_400


def test_a_bot_gets_no_more_pages_with_names_than_a_day_has_and_operators_hear_of_it(
    world: World, monkeypatch, mailbox, jobs
):
    """Over the real pages, with a smaller number for the sake of time."""
    monkeypatch.setitem(RATES, "names", Rate(2, DAY))
    bot = world.browsers["author"]
    paths = [
        "/board",
        *(f"/c/{cell}" for cell in [world.things(page)[0].values["contribution_id"] for page in _threads(world)]),
    ]
    answers = [bot.ask("GET", paths[number % len(paths)]) for number in range(3 * PAGES_AT_ONCE + 8)]
    codes = [answer.status_code for answer in answers]
    assert codes == [200] * (3 * PAGES_AT_ONCE - 1) + [429] * 9
    assert 0 < int(answers[-1].headers["Retry-After"]) <= DAY and "Vorname" not in answers[-1].get_data(as_text=True)
    assert (
        bot.ask("GET", "/me").status_code == 200 and world.browsers["another"].ask("GET", "/board").status_code == 200
    )
    jobs.run()
    (mail,) = [mail for mail in mailbox.messages() if "abruft" in mail.text or "aufgerufen" in mail.text]
    author = world.people["author"]
    assert author.public_id in mail.text and author.display_name not in mail.text
    assert list(mail.recipients) == [world.people["operator"].email]
    clock.tick(2 * DAY)
    assert bot.ask("GET", "/board").status_code == 200


def _threads(world: World):
    from tests.attacks import mapping

    return [page for page in mapping.pages(world.app) if page.endpoint == "contributions.show"]


@pytest.mark.parametrize("accounts", [1, 10])
def test_a_week_of_collecting_stays_under_the_cap(world: World, accounts):
    """Each of them asks for a thousand pages a day for seven days, in two processes at once."""
    most = RATES["names"].times * PAGES_AT_ONCE
    with world.app.app_context(), scope.use(scope.NOBODY):
        keys = [str(make_person(world.here).id) for _ in range(accounts)]
        got = dict.fromkeys([(key, day) for key in keys for day in range(7)], 0)
        processes = [{}, {}]
        for day in range(7):
            for key in keys:
                for number in range(1000):
                    world.app.extensions["names"] = processes[number % 2]
                    try:
                        limits.turn_page(key)
                    except TooMany:
                        continue
                    got[key, day] += 1
            clock.tick(DAY)
    world.app.extensions.pop("names")
    assert set(got.values()) <= set(range(most, most + 2 * PAGES_AT_ONCE + 1)), got
