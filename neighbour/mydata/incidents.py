"""Telling people of an incident that concerns them (Art. 34 GDPR): everybody exactly one mail, whatever they have chosen to
get, in words of the operator.

Whom it concerns comes from the log of security events (``affected``), or from a list. What was written is kept twice: with the
incident, which has to stay on record, and with the person, who finds it in their archive. The second is what makes it once: it
outlives the ledger of mails, so the same incident can be told again – to whoever was found meanwhile – a year later.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from neighbour.accounts.addresses import fold
from neighbour.accounts.models import Person
from neighbour.core import audit, clock
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.core.text import clean_line, clean_text
from neighbour.mydata import affected
from neighbour.mydata.models import Erasure, Incident, IncidentTold
from neighbour.mydata.notices import IncidentMail

NAME = re.compile(r"[a-z0-9-]{3,60}")
LONGEST_SUBJECT, LONGEST_TEXT = 150, 10_000
LANGUAGES = ("de", "en")


@dataclass(frozen=True)
class Words:
    """What is said: language → subject, language → text (paragraphs parted by empty lines)."""

    subject: dict[str, str]
    text: dict[str, str]


@dataclass(frozen=True)
class Span:
    """What is known of when and by which route it happened; kept with the incident."""

    since: datetime | None = None
    until: datetime | None = None
    route: str = ""


@dataclass(frozen=True)
class Audience:
    """Whom a telling reaches: numbers of people, how many of them were told before, how many have left or have no mailbox."""

    people: tuple[int, ...]
    told_before: int
    unreachable: int


def clean(subjects: dict[str, str], texts: dict[str, str]) -> Words:
    """The words as they will be sent. Raises ValueError where one is missing or too long."""
    said = Words(
        {key: clean_line(each) for key, each in subjects.items()}, {k: clean_text(t) for k, t in texts.items()}
    )
    for language in LANGUAGES:
        if not said.subject.get(language) or not said.text.get(language):
            raise ValueError(f"subject and text are needed in every language; missing: {language}")
        if len(said.subject[language]) > LONGEST_SUBJECT or len(said.text[language]) > LONGEST_TEXT:
            raise ValueError(f"a subject has {LONGEST_SUBJECT} characters at most, a text {LONGEST_TEXT}")
    return said


def of_addresses(addresses: Collection[str]) -> list[int]:
    """The people with these mail addresses, also those who are leaving. Raises ValueError naming the first that nobody has."""
    wanted = {fold(each): each for each in addresses}
    rows = db.session.execute(select(Person.email_key, Person.id).where(Person.email_key.in_(wanted)))
    found: dict[str, int] = {row.email_key: row.id for row in rows}
    leaving = Erasure.stash["person"]["email_key"].astext
    for key, number in db.session.execute(select(leaving, Erasure.person_id).where(leaving.in_(wanted))):
        found.setdefault(key, number)
    if unknown := [address for key, address in wanted.items() if key not in found]:
        raise ValueError(f"nobody has the address {unknown[0]}" + (f" ({len(unknown)} unknown)" if unknown[1:] else ""))
    return sorted(found.values())


def audience(name: str, people: Collection[int]) -> Audience:
    """Who of these people will get a mail about the incident of this name."""
    before = select(IncidentTold.person_id).join(Incident, Incident.id == IncidentTold.incident_id)
    told = set(db.session.scalars(before.where(Incident.name == name)))
    reachable = affected.mail_addresses(people).keys() - told
    return Audience(tuple(sorted(reachable)), len(told & set(people)), len(set(people) - told - reachable))


def tell(name: str, words: Words, people: Collection[int], span: Span = Span()) -> int:
    """Promise each of these people the mail, once for this incident; gives how many had not been told. Commits all or nothing.
    On the owner's connection.

    name: small letters, digits, hyphens. Raises ValueError for another name, and where an incident of this name said
    something else.
    """
    if not NAME.fullmatch(name):
        raise ValueError("an incident is called by 3 to 60 small letters, digits and hyphens")
    with atomic():
        incident_id = _keep(name, words, span)
        meant = audience(name, people).people
        rows = db.session.execute(select(Person.id, Person.language).where(Person.id.in_(meant)))
        languages = {row.id: row.language for row in rows}
        for person_id in meant:
            language = languages[person_id] if languages[person_id] in LANGUAGES else "de"
            row = {"incident_id": incident_id, "person_id": person_id, "told_at": clock.now()}
            row |= {"subject": words.subject[language], "text": words.text[language]}
            made = insert(IncidentTold).values(row).on_conflict_do_nothing().returning(IncidentTold.id)
            number = db.session.scalar(made)
            if number is not None:
                IncidentMail.send(person_id, subject_key=name, payload={"told": number})
                audit.note(Event.INCIDENT_TOLD, subject=person_id, about=name)
    return len(meant)


def _keep(name: str, words: Words, span: Span) -> int:
    """The incident's row, locked: of two operators who tell at once the second finds everybody told. Raises ValueError."""
    said = {f"subject_{key}": text for key, text in words.subject.items()}
    said |= {f"text_{key}": text for key, text in words.text.items()}
    values = {"name": name, "since": span.since, "until": span.until, "route": span.route, "created_at": clock.now()}
    db.session.execute(insert(Incident).values({**values, **said}).on_conflict_do_nothing())
    there = db.session.scalars(select(Incident).where(Incident.name == name).with_for_update()).one()
    if any(getattr(there, column) != text for column, text in said.items()):
        raise ValueError(
            f"{name} was told in other words on {there.created_at:%Y-%m-%d}; call this one by another name"
        )
    return there.id
