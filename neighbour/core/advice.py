"""What works and had better be different: said at the start and by ``neighbour check``, and no failure."""

from __future__ import annotations

import psycopg

from config import Config, Problem
from neighbour.core import roles
from neighbour.core.postgres import DatabaseTrouble

OPERATORS = 2  # of different households: whoever operates looks at some things alone with the others who do
_PROMOTE = "neighbour person promote MAIL --operator"
_FEW = (
    "are of one household: what they alone may decide one person decides by looking twice, a day apart; and of protected people"
    " who live with them nobody decides"
)
_NONE = "are none: nobody can decide"
_ASKED = "SELECT operators_apart(), (SELECT count(*) FROM cases_of_nobody())"
_QUICK = {"connect_timeout": 2, "options": "-c statement_timeout=2000", "autocommit": True}


def warnings(config: Config) -> list[Problem]:
    """Nothing while the database cannot say."""
    try:
        with roles.connect(config.database_url, **_QUICK) as connection:
            (apart, stuck) = connection.execute(_ASKED).fetchone() or (OPERATORS, 0)
    except (DatabaseTrouble, psycopg.Error):
        return []
    found = [] if apart >= OPERATORS else [Problem("operators", _FEW if apart else _NONE, f"a second one: {_PROMOTE}")]
    if stuck:
        wait = "proof waits" if stuck == 1 else "proofs wait"
        text = f"{stuck} {wait} that nobody at a desk may decide about"
        found.append(Problem("proofs", text, f"neighbour cases list; or another operator: {_PROMOTE}"))
    return found
