"""Statements that stand on every page, asked without ceremony.

A page of the board asks two statements, and for such small ones the session's and the result's own work costs more
than PostgreSQL needs to answer. ``Asked`` compiles a statement once and gives it to the driver on the session's own
connection: the same transaction, the same eyes, the same prepared statement, plain tuples back. It is for
lists that every page needs; anything else is asked through the session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from neighbour.core import scope
from neighbour.core.db import db

_DIALECT = PGDialect_psycopg()
#: called with the text of each statement; tests count with it
listeners: list[Callable[[str], object]] = []


class Asked:
    """One statement, compiled at its first use.

    statement: a ``select()`` or ``text()`` without parameters that expand (``IN``) and without types of our own:
    the driver turns values into UUIDs, times in UTC, numbers and texts by itself.
    """

    def __init__(self, statement: ClauseElement):
        compiled = statement.compile(dialect=_DIALECT)
        self.text = str(compiled)
        self.given = {name: value for name, value in compiled.params.items() if value is not None}

    def rows(self, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        """The rows as tuples, in the columns' order. Raises ``NoViewer`` before anybody said whose eyes to use."""
        if scope.current() is None:
            raise scope.NoViewer("choose whose eyes this statement uses: scope.use(…) or scope.enter(…)")
        for tell in listeners:
            tell(self.text)
        driver = db.session.connection().connection.driver_connection
        cursor = driver.execute(self.text, {**self.given, **values}, prepare=True)  # type: ignore[union-attr]
        return cursor.fetchall()  # type: ignore[no-any-return]
