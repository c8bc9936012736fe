"""Every role asks for every page about every thing it can name; the answers as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
    #: canaries that stand there, where the author asks: everybody's mail address, family name, street, name on the bell
    own: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def everything(world: World) -> list[Cell]:
    """All cells, by page, thing and role."""
    return [cell for page in mapping.pages(world.app) for cell in _of_page(world, page)]


def _of_page(world: World, page: Page) -> Iterator[Cell]:
    fields = mapping.fields(page)
    data = words.fill_in(page, fields)
    things = world.things(page)
    nothing = next((thing for thing in things if thing.label == "nothing"), None)
    mine, theirs = world.canaries("author"), world.canaries("another") | world.canaries("far")
    for role in world.roles:
        absent = _ask(world, role, page, nothing, data) if nothing else None
        for thing in things:
            answer = absent if thing is nothing and absent else _ask(world, role, page, thing, data)
            found = tuple(_problems(page, thing, role, answer, absent))
            text = answer.text if role == "author" else ""
            seen = (tuple(what for what, word in whose if word in text) for whose in (mine, theirs))
            yield Cell(page.key, thing.label, role, answer.status, found, *seen)


def _ask(world: World, role: str, page: Page, thing: Thing, data: dict[str, str]) -> Answer:
    given = {"query_string": data} if page.is_safe else {"data": data}
    return world.ask(role, page, thing.values, **given)


def _problems(page: Page, thing: Thing, role: str, answer: Answer, absent: Answer | None) -> Iterator[str]:
    where = f"{page.key}, {thing.label or 'no object'}, {role}"
    if answer.status >= 500:
        yield f"{where}: {answer.status}"
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
