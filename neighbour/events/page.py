"""What the page of an event shows between the slip and its answers: what has changed, who comes, and the dates to come."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import request
from sqlalchemy import select

from neighbour.contributions import reach
from neighbour.contributions.cards import url_of
from neighbour.contributions.models import Audience, State
from neighbour.contributions.readers import reader_of
from neighbour.core import clock, i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.events import answers, dates, going_on, halves, words
from neighbour.events.answers import Guest
from neighbour.events.details import wall_times
from neighbour.events.models import Answer, Event, EventException, Occurrence, Participation
from neighbour.events.structured import structured
from neighbour.initiatives.models import Initiative
from neighbour.policy import Identity
from neighbour.quarters.models import City

SHOWN = 8  # dates to come on the page


@dataclass(frozen=True)
class Line:
    """A date to come. was: what it would be without its change; empty where nothing is different. why: it is called off."""

    slot: date
    url: str
    said: str
    leaf: date
    when: str
    place: str
    was: str
    was_place: str
    is_cancelled: bool
    why: str
    is_on_again: bool


@dataclass(frozen=True)
class Changed:
    """What was changed for all dates: pairs of what it was and what it is."""

    at: datetime
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Coming:
    """Who comes to one date, and what the reader has answered. places: None where everybody may come; in_line: the reader's
    place there; guests: for those who come and for whoever invites; told: what only those who come read, from told_from on."""

    date_id: uuid.UUID
    slot: date
    when: str
    places: int | None
    taken: int
    waiting: int
    state: str = ""
    companions: int = 0
    in_line: int = 0
    offered_until: datetime | None = None
    guests: tuple[Guest, ...] = ()
    told: str = ""
    told_from: datetime | None = None

    @property
    def is_full(self) -> bool:
        return self.places is not None and self.taken >= self.places

    @property
    def goes_to_others(self) -> bool:
        """Whether others have at once what the reader gives up."""
        return answers.goes_to_others(self.state, self.waiting)

    @property
    def is_too_many(self) -> bool:
        """Whether the reader's party is larger than all places together, since there are fewer of them."""
        return self.places is not None and 1 + self.companions > self.places

    @property
    def most_companions(self) -> int:
        """How many may be brought along at all; as many as were said already stay to be chosen."""
        most = answers.MOST_COMPANIONS
        return most if self.places is None else max(self.companions, min(most, self.places - 1))


@dataclass(frozen=True)
class Chosen:
    """The date that is answered, if one can be; and what became of the one that was asked for, in words, and why. url, label:
    where the way leads from there, if not to the next date."""

    date: Occurrence | None
    missed: str = ""
    why: str = ""
    url: str = ""
    label: str = ""


def page_data(event: Event, who: Identity) -> Mapping[str, Any]:
    """For the template: the event, its dates to come, what has changed, and whether it is the reader's own. ``?date=`` names
    the date that is answered; without it it is the next one. ``?from=`` names the date with which the list of them begins;
    without it, that is the date to be answered where it is further away."""
    exceptions = dates.exceptions_of(event.id)
    coming = dates.coming(event.id, SHOWN + 1)
    named = _named(event, coming, "date")
    chosen, since = _chosen(event, coming, named, exceptions, who), _further(event, coming, named)
    listed = coming if since is None else dates.coming(event.id, SHOWN + 1, since)
    own = answers.mine([each.id for each in listed], who.person_id)
    lines = [_line(event, each, exceptions.get(each.slot_on), own.get(each.id)) for each in listed]
    is_own = event.author_id == who.person_id and event.state == State.PUBLISHED
    return {
        "event": event,
        "lines": lines[:SHOWN],
        "later": lines[SHOWN].slot if len(lines) > SHOWN else None,
        "is_further": since is not None,
        "is_series": _is_series(event),
        "changed": _changed(event, coming),
        "is_own": is_own,
        "is_whole": not is_own or not halves.others_on(event),
        "may_come": may_come(event, who),
        "structured": _structured(event, coming[:SHOWN], exceptions),
        "coming": None if chosen.date is None else coming_to(event, chosen.date, who),
        "chosen": chosen,
        "continued": going_on.goes_on(event),
    }


def _is_series(event: Event) -> bool:
    return bool(event.rule or event.more_on)


def _named(event: Event, coming: list[Occurrence], key: str) -> Occurrence | None:
    """The date that the address names, wherever in its series it stands."""
    slot = _day(key)
    if slot is None:
        return None
    return next((each for each in coming if each.slot_on == slot), None) or dates.of_slot(event.id, slot)


def _day(key: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(key, ""))
    except ValueError:
        return None


def _chosen(
    event: Event,
    coming: list[Occurrence],
    named: Occurrence | None,
    exceptions: Mapping[date, EventException],
    who: Identity,
) -> Chosen:
    """The date that was asked for and never another one in its place: it would be answered by mistake. Of what happens once
    there is no other."""
    if named is None and ("date" not in request.args or not (_is_series(event) or event.goes_on_at)):
        return Chosen(next((each for each in coming if not each.is_cancelled), None))
    if named is None:
        said, url, label = going_on.became(event, _day("date"), who.person_id)
        return Chosen(None, said, url=url, label=label)
    begins, ends = wall_times(named, event.zone)
    when = words.span(begins, ends, is_all_day=event.is_all_day)
    if not dates.is_to_come(named.begins_at, named.ends_at, clock.now()):
        return Chosen(None, _("This date is over: %(when)s.", when=when))
    if named.is_cancelled:
        other = exceptions.get(named.slot_on)
        why = other.cancelled_why if other is not None else ""
        return Chosen(None, _("This date is called off: %(when)s.", when=when), why)
    return Chosen(named)


def _further(event: Event, coming: list[Occurrence], named: Occurrence | None) -> Occurrence | None:
    """With which date the list begins, if not with the next one."""
    since = _named(event, coming, "from") or named
    is_near = since is None or not coming or since.begins_at <= coming[:SHOWN][-1].begins_at
    return None if is_near else since


def may_come(event: Event, who: Identity) -> bool:
    """Whether the reader answers like any guest: whoever invites in their own name is there anyway; whoever keeps an event for an
    initiative comes or does not, where they could if somebody else kept it."""
    if event.author_id != who.person_id:
        return True
    return event.is_office and (event.audience == Audience.PUBLIC or reach.is_read(event.id))


def _structured(
    event: Event, coming: list[Occurrence], exceptions: Mapping[date, EventException]
) -> Mapping[str, Any] | None:
    """What machines read of a public event."""
    if event.audience != Audience.PUBLIC:
        return None
    city = db.session.scalar(select(City.name)) or ""
    host = db.session.get(Initiative, event.initiative_id) if event.initiative_id else None
    return structured(event, coming, exceptions, city, host)


def coming_to(event: Event, date_: Occurrence, who: Identity) -> Coming:
    """Who comes to this date, for this reader."""
    own = answers.mine([date_.id], who.person_id).get(date_.id)
    is_host = event.author_id == who.person_id
    is_coming = own is not None and own.state == Answer.COMING
    told_from = date_.begins_at - answers.TOLD_BEFORE
    told = answers.for_guests(event.id) if is_host or is_coming else ""
    is_open = is_host or clock.now() >= told_from
    begins, ends = wall_times(date_, event.zone)
    return Coming(
        date_.id,
        date_.slot_on,
        words.span(begins, ends, is_all_day=event.is_all_day),
        event.capacity,
        date_.taken,
        date_.waiting,
        state="" if own is None else str(own.state),
        companions=0 if own is None else own.companions,
        in_line=answers.place_in_line(date_.id, own) if own is not None and own.state == Answer.WAITING else 0,
        offered_until=None if own is None else own.offered_until,
        guests=tuple(answers.guests(date_.id, reader_of(who) if is_host else None)) if is_host or is_coming else (),
        told=told if is_open else "",
        told_from=told_from if told and not is_open else None,
    )


def _line(event: Event, coming: Occurrence, other: EventException | None, own: Participation | None) -> Line:
    begins, ends = wall_times(coming, event.zone)
    usual = datetime.combine(coming.slot_on, event.begins.time())
    has_moved = other is not None and other.begins is not None
    has_place = other is not None and other.place is not None
    return Line(
        slot=coming.slot_on,
        url=f"{url_of(event.id)}?date={coming.slot_on}#coming",
        said=_said(own),
        leaf=begins.date(),
        when=words.span(begins, ends, is_all_day=event.is_all_day),
        place=(other.place or "") if other is not None and has_place else "",
        was=words.span(usual, usual + (event.ends - event.begins), is_all_day=event.is_all_day) if has_moved else "",
        was_place=event.place if has_place else "",
        is_cancelled=coming.is_cancelled,
        why=other.cancelled_why if other is not None else "",
        is_on_again=other is not None and other.is_on_again,
    )


def _said(own: Participation | None) -> str:
    """What the reader has answered, in two words."""
    said = {
        Answer.COMING: _("you are coming"),
        Answer.WAITING: _("you wait in line"),
        Answer.OFFERED: _("a place is kept for you"),
    }
    return said.get(own.state, "") if own is not None else ""


def _changed(event: Event, coming: list[Occurrence]) -> Changed | None:
    """What was changed for all dates, as long as there is one to come."""
    if event.changed_at is None or event.cancelled_at is not None or not coming:
        return None
    pairs = []
    if event.was_begins is not None:
        pairs.append((_moment(event.was_begins, event), _moment(event.begins, event)))
    if event.was_place is not None and event.was_place != event.place:
        pairs.append((event.was_place or _("no place"), event.place or _("no place")))
    return Changed(event.changed_at, tuple(pairs))


def _moment(begins: datetime, event: Event) -> str:
    said = i18n.weekday(begins) if event.rule else words.day(begins.date())
    return said if event.is_all_day else f"{said}, {words.clock_time(begins)}"
