"""What readers get of an edition, as encoded pieces: its rows and its frame in both languages.

Rendered once per contribution, version, language and ring around its author, and kept; per reader it is a choice from a
list. An edition belongs to a quarter, so the ring of each contribution is known but for one thing: whether the reader has
proven to live there or is vouched for.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import Any

from flask import current_app
from jinja2 import Template

from neighbour.contributions import muting
from neighbour.contributions.details import NOTHING, WithNews
from neighbour.contributions.muting import Muted
from neighbour.contributions.readers import ring_on_board
from neighbour.core import clock, i18n
from neighbour.core.i18n import LazyText
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.kept import Shelf
from neighbour.core.web import site_url
from neighbour.digests import compose
from neighbour.digests.compose import Frame, Piece
from neighbour.digests.edition import Book, Chosen, Entry, Wished, choose, moment_of

Mailed = tuple[uuid.UUID, ...]
_NONE: Mapping[int, Any] = MappingProxyType({})


class Portions:
    """What readers get of an edition, encoded. Most get the same: those who were told up to the same issue, want the
    same, silenced the same, and wrote nothing in it share one portion."""

    def __init__(self, edition: Book, wishes: Mapping[int, Wished] = _NONE, mailed: Mapping[int, Mailed] = _NONE):
        """By readers' numbers: wishes: what they look for and is in it; mailed: what of it they have had by a mail of its own."""
        self.edition, self._wishes, self._mailed = edition, wishes, mailed
        self._authors = {entry.author_id for entry in chain(edition.entries, edition.named)}
        self._news = [
            (each.id, each.changed, moment_of(each.key)) for each in edition.named if each.changed is not None
        ]
        self._bodies: dict[tuple[Any, ...], Piece | None] = {}
        self._frames: dict[str, Frame] = {}

    def frame(self, language: str) -> Frame:
        """What stands round a reader's rows in a language."""
        found = self._frames.get(language)
        if found is None:
            found = self._frames[language] = framed(self.edition, language)
        return found

    def of(
        self,
        person_id: int,
        since: str,
        *,
        includes_nearby: bool,
        is_proven: bool,
        language: str,
        muted: Muted = muting.NOTHING,
        heard: str = "",
        reads_from: str | None = None,
    ) -> Piece | None:
        """A reader's rows in a language; None when there is nothing for them. since: up to where issues
        have covered what is new; heard: the end of the last one they had; reads_from: the moment from which on issues told them
        what is new (ISO 8601), None if there was none yet."""
        me, wished = person_id if person_id in self._authors else None, self._wishes.get(person_id, ())
        told, mailed = self._told(heard or since, reads_from), self._mailed.get(person_id, ())
        key = (since, includes_nearby, is_proven, me, language, muted, wished, told, mailed)
        if key not in self._bodies:
            chosen = choose(
                self.edition,
                person_id,
                uuid.UUID(since),
                includes_nearby=includes_nearby,
                muted=muted,
                wished=wished,
                told=told,
                mailed=mailed,
            )
            self._bodies[key] = None if chosen.is_empty else compose.join(items(chosen, language, is_proven=is_proven))
        return self._bodies[key]

    def _told(self, heard: str, reads_from: str | None) -> tuple[uuid.UUID, ...]:
        """Of what something has become since ``heard``, what a reader was told of who reads since then: for most of them all."""
        if not self._news or reads_from is None:
            return ()
        begun, last = datetime.fromisoformat(reads_from), uuid.UUID(heard)
        return tuple(key for key, changed, since in self._news if changed > last and since > begun)


# Encoded pieces by contribution, version, language …; frames of editions; what all editions of a language share.
_pieces: Shelf[tuple[Any, ...], Piece] = Shelf(5_000)
_frames: Shelf[tuple[Any, ...], Frame] = Shelf(2_000)
_shapes: Shelf[str, compose.Shape] = Shelf(len(i18n.LANGUAGES))


def items(chosen: Chosen, language: str, *, is_proven: bool) -> list[Piece]:
    """The reader's rows, in order: urgent, what they look for, new, a line about what did not fit, and the sections. is_proven:
    the reader has proven to live in the edition's quarter."""
    found = [_row("urgent", entry, language, is_proven) for entry in chosen.urgent]
    for words, entries in chosen.wished:  # nobody else's: made for this mail and not kept
        with i18n.speaking(language):
            said = _("For your search “%(words)s”", words=words)
        found.append(_rendered("section", language, title=said))
        found += [_row("item", entry, language, is_proven) for entry in entries]
    if chosen.new:
        found.append(_heading(__("New"), language))
        found += [_row("item", entry, language, is_proven) for entry in chosen.new]
    if chosen.left_out:
        key = ("left out", chosen.left_out, language)
        found.append(_pieces.of(key, lambda: _rendered("left_out", language, count=chosen.left_out)))
    for section, entries in chosen.sections:
        found.append(_heading(section.title, language))
        found += [_row("gone" if entry.is_gone else "item", entry, language, is_proven) for entry in entries]
    return found


def _heading(title: LazyText, language: str) -> Piece:
    with i18n.speaking(language):
        said = str(title)
    return _pieces.of(("section", said, language), lambda: _rendered("section", language, title=said))


def _row(kind: str, entry: Entry, language: str, is_proven: bool) -> Piece:
    """Kept by all that changes it; until when something is urgent, and when and where of a kind, is said as of today."""
    card, ring = entry.card, ring_on_board(entry.is_home, entry.card.audience, is_proven)
    today = clock.today(i18n.zone()) if kind == "urgent" or card.detail is not NOTHING else None
    key = (kind, card.id, card.version, language, entry.is_home, ring, today, entry.said)
    detail = card.detail if entry.said is NOTHING else WithNews(card.detail, entry.said)
    return _pieces.of(key, lambda: _rendered(kind, language, card=replace(card, ring=ring, detail=detail)))


def _rendered(kind: str, language: str, **values: object) -> Piece:
    with i18n.speaking(language):
        text, html = _row_of(kind, **values)
    return compose.piece(text.strip("\n") + "\n\n", html.strip() + "\n")


def _row_of(kind: str, **values: object) -> list[str]:
    """Text and HTML of a row."""
    return [str(template.module.row(kind, site_url(""), **values)) for template in _templates("rows")]  # type: ignore[attr-defined]


def _templates(name: str) -> list[Template]:
    """The templates of the text and the HTML part. What they know of is their arguments: there is no reader yet."""
    return [current_app.jinja_env.get_template(f"digests/{name}.{form}") for form in ("txt", "html")]


def framed(edition: Book, language: str) -> Frame:
    """The edition's frame in a language, made once."""
    key = (edition.quarter_id, edition.quarter, edition.number, edition.at, language)
    return _frames.of(key, lambda: _frame(edition, language))


def _frame(edition: Book, language: str) -> Frame:
    with i18n.speaking(language):
        day = i18n.masthead_date(edition.at)
        subject = _("%(quarter)s: no. %(number)s, %(day)s", quarter=edition.quarter, number=edition.number, day=day)
        line = _("No. %(number)s, %(day)s", number=edition.number, day=day)
        text, html = _row_of("greeting", name=compose.NAME, quarter=edition.quarter)
        greeting = text.strip("\n") + "\n\n\n", html.strip()
        return compose.frame(_shape(language), subject, greeting, edition.quarter, line)


def _shape(language: str) -> compose.Shape:
    """What editions in this language have in common, as long as the process lives: rendered with marks."""
    return _shapes.of(
        language,
        lambda: compose.shape(*(each.render(site=site_url(""), marks=compose) for each in _templates("issue"))),
    )
