"""The rule book as a table: who may do what with whose. ``python -m tests.guards.matrix`` prints it, ``… --keep`` writes it
to ``permissions.txt``, which the guard test compares: a rule that changes is seen in the change.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from neighbour.policy import ANONYMOUS, Identity, Permission
from neighbour.policy.identity import Level, Role, Seat
from neighbour.policy.table import allows

KEPT = Path(__file__).parent / "permissions.txt"
HERE, ELSEWHERE, ME, OTHER = 1, 2, 7, 8


def _person(level: Level, role: Role = Role.RESIDENT, quarter_id: int = HERE, **more: bool) -> Identity:
    given = {"is_confirmed": True, **more}
    return Identity(person_id=ME, signup_step="done", seats=(Seat(quarter_id, level, role),), **given)  # type: ignore[arg-type]


PEOPLE = {
    "nobody": ANONYMOUS,
    "begun": Identity(person_id=ME, signup_step="address"),
    "unconf.": _person(Level.VERIFIED, is_confirmed=False),
    "unproven": _person(Level.UNPROVEN),
    "vouched": _person(Level.VOUCHED),
    "verified": _person(Level.VERIFIED),
    "elsewh.": _person(Level.VERIFIED, quarter_id=ELSEWHERE),
    "suspend.": _person(Level.VERIFIED, is_suspended=True),
    "verifier": _person(Level.VERIFIED, Role.VERIFIER, has_strong_session=True),
    "steward": _person(Level.VERIFIED, Role.STEWARD, has_strong_session=True),
    "operator": Identity(
        person_id=ME, is_confirmed=True, is_operator=True, signup_step="done", has_strong_session=True
    ),
}


@dataclass(frozen=True)
class Thing:
    """Something a rule is asked about: of a quarter, by or about a person."""

    quarter_id: int
    author_id: int
    person_id: int
    editor_ids: tuple[int, ...] = ()
    is_office: bool = False


KEPT_FOR = "an office"  # what one keeps for an initiative; named where it is not as one's own
THINGS = {
    "": None,
    "one's own": Thing(HERE, ME, ME, (ME,)),
    "another's": Thing(HERE, OTHER, OTHER),
    KEPT_FOR: Thing(HERE, ME, ME, (ME,), is_office=True),
}


def lines() -> Iterator[str]:
    """One line per permission and object, a column per kind of person; x where the table says yes."""
    yield f"{'':26} {'':9} " + " ".join(f"{name:8}" for name in PEOPLE).rstrip()
    for permission in Permission:
        rows = {
            whose: " ".join(f"{'x' if allows(who, permission, thing) else '.':8}" for who in PEOPLE.values()).rstrip()
            for whose, thing in THINGS.items()
        }
        if rows[KEPT_FOR] == rows["one's own"]:
            del rows[KEPT_FOR]
        if len(set(rows.values())) == 1:
            rows = {"anything": rows[""]}
        for whose, marks in rows.items():
            yield f"{permission.value:26} {whose:9} {marks}"


def main() -> None:
    """Print the table, or keep it."""
    text = "\n".join(lines()) + "\n"
    if "--keep" in sys.argv:
        KEPT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
