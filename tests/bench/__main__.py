"""Runs the benches and prints one JSON line per figure.

A bench is a module of this folder with ``run(scale)``, which yields figures as they are made, and ``FIGURES``, their
names. Nothing else has to be registered. Figures of CPU time carry the machine's ``pace`` before and after they were taken:
how many times as long as on the machine of the bars the yardstick's page takes. Divide milliseconds by it, multiply rates.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from tests.bench import yardstick

CPU_UNITS = ("ms", "1/s", "s")
HERE = Path(__file__).resolve().parent


def benches() -> dict[str, ModuleType]:
    """Every bench by the name of its module."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(HERE)]) if not module.name.startswith("_"))
    modules = {name: importlib.import_module(f"tests.bench.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "run")}


def main() -> int:
    """Run the benches named by ONLY (a bench or a figure; default all) at SCALE (small or full)."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default=os.environ.get("ONLY", ""), help="a bench or a figure; default all")
    parser.add_argument("--scale", default=os.environ.get("SCALE") or "small", choices=("small", "full"))
    wishes = parser.parse_args()
    found = benches()
    figures = {name: tuple(getattr(module, "FIGURES", ())) for name, module in found.items()}
    wanted = [name for name in found if wishes.only in ("", name) or wishes.only in figures[name]]
    if not wanted:
        names = ", ".join([*found, *(each for some in figures.values() for each in some)])
        print(f"bench: nothing is called {wishes.only!r}; there are {names}", file=sys.stderr)
        return 2
    with yardstick.running() as stick:
        for name in wanted:
            pace = stick.pace()
            for figure in found[name].run(wishes.scale):
                before, pace = pace, stick.pace()
                if figure["unit"] in CPU_UNITS:
                    figure["pace"] = round((before + pace) / 2, 2)
                if wishes.only in ("", name, figure["name"]):
                    print(json.dumps(figure), flush=True)
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1]))
    sys.exit(main())
