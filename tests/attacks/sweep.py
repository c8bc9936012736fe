"""Every role asks for every page about every thing it can name; the answers as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from werkzeug.test import TestResponse

from tests.attacks import mapping, words
from tests.attacks.mapping import Page
from tests.attacks.world import Answer, Thing, World

KEPT = Path(__file__).resolve().parents[1] / "guards" / "codes.txt"


@dataclass(frozen=True)
class Cell:
    """One role's answer to one page about one thing."""

    page: str
    thing: str
    role: str
    status: int
    problems: tuple[str, ...] = ()
    #: whether it differs from the answer about what is not there; of no object: False
    is_seen: bool = False
    #: canaries that stand there, where the author asks: everybody's mail address, family name, street, name on the bell
    own: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


Look = Callable[[TestResponse], Iterable[str]]


def everything(world: World, look: Look = lambda _response: ()) -> list[Cell]:
    """All cells, by page, thing and role. look: what else is wrong with an answer, whatever it answers."""
    return [cell for page in mapping.pages(world.app) for cell in _of_page(world, page, look)]


def _of_page(world: World, page: Page, look: Look) -> Iterator[Cell]:
    fields = mapping.fields(page)
    data = words.fill_in(page, fields)
    things = world.things(page)
    nothing = next((thing for thing in things if thing.label == "nothing"), None)
    mine, theirs = world.canaries("author"), world.canaries("another") | foreign(world)
    for role in world.roles:
        absent = _ask(world, role, page, nothing, data) if nothing else None
        for thing in things:
            answer = absent if thing is nothing and absent else _ask(world, role, page, thing, data)
            found = (*_problems(page, thing, role, answer, absent), *_faults(page, role, answer, look))
            text = answer.text if role == "author" else ""
            seen = (tuple(what for what, word in whose if word in text) for whose in (mine, theirs))
            is_seen = absent is not None and answer.bare != absent.bare
            yield Cell(page.key, thing.label, role, answer.status, found, is_seen, *seen)
            answer.response.close()


def foreign(world: World) -> set[tuple[str, str]]:
    """(what, word) of somebody of the other quarter, of whom nothing but what they say to the whole city gets here."""
    return {(f"foreign {what}", word) for what, word in world.canaries("far")}


def _faults(page: Page, role: str, answer: Answer, look: Look) -> Iterator[str]:
    """What is wrong with an answer whatever it is about."""
    if answer.status >= 500:
        yield f"{page.key}, {role}: {answer.status}"
    if page.is_safe and answer.written:
        yield f"{page.key}, {role}: opening it writes {answer.written}"
    yield from (f"{page.key} ({answer.status}): {fault}" for fault in look(answer.response))


def hidden(world: World, cells: list[Cell]) -> list[str]:
    """Things of the town that nobody sees on any page although somebody should: what looks like nothing there proves nothing."""
    seen = {(cell.page, cell.thing) for cell in cells if cell.is_seen}
    kinds: dict[tuple[str, str], list[Page]] = {}
    for page in mapping.pages(world.app):
        for thing in world.things(page):
            if page.arguments != ["token"] and thing.label not in ("", "nothing") and len(world.things(page)) > 1:
                kinds.setdefault((str(sorted(thing.values.items())), thing.label), []).append(page)
    wrong = []
    for (_values, label), pages in kinds.items():
        if any((page.key, label) in seen for page in pages):
            continue
        thing, nothing = (
            next(each for each in world.things(pages[0]) if each.label == name) for name in (label, "nothing")
        )
        if not thing.is_over and not (thing.owner and any(_differs(world, page, thing, nothing) for page in pages)):
            wrong.append(f"{label} ({'/'.join(thing.values)}): nobody sees it")
    return wrong


def _differs(world: World, page: Page, thing: Thing, nothing: Thing) -> bool:
    """Whether its owner, who is none of the roles, gets another answer about a thing than about none."""
    data = words.fill_in(page, mapping.fields(page))
    real, absent = (_ask(world, thing.owner, page, each, data) for each in (thing, nothing))
    return real.bare != absent.bare


def _ask(world: World, role: str, page: Page, thing: Thing, data: dict[str, str]) -> Answer:
    given = {"query_string": data} if page.is_safe else {"data": data}
    return world.ask(role, page, thing.values, **given)


def _problems(page: Page, thing: Thing, role: str, answer: Answer, absent: Answer | None) -> Iterator[str]:
    where = f"{page.key}, {thing.label or 'no object'}, {role}"
    if absent is None or answer is absent:
        return
    if (answer.status == 404 or not thing.is_there_for(role)) and answer.bare != absent.bare:
        yield f"{where}: does not look like what is not there ({difference(answer.bare, absent.bare)})"
    if not thing.is_there_for(role) and answer.written != absent.written:
        yield f"{where}: writes what nobody would write for nothing: {answer.written}"


def difference(one: tuple, other: tuple) -> str:
    """Where two answers differ first, in few words."""
    for left, right in zip(one, other, strict=True):
        if left == right:
            continue
        if isinstance(left, str):
            at = next(
                (n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
            )
            return f"…{left[max(0, at - 40) : at + 40]!r} | …{right[max(0, at - 40) : at + 40]!r}"
        if isinstance(left, list):
            return f"{[each for each in left if each not in right]} | {[each for each in right if each not in left]}"
        return f"{left} | {right}"
    return "nothing"


def as_text(cells: list[Cell]) -> str:
    """The table: a line per page and thing, a column per role."""
    roles = list(dict.fromkeys(cell.role for cell in cells))
    rows: dict[tuple[str, str], dict[str, int]] = {}
    for cell in cells:
        rows.setdefault((cell.page, cell.thing), {})[cell.role] = cell.status
    lines = [f"{'':36} {'':19} " + " ".join(f"{role:8}" for role in roles).rstrip()]
    lines += [
        f"{page:36} {thing:19} " + " ".join(f"{by_role[role]:<8}" for role in roles).rstrip()
        for (page, thing), by_role in rows.items()
    ]
    return "\n".join(lines) + "\n"


def shows(cells: list[Cell]) -> dict[str, dict[str, list[str]]]:
    """What of people stands on each page that a verified neighbour gets: their own things, and those of others."""
    found: dict[str, dict[str, set[str]]] = {}
    for cell in (each for each in cells if each.role == "author"):
        page = found.setdefault(cell.page, {"own": set(), "others": set()})
        page["own"] |= set(cell.own)
        page["others"] |= set(cell.others)
    return {key: {whose: sorted(words) for whose, words in page.items()} for key, page in found.items()}
