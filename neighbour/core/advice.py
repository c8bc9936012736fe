"""What works and had better be different: said at the start and by ``neighbour check``, and no failure."""

from __future__ import annotations

import psycopg

from config import Config, Problem
from neighbour.core import roles
from neighbour.core.postgres import DatabaseTrouble

OPERATORS = 2  # of different households: whoever operates looks at some things alone with the others who do
_QUICK = {"connect_timeout": 2, "options": "-c statement_timeout=2000", "autocommit": True}


def warnings(config: Config) -> list[Problem]:
    """Nothing while the database cannot say."""
    try:
        with roles.connect(config.database_url, **_QUICK) as connection:
            row = connection.execute("SELECT operators_apart()").fetchone()
    except (DatabaseTrouble, psycopg.Error):
        return []
    if row is None or row[0] >= OPERATORS:
        return []
    text = "are of one household" if row[0] else "are none"
    why = (
        "what they alone may decide one person decides by looking twice, a day apart" if row[0] else "nobody can decide"
    )
    return [Problem("operators", f"{text}: {why}", "a second one: neighbour person promote MAIL --operator")]
