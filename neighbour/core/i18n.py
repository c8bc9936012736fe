"""German and English: translated texts, dates as people say them, numbers.

English is written in the code; the German of a room lies in ``<room>/translations/de.po``. The catalogues
are read once at start, straight from the .po files, so there is nothing to compile. The language of a
request or a mail is a context variable: ``speaking("de")``.
"""

from __future__ import annotations

import gettext as stdlib_gettext
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from neighbour.core import clock

LANGUAGES = ("de", "en")
ROOT = Path(__file__).resolve().parent.parent

_language: ContextVar[str] = ContextVar("language", default="de")
_zone: ContextVar[str] = ContextVar("zone", default="Europe/Berlin")


def language() -> str:
    """The language spoken now: ``de`` or ``en``."""
    return _language.get()


def speak(code: str, zone: str | None = None) -> None:
    """Speak this language (and use this time zone) from here on."""
    _language.set(code if code in LANGUAGES else "de")
    if zone:
        _zone.set(zone)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak this language inside the block."""
    token = _language.set(code if code in LANGUAGES else "de")
    try:
        yield
    finally:
        _language.reset(token)


@lru_cache
def catalogue(code: str) -> stdlib_gettext.NullTranslations:
    """All rooms' translations into one language, in one table; English needs none."""
    whole = Catalog(locale=code)
    for path in sorted(ROOT.glob(f"**/translations/{code}.po"), reverse=True):
        with path.open("rb") as source:
            for message in read_po(source, locale=code):
                if message.id:
                    whole[message.id] = message
    if not len(whole):
        return stdlib_gettext.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return stdlib_gettext.GNUTranslations(compiled)


def gettext(message: str, **values: Any) -> str:
    """``message`` in the language spoken now, with ``%(name)s`` filled in."""
    said = catalogue(_language.get()).gettext(message)
    return said % values if values else said


def ngettext(one: str, many: str, num: int, **values: Any) -> str:
    """The form for ``num``, in the language spoken now; ``%(num)s`` is the formatted number."""
    said = catalogue(_language.get()).ngettext(one, many, num)
    return said % {"num": number(num), **values}


def pgettext(context: str, message: str, **values: Any) -> str:
    """Like ``gettext`` for words that need a context."""
    said = catalogue(_language.get()).pgettext(context, message)
    return said % values if values else said


class LazyText:
    """A text that is translated when it is read: for labels and tables made at import."""

    def __init__(self, message: str, values: dict[str, Any]):
        self.message, self.values = message, values

    def __str__(self) -> str:
        return gettext(self.message, **self.values)

    def __repr__(self) -> str:
        return f"LazyText({self.message!r})"

    def __html__(self) -> str:
        from markupsafe import escape

        return str(escape(str(self)))

    def __mod__(self, other: Any) -> str:
        return str(self) % other

    def __add__(self, other: Any) -> str:
        return str(self) + str(other)

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(self.message)


def lazy_gettext(message: str, **values: Any) -> LazyText:
    """``message``, translated when it is read."""
    return LazyText(message, values)


_ = gettext


def local(moment: datetime) -> datetime:
    """The moment on the city's clock."""
    return moment.astimezone(ZoneInfo(_zone.get()))


def zone() -> str:
    """The time zone used now."""
    return _zone.get()


def number(value: float) -> str:
    """1240 → ``1.240`` or ``1,240``."""
    return format_decimal(value, locale=_locale())


def listing(words: Sequence[str]) -> str:
    """``Ayşe, Bernd und Cem``"""
    return format_list(words, locale=_locale())


def full_date(value: date | datetime) -> str:
    """``Mittwoch, 25. November 2026``"""
    return format_date(_day(value), "full", locale=_locale())


def long_date(value: date | datetime) -> str:
    """``25. November 2026``"""
    return format_date(_day(value), "long", locale=_locale())


def day(value: date | datetime) -> str:
    """``heute``, ``gestern``, ``morgen``, a weekday within six days, else ``25. November`` (year if it differs)."""
    that, today = _day(value), clock.today(_zone.get())
    away = (that - today).days
    if away == 0:
        return gettext("today")
    if away == -1:
        return gettext("yesterday")
    if away == 1:
        return gettext("tomorrow")
    if 1 < away < 7:
        return format_date(that, "EEEE", locale=_locale())
    skeleton = "MMMMd" if that.year == today.year else "yMMMMd"
    return format_skeleton(skeleton, that, locale=_locale())


def short_date(value: date | datetime) -> str:
    """``Fr., 27. Nov.``: true on whatever day it is read, so it may be kept."""
    return format_skeleton("MMMEd", _day(value), locale=_locale())


def month(value: date | datetime) -> str:
    """``Mai 2026``"""
    return format_skeleton("yMMMM", _day(value), locale=_locale())


def clock_time(moment: datetime) -> str:
    """``18:00``"""
    return format_time(local(moment), "HH:mm", locale=_locale())


def moment(value: datetime) -> str:
    """``heute, 18:00``"""
    return gettext("%(day)s, %(time)s", day=day(value), time=clock_time(value))


def exact(value: datetime) -> str:
    """``Mittwoch, 25. November 2026, 18:00``, for hovering and for machines that read aloud."""
    return gettext("%(day)s, %(time)s", day=full_date(value), time=clock_time(value))


def masthead_date(value: date | datetime) -> str:
    """``Mittwoch, 25. November``"""
    pattern = "EEEE, d. MMMM" if _language.get() == "de" else "EEEE, d MMMM"
    return format_date(_day(value), pattern, locale=_locale())


def weekday(value: date | datetime) -> str:
    """``Samstag``"""
    return format_date(_day(value), "EEEE", locale=_locale())


def _day(value: date | datetime) -> date:
    return local(value).date() if isinstance(value, datetime) else value


@lru_cache
def _parsed(code: str) -> Locale:
    return Locale.parse("en_GB" if code == "en" else code)


def _locale() -> Locale:
    """English is British: the day stands before the month in both languages."""
    return _parsed(_language.get())
