"""Lists of events, and the initiatives whose they are."""

from __future__ import annotations

from datetime import timedelta

from neighbour.core import clock
from neighbour.core.db import as_owner, atomic, db
from neighbour.events import importing, sheets
from neighbour.events.importing import Source
from neighbour.events.list_rows import Choices, guessed
from neighbour.initiatives.models import Initiative, InitiativeEditor, InitiativeQuarter

BERLIN = "Europe/Berlin"
HEAD = "uid;title;category;begins;ends;time;place;cost;text"
LIST = (
    f"{HEAD}\n"
    "1;Repair-Café;learning;30.05.2026;;14:00-17:30;Spulengasse 11;Kostenlos;Bring mit, was nicht mehr will.\n"
    '2;Chor;culture;2026-06-02 19:00;2026-06-02 21:00;;Saal;;"Zeile eins;\nZeile zwei"\n'
)


def make_initiative(quarter, *editors, slug="haus", **fields):
    """A verified initiative that works there, with these editors, the first one the longest."""
    with as_owner(), atomic():
        made = Initiative(**{"slug": slug, "name": "Haus am Kanal", "verified_at": clock.now(), **fields})
        db.session.add(made)
        db.session.flush()
        db.session.add(InitiativeQuarter(initiative_id=made.id, quarter_id=quarter.id))
        ages = enumerate(editors, start=-len(editors))
        db.session.add_all(
            InitiativeEditor(initiative_id=made.id, person_id=each.id, since=clock.now() + timedelta(days=age))
            for age, each in ages
        )
    return made


def source(person, here, name="q:x", initiative=None):
    """The list of this name as this person sends it."""
    return Source(name, here.id, person.id, initiative.id if initiative else None)


def read(text):
    """A list, and what its columns are taken for."""
    sheet = sheets.read(text)
    return sheet, guessed(sheet.columns)


def imported(text, where, leaves_out=False, mapping=None, **choices):
    """What became of a list; see ``importing.run``."""
    sheet, found = read(text)
    return importing.run(sheet, {**found, **(mapping or {})}, Choices(BERLIN, **choices), where, leaves_out=leaves_out)


def rows(owner, what="title, begins, ends, is_all_day, rule, place"):
    """These columns of all events, by title."""
    return owner.execute(f"SELECT {what} FROM event JOIN contribution USING (id) ORDER BY title").fetchall()
