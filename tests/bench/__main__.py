"""Runs the benches and prints one JSON line per figure."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path

BENCHES = {
    "locate": ("locate_per_cpu_second",),
    "feed": ("feed_page_cpu_ms", "feed_page_db_cpu_ms", "feed_queries", "feed_growth_2m_over_200k", "publish_cpu_ms"),
    "digest": ("digest_composed_per_cpu_second", "digest_handed_over_per_cpu_second", "digest_memory_growth"),
}


def main() -> int:
    """Run the benches named by ONLY (a bench or a figure; default all) at SCALE (small or full)."""
    only, scale = os.environ.get("ONLY", ""), os.environ.get("SCALE", "full")
    if scale not in ("small", "full"):
        print("bench: SCALE is small or full", file=sys.stderr)
        return 2
    wanted = [bench for bench, figures in BENCHES.items() if only in ("", bench) or only in figures]
    if not wanted:
        names = ", ".join([*BENCHES, *(figure for figures in BENCHES.values() for figure in figures)])
        print(f"bench: nothing is called {only!r}; there are {names}", file=sys.stderr)
        return 2
    for bench in wanted:
        for figure in importlib.import_module(f"tests.bench.{bench}").run(scale):
            if only in ("", bench, figure["name"]):
                print(json.dumps(figure), flush=True)
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    sys.exit(main())
