"""Making, verifying and suspending initiatives, their editors, and confirming where somebody lives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from neighbour.accounts.hooks import Office
from neighbour.accounts.models import Person, Status
from neighbour.core import audit, clock
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.core.text import clean_line
from neighbour.initiatives.models import EditorRole, Initiative, InitiativeEditor, InitiativeQuarter
from neighbour.initiatives.notices import EditorNamed, ManyConfirmed
from neighbour.quarters.models import Quarter
from neighbour.quarters.service import slug
from neighbour.residency.cases import visits
from neighbour.residency.gazetteer.service import point_of

#: of whom ``office_holders`` thinks as well (migration 0093)
_IS_HERE = Person.status == Status.ACTIVE, Person.confirmed_at.is_not(None)
BURST, BURST_IN = 5, timedelta(minutes=10)
REVIEW_DAYS_MOST = 365


@dataclass(frozen=True)
class Edited:
    """An initiative as the rules ask about it: ``editor_ids`` are those of its editors whom these eyes may see."""

    initiative: Initiative
    editor_ids: frozenset[int]


def find(slug: str) -> Initiative | None:
    """The initiative of this address, whatever its state."""
    return db.session.scalar(select(Initiative).where(Initiative.slug == slug))


def edited(initiative: Initiative) -> Edited:
    """For rules: with oneself among the editors if one is (an operator sees all of them)."""
    rows = db.session.scalars(select(InitiativeEditor.person_id).where(InitiativeEditor.initiative_id == initiative.id))
    return Edited(initiative, frozenset(rows))


def edited_by(person_id: int) -> Sequence[Initiative]:
    """The initiatives a person speaks for, by name. Through that person's eyes."""
    mine = InitiativeEditor.person_id == person_id
    query = select(Initiative).join(InitiativeEditor, InitiativeEditor.initiative_id == Initiative.id).where(mine)
    return db.session.scalars(query.order_by(Initiative.name)).all()


def offices_of(person_id: int) -> list[Office]:
    """For a person's own page: the way to each initiative they speak for, also while it is not verified."""
    return [Office(each.name, f"/i/{each.slug}") for each in edited_by(person_id)]


def quarters_of(initiative: Initiative) -> Sequence[Quarter]:
    """Where it works, by name."""
    query = select(Quarter).join(InitiativeQuarter, InitiativeQuarter.quarter_id == Quarter.id)
    return db.session.scalars(
        query.where(InitiativeQuarter.initiative_id == initiative.id).order_by(Quarter.name)
    ).all()


def everything() -> Sequence[Initiative]:
    """All of them, by name, for the operator."""
    return db.session.scalars(select(Initiative).order_by(Initiative.name, Initiative.id)).all()


def speakers_of(initiative: Initiative) -> Sequence[Person]:
    """Who speaks for it now, the longest first: people who are here and not suspended. For an operator's eyes."""
    of_it = InitiativeEditor.initiative_id == initiative.id, *_IS_HERE
    query = select(Person).join(InitiativeEditor, InitiativeEditor.person_id == Person.id).where(*of_it)
    return db.session.scalars(query.order_by(InitiativeEditor.since, Person.id)).all()


def voiceless() -> Sequence[Initiative]:
    """Those with a public page for which nobody speaks, by name: what they have pinned up is kept by an operator, and no list of
    theirs comes in but through one. For an operator's eyes."""
    speaks = select(InitiativeEditor).join(Person, Person.id == InitiativeEditor.person_id)
    of_it = InitiativeEditor.initiative_id == Initiative.id, *_IS_HERE
    query = select(Initiative).where(Initiative.shown_to_all(), ~speaks.where(*of_it).exists())
    return db.session.scalars(query.order_by(Initiative.name, Initiative.id)).all()


def add(
    name: str, quarter_keys: Collection[str], *, about: str = "", address_line: str = "", hours: str = ""
) -> Initiative:
    """Make an initiative, not verified yet. Raises ValueError for an empty name and for a quarter there is not."""
    name = clean_line(name)
    if not name or len(name) > 120:
        raise ValueError("an initiative has a name of 1 to 120 characters")
    if not quarter_keys:
        raise ValueError("say in which quarter it works: --quarter KEY")
    with atomic():
        quarters = db.session.scalars(select(Quarter).where(Quarter.key.in_(quarter_keys))).all()
        unknown = set(quarter_keys) - {quarter.key for quarter in quarters}
        if unknown:
            raise ValueError(f"there is no quarter {', '.join(sorted(unknown))}")
        made = Initiative(slug=_free_slug(name), name=name, about=about, address_line=address_line, hours=hours)
        made.lon, made.lat = _point(address_line)
        db.session.add(made)
        db.session.flush()
        db.session.add_all(InitiativeQuarter(initiative_id=made.id, quarter_id=quarter.id) for quarter in quarters)
        db.session.flush()
        audit.note(Event.INITIATIVE_ADDED, about=made.public_id)
        return made


def _point(address_line: str) -> tuple[float, float] | tuple[None, None]:
    """Where the register has what stands before the first comma: what comes after it is a courtyard, a town or a postcode."""
    return point_of(address_line.partition(",")[0].strip()) or (None, None)


def find_points() -> int:
    """Look every initiative's address up anew, after the register has changed; gives how many are known now."""
    with atomic():
        rows = db.session.scalars(select(Initiative)).all()
        for row in rows:
            row.lon, row.lat = _point(row.address_line)
        return sum(row.lon is not None for row in rows)


def is_unknown_place(initiative: Initiative) -> bool:
    """Whether it says where it is and the register does not know the place, so that it is not on the map."""
    row = db.session.merge(initiative)
    return bool(row.address_line) and row.lon is None


def _free_slug(name: str) -> str:
    base = slug(name)[:60].strip("-") or "initiative"
    taken = set(db.session.scalars(select(Initiative.slug).where(Initiative.slug.startswith(base))))
    return next(each for each in [base, *(f"{base}-{n}" for n in range(2, 1_000))] if each not in taken)


def verify(initiative: Initiative, by_person_id: int | None) -> None:
    """The operator knows who they are: the page is public from now on."""
    with atomic():
        row = db.session.merge(initiative)
        if row.verified_at is None:
            row.verified_at, row.verified_by_id = clock.now(), by_person_id
            audit.note(Event.INITIATIVE_VERIFIED, actor=by_person_id, about=row.public_id)


def let_confirm(initiative: Initiative, may_confirm: bool, *, by: int | None = None) -> None:
    """Let its editors confirm addresses, or no longer. Raises ValueError for one that is not verified."""
    if may_confirm and initiative.verified_at is None:
        raise ValueError(f"{initiative.name} is not verified yet")
    with atomic():
        db.session.merge(initiative).may_confirm = may_confirm
        result = "done" if may_confirm else "ended"
        audit.note(Event.INITIATIVE_CONFIRMS, actor=by, about=initiative.public_id, result=result)


def suspend(initiative: Initiative, review_days: int, *, by: int | None = None) -> int:
    """Its page is gone and its editors confirm nothing any more, from this moment. The proofs of the last ``review_days`` days
    that came of its confirmations wait for a second look; gives how many."""
    now = clock.now()
    with atomic():
        db.session.merge(initiative).suspended_at = now
        db.session.flush()
        audit.note(Event.INITIATIVE_SUSPENDED, actor=by, about=initiative.public_id)
        days = min(max(review_days, 0), REVIEW_DAYS_MOST)
        return visits.look_again(initiative.public_id, now - timedelta(days=days)) if days else 0


def resume(initiative: Initiative, *, by: int | None = None) -> None:
    """Back again. What it confirms counts from now on; what waits for a look goes on waiting."""
    with atomic():
        db.session.merge(initiative).suspended_at = None
        audit.note(Event.INITIATIVE_RESUMED, actor=by, about=initiative.public_id)


def change(initiative: Initiative, *, about: str, address_line: str, hours: str, by: int | None = None) -> None:
    """What editors say about their initiative. Its name is what was verified and stays."""
    with atomic():
        row = db.session.merge(initiative)
        row.about, row.address_line, row.hours = about, address_line, hours
        row.lon, row.lat = _point(address_line)
        audit.note(Event.INITIATIVE_CHANGED, actor=by, about=row.public_id)


def name_editor(initiative: Initiative, person: Person, role: EditorRole) -> None:
    """Let a person speak for it; they are told by mail."""
    with atomic():
        values = {"initiative_id": initiative.id, "person_id": person.id, "role": role, "since": clock.now()}
        row = insert(InitiativeEditor).values(**values)
        db.session.execute(row.on_conflict_do_update(constraint="pk_initiative_editor", set_={"role": role}))
        audit.note(Event.ROLE_GIVEN, subject=person.id, about=f"editor of {initiative.public_id}")
        EditorNamed.send(person.id, subject_key=str(initiative.id), payload={"initiative_id": initiative.id})


def remove_editor(initiative: Initiative, person: Person) -> bool:
    """End it, at once; False if they were none."""
    gone = InitiativeEditor.initiative_id == initiative.id, InitiativeEditor.person_id == person.id
    with atomic():
        done = bool(db.session.execute(delete(InitiativeEditor).where(*gone)).rowcount)  # type: ignore[attr-defined]
        if done:
            audit.note(Event.ROLE_TAKEN, subject=person.id, about=f"editor of {initiative.public_id}")
        return done


def confirm(initiative: Initiative, editor_id: int, typed: str) -> bool:
    """The editor has seen the visitor's paper; False when the code is over. Many within ten minutes are told to the operators.
    Raises limits.TooMany."""
    if not initiative.confirms:
        return False
    with atomic():
        if not visits.confirm(editor_id, initiative.public_id, typed):
            return False
        now = clock.now()
        count = visits.by_editor(editor_id, now - BURST_IN)
        if count >= BURST:
            _alarm(initiative, count, now)
        return True


def _alarm(initiative: Initiative, count: int, now: datetime) -> None:
    for operator in db.session.scalars(select(Person.id).where(Person.is_operator)):
        payload = {"initiative_id": initiative.id, "count": count}
        ManyConfirmed.send(operator, subject_key=str(initiative.id), period=f"{now:%Y-%m-%d %H}", payload=payload)
