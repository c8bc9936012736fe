"""Slips: the entries of the board as HTML.

A slip is the same for every reader in the same position towards it (own quarter or next door, new or read,
thanked or not, one's own), so it is rendered once for each of these and kept. ``version`` goes up with every
visible change, counters stand in the key: nothing has to be thrown away by hand. No slip carries a token: its
buttons post through the page's one form.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

from flask import current_app
from markupsafe import Markup

from neighbour.contributions import cards
from neighbour.contributions.models import URGENT
from neighbour.core import clock, i18n
from neighbour.core.kept import Shelf
from neighbour.feed.service import Line

kept_slips: Shelf[tuple[Any, ...], str] = Shelf(10_000)  # about 35 MB


def slips(lines: Iterable[Line], seen_up_to: uuid.UUID | None, *, days: bool) -> tuple[Markup, int]:
    """The HTML of these lines, with a heading for each day if ``days``, and how many of them are new to the reader.

    Lines after ``seen_up_to`` that somebody else wrote are new; None: the reader never marked anything.
    """
    lines = list(lines)
    language, today = i18n.language(), i18n.local(clock.now()).date()
    marks = [seen_up_to is not None and line.id > seen_up_to and not line.is_mine for line in lines]
    keys = [_key(line, is_new, language, today) for line, is_new in zip(lines, marks, strict=True)]
    found = kept_slips.find(keys)
    missing = [line for line, key in zip(lines, keys, strict=True) if key not in found]
    bodies = _bodies(missing, language, today) if missing else {}
    parts: list[str] = []
    last, count = None, 0
    for line, key, is_new in zip(lines, keys, marks, strict=True):
        html = found.get(key)
        if html is None:
            if line.id not in bodies:  # gone between the two statements
                continue
            html = _slip(line, bodies[line.id], is_new)
            kept_slips.keep(key, html)
        if days and (day := i18n.local(line.published_at).date()) != last:
            parts.append(_day_rule(day, today, language))
            last = day
        parts.append(html)
        count += is_new
    return Markup("\n".join(parts)), count  # noqa: S704  our own templates


def _key(line: Line, is_new: bool, language: str, today: date) -> tuple:
    """All that changes a slip. The day because of "today, 14:10"."""
    # The number of the key is hashed in C; a UUID would be hashed in Python, twenty times a page.
    return (
        line.id.int,
        line.version,
        line.comment_count,
        line.thanks_count,
        line.is_home,
        line.is_thanked,
        is_new,
        line.category == URGENT and line.is_urgent,
        line.is_mine,
        language,
        today,
    )


def _slip(line: Line, body: Markup, is_new: bool) -> str:
    module = current_app.jinja_env.get_template("feed/_slip.html").module
    return str(module.slip(line, body, is_new))  # type: ignore[attr-defined]


def _bodies(lines: list[Line], language: str, today: date) -> dict[uuid.UUID, Markup]:
    """The kept halves of these cards. One is good for a version, a language, a local day, and as long as it is
    urgent; in a neighbouring quarter it names where it comes from."""
    keys = {line.id: (line.id, line.version, language, today, line.is_urgent, line.is_home) for line in lines}
    found = cards.fragments.find(list(keys.values()))
    missing = {line.id: line for line in lines if keys[line.id] not in found}
    template = current_app.jinja_env.get_template("contributions/_card.html") if missing else None
    for key, card in cards.load(missing).items():
        html = template.render(c=replace(card, is_home=missing[key].is_home))  # type: ignore[union-attr]
        found[keys[key]] = html
        cards.fragments.keep(keys[key], html)
    return {key: Markup(found[whole]) for key, whole in keys.items() if whole in found}  # noqa: S704  our own template


@lru_cache(maxsize=1024)
def _day_rule(day: date, _today: date, _language: str) -> str:
    """The heading of a day; "today" is yesterday tomorrow, and both are said in a language."""
    said = i18n.day(day)
    module = current_app.jinja_env.get_template("macros/ui.html").module
    return str(module.day_rule(said[:1].upper() + said[1:]))  # type: ignore[attr-defined]
