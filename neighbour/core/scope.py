"""The wall: whose eyes a transaction uses.

Row-level security in PostgreSQL (migrations/helpers.py) decides which rows of a walled table exist for the
current transaction. It reads three settings, local to the transaction:

``app.person``    the person's number, empty for nobody
``app.quarters``  the quarters whose board these eyes may read, as ``{1,2}``
``app.public``    ``1`` when public contributions may be seen

Unset means *nothing is visible*, so a forgotten viewer fails closed. Here the current viewer is kept in a
context variable and written into every transaction as it begins. A session that executes anything before a
viewer was chosen raises ``NoViewer``: the tripwire for code that did not think about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import ORMExecuteState, SessionTransaction

from neighbour.core.db import Session, db


@dataclass(frozen=True)
class Viewer:
    """A pair of eyes: a person (or None) and the quarters they may read."""

    person_id: int | None = None
    quarters: tuple[int, ...] = ()
    sees_public: bool = True

    def settings(self) -> dict[str, str]:
        """The three settings as PostgreSQL takes them."""
        return {
            "person": "" if self.person_id is None else str(self.person_id),
            "quarters": "{" + ",".join(map(str, self.quarters)) + "}",
            "public": "1" if self.sees_public else "",
        }


NOBODY = Viewer(sees_public=False)
PUBLIC = Viewer()
OWNER = Viewer(sees_public=False)  # the owner's connection has no wall; the settings stay empty

_viewer: ContextVar[Viewer | None] = ContextVar("viewer", default=None)
_SET = text(
    "SELECT set_config('app.person', :person, true), set_config('app.quarters', :quarters, true),"
    " set_config('app.public', :public, true)"
)


class NoViewer(RuntimeError):
    """A session was used before anybody said whose eyes it uses."""


def current() -> Viewer | None:
    """Whose eyes are used now, None before anybody was chosen."""
    return _viewer.get()


def enter(viewer: Viewer, *, already_set: bool = False) -> None:
    """Use these eyes from here on (a request, a task). Objects loaded through other eyes are forgotten.

    ``already_set``: the statement that found out who is asking has set this transaction's settings (``accounts.sessions``).
    """
    _viewer.set(viewer)
    session = db.session()
    if session.in_transaction():
        session.expunge_all()
        if not already_set:
            session.connection().execute(_SET, viewer.settings())


@contextmanager
def use(viewer: Viewer) -> Iterator[None]:
    """Use these eyes inside the block, then the ones from before."""
    before = _viewer.get()
    enter(viewer)
    try:
        yield
    finally:
        _viewer.set(before)
        session = db.session()
        if session.in_transaction():
            session.expunge_all()
            if session.is_active:
                session.connection().execute(_SET, (before or NOBODY).settings())


def leave() -> None:
    """Forget the viewer (end of a request or task)."""
    _viewer.set(None)


@event.listens_for(Session, "after_begin")
def _open_eyes(_session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    viewer = _viewer.get()
    if viewer not in (None, NOBODY):  # for nobody there is nothing to set: unset sees nothing
        connection.execute(_SET, viewer.settings())  # type: ignore[union-attr]


@event.listens_for(Session, "do_orm_execute")
def _tripwire(_state: ORMExecuteState) -> None:
    if _viewer.get() is None:
        raise NoViewer("choose whose eyes this session uses: scope.use(…) or scope.enter(…)")
