"""Where somebody lives and what somebody is called: only these files may read it, all others ask them."""

from __future__ import annotations

import re

from tests.guards.test_house import PRODUCT, ROOT, code, name

# Real points: of the register, of quarters, of the map's drawing. Of a home there is the public cell; the map alone uses it.
POINTS = r"\.(lon|lat)\b|\bh3\b|great_circle|haversine|geodesic|\.distance\("
MAY_COMPUTE = (
    "neighbour/quarters/", "neighbour/residency/cells.py", "neighbour/residency/homes.py", "neighbour/residency/borders.py",
    "neighbour/residency/gazetteer/", "neighbour/core/geo.py", "neighbour/demo/",
    "neighbour/residency/planning.py",  # entries of the register, near a border that is planned
    "neighbour/events/",  # the place of an event, which its author has made known
    "neighbour/quarters/", "neighbour/pages/service.py", "neighbour/residency/changing_views.py",  # the middle of a quarter, for its name on the drawing
    "neighbour/map/", "neighbour/events/placing.py", "neighbour/events/service.py",  # places that were made known, and cells
    "neighbour/initiatives/service.py", "neighbour/initiatives/places.py", "neighbour/map/",  # where an initiative's own paper says
)  # fmt: skip
NAMES = r"\b(first_name|last_name|display_name|name_nearby|name_city|street_shown)\b"
MAY_NAME = (
    "neighbour/accounts/", "neighbour/demo/",
    "neighbour/policy/identity.py", "neighbour/residency/invitation_views.py", "neighbour/feed/answers_views.py",  # one's own
    "neighbour/residency/cases/crowds.py",  # to be hashed: is this somebody who is here already?
    "neighbour/residency/cases/desk.py", "neighbour/initiatives/desk_views.py",  # who looked and who confirms, for operators
    "neighbour/residency/service.py",  # takes the street away from whoever moves
    "neighbour/mydata/",  # of the person themselves, for them
    "neighbour/notices/envelope.py", "neighbour/digests/sending.py",  # a mail header's own word for a sender's name
)  # fmt: skip


def guilty(pattern, allowed):
    return [name(path) for path in PRODUCT if not name(path).startswith(allowed) and re.search(pattern, code(path))]


def test_nothing_computes_with_where_homes_are_but_residency_and_quarters():
    """Elsewhere only ``Home.cell`` may be used. Whoever needs a distance takes it between public cells (residency.cells)."""
    assert guilty(POINTS, MAY_COMPUTE) == []


def test_people_are_named_through_the_table_of_rings():
    """A page or mail that names somebody selects ``Person.face()`` and asks ``accounts.appearance.seen``."""
    assert guilty(NAMES, MAY_NAME) == []


def test_templates_name_nobody_but_the_reader():
    stray = [
        name(path)
        for path in (ROOT / "neighbour").rglob("*.html")
        if "node_modules" not in path.parts and "accounts" not in path.parts
        and re.search(r"(?<!\bme\.)" + NAMES, path.read_text(encoding="utf-8"))
    ]  # fmt: skip
    assert stray == []


def test_the_files_that_may_are_there():
    assert [each for each in (*MAY_COMPUTE, *MAY_NAME) if not (ROOT / each).exists()] == []
