"""axe-core in the browser: what is hard to use for somebody who cannot see, point or read well."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page

SOURCE = Path(__file__).resolve().parents[2] / "neighbour" / "assets" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BOXES = ("target-size",)  # and this one, which looks at where things lie, a quarter
COLOURS = ("color-contrast", "link-in-text-block")  # the rules that look at colours; they take half of the time

# What is said of a page and not of one of its elements.
PAGE = (
    "bypass", "document-title", "frame-title-unique", "heading-order", "html-has-lang", "html-lang-valid", "landmark-banner-is-top-level",
    "landmark-complementary-is-top-level", "landmark-contentinfo-is-top-level", "landmark-main-is-top-level", "landmark-no-duplicate-banner",
    "landmark-no-duplicate-contentinfo", "landmark-no-duplicate-main", "landmark-one-main", "landmark-unique", "meta-refresh", "meta-viewport", "meta-viewport-large",
    "page-has-heading-one", "region", "skip-link", "duplicate-id-aria",
)  # fmt: skip

RUN = """([only, rules, marked]) => {
  const stays = one => { for (let up = one; up; up = up.parentElement) if (["fixed", "sticky"].includes(getComputedStyle(up).position) || up.matches(".menu[open] > .menu__list")) return true; };
  // What is half below a bar or an open menu at this moment comes out when one scrolls or closes it: they are no neighbours.
  const slides = node => node.any.some(({data, relatedNodes}) => data?.messageKey === "partiallyObscured" && relatedNodes.length
    && relatedNodes.every(({target}) => stays(document.querySelector(target[0]))));
  if (marked && !document.querySelector("[data-unseen]")) return [];  // gone in this moment
  return axe.run(marked ? {include: [["[data-unseen]"]]} : document, {runOnly: only, rules, resultTypes: ["violations"], iframes: false}).then(({violations}) => violations
    .map(each => ({...each, nodes: each.nodes.filter(node => each.id !== "target-size" || !slides(node))}))
    .filter(each => each.nodes.length));
}"""

# What axe could say of an element in this place: what it is, how it looks, whether it is named, and what is around it.
KINDS = """() => {
  const told = ["role", "type", "aria-current", "aria-invalid", "aria-expanded", "aria-hidden", "disabled"];
  const looks = one => one ? one.tagName + "." + one.getAttribute("class") : "";
  const kind = one => [looks(one), looks(one.parentElement), looks(one.parentElement?.parentElement), one.labels?.length, Boolean(one.textContent.trim()),
    ...[...one.attributes].filter(({name}) => name !== "class").map(({name, value}) => told.includes(name) ? name + "=" + value : name).sort()].join(" ");
  window.kindsOnThisPage = new Map();
  for (const one of document.querySelectorAll("body, body *:not(svg *)")) { const name = kind(one); if (!kindsOnThisPage.has(name)) kindsOnThisPage.set(name, one); }
  return [...kindsOnThisPage.keys()];
}"""
MARK = "kinds => kinds.forEach(kind => kindsOnThisPage.get(kind).setAttribute('data-unseen', ''))"


@lru_cache
def _source() -> str:
    return SOURCE.read_text(encoding="utf-8")


def carry(context: BrowserContext) -> None:
    """Let every page of this browser be able to fetch axe without sending it each time, which takes longer than a page to load."""
    context.add_init_script(f"window.bringAxe = () => {{ {_source()} }};")


def unseen(page: Page, seen: set[str]) -> list[str]:
    """The kinds of elements on the page that are not among ``seen`` yet. Most of a page is what was on the pages before: the bar,
    the cards, the fields of forms."""
    return [kind for kind in page.evaluate(KINDS) if kind not in seen]


def mark(page: Page, kinds: list[str]) -> list[str]:
    """Mark one element of each of these kinds for ``check``; gives those that stand there still: a page that draws itself anew
    for another width has lost marks of before."""
    there = [kind for kind in page.evaluate(KINDS) if kind in kinds]
    page.evaluate(MARK, there)
    return there


def check_whole(page: Page) -> list[str]:
    """What axe finds in how the page is made up, whatever stands on it: title, language, headings, landmarks."""
    return _run(page, {"type": "rule", "values": list(PAGE)}, {}, False)


def check(
    page: Page, *, colours: bool = True, words: bool = True, boxes: bool = True, only_marked: bool = False
) -> list[str]:
    """What axe finds on the page as it stands now, one line per rule: ``[]`` is what we want.

    colours, boxes, words: False leaves out the rules about these, or all others, where nothing of theirs has changed
    since the last look. only_marked: examine what ``mark`` has marked and not the page as a whole.
    """
    seen = {**dict.fromkeys(COLOURS, colours), **dict.fromkeys(BOXES, boxes)}
    only = {"type": "tag", "values": RULES}
    if not words:
        only = {"type": "rule", "values": [name for name, is_on in seen.items() if is_on]}
    return _run(page, only, {name: {"enabled": is_on} for name, is_on in seen.items()}, only_marked)


def _run(page: Page, only: dict[str, Any], rules: dict[str, Any], only_marked: bool) -> list[str]:
    """One line per rule that is broken.

    The source is evaluated in the page's main world through the debugger, so the content security policy
    stays as it is. Frames hold mails, which are pages of their own.
    """
    if not page.evaluate("() => { if (!window.axe) window.bringAxe?.(); return Boolean(window.axe); }"):
        page.evaluate(_source())
    found: list[dict[str, Any]] = page.evaluate(RUN, [only, rules, only_marked])
    return [
        f"{each['id']} ({each['impact']}): {each['help']} – "
        + "; ".join(
            str(node["target"]) + " " + node.get("failureSummary", "")[:200].replace("\n", " ")
            for node in each["nodes"][:4]
        )
        for each in found
    ]


def sideways(page: Page) -> list[str]:
    """Elements that make the page wider than its window (``[]`` if it does not scroll sideways)."""
    return page.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= wide) return [];
          const clipped = one => { for (let up = one.parentElement; up && up !== document.body; up = up.parentElement) if (getComputedStyle(up).overflowX !== "visible") return true; };
          return [...document.body.querySelectorAll("*")]
            .filter(one => { if (clipped(one)) return false; const box = one.getBoundingClientRect(); return box.right > wide + 0.5 && box.width > 0 && getComputedStyle(one).position !== "fixed"; })
            .slice(-6).map(one => `${one.tagName.toLowerCase()}.${one.className} ${Math.round(one.getBoundingClientRect().right)} > ${wide}`);
        }"""
    )


def cut_off(page: Page) -> list[str]:
    """Text that does not fit its box and is hidden for that (``[]`` if everything can be read). Maps slide, and what is
    hidden from view on purpose is meant for ears."""
    return page.evaluate(
        """() => [...document.body.querySelectorAll("*")].filter(one => {
          const style = getComputedStyle(one), hides = way => ["hidden", "clip"].includes(way);
          if (one.clientWidth < 2 || style.display === "inline" || !one.innerText?.trim() || one.closest(".leaflet-container, select")) return false;
          return hides(style.overflowX) && one.scrollWidth > one.clientWidth + 1 || hides(style.overflowY) && one.scrollHeight > one.clientHeight + 1;
        }).map(one => `${one.tagName.toLowerCase()}.${one.className} hides „${one.innerText.trim().slice(0, 30)}“`)"""
    )


def small_targets(page: Page, least: int = 44) -> list[str]:
    """Things to press that are smaller than ``least`` px either way; links inside running text are left out (WCAG 2.5.8)."""
    return page.evaluate(
        """least => [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea, label.choice, label.chip, label.check")]
          .filter(one => {
            const box = (one.closest("label") || one).getBoundingClientRect();
            if (!box.width || !box.height || getComputedStyle(one).visibility === "hidden" || one.closest(".vh, .skip")) return false;
            if (one.tagName === "A" && getComputedStyle(one).display === "inline") return false;
            return box.height < least - 0.5 || box.width < least - 0.5;
          }).map(one => { const box = one.getBoundingClientRect(); return `${one.tagName.toLowerCase()}.${one.className} „${one.textContent.trim().slice(0, 30)}“ ${Math.round(box.width)}×${Math.round(box.height)}`; })""",
        least,
    )
