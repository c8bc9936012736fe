"""A change of quarters as the people concerned see it: what becomes of mine, and where I may choose.

Who is told: everybody whose quarter goes, is divided, takes in another one, or loses somebody to one (who then reads
what hangs there), and everybody who changes quarters or may choose. A shifted border with nobody beside it is nobody's news.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, text, update

from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.notices.models import Delivery, DeliveryState
from neighbour.quarters import plans
from neighbour.quarters.models import ChangeOf, City, Plan, PlanLink, PlanQuarter, PlanState, Quarter
from neighbour.residency.changing_notices import QuarterChanges, QuarterStays
from neighbour.residency.models import Home, Membership, PlanHouse

# Keys of quarters whose people are all concerned, and then the people: of those, and of houses that move or may choose.
_CONCERNED = text("""
    WITH part AS (
        SELECT l.from_key, l.to_key, coalesce(n.change, '') AS becomes, coalesce(w.change, '') AS leaves FROM plan_link l
        LEFT JOIN plan_quarter n ON n.plan_id = l.plan_id AND n.key = l.to_key
        LEFT JOIN plan_quarter w ON w.plan_id = l.plan_id AND w.key = l.from_key WHERE l.plan_id = :plan
    ), whole AS (
        SELECT key FROM plan_quarter WHERE plan_id = :plan AND change = 'gone'
        UNION SELECT from_key FROM part WHERE becomes = 'new'
        UNION SELECT to_key FROM part WHERE leaves = 'gone'
        UNION SELECT q.key FROM plan_house p JOIN home h USING (address_hash) JOIN quarter q ON q.id = h.quarter_id
              WHERE p.plan_id = :plan AND p.to_key <> q.key
    )
    SELECT m.person_id FROM membership m JOIN quarter q ON q.id = m.quarter_id
    WHERE m.ended_at IS NULL AND q.key IN (SELECT key FROM whole)
    UNION
    SELECT h.person_id FROM plan_house p JOIN home h USING (address_hash) JOIN quarter q ON q.id = h.quarter_id
    WHERE p.plan_id = :plan AND (p.other_key IS NOT NULL OR p.to_key <> q.key)
    ORDER BY 1
""")


def tell_planned(plan_id: int) -> int:
    """Promise everybody concerned a mail; gives how many. Inside atomic(), on the owner's connection."""
    people = db.session.scalars(_CONCERNED, {"plan": plan_id}).all()
    return sum(QuarterChanges.send(each, subject_key=str(plan_id), payload={"plan": plan_id}) for each in people)


def tell_cancelled(plan_id: int) -> int:
    """Promise those who were told of a plan that it is off; gives how many. A mail not sent yet is not sent any more."""
    mine = Delivery.notice == QuarterChanges.key, Delivery.subject_key == str(plan_id)
    told = db.session.scalars(select(Delivery.person_id).where(*mine, Delivery.state == DeliveryState.SENT)).all()
    return sum(QuarterStays.send(each, subject_key=str(plan_id), payload={"plan": plan_id}) for each in told)


@dataclass(frozen=True)
class Part:
    """A quarter by key and name."""

    key: str
    name: str


@dataclass(frozen=True)
class Outlook:
    """What a planned change means for one person.

    quarter: where they are today. now: where they will be. parts: all that people of today's quarter go to, where
    that is more than one. joined: other quarters that become part of ``now``. choices: the two quarters to choose from,
    empty for most. until: the last day to choose.
    """

    plan_id: int
    on_day: date
    quarter: Part
    now: Part
    parts: Sequence[Part] = ()
    joined: Sequence[Part] = ()
    choices: Sequence[Part] = ()

    @property
    def is_moving(self) -> bool:
        return self.quarter.key != self.now.key

    @property
    def is_divided(self) -> bool:
        return len(self.parts) > 1


def outlook(person_id: int, plan_id: int | None = None) -> Outlook | None:
    """What the planned change means for a person, through their own eyes; None without one that concerns them. plan_id:
    only that one."""
    plan = plans.current()
    if plan is None or (plan_id is not None and plan.id != plan_id):
        return None
    with scope.use(scope.Viewer(person_id)):
        return _outlook(person_id, plan)


def _outlook(person_id: int, plan: Plan) -> Outlook | None:
    mine = Membership.person_id == person_id, Membership.ended_at.is_(None)
    quarter = db.session.scalar(select(Quarter).join(Membership, Membership.quarter_id == Quarter.id).where(*mine))
    changes = {row.key: row for row in plans.quarters_of(plan.id)}
    links = plans.links_of(plan.id)
    if quarter is None:
        return None
    home = db.session.scalar(select(Home).where(Home.person_id == person_id))
    house = _house(plan.id, home)
    key = _belongs(plan.id, quarter.key, house, home.chosen_key if home else None, links)
    choices = [key, _other(key, house)] if house is not None and house.other_key else []
    if quarter.key not in changes and key == quarter.key and not choices:
        return None
    names = _names({quarter.key, key, *choices, *(each.to_key for each in links), *(each.from_key for each in links)})
    stays = [] if changes.get(quarter.key) and changes[quarter.key].change == ChangeOf.GONE else [quarter.key]
    parts = [*stays, *(each.to_key for each in links if each.from_key == quarter.key and _counts(each, changes))]
    gone = {each.key for each in changes.values() if each.change == ChangeOf.GONE}
    joined = [each.from_key for each in links if each.to_key == key and each.from_key in gone - {quarter.key}]
    part = lambda each: Part(each, names[each])  # noqa: E731
    return Outlook(
        plan.id,
        plan.on_day,
        Part(quarter.key, quarter.name),
        part(key),
        [part(each) for each in dict.fromkeys([*parts, key] if len(parts) > 1 else parts)],
        [part(each) for each in joined],
        [part(each) for each in sorted(choices)],
    )


def _counts(link: PlanLink, changes: dict[str, PlanQuarter]) -> bool:
    """Whether a piece of ground makes a part of the quarter: it becomes a new quarter, or the old one goes."""
    new, old = changes.get(link.to_key), changes.get(link.from_key)
    return (new is not None and new.change == ChangeOf.NEW) or (old is not None and old.change == ChangeOf.GONE)


def _house(plan_id: int, home: Home | None) -> PlanHouse | None:
    return db.session.get(PlanHouse, (plan_id, home.address_hash)) if home is not None else None


def _belongs(plan_id: int, today: str, house: PlanHouse | None, chosen: str | None, links: Sequence[PlanLink]) -> str:
    """The quarter a person will be in, by the rule that will be applied on the day."""
    if house is None:
        return next((each.to_key for each in links if each.from_key == today and each.is_main), today)
    return str(db.session.scalar(select(func.plan_target(plan_id, house.to_key, house.other_key, chosen))))


def _other(key: str, house: PlanHouse) -> str:
    return str(house.other_key if key != house.other_key else house.to_key)


def _names(keys: set[str]) -> dict[str, str]:
    """Names as they will be, or for those that stay as they are, as they are."""
    names = dict(db.session.execute(select(Quarter.key, Quarter.name).where(Quarter.key.in_(keys))).all())
    planned = select(PlanQuarter.key, PlanQuarter.name).join(Plan, Plan.id == PlanQuarter.plan_id)
    return names | dict(
        db.session.execute(planned.where(Plan.state == PlanState.PLANNED, PlanQuarter.key.in_(keys))).all()
    )


def choose(person_id: int, key: str) -> bool:
    """Choose one of the two quarters at the new border; may be changed until the day. False for a choice that is not
    theirs, or too late."""
    with atomic():
        seen = outlook(person_id)
        today = clock.today(db.session.scalar(select(City.time_zone)) or "UTC")
        if seen is None or key not in {part.key for part in seen.choices} or seen.on_day <= today:
            return False
        db.session.execute(update(Home).where(Home.person_id == person_id).values(chosen_key=key))
        return True
