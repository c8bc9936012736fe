"""Kinds and categories by the words they are called by: who types "verschenken" means what is given away, too.

Some of those words say what is to be done with a thing, not what it is: "borrow" of "borrow a ladder". They are named beside the
categories (``deeds``) and only lift what fits: no ladder is hidden because it is for sale. Words that mean something else as well
("rent", which is German for a pension, or "Sucht") are none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neighbour.contributions import kinds
from neighbour.contributions.kinds import Category, Kind
from neighbour.core import i18n
from neighbour.core.kept import Shelf
from neighbour.search import service
from neighbour.search.words import Called

_kept: Shelf[str, tuple[dict[str, list[str]], frozenset[str]]] = Shelf(1)


def tags(stems: Sequence[str]) -> Called:
    """What is called by one of these stems, in any language of ours: by its name, or by what is to be done with it."""
    known, deeds = _kept.of("tags", _known)
    found = dict.fromkeys(tag for stem in stems for tag in known.get(stem, ()))
    return Called(tuple(found), is_deed=not deeds.isdisjoint(stems))


def _known() -> tuple[dict[str, list[str]], frozenset[str]]:
    """The tags by stem, and the stems that say what is to be done."""
    names = list(_names())
    stems = service.stems_of([word for word, _tag, _is_deed in names])
    found: dict[str, list[str]] = {}
    for word, tag, _is_deed in names:
        for stem in stems[word]:
            found.setdefault(stem, []).append(tag)
    return found, frozenset(stem for word, _tag, is_deed in names if is_deed for stem in stems[word])


def _names() -> Iterator[tuple[str, str, bool]]:
    """Each word that something is called by, its tag, and whether the word says what is to be done with it."""
    for language in i18n.LANGUAGES:
        with i18n.speaking(language):
            for kind in kinds.all_kinds():
                called: list[tuple[str, Kind | Category]] = [(kind.name, kind), *((c.key, c) for c in kind.categories)]
                for key, each in called:
                    yield from ((word, "#" + key, False) for word in service.words.chunks(str(each.label)))
                    yield from ((word, "#" + key, True) for word in str(each.deeds or "").split())
