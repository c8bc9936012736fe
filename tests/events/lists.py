"""Lists of events, and whose they are."""

from __future__ import annotations

from neighbour.events import importing, sheets
from neighbour.events.importing import Source
from neighbour.events.list_rows import Choices, guessed

BERLIN = "Europe/Berlin"
HEAD = "uid;title;category;begins;ends;time;place;cost;text"
LIST = (
    f"{HEAD}\n"
    "1;Repair-Café;learning;30.05.2026;;14:00-17:30;Spulengasse 11;Kostenlos;Bring mit, was nicht mehr will.\n"
    '2;Chor;culture;2026-06-02 19:00;2026-06-02 21:00;;Saal;;"Zeile eins;\nZeile zwei"\n'
)


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
