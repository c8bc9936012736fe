"""What is pinned up in an office: in the name of an initiative, or of whoever runs the instance, not in a person's own.

Whatever comes with a list of events is. It is signed with the name of the initiative and says nowhere who sent it. Somebody has
to tend it all the same, and be told of answers: its *keeper*, the column ``author_id``, holds the office, which means that they
speak for the initiative or, where nobody does, run the instance. Who moves away stays the keeper as long as they hold the office;
whoever holds it no longer, or leaves for good, leaves everything to whoever has held it longest. The database sees to that
(migration 0093): no room can forget it, and none has to ask.

What somebody writes in the composer is their own, also when they speak for an initiative: the composer asks in nobody else's
name, and whoever writes there answers for it as a neighbour.

Whoever holds the office takes over from the keeper whenever they like (``take``): who tends what is agreed on among them.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, select

from neighbour.accounts.appearance import Byline
from neighbour.contributions.models import Contribution, State
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.initiatives import service as initiatives
from neighbour.initiatives.models import Initiative

#: what ``office_of`` reads of a row
COLUMNS = (
    Contribution.is_office,
    Contribution.initiative_id,
    Initiative.name.label("office_name"),
    Initiative.slug.label("office_slug"),
)
_PUBLIC = and_(Initiative.id == Contribution.initiative_id, Initiative.shown_to_all())


class Office(NamedTuple):
    """In whose name it is. ``name``, ``slug``: of the initiative, while its page is public; ``is_initiative``: it is one's."""

    name: str
    slug: str
    is_initiative: bool

    @property
    def by(self) -> Byline:
        """How it is signed, for everybody the same."""
        key = f"house {self.slug}"
        if self.name:
            return Byline(self.name, key, is_house=True, url=f"/i/{self.slug}")
        return Byline(_("An initiative") if self.is_initiative else _("The operator"), key, is_house=True)


def with_office(wanted: Select) -> Select:
    """The same statement about contributions with the initiative whose they are, if it is public."""
    return wanted.outerjoin(Initiative, _PUBLIC)


def office_of(row: Row[Any]) -> Office | None:
    """From a row of ``COLUMNS``; None for what is a person's own."""
    if not row.is_office:
        return None
    return Office(row.office_name or "", row.office_slug or "", row.initiative_id is not None)


def of(contribution: Contribution) -> Office | None:
    """In whose name it is; None for what is a person's own."""
    return office_of(db.session.execute(with_office(select(*COLUMNS).where(Contribution.id == contribution.id))).one())


def names(initiative_ids: set[int]) -> dict[int, str]:
    """The names of those initiatives whose pages are public."""
    if not initiative_ids:
        return {}
    found = select(Initiative.id, Initiative.name).where(Initiative.id.in_(initiative_ids), Initiative.shown_to_all())
    return {row.id: row.name for row in db.session.execute(found)}


def settle() -> int:
    """Whatever is kept by somebody who does not hold its office passes to whoever does; gives how much that was. Inside
    atomic(), after something was pinned up in an office: whoever did it may have left meanwhile. Waits for others who settle, and
    holds them off until the end of the transaction, so that they see it."""
    db.session.flush()
    passed = db.session.scalar(select(func.settle_offices())) or 0
    if passed:
        db.session.expire_all()
    return passed


def may_take(contribution: Contribution) -> bool:
    """Whether the viewer of this session holds the office in which somebody else keeps it."""
    me = func.app_person()
    if not contribution.is_office or contribution.state != State.PUBLISHED:
        return False
    asks = select(func.holds_office(me, contribution.initiative_id), me != contribution.author_id)
    return all(db.session.execute(asks).one())


def edited(contribution: Contribution) -> initiatives.Edited:
    """For rules: the initiative whose it is."""
    return initiatives.edited(db.session.get_one(Initiative, contribution.initiative_id))


def take(contribution_id: UUID) -> bool:
    """The viewer of this session keeps it from now on, with its photos; False for what is not up in an office of theirs. Inside
    atomic()."""
    return bool(db.session.scalar(select(func.take_office(contribution_id))))
