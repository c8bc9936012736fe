"""Which texts of a room people can read, and which of them the German catalogue lacks.

``python -m tests.support.strings`` prints what is missing, ready to be pasted into the room's de.po.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2] / "neighbour"
KEYWORDS = {
    "_": None,
    "__": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
    "pgettext": ((1, "c"), 2),
    "ungettext": (1, 2),
}


def rooms() -> list[Path]:
    """Every room, and the templates of the house, that have texts."""
    return sorted(
        folder
        for folder in ROOT.iterdir()
        if folder.is_dir() and folder.name not in ("static", "assets", "__pycache__")
    )


def hidden(path: Path) -> list[str]:
    """Calls for a text inside an f-string (file:line), which the collector does not see."""
    tree = ast.parse(path.read_text())
    inside = (each for string in ast.walk(tree) if isinstance(string, ast.JoinedStr) for each in ast.walk(string))
    calls = [each for each in inside if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)]
    return [f"{path.relative_to(ROOT)}:{call.lineno}" for call in calls if call.func.id in KEYWORDS]  # type: ignore[attr-defined]


def messages(room: Path) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    """(msgid, context) of everything translatable in a room's code and templates."""
    alone = sorted(ROOT.glob("*.py")) if room.name == "templates" else []  # what stands in no room
    for path in [*sorted(room.rglob("*")), *alone]:
        method = {".py": "python", ".html": "jinja2", ".txt": "jinja2", ".svg": "jinja2"}.get(path.suffix)
        if method is None or "translations" in path.parts or "node_modules" in path.parts or "data" in path.parts:
            continue
        options = {
            "trimmed": "true",
            "silent": "false",
            "newstyle_gettext": "true",
            "extensions": "jinja2.ext.i18n",
            "trim_blocks": "true",
            "lstrip_blocks": "true",
        }
        with path.open("rb") as source:
            found = list(
                extract(
                    "jinja2.ext:babel_extract" if method == "jinja2" else method,
                    source,
                    KEYWORDS,
                    (),
                    options if method == "jinja2" else {},
                )
            )
        for _line, message, _comments, context in found:
            if message and message != ("",):
                yield (tuple(message) if isinstance(message, list | tuple) else message), context


def catalogue(room: Path) -> Catalog:
    """The room's German catalogue, empty if there is none."""
    path = room / "translations" / "de.po"
    if not path.exists():
        return Catalog(locale="de")
    with path.open("rb") as source:
        return read_po(source, locale="de")


def missing(room: Path) -> list[str | tuple[str, ...]]:
    """Texts of the room without German, each once."""
    german, lacking = catalogue(room), {}
    for message, context in messages(room):
        key = message[0] if isinstance(message, tuple) else message
        entry = german.get(key, context)
        said = entry.string if entry else ""
        if not (all(said) if isinstance(said, tuple | list) else said) or (entry and entry.fuzzy):
            lacking[message] = None
    return list(lacking)


if __name__ == "__main__":
    import json

    for folder in rooms():
        for text in missing(folder):
            if isinstance(text, tuple):
                print(
                    f'[{folder.name}]\nmsgid {json.dumps(text[0], ensure_ascii=False)}\nmsgid_plural {json.dumps(text[1], ensure_ascii=False)}\nmsgstr[0] ""\nmsgstr[1] ""\n'
                )
            else:
                print(f'[{folder.name}]\nmsgid {json.dumps(text, ensure_ascii=False)}\nmsgstr ""\n')
