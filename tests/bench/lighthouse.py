"""Lighthouse over the pages people open most, as on a telephone: a slow network, a slow processor (its own mobile profile).

The demo city as ``neighbour up`` brings it up; somebody is signed in, so that the pages are those that residents see. The
figure is the lowest of the four marks (performance, access, best practice, search engines) of any page, of medians where there are
several runs; what each got stands beside it. One audit is left out on pages behind the sign-in: whether search engines may list
them, because they must not.

Lighthouse is no package of ours: it is installed when this bench is asked for.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from neighbour.demo.seed import PASSWORD
from tests.bench import measure
from tests.journeys.browsing import PHONE, Visitor
from tests.journeys.looking import email_of
from tests.look.browser import browser, executable
from tests.support import ROOT
from tests.support.up import Instance, reachable_folder

VERSION = "12.8.2"  # Apache-2.0; the last that runs on Node 20
CATEGORIES = {"performance": "performance", "accessibility": "access", "best-practices": "practice", "seo": "search"}
PAGES = ("start", "board", "event", "offer")
FIGURES = ("lighthouse_lowest",)
RUNS = {"small": 1, "full": 5}
PERSON = "paul"


def run(scale: str) -> Iterator[dict[str, Any]]:
    """The lowest mark of all."""
    tool = _tool()
    with reachable_folder() as folder:
        town = Instance(folder / "instance", {"ARGON2_MEMORY_KIB": "64"})
        try:
            town.start().wait_until(lambda: "is up" in town.output, 300)
            site = f"http://localhost:{town.port}"
            cookie, paths = _signed_in(site)
            lowest, told = 100.0, []
            for page in PAGES:
                marks = [
                    _marks(tool, site + paths[page], "" if page == "start" else cookie) for _run in range(RUNS[scale])
                ]
                middle = {key: median(mark[key] for mark in marks) for key in CATEGORIES}
                lowest = min(lowest, *middle.values())
                told.append(f"{page}: " + ", ".join(f"{word} {middle[key]:.0f}" for key, word in CATEGORIES.items()))
            yield measure.figure("lighthouse_lowest", [lowest], "of 100", "; ".join(told)) | {"runs": RUNS[scale]}
        finally:
            town.kill_everything()


def _tool() -> Path:
    """The program, installed if it is not there."""
    folder = ROOT / ".stamps" / f"lighthouse-{VERSION}"
    found = folder / "node_modules" / ".bin" / "lighthouse"
    if not found.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            "npm",
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(folder),
            f"lighthouse@{VERSION}",
        ]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return found


def _signed_in(site: str) -> tuple[str, dict[str, str]]:
    """The cookies of somebody who lives there, and where the pages are: the first event and the first offer that have a photo, or
    the first ones."""
    with browser() as running:
        context = running.new_context(locale="de-DE", **PHONE)
        visitor = Visitor(context.new_page(), site)
        visitor.sign_in(email_of(PERSON), PASSWORD)
        visitor.page.wait_for_url("**/board")
        paths = {"start": "/", "board": "/board"}
        for name, list_of in (("event", "/events"), ("offer", "/market")):
            visitor.go(list_of)
            paths[name] = re.findall(r'href="(/c/[a-z2-7]{26})["?]', visitor.page.content())[0]
        cookies = "; ".join(f"{one['name']}={one['value']}" for one in context.cookies())
    return cookies, paths


def _marks(tool: Path, url: str, cookies: str) -> dict[str, float]:
    """Its four marks, 0 to 100."""
    command = [
        str(tool), url, "--quiet", "--output=json", "--locale=de", f"--only-categories={','.join(CATEGORIES)}",
        "--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage",
        *([f"--extra-headers={json.dumps({'Cookie': cookies})}", "--skip-audits=is-crawlable"] if cookies else []),
    ]  # fmt: skip
    here = {**os.environ, "CHROME_PATH": executable() or ""}
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, env=here, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert report["finalDisplayedUrl"] == url, report["finalDisplayedUrl"]
    for audit in report["audits"].values():
        if (
            audit.get("score") is not None
            and audit["score"] < 0.9
            and audit["scoreDisplayMode"] not in ("informative",)
        ):
            print(f"lighthouse: {url}: {audit['id']} {audit['score']} {audit.get('displayValue', '')}", file=sys.stderr)
    return {key: 100 * report["categories"][key]["score"] for key in CATEGORIES}
