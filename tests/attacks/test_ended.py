"""A session that has ended is nobody's: on every page, with every method."""

from __future__ import annotations

from neighbour.core import tokens
from neighbour.policy import ANONYMOUS
from neighbour.policy.table import allows
from tests.attacks import mapping, words
from tests.attacks.world import World


def test_the_cookie_of_an_ended_session_gets_what_nobody_gets(world: World):
    """What nobody may open stays shut, writes nothing and shows nothing of whose session it was; what is open is so for
    all. What ends a session is tried in tests/mydata/test_ending_sessions.py."""
    mine = world.canaries("author")
    world.hands.execute(
        "DELETE FROM login_session WHERE token_hash = %s", [tokens.hash_token(world.browsers["author"].session)]
    )
    world._remember()
    wrong, shut = [], 0
    for page in mapping.pages(world.app):
        data = words.fill_in(page, mapping.fields(page))
        given = {"query_string": data} if page.is_safe else {"data": data}
        values = world.things(page)[0].values
        old, none = (world.ask(role, page, values, **given) for role in ("author", "nobody"))
        if old.status != none.status or len(old.written) != len(none.written):
            wrong.append(f"{page.key}: {old.status} for {none.status}, {old.written}")
        if allows(ANONYMOUS, page.gate["permission"]):
            continue
        shut += 1
        if old.status not in (303, 401, 403, 404) or old.written:
            wrong.append(f"{page.key}: {old.status}, {old.written}")
        typed = " ".join(data.values())  # comes back in where one may go on after signing in
        wrong += [f"{page.key}: shows the {what}" for what, word in mine if word in old.text and word not in typed]
    assert wrong == []
    assert shut >= 80, shut
