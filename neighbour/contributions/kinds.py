"""The register of kinds: what a kind of contribution tells the rest of the house about itself.

A kind is one folder and one ``ROOMS`` line; its ``include(app)`` calls ``register``. Feed, composer, digest,
search and pages ask here and never import a kind.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neighbour.contributions.details import Detail
from neighbour.contributions.models import Contribution
from neighbour.core.i18n import LazyText
from neighbour.policy import Identity


@dataclass(frozen=True)
class Category:
    """One category of a kind: how it is called and how it looks. ``tint`` names a token of the style sheet."""

    key: str
    label: LazyText
    icon: str
    tint: str = "post"
    #: what the tape says once the thing is done; None where nothing can be done about it
    solved_label: LazyText | None = None
    #: whether it waits for somebody to answer
    is_asking: bool = False
    #: shown in the composer below the choice
    hint: LazyText | None = None
    #: what whoever looks for such a thing wants to do with it, in single words: "borrow" of what is lent
    deeds: LazyText | None = None


@dataclass(frozen=True)
class Kind:
    """A kind. ``form`` is its WTForms class, ``fields`` the template with its fields between title and text;
    ``publish(author, form)`` and ``revise(author, contribution, form)`` are its services.

    ``more`` is a template with what few need, below title and text. ``details`` fetches what the kind adds to the cards of
    these contributions (those that add nothing may be missing).
    ``page`` is a template shown on a contribution's own page between the slip and its answers, with what
    ``page_data(contribution, reader)`` returns."""

    name: str
    label: LazyText
    icon: str
    order: int
    model: type[Contribution]
    categories: tuple[Category, ...]
    form: type[Any]
    fields: str
    publish: Callable[..., Contribution]
    revise: Callable[..., Contribution]
    #: what whoever looks for a thing of this kind says of it, as a category's ``deeds``
    deeds: LazyText | None = None
    more: str = ""
    details: Callable[[Sequence[uuid.UUID]], Mapping[uuid.UUID, Detail]] | None = None
    page: str = ""
    page_data: Callable[[Any, Identity], Mapping[str, Any]] = lambda _contribution, _reader: {}
    #: what is suspicious about an answer to this kind, in words: whoever sends it is asked once more
    suspects: Callable[[str], Sequence[LazyText]] = lambda _words: ()
    #: what is doubtful about what the composer holds, in sentences: whoever pins it up is asked once more
    doubts: Callable[[Any], Sequence[LazyText]] = lambda _form: ()
    #: raises ``service.NotPossible`` where this person may not answer so: (contribution, person, words, the answer they reply to)
    keep_answers: Callable[[Any, int, str, uuid.UUID | None], None] = lambda *_given: None
    #: raises ``service.NotPossible`` where one that was done or taken down cannot be opened again
    keep_reopening: Callable[[Any], None] = lambda _contribution: None
    #: the page of one that whoever asks does not see (any more) but that still concerns them; None: there is none
    remains: Callable[[uuid.UUID, Identity], str | None] = lambda _contribution_id, _reader: None
    #: locks that come before its row, where it is about to be changed
    hold: Callable[[Any], None] = lambda _contribution: None
    #: whether its page goes on for its author though it was taken down
    goes_on: Callable[[Any], bool] = lambda _contribution: False
    #: the composer's fields, by name, for one like it; None: nobody begins one with another
    copied: Callable[[Any], Mapping[str, Any]] | None = None
    #: several of them, for a choice between kinds; None: as ``label``
    plural: LazyText | None = None
    #: whether one of it can be done, solved; an event is called off instead
    is_solvable: bool = True
    #: at most so many stand in one issue of the digest; None: as many as there is room
    most_in_issue: int | None = None

    def category(self, key: str) -> Category:
        """The category of this key; raises KeyError."""
        return {each.key: each for each in self.categories}[key]


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known."""
    _kinds[kind.name] = kind


def all_kinds() -> list[Kind]:
    """Every kind, in the order of the composer's tabs."""
    return sorted(_kinds.values(), key=lambda kind: kind.order)


def get(name: str) -> Kind:
    """The kind of this name; raises KeyError."""
    return _kinds[name]


def look(kind: str, category: str) -> Category:
    """How a category of a kind is called and looks; raises KeyError."""
    return _kinds[kind].category(category)


def keys_of(kind: Kind) -> tuple[str, ...]:
    """The keys of a kind's categories. No two kinds have one in common: ``reach`` knows the category alone."""
    return tuple(each.key for each in kind.categories)


def of_category(key: str) -> Kind:
    """The kind that has this category; raises KeyError."""
    return {one: kind for kind in all_kinds() for one in keys_of(kind)}[key]


def is_solvable(category: str) -> bool:
    """Whether something of this category can be done, solved."""
    return any(kind.is_solvable for kind in _kinds.values() if category in {each.key for each in kind.categories})


def asking() -> list[str]:
    """The categories that wait for an answer, as ``kind:category``."""
    return [f"{kind.name}:{each.key}" for kind in all_kinds() for each in kind.categories if each.is_asking]
