"""Slips: the entries of the board as HTML.

A slip is the same for every reader in the same position towards it (the ring around its author, new or read,
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
from typing import Any, NamedTuple

from flask import current_app
from markupsafe import Markup

from neighbour.accounts.appearance import Ring
from neighbour.contributions import cards
from neighbour.contributions.models import URGENT
from neighbour.contributions.readers import Reader, ring_on_board
from neighbour.core import clock, i18n
from neighbour.core.kept import Shelf
from neighbour.feed.service import Line


class Slip(NamedTuple):
    """A rendered slip and the local day it was pinned up on."""

    html: str
    day: date


kept_slips: Shelf[tuple[Any, ...], Slip] = Shelf(10_000)  # about 35 MB
NEVER = 1 << 128  # newer than any id: nothing is new


def slips(lines: Iterable[Line], seen_up_to: uuid.UUID | None, *, days: bool, is_proven: bool) -> tuple[Markup, int]:
    """The HTML of these lines, with a heading for each day if ``days``, and how many of them are new to the reader.

    Lines after ``seen_up_to`` that somebody else wrote are new; None: none is. is_proven: the reader has proven to live in the
    board's quarter.
    """
    lines = list(lines)
    language, today = i18n.language(), i18n.local(clock.now()).date()
    seen = NEVER if seen_up_to is None else seen_up_to.int  # numbers: a UUID compares and hashes itself in Python
    marks = [line.key.int > seen and not line.is_mine for line in lines]
    rings = [ring_on_board(line.is_home, line.audience, is_proven) for line in lines]
    keys = [_key(*each, language, today) for each in zip(lines, rings, marks, strict=True)]
    found = kept_slips.find(keys)
    if None in found:
        _make(found, lines, rings, keys, marks)
    parts: list[str] = []
    last, count = None, 0
    for slip, is_new in zip(found, marks, strict=True):
        if slip is None:  # gone between the two statements
            continue
        if days and slip.day != last:
            last = slip.day
            parts.append(_day_rule(last, today, language))
        parts.append(slip.html)
        count += is_new
    return Markup("\n".join(parts)), count  # noqa: S704  our own templates


def _make(
    found: list[Slip | None],
    lines: list[Line],
    rings: list[Ring],
    keys: list[tuple[Any, ...]],
    marks: list[bool],
) -> None:
    """Render what is missing in ``found``, and keep it."""
    missing = [at for at, slip in enumerate(found) if slip is None]
    bodies = _bodies([(lines[at], rings[at]) for at in missing])
    for at in missing:
        line = lines[at]
        if line.id in bodies:
            slip = Slip(_render(line, bodies[line.id], marks[at]), i18n.local(line.published_at).date())
            found[at] = slip
            kept_slips.keep(keys[at], slip)


def _key(line: Line, ring: Ring, is_new: bool, language: str, today: date) -> tuple:
    """All that changes a slip. The day because of "today, 14:10"."""
    return (
        line.id.int,
        line.version,
        line.comment_count,
        line.thanks_count,
        line.is_home,
        ring,
        line.is_thanked,
        is_new,
        line.category == URGENT and line.is_urgent,
        line.is_mine,
        language,
        today,
    )


def _render(line: Line, body: Markup, is_new: bool) -> str:
    module = current_app.jinja_env.get_template("feed/_slip.html").module
    return str(module.slip(line, body, is_new))  # type: ignore[attr-defined]


def _bodies(lines: list[tuple[Line, Ring]]) -> dict[uuid.UUID, Markup]:
    """The kept halves of these cards. One is good for a version, a language, a local day, a ring around its author, and
    as long as it is urgent; in a neighbouring quarter it names where it comes from."""
    language, today = i18n.language(), i18n.local(clock.now()).date()
    keys = {
        line.id: (line.id, line.version, language, today, line.is_urgent, line.is_home, ring) for line, ring in lines
    }
    kept = cards.fragments.find(list(keys.values()))
    bodies = {key: Markup(html) for key, html in zip(keys, kept, strict=True) if html}  # noqa: S704  our own template
    missing = {line.id: (line, ring) for line, ring in lines if line.id not in bodies}
    template = current_app.jinja_env.get_template("contributions/_card.html") if missing else None
    for key, card in cards.load(missing, Reader()).items():
        line, ring = missing[key]
        html = template.render(c=replace(card, is_home=line.is_home, ring=ring))  # type: ignore[union-attr]
        bodies[key] = Markup(html)  # noqa: S704
        cards.fragments.keep(keys[key], html)
    return bodies


@lru_cache(maxsize=1024)
def _day_rule(day: date, _today: date, _language: str) -> str:
    """The heading of a day; "today" is yesterday tomorrow, and both are said in a language."""
    said = i18n.day(day)
    module = current_app.jinja_env.get_template("macros/ui.html").module
    return str(module.day_rule(said[:1].upper() + said[1:]))  # type: ignore[attr-defined]
