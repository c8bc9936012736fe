"""The pages as a table: ``routes.json`` says of every endpoint and method who may open it, whose it is, what it takes, how
often, and how long it is kept; ``codes.txt`` says what each role gets. ``python -m tests.guards.routes`` prints the first,
``… --keep`` writes both (it builds the town of tests/attacks for that). Guard tests compare them with what there is.

A line of routes.json:

permission, takes   what ``@requires`` asks for, and the words of the rule in ``policy/table.py``
roles               columns of permissions.txt that pass the gate, before any object is looked at
quarter             whose it is: "everybody's", "who holds the secret", "the wall" (row-level security decides about the
                    object), "own rows", "own quarters"
names, fresh        counted as a page that names neighbours; asks for a proof of the last minutes
csrf, rate, cache   of ``@requires``; a safe method has neither token nor count
fields              what it reads, by what that holds (tests/attacks/words.py): these are the fields to be careful with
shows               what of a person stands on the page: "own" for the one who asks, "others"
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from flask import Flask

from neighbour.core.limits import RATES
from neighbour.policy import Permission
from neighbour.policy.table import TABLE, allows
from tests.attacks import mapping, words
from tests.attacks.mapping import Page
from tests.guards import matrix

KEPT = Path(__file__).parent / "routes.json"
HOW = "after a wanted change: .venv/bin/python -m tests.guards.routes --keep"


def table(app: Flask) -> dict[str, dict[str, Any]]:
    """Every page by its key, from the code alone."""
    return {page.key: line(page) for page in mapping.pages(app)}


def line(page: Page) -> dict[str, Any]:
    """What is declared of one page; raises ``words.Unknown`` for a field or a part of the address that nobody has named."""
    gate = page.gate
    rule = TABLE[gate["permission"]]
    fields: dict[str, list[str]] = {}
    for given in mapping.fields(page):
        holds = "list names" if given.name == "*" else words.word(given).holds
        fields.setdefault(holds, []).append(given.name)
    rate = RATES[gate["rate"]]
    return {
        "address": page.rule.rule,
        "permission": str(gate["permission"]),
        "takes": [_name(each) for each in rule],
        "roles": [name for name, who in matrix.PEOPLE.items() if allows(who, gate["permission"])],
        "quarter": _whose(page, gate["permission"]),
        "csrf": None if page.is_safe else gate["csrf"],
        "rate": None if page.is_safe else f"{gate['rate']}: {rate.times} in {rate.seconds} s",
        "cache": gate["cache"],
        "fields": {holds: sorted(names) for holds, names in sorted(fields.items())},
        **{mark: True for mark in ("fresh", "names") if gate.get(mark)},
    }


def _name(predicate: Any) -> str:
    return " or ".join(each.__name__ for each in predicate) if isinstance(predicate, tuple) else predicate.__name__


def _whose(page: Page, permission: Permission) -> str:
    """Whose things the page is about, from its address and its rule."""
    takes = {_name(each) for each in TABLE[permission]}
    if any((page.endpoint, part) in words.SECRETS_OF_PAGES for part in page.arguments):
        return "who holds the secret"
    if any(page.rule._converters[part].__class__.__name__ == "UidConverter" for part in page.arguments):
        return "the wall"
    if takes == {"anybody"}:
        return "everybody's"
    if takes & {"vouched", "verified", "proven_there"}:
        return "own quarters"
    if takes & {"owner", "author", "signed_in", "confirmed"} and not takes & {
        "operator",
        "staff",
        "steward",
        "verifier",
    }:
        return "own rows"
    return " and ".join(sorted(takes - {"signed_in"}))


def as_text(lines: dict[str, dict[str, Any]]) -> str:
    """One line per page, so that a change shows as a change of lines."""
    rows = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in sorted(lines.items())]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def main() -> None:
    """Print the table, or keep it and the codes."""
    from tests.attacks import stand, sweep

    if "--keep" not in sys.argv:
        from config import Config
        from neighbour.app import create_app

        nowhere = {
            "ENVIRONMENT": "test",
            "DATABASE_URL": "postgresql://a:b@c/d",
            "DATABASE_OWNER_URL": "postgresql://a:b@c/d",
        }
        sys.stdout.write(as_text(table(create_app(Config.from_env(nowhere)))))
        return
    with stand.world() as town:
        lines = table(town.app)
        cells = sweep.everything(town)
        for key, shows in sweep.shows(cells).items():
            lines[key]["shows"] = shows
    KEPT.write_text(as_text(lines), encoding="utf-8")
    sweep.KEPT.write_text(sweep.as_text(cells), encoding="utf-8")
    for problem in (problem for cell in cells for problem in cell.problems):
        print(problem, file=sys.stderr)
    print(f"{len(lines)} pages, {len(cells)} answers kept")


if __name__ == "__main__":
    main()
