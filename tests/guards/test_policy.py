"""The rule book is what it was when somebody last read it, and no rule stands alone in a view."""

from __future__ import annotations

import re
from pathlib import Path

from neighbour.policy import Permission
from neighbour.policy.table import TABLE
from tests.guards import matrix
from tests.support import ROOT


def test_who_may_do_what_has_not_changed_unseen():
    """After a wanted change: ``python -m tests.guards.matrix --keep``."""
    assert "\n".join(matrix.lines()) + "\n" == matrix.KEPT.read_text(encoding="utf-8")


def test_every_permission_has_a_line_and_is_asked_for_somewhere():
    assert set(TABLE) == set(Permission)
    code = "".join(path.read_text() for path in _pages())
    assert [each.name for each in Permission if not re.search(rf"Permission\.{each.name}\b", code)] == []


def test_nobody_asks_for_levels_or_roles_beside_the_table():
    """``Level`` and ``Role`` in a page decide what is shown of oneself; what one may do is asked of the table."""
    pattern = r"\.(?:is_operator|is_suspended)\b|level_in\("
    asking = {str(path.relative_to(ROOT)) for path in _pages() if re.search(pattern, path.read_text())}
    assert asking <= {"neighbour/app.py"}, "the page of what is missing only"


def _pages() -> list[Path]:
    house = ROOT / "neighbour"
    files = [*house.rglob("*views.py"), *house.rglob("*.html"), house / "app.py"]
    return [path for path in files if not {"node_modules", "policy"} & set(path.parts)]
