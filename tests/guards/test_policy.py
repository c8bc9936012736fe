"""The rule book is what it was when somebody last read it, and no rule stands alone in a view."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from neighbour.policy import Identity, Level, Permission, Role, Seat
from neighbour.policy.table import TABLE, allows
from tests.guards import matrix
from tests.support import ROOT


def test_who_may_do_what_has_not_changed_unseen():
    """After a wanted change: ``python -m tests.guards.matrix --keep``."""
    assert "\n".join(matrix.lines()) + "\n" == matrix.KEPT.read_text(encoding="utf-8")


def test_without_a_second_factor_in_this_session_staff_are_residents():
    """Whatever rules the table has: a role alone gives no right (ASVS 5.0 V6.3.3)."""
    gained = set()
    for role in (Role.VERIFIER, Role.STEWARD, None):
        for who in (_staff(role, has_strong_session=False), _staff(role, has_strong_session=True)):
            resident = replace(who, is_operator=False, seats=(Seat(matrix.HERE, Level.VERIFIED),))
            for permission in Permission:
                for thing in matrix.THINGS.values():
                    differs = allows(who, permission, thing) is not allows(resident, permission, thing)
                    assert not differs or who.has_strong_session, (role, permission)
                    gained |= {permission} if differs else set()
    assert {Permission.OPERATE, Permission.DESK_READ} <= gained, "with one they have their rights"


def _staff(role: Role | None, *, has_strong_session: bool) -> Identity:
    seat = Seat(matrix.HERE, Level.VERIFIED, role or Role.RESIDENT)
    given = {"person_id": matrix.ME, "is_confirmed": True, "signup_step": "done", "seats": (seat,)}
    return Identity(**given, is_operator=role is None, has_strong_session=has_strong_session)


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
