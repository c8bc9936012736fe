"""What holds for every page, whichever it is: looked at by the test client each time it fetches one.

No browser is asked here: what a browser and axe find is in ``tests/journeys``. This is what a machine can say of the text
alone, in a millisecond, of every page in every state that any test brings about.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
NEEDS_LABEL = {"input", "select", "textarea"}
SPEAKS_FOR_ITSELF = {"hidden", "submit", "button", "reset"}
IN_PHRASES = {"p", "h1", "h2", "h3", "h4", "span", "a", "button", "label", "small", "strong", "em"}
BLOCKS = {
    "p",
    "div",
    "ul",
    "ol",
    "li",
    "section",
    "article",
    "form",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "fieldset",
    "main",
}


def faults(html: str) -> list[str]:
    """What is wrong with a page; empty for a good one and for what is no whole page (pieces for htmx, mails)."""
    if not html.lstrip()[:9].lower().startswith("<!doctype"):
        return []
    page = _Page()
    page.feed(html)
    page.close()
    return page.verdict()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.found: list[str] = []
        self.ids: list[str] = []
        self.fields: list[tuple[str, dict[str, str | None], bool]] = []
        self.labels: set[str] = set()
        self.points: list[tuple[str, str]] = []
        self.count: dict[str, int] = {}
        self.lang = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        where = f"<{tag}> in line {self.getpos()[0]}"
        if len(given) != len(attrs):
            self.found.append(f"{where}: an attribute twice")
        if tag in BLOCKS and any(above in IN_PHRASES for above in self.open) and "svg" not in self.open:
            self.found.append(f"{where}: a block inside <{next(a for a in self.open if a in IN_PHRASES)}>")
        if tag == "form" and "form" in self.open:
            self.found.append(f"{where}: a form inside a form")
        if tag in ("a", "button") and any(above in ("a", "button") for above in self.open):
            self.found.append(f"{where}: inside a link or a button")
        self.count[tag] = self.count.get(tag, 0) + 1
        if given.get("id") is not None:
            self.ids.append(str(given["id"]))
        self._note(tag, given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.found.append(f"</{tag}> in line {self.getpos()[0]} closes {self.open[-1:] or 'nothing'}")
            if tag in self.open:
                while self.open.pop() != tag:
                    pass
            return
        self.open.pop()

    def _note(self, tag: str, given: dict[str, str | None]) -> None:
        if tag == "html":
            self.lang = given.get("lang") or ""
        if tag == "label" and given.get("for"):
            self.labels.add(str(given["for"]))
        if tag in NEEDS_LABEL and given.get("type") not in SPEAKS_FOR_ITSELF:
            self.fields.append((tag, given, "label" in self.open))
        for name in ("aria-labelledby", "aria-describedby", "aria-controls", "for", "list", "form"):
            if value := given.get(name):
                self.points += [(name, each) for each in str(value).split()]
        if tag == "img" and "alt" not in given:
            self.found.append(f"<img> in line {self.getpos()[0]}: no alt")

    def verdict(self) -> list[str]:
        """All faults, those of the whole page included."""
        found = self.found
        found += [f"never closed: <{tag}>" for tag in self.open]
        found += [
            f"<{tag}>: {self.count.get(tag, 0)} instead of 1"
            for tag in ("title", "h1", "main", "body")
            if self.count.get(tag) != 1
        ]
        found += [f"id {name!r} twice" for name in sorted({name for name in self.ids if self.ids.count(name) > 1})]
        found += [f"{name}={value!r} names nothing" for name, value in self.points if value not in self.ids]
        for tag, given, is_inside in self.fields:
            if not (
                is_inside or given.get("id") in self.labels or given.get("aria-label") or given.get("aria-labelledby")
            ):
                found.append(f"<{tag} name={given.get('name')!r}> has no label")
        if not re.fullmatch("de|en", self.lang):
            found.append(f"lang={self.lang!r}")
        return found
