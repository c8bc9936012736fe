"""The database session, and the only commit in the code.

``atomic()`` opens a unit of work and commits it; jobs asked for inside are sent only afterwards, so the
world is spoken to once the facts stand. A write outside ``atomic()`` is a mistake and raises at once. What
was only read ends with COMMIT too, because psycopg forgets its prepared statements on ROLLBACK and
PostgreSQL would plan each page anew (measured: 23 times the planning).

The application connects as a role that owns nothing (see ``scope``). Imports and other operator's work run
under ``as_owner()``: the same session and services, the owner's connection, no wall.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Engine, MetaData, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, UOWTransaction

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# Pages ask the same few statements again and again: plan them once. A statement that hangs is a fault.
APP_OPTIONS = "-c plan_cache_mode=force_generic_plan -c statement_timeout=15000 -c timezone=UTC -c jit=off"
OWNER_OPTIONS = "-c timezone=UTC -c jit=off"


class Base(DeclarativeBase):
    """Base of every model; constraints are named by convention."""

    metadata = MetaData(naming_convention=NAMES)


class WriteOutsideAtomic(RuntimeError):
    """Somebody changed rows without ``atomic()``."""


class Session(FlaskSession):
    """Flask-SQLAlchemy's session, which the owner's engine can stand in for."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Any:
        return self.info.get("engine") or super().get_bind(*args, **kwargs)


db = SQLAlchemy(
    model_class=Base, session_options={"class_": Session, "expire_on_commit": False}, disable_autonaming=True
)


def init_app(app: Flask, database_url: str, owner_url: str) -> None:
    """Bind the session to the application's database role; keep the owner's address for ``as_owner``."""
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    app.config.setdefault(
        "SQLALCHEMY_ENGINE_OPTIONS",
        {
            "pool_size": 8,
            "max_overflow": 8,
            "pool_pre_ping": False,
            "hide_parameters": True,  # an error's text ends in the log; addresses and mail addresses must not
            "pool_recycle": 1800,
            "connect_args": {"options": APP_OPTIONS, "prepare_threshold": 2, "connect_timeout": 5},
        },
    )
    app.extensions["owner_url"] = owner_url
    db.init_app(app)
    app.teardown_appcontext(_end_with_commit)  # registered after init_app: runs before its rollback


@contextmanager
def atomic() -> Iterator[Session]:
    """One unit of work: commits at the end of the outermost block, rolls back on any error.

    Yields the session. What was handed to ``after_commit`` inside runs after the commit, in order.
    """
    session = _session()
    depth = session.info.get("depth", 0)
    session.info["depth"] = depth + 1
    try:
        yield session
        if depth == 0:
            session.commit()
    except BaseException:
        if depth == 0:
            session.rollback()
            session.info.pop("afterwards", None)
        raise
    finally:
        session.info["depth"] = depth
    if depth == 0:
        for speak in session.info.pop("afterwards", []):
            speak()


def _session() -> Session:
    return cast(Session, db.session())


def in_atomic() -> bool:
    """Whether a unit of work is open."""
    return bool(_session().info.get("depth", 0))


def after_commit(speak: Callable[[], None]) -> None:
    """Run ``speak`` once the surrounding ``atomic()`` has committed (at once if there is none)."""
    session = db.session()
    if session.info.get("depth", 0):
        session.info.setdefault("afterwards", []).append(speak)
    else:
        speak()


def finish_reading() -> None:
    """End a read transaction with COMMIT, giving the connection back before waiting on somebody.

    Raises RuntimeError inside ``atomic()``: what has been written there is not finished yet.
    """
    session = _session()
    if in_atomic():
        raise RuntimeError("finish_reading() cannot end what atomic() has begun")
    if session.in_transaction():
        session.commit()


@contextmanager
def as_owner() -> Iterator[Session]:
    """The session on the owner's connection: for migrations' helpers, imports and operator's commands.

    Yields the session. Row-level security does not apply to the owner; pages and workers never use this.
    """
    from neighbour.core import scope

    session = _session()
    finish_reading()  # raises inside atomic()
    session.info["engine"] = owner_engine()
    try:
        with scope.use(scope.OWNER):
            yield session
            finish_reading()
    finally:
        session.rollback()
        session.expunge_all()
        session.info.pop("engine", None)


def owner_engine() -> Engine:
    """The engine of the owner's role, made at first use."""
    engine: Engine | None = current_app.extensions.get("owner_engine")
    if engine is None:
        engine = create_engine(
            current_app.extensions["owner_url"],
            pool_size=1,
            max_overflow=2,
            hide_parameters=True,
            connect_args={"options": OWNER_OPTIONS, "connect_timeout": 5},
        )
        current_app.extensions["owner_engine"] = engine
    return engine


def hang_up() -> None:
    """Give the session back and close all connections of this application; the next use opens new ones."""
    db.session.remove()
    for engine in (*db.engines.values(), current_app.extensions.get("owner_engine")):
        if engine is not None:
            engine.dispose()


def _end_with_commit(error: BaseException | None) -> None:
    if error is not None or not db.session.registry.has() or in_atomic():  # Flask-SQLAlchemy rolls these back
        return
    try:
        finish_reading()
    except SQLAlchemyError:  # the connection broke under the page, which has been answered with an error page by now
        db.session.rollback()


@event.listens_for(Session, "before_flush")
def _no_flush_outside_atomic(session: Session, _context: UOWTransaction, _instances: object) -> None:
    if not session.info.get("depth", 0) and (session.new or session.dirty or session.deleted):
        raise WriteOutsideAtomic("rows are changed only inside atomic()")


@event.listens_for(Session, "do_orm_execute")
def _no_write_outside_atomic(state: ORMExecuteState) -> None:
    writes = state.is_insert or state.is_update or state.is_delete
    if writes and not state.session.info.get("depth", 0):
        raise WriteOutsideAtomic("rows are changed only inside atomic()")
