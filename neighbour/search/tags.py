"""Kinds and categories by the words they are called by: who types "verschenken" means what is given away, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from neighbour.contributions import kinds
from neighbour.core import i18n
from neighbour.core.kept import Shelf
from neighbour.search import service

_kept: Shelf[str, dict[str, list[str]]] = Shelf(1)


def tags(stems: Sequence[str]) -> Iterable[str]:
    """The tags of the index for categories and kinds that have one of these stems in their names, in any language of ours."""
    known = _kept.of("tags", _known)
    return list(dict.fromkeys(tag for stem in stems for tag in known.get(stem, ())))


def _known() -> dict[str, list[str]]:
    names = _names()
    found: dict[str, list[str]] = {}
    for label, stems in service.stems_of(list(names)).items():
        for stem in stems:
            found.setdefault(stem, []).extend(names[label])
    return found


def _names() -> Mapping[str, list[str]]:
    """Each word of a name, and the tags of what is called so."""
    found: dict[str, list[str]] = {}
    for language in i18n.LANGUAGES:
        with i18n.speaking(language):
            for kind in kinds.all_kinds():
                for key, label in ((kind.name, kind.label), *((each.key, each.label) for each in kind.categories)):
                    for word in service.words.chunks(str(label)):
                        found.setdefault(word, []).append("#" + key)
    return found
