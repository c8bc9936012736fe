"""The look holds together: one place for colours, enough contrast, no inline script or style, files that stay readable."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

NEIGHBOUR = Path(__file__).resolve().parents[2] / "neighbour"
ASSETS = NEIGHBOUR / "assets"
TOKENS = ASSETS / "css" / "tokens.css"
STYLES = sorted((ASSETS / "css").rglob("*.css"))
SCRIPTS = sorted((ASSETS / "js").glob("*.js"))
PAGES = sorted(
    path
    for path in NEIGHBOUR.rglob("templates/**/*.html")
    # mails and the page in somebody's archive are read outside this site, and bring their styles along
    if "node_modules" not in path.parts
    and "mail" not in path.parts
    and not path.name.endswith((".mail.html", "archive.html"))
)

# Text on ground. Body text keeps 7:1 (WCAG 1.4.6), all other text 4.5:1 (1.4.3), edges of controls 3:1 (1.4.11).
BODY = [
    ("ink", "paper"),
    ("ink", "slip"),
    ("ink", "sunk"),
    ("ink", "green-tint"),
    ("ink", "urgent-tint"),
    ("ink", "offer-tint"),
    ("ink-soft", "paper"),
    ("ink-soft", "slip"),
    ("ink-soft", "sunk"),
    *[("ink", f"wash-{number}") for number in range(1, 7)],
    *[(f"{kind}-ink", f"{kind}-tint") for kind in ("post", "event", "offer", "help", "urgent")],
]
OTHER = [
    ("green", "paper"),
    ("green", "slip"),
    ("green", "sunk"),
    ("green-strong", "slip"),
    ("on-green", "green"),
    ("on-green", "green-strong"),
    ("green-ink", "green-tint"),
    ("on-urgent", "urgent"),
    ("urgent-ink", "slip"),
    ("urgent-ink", "paper"),
    ("paper", "ink"),
    ("offer-ink", "slip"),
    ("offer-ink", "paper"),
    ("ink-soft", "post-tint"),
    ("ink-soft", "green-tint"),
    ("ink-soft", "urgent-tint"),
    ("ink", "map-ground"),
    ("slip", "event-ink"),
]
EDGES = [
    ("line-strong", "paper"),
    ("line-strong", "slip"),
    ("green", "green-tint"),
    ("urgent", "slip"),
    ("urgent", "urgent-tint"),
]


def declarations(block: str) -> dict[str, str]:
    without_comments = re.sub(r"/\*.*?\*/", "", block, flags=re.S)
    return {name: value.strip() for name, value in re.findall(r"--([\w-]+):\s*([^;]+);", without_comments)}


@lru_cache
def themes() -> dict[str, dict[str, str]]:
    """The lists of tokens: light, dark by the device, dark by choice."""
    text = TOKENS.read_text(encoding="utf-8")

    def block(start: str) -> dict[str, str]:
        begin = text.index("{", text.index(start)) + 1
        return declarations(text[begin : text.index("}", begin)])

    light = block("  :root {")
    return {
        "light": light,
        "system": {**light, **block(':root:not([data-theme="light"])')},
        "chosen": {**light, **block(':root[data-theme="dark"]')},
    }


def luminance(colour: str) -> float:
    """Relative luminance of #RRGGBB (WCAG 2.2, definition of relative luminance)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_the_formula_knows_black_on_white():
    assert round(contrast("#000000", "#FFFFFF"), 2) == 21
    assert round(contrast("#767676", "#FFFFFF"), 2) == 4.54


def test_both_dark_lists_are_the_same():
    assert themes()["system"] == themes()["chosen"]
    assert themes()["system"] != themes()["light"]


@pytest.mark.parametrize("theme", ["light", "system"])
@pytest.mark.parametrize(("pairs", "least"), [(BODY, 7.0), (OTHER, 4.5), (EDGES, 3.0)], ids=["body", "other", "edges"])
def test_contrast(theme, pairs, least):
    colours = themes()[theme]
    low = {f"{text} on {ground}": round(contrast(colours[text], colours[ground]), 2) for text, ground in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < least} == {}


@pytest.mark.parametrize("path", [path for path in STYLES if path != TOKENS], ids=lambda path: path.name)
def test_colours_stand_in_the_tokens_only(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    found = re.findall(
        r"#[0-9a-fA-F]{3,8}\b(?=[^{]*[;}])|\b(?:rgba?|hsla?|oklch|lab)\(|:\s*(?:white|black|red|green|blue|grey|gray)\b",
        text,
    )
    assert found == []


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_every_token_that_is_used_exists(path):
    text = path.read_text(encoding="utf-8")
    local = {"flow", "tape", "tape-ink", "icon"}
    used = set(re.findall(r"var\(--([\w-]+)", text))
    assert used - set(themes()["light"]) - local == set()


@pytest.mark.parametrize("path", STYLES + SCRIPTS + [ASSETS / "build.mjs"], ids=lambda path: path.name)
def test_files_stay_readable(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


#: a script that is none: data for machines, which no browser runs, put there by the one filter that leaves no way out
DATA = re.compile(r'<script type="application/ld\+json">\{\{ \w+\|tojson \}\}</script>')


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(NEIGHBOUR)))
def test_no_page_carries_script_or_style(path):
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.S)
    assert re.findall(r"<style\b", text) == []
    assert re.findall(r"""\sstyle\s*=\s*["']""", re.sub(r"\{[{%].*?[%}]\}", "", text, flags=re.S)) == []
    assert re.findall(r"""<[^>]*\son[a-z]+\s*=\s*["']""", text) == []
    inline = [each for each in re.findall(r"<script\b[^>]*>.*?</script>", text, flags=re.S) if "src=" not in each]
    assert [each for each in inline if not DATA.fullmatch(each)] == []
    assert re.findall(r"javascript:|hx-on|data:image", text) == []


# Where the macros of templates/macros take the name of an icon.
ICON_PLACE = {"icon": 0, "notice": 1, "kind": 1, "btn": 2, "post_btn": 2, "tag": 2, "empty": 2, "submit": 2, "chip": 3}


def icons_named(path: Path) -> set[str]:
    """Names of icons written into the calls of a template."""
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(path.read_text(encoding="utf-8"))
    found = set()
    for call in tree.find_all(nodes.Call):
        place = ICON_PLACE.get(getattr(call.node, "name", ""))
        if place is not None:
            given = call.args[place : place + 1] + [each.value for each in call.kwargs if each.key == "icon_name"]
            found |= {each.value for each in given if isinstance(each, nodes.Const) and each.value}
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(NEIGHBOUR)))
def test_icons_of_the_page_are_in_the_sprite(path):
    assert icons_named(path) - set((ASSETS / "icons.txt").read_text(encoding="utf-8").split()) == set()


def test_icons_of_kinds_and_of_the_navigation_are_in_the_sprite():
    from neighbour.contributions import kinds
    from tests.look.gallery import app

    entries = app().extensions["nav"]
    used = {entry["icon"] for entry in entries} | {look.icon for kind in kinds.all_kinds() for look in kind.categories}
    used |= {kind.icon for kind in kinds.all_kinds()} | {"circle-check"}
    assert entries
    assert used - set((ASSETS / "icons.txt").read_text(encoding="utf-8").split()) == set()


def test_a_page_that_says_where_it_belongs_names_a_room_of_the_navigation():
    from tests.look.gallery import app

    rooms = {entry["endpoint"].split(".")[0] for entry in app().extensions["nav"]}
    named = {room for path in PAGES for room in re.findall(r'set nav_room = "([^"{]+)" %}\n', path.read_text("utf-8"))}
    assert named
    assert named - rooms == set()


def test_every_icon_of_the_sprite_is_named_somewhere():
    sources = [
        path for path in NEIGHBOUR.rglob("*") if path.suffix in (".py", ".html") and "node_modules" not in path.parts
    ]
    said = "".join(path.read_text(encoding="utf-8") for path in sources)
    listed = [
        line for line in (ASSETS / "icons.txt").read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#")
    ]
    assert [icon for icon in listed if f'"{icon}"' not in said] == []


def test_every_way_to_sign_out_forgets_the_drafts_of_the_tab():
    ways = [line for path in PAGES for line in path.read_text("utf-8").splitlines() if '"accounts.sign_out"' in line]
    assert ways
    assert [line for line in ways if "data-forget-drafts" not in line] == []


def test_drafts_are_kept_of_whole_forms():
    """drafts.js looks for forms: on a field the mark would keep nothing."""
    sources = (re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.S) for path in PAGES)
    marked = [line for source in sources for line in source.splitlines() if "data-draft" in line]
    assert marked
    assert [line for line in marked if "<form" not in line] == []


def test_templates_import_only_what_they_use():
    unused = []
    for path in [*PAGES, *NEIGHBOUR.glob("**/templates/**/*.txt")]:
        source = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.S)
        words = set(re.findall(r"\w+", re.sub(r"\{% from [^%]+ %\}", "", source)))
        for names in re.findall(r'\{% from "[^"]+" import ([^%]+?)(?: with context)? %\}', source):
            taken = {name.split(" as ")[-1].strip() for name in names.split(",")}
            unused += [f"{path.relative_to(NEIGHBOUR)}: {name}" for name in taken - words]
    assert unused == []


def test_packages_are_pinned_and_no_registry_is_recorded():
    package = json.loads((ASSETS / "package.json").read_text(encoding="utf-8"))
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    lock = (ASSETS / "package-lock.json").read_text(encoding="utf-8")
    assert re.findall(r'"resolved"', lock) == []


def test_fields_for_one_choice_can_be_seen():
    """A field that belongs to one choice (data-for) has a rule that shows it; otherwise nobody ever meets it."""
    styles = "".join(path.read_text(encoding="utf-8") for path in STYLES)
    choices = {
        word
        for path in PAGES
        for words in re.findall(r'data-for="([^"{]+)"', path.read_text("utf-8"))
        for word in words.split()
    }
    assert choices
    assert [word for word in choices if f'[value="{word}"]:checked' not in styles] == []


def test_built_files_are_named_by_their_content_and_listed():
    built = NEIGHBOUR / "static" / "build"
    manifest = json.loads((built / "manifest.json").read_text(encoding="utf-8"))
    assert {"app.css", "app.js", "map.css", "map.js", "icons.svg", "source-sans-3-latin.woff2"} <= set(manifest)
    for logical, name in manifest.items():
        assert (built / name).is_file(), logical
        assert re.search(r"-[0-9A-Za-z]{8}\.\w+$", name), name
    assert {path.name for path in built.iterdir()} == {*manifest.values(), "manifest.json"}


def test_a_feed_page_needs_little():
    """Style sheet, script, icons and the fonts of a latin page, gzip where the server compresses: at most 130 KB of the 150."""
    import gzip

    built = NEIGHBOUR / "static" / "build"
    manifest = json.loads((built / "manifest.json").read_text(encoding="utf-8"))
    packed = sum(
        len(gzip.compress((built / manifest[name]).read_bytes())) for name in ("app.css", "app.js", "icons.svg")
    )
    fonts = sum(
        (built / manifest[name]).stat().st_size for name in ("source-sans-3-latin.woff2", "piazzolla-latin.woff2")
    )
    assert packed + fonts <= 130_000
