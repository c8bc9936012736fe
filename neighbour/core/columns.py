"""Column types, written once, and the keys of everything published."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import uuid_utils.compat
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Dialect,
    Identity,
    LargeBinary,
    Text,
    Uuid,
    any_,
    cast,
    extract,
    func,
    literal,
    literal_column,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column
from sqlalchemy.types import TypeEngine, UserDefinedType

from neighbour.core import clock


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): its order is the order of time, so newest-first pages need no second column."""
    if clock.is_frozen():
        moment = clock.now()
        return uuid_utils.compat.uuid7(nanoseconds=int(moment.timestamp()) * 10**9 + moment.microsecond * 1000)
    return uuid_utils.compat.uuid7()


def id_at(moment: datetime) -> uuid.UUID:
    """The smallest UUIDv7 of a moment: every id made before it is smaller, every later one is greater."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid.UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62))


def id_of(moment: ColumnElement[datetime]) -> ColumnElement[uuid.UUID]:
    """``id_at``, reckoned by the database."""
    milliseconds = cast(func.floor(extract("epoch", moment) * literal_column("1000")), BigInteger)
    digits = func.lpad(func.to_hex(milliseconds), literal_column("12"), literal_column("'0'"))
    return cast(digits + literal_column("'70008000000000000000'", Text), Uuid)


pk_int = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
pk_uuid = Annotated[uuid.UUID, mapped_column(Uuid, primary_key=True, default=new_id)]
when = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Timestamps:
    """When a row was made. Set by the application's clock, with the database's as a safety net."""

    created_at: Mapped[when] = mapped_column(default=clock.now, server_default=func.now())


def one_of(column: str, choices: type[StrEnum], name: str) -> CheckConstraint:
    """A CHECK that ``column`` holds one of the values of ``choices``; enums are text, readable in psql."""
    values = ", ".join(f"'{choice.value}'" for choice in choices)
    return CheckConstraint(f"{column} IN ({values})", name=name)


def among(column: InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether ``column`` is one of ``values``, for numbers that run into hundreds.

    The values are one array, so it is the same statement however many they are; ``IN`` is another one for each number, read
    anew each time by SQLAlchemy, the driver and PostgreSQL. Raises KeyError for a column that holds neither numbers nor ids nor
    bytes."""
    return column == any_(literal(values, Many(type(column.type))))


class Many(UserDefinedType[Iterable[Any]]):
    """An array of hundreds of ``BigInteger``, ``Uuid`` or ``LargeBinary`` as a value to ask with, bound as PostgreSQL writes it
    (``{1,2,3}``, its manual, section 8.15.2): the driver's own way looks at each member and takes ten times as long."""

    cache_ok = True
    render_bind_cast = True
    _WRITTEN: ClassVar[dict[type[TypeEngine[Any]], tuple[str, Callable[[Any], str]]]] = {
        BigInteger: ("BIGINT", str),
        Uuid: ("UUID", str),
        LargeBinary: ("BYTEA", lambda value: rf'"\\x{value.hex()}"'),
    }

    def __init__(self, of: type[TypeEngine[Any]]):
        self.of = of
        self._name, self._write = self._WRITTEN[of]

    def get_col_spec(self, **_more: Any) -> str:
        return f"{self._name}[]"

    def bind_processor(self, _dialect: Dialect) -> Callable[[Any], Any]:
        return lambda values: "{" + ",".join(map(self._write, values)) + "}"
