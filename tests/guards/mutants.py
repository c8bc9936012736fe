"""Which changes of a rule no test notices: ``python -m tests.guards.mutants [NAMES…]`` prints one JSON line.

mutmut changes the rule book and what proves an address (``[tool.mutmut]`` in pyproject.toml), one small change at a time,
and runs the tests that come by. Changes that no test goes red for are named; the score is the share of those noticed.
"""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support import ROOT, cluster

BAR = 0.85
LOG = ROOT / "mutants" / "run.log"
UNNOTICED = ("survived", "no tests", "suspicious")


def main(names: list[str]) -> int:
    """Run mutmut, name what went unnoticed; 1 when the score is below the bar."""
    run = cluster.start()  # one for all: starting it takes longer than the tests of a rule
    try:
        LOG.parent.mkdir(exist_ok=True)
        with LOG.open("w") as log:
            subprocess.run([*_mutmut("run"), *names], stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
    finally:
        run.stop()
    found = _results(names)
    unnoticed = sorted(name for name, state in found.items() if state in UNNOTICED)
    sys.stdout.write("".join(f"{found[name]:10} {name}\n" for name in unnoticed))
    score = 1 - len(unnoticed) / max(len(found), 1)
    figure = {"figure": "mutation_score", "value": round(score, 3), "bar": BAR, "mutants": len(found)}
    sys.stdout.write(json.dumps(figure) + "\n")
    return int(score < BAR or not found)


def _mutmut(*words: str) -> list[str]:
    return [sys.executable, "-m", "mutmut", *words]


def _results(names: list[str]) -> dict[str, str]:
    """Mutant → what became of it, of those that were run."""
    out = subprocess.run(
        _mutmut("results", "--all", "true"), capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    pairs = (line.strip().rsplit(": ", 1) for line in out.splitlines() if ": " in line)
    wanted = tuple(name.rstrip("*") for name in names) or ("",)
    return {name: state for name, state in pairs if name.startswith(wanted) and state not in ("not checked", "skipped")}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
