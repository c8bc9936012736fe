"""Whatever quarters become: nobody loses what they could read, and nobody else gets to read it.

Random cities of patches, put together anew: splits, merges, redrawn borders, all at once. ``make machines`` tries many more.
"""

from __future__ import annotations

import os
from datetime import date

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from neighbour.contributions.models import Audience
from neighbour.core import clock, scope
from neighbour.core.db import db
from neighbour.quarters import plans
from neighbour.residency import changing
from tests.factories import make_comment, make_post
from tests.residency.patchwork import Patchwork, on, perform, readable

DAY = date(2026, 6, 1)
EXAMPLES = int(os.environ.get("MACHINES", 0)) // 5 or 8
COLUMNS, ROWS = 4, 3
KEYS = "abcdef"
SPOTS = [(column, row) for column in range(COLUMNS) for row in range(ROWS)]


@st.composite
def patchworks(draw):
    """Any distribution of the patches over some of the quarters."""
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True))
    return {spot: draw(st.sampled_from(keys)) for spot in SPOTS}


@st.composite
def changes(draw):
    """Quarters before and after; who lives where; who wrote what for whom."""
    before, after = draw(patchworks()), draw(patchworks())
    if draw(st.integers(0, 3)):  # most changes of real cities are small
        moved = draw(st.lists(st.sampled_from(SPOTS), min_size=1, max_size=3))
        after = {**before, **dict.fromkeys(moved, draw(st.sampled_from(KEYS)))}
    people = draw(
        st.lists(
            st.tuples(st.sampled_from(SPOTS), st.sampled_from(["middle", "east", "north"])), min_size=3, max_size=7
        )
    )
    audiences = [Audience.QUARTER, Audience.NEARBY, Audience.CITY]
    posts = draw(
        st.lists(st.tuples(st.integers(0, len(people) - 1), st.sampled_from(audiences)), min_size=1, max_size=5)
    )
    small = draw(st.sets(st.sampled_from(KEYS), max_size=2))
    chosen = draw(st.lists(st.booleans(), min_size=len(people), max_size=len(people)))
    return before, after, people, posts, small, chosen


def counts(owner):
    return [
        owner.execute(f"SELECT count(*) FROM {table} WHERE {which}").fetchone()[0]
        for table, which in (
            ("membership", "ended_at IS NULL"),
            ("subscription", "is_on"),
            ("home", "true"),
            ("comment", "true"),
            ("contribution", "true"),
        )
    ]


def rule(owner):
    """What the reach of every contribution says, and where it is kept; and where it is really shown."""
    wanted = owner.execute(
        "SELECT c.id, q FROM contribution c, quarters_reached(c.quarter_id, c.audience) q"
        " UNION SELECT k.contribution_id, k.quarter_id FROM reach_kept k JOIN contribution c ON c.id = k.contribution_id"
        " WHERE k.audience = 'quarter' OR c.audience <> 'quarter'"
    ).fetchall()
    return sorted(wanted), sorted(owner.execute("SELECT contribution_id, quarter_id FROM reach").fetchall())


def shown_where(owner):
    """Contribution → keys of the quarters it is shown in."""
    found = {}
    for key, quarter in owner.execute(
        "SELECT r.contribution_id::text, q.key FROM reach r JOIN quarter q ON q.id = r.quarter_id"
    ):
        found.setdefault(key, set()).add(quarter)
    return found


def test_whatever_changes_nobody_loses_what_they_could_read(context, owner, broom):
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(changes())
    def holds(change):
        try:
            with clock.freeze(on(date(2026, 5, 12))):
                _change_holds(owner, *change)
        finally:
            db.session.rollback()
            broom.sweep()

    holds()


def _change_holds(owner, before, after, people, posts, small, chosen):
    city = Patchwork(before)
    owner.execute("UPDATE quarter SET opened_at = NULL WHERE key = ANY (%s)", [list(small)])
    lived = [city.resident(*spot, house) for spot, house in people]
    for author, audience in posts:
        key = city.quarter_of(lived[author])
        post = make_post(lived[author], city.quarter(key), audience=audience)
        make_comment(lived[author], city.quarter(key), post)
    read, was, sums = (
        [readable(owner, each) for each in lived],
        [city.quarter_of(each) for each in lived],
        counts(owner),
    )
    shown = shown_where(owner)
    try:
        made = city.plan(after, DAY)
    except plans.LayerError as refused:
        assert before == after or "nothing to plan" in str(refused)
        return
    _choose(lived, chosen)
    assert perform(DAY)
    assert not perform(DAY)
    assert counts(owner) == sums
    now = [city.quarter_of(each) for each in lived]  # each in exactly one, and home, membership, list agree
    _are_where_they_live(city, made, people, now)
    wanted, real = rule(owner)
    assert wanted == real
    heirs = _heirs(made, list(zip(was, now, strict=True)), before, after)
    by_rule = {
        (str(key), quarter)
        for key, quarter in owner.execute(
            "SELECT c.id, k.key FROM contribution c, quarters_reached(c.quarter_id, c.audience) q JOIN quarter k ON k.id = q"
        )
    }
    for person, could, place in zip(lived, read, now, strict=True):
        can = readable(owner, person)
        assert could <= can
        for new in can - could:
            inherited = {heir for key in shown[new] for heir in heirs.get(key, {key})}
            assert place in inherited or (new, place) in by_rule


def _choose(people, chosen):
    """Some take what they may choose."""
    for person, takes in zip(people, chosen, strict=True):
        with scope.use(scope.Viewer(person.id)):
            seen = changing.outlook(person.id)
            if seen is not None and seen.choices and takes:
                assert changing.choose(person.id, next(part.key for part in seen.choices if part != seen.now))


def _are_where_they_live(city, made, people, now):
    """In the quarter of the house, or in another one within 100 m that has ground of the same old quarter."""
    for (spot, house), key in zip(people, now, strict=True):
        if key != city.patches[spot]:
            east = house == "east" and city.patches.get((spot[0] + 1, spot[1])) == key
            north = house == "north" and city.patches.get((spot[0], spot[1] + 1)) == key
            assert east or north


def _heirs(made, moves, before, after):
    """Old quarter → those that may read on: itself, who is new on its ground, who replaces it, where its people went."""
    heirs = {key: {key} for key in set(before.values())}
    for spot, key in before.items():
        if made.changes.get(after[spot]) == "new":
            heirs[key].add(after[spot])
    for key, heir in made.heirs.items():
        heirs[key].add(heir)
    for key, place in moves:
        heirs[key].add(place)
    return heirs
