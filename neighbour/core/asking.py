"""Statements asked so often that the ceremony round them would cost more than the answer.

A page of the board asks two small statements, a morning settles a row of the ledger after each mail; the session's,
the context's and the result's own work would take longer than PostgreSQL. ``Asked`` compiles a statement once and
gives it to the driver: plain values in, plain tuples back. It is for these few; anything else goes through the session.

``rows``     on the session's own connection: the same transaction, the same eyes, the same prepared statement.
``at_once``  a unit of work of its own: one message to the server instead of three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import psycopg
from sqlalchemy import Connection, Engine, Select, TextClause, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from neighbour.core import scope
from neighbour.core.db import db, in_atomic

_DIALECT = PGDialect_psycopg()
#: called with the text of each statement; tests count with it
listeners: list[Callable[[str], object]] = []


class Asked:
    """One statement.

    statement: a ``select()`` or ``text()`` without parameters that expand (``IN``) and without types of our own:
    the driver turns values into UUIDs, times in UTC, numbers and texts by itself.
    """

    def __init__(self, statement: Select[Any] | TextClause):
        compiled = statement.compile(dialect=_DIALECT)
        self.statement = statement
        self.text = str(compiled)
        self.given = {name: value for name, value in compiled.params.items() if value is not None}

    def rows(self, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        """The rows as tuples, in the columns' order. Raises ``NoViewer`` before anybody said whose eyes to use, and
        what SQLAlchemy raises for what the database or the line does."""
        if scope.current() is None:
            raise scope.NoViewer("choose whose eyes this statement uses: scope.use(…) or scope.enter(…)")
        for tell in listeners:
            tell(self.text)
        connection = db.session.connection()
        driver: Any = connection.connection.driver_connection
        try:
            found: list[tuple[Any, ...]] = driver.execute(self.text, {**self.given, **values}, prepare=True).fetchall()
        except psycopg.Error as error:
            if driver.closed:
                connection.invalidate(error)
                connection.engine.dispose()  # the others of the pool are as dead
            self._complain(error)
        return found

    def at_once(self, values: dict[str, Any]) -> int:
        """Do it and have it committed; gives how many rows it touched. For tables without a wall: nobody's eyes are
        open. Inside ``atomic()`` it is a part of that instead."""
        if in_atomic():
            return int(db.session.execute(self.statement, values).rowcount)  # type: ignore[attr-defined]
        with _alone(db.session.get_bind()) as driver:
            try:
                return int(driver.execute(self.text, {**self.given, **values}, prepare=True).rowcount)
            except psycopg.Error as error:
                self._complain(error)

    def _complain(self, error: psycopg.Error) -> NoReturn:
        raise DBAPIError.instance(self.text, {}, error, psycopg.Error, hide_parameters=True) from error


@contextmanager
def _alone(bind: Engine | Connection) -> Iterator[Any]:
    """A connection of the pool on which each statement is a transaction."""
    pooled = bind.engine.raw_connection()
    driver: Any = pooled.driver_connection
    try:
        driver.autocommit = True
        yield driver
    finally:
        if driver.closed:
            pooled.invalidate()
            bind.engine.dispose()
        else:
            driver.autocommit = False
        pooled.close()


def asked(statement: str) -> Asked:
    """``Asked`` of SQL with ``:name`` parameters."""
    return Asked(text(statement))
