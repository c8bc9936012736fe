"""docs/trust.md says what proves what: the tests it names are there, and run by the command beside them."""

from __future__ import annotations

import ast
import re
from functools import cache

from tests.bench.__main__ import benches
from tests.guards.test_readme import MAKEFILE
from tests.support import ROOT

TEXT = (ROOT / "docs/trust.md").read_text(encoding="utf-8")
#: the checks that are about verification, privacy and sign-in
NUMBERS = {*range(14, 19), *range(36, 61)}


def lines() -> list[list[str]]:
    """The tables' lines: row, what, tests, figure, command."""
    found = [re.split(r"(?<!\\)\|", line)[1:-1] for line in TEXT.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line] for line in found if line[0].strip() != "row"]


@cache
def kept_in(file: str) -> dict[str, bool]:
    """Test → whether it is left to ``make thorough``."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    is_all = any(isinstance(node, ast.Assign) and "mark.thorough" in ast.unparse(node) for node in tree.body)
    return {
        node.name: is_all or any(ast.unparse(each) == "pytest.mark.thorough" for each in node.decorator_list)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_check_has_a_line_and_every_line_five_cells():
    assert {int(line[0]) for line in lines() if line[0].isdigit()} == NUMBERS
    assert [line[0] for line in lines() if len(line) != 5 or not all(line)] == []


def test_every_named_test_is_there_and_runs_by_its_command():
    figures = {name for bench in benches().values() for name in getattr(bench, "FIGURES", ())}
    wrong, seen = [], 0
    for row, _what, proofs, _figure, command in lines():
        named = re.findall(r"`([^`]+)`", proofs)
        is_slow = "make thorough" in command
        for name in named:
            file, _, test = name.partition("::")
            seen += 1
            if not file.startswith("tests/"):
                wrong += [] if name in figures and "make bench" in command else [f"{row}: no bench prints {name}"]
            elif not (ROOT / file).is_file() or (test and test not in kept_in(file)):
                wrong.append(f"{row}: there is no {name}")
        slow = [
            name for name in named if "::" in name and kept_in(name.partition("::")[0]).get(name.partition("::")[2])
        ]
        if bool(slow) is not is_slow:
            wrong.append(f"{row}: {command}, but {slow or 'none of its tests'} is marked thorough")
    assert wrong == []
    assert seen >= 120


def test_what_is_left_to_the_machines_is_run_by_them():
    """A file that a line of ``make machines`` names stands in its recipe."""
    recipe = MAKEFILE.partition("\nmachines:")[2].partition("\n\n")[0]
    named = {
        name.partition("::")[0]
        for _row, _what, proofs, _figure, command in lines()
        for name in re.findall(r"`(tests/[^`]+)`", proofs)
        if command == "`make machines`"
    }
    assert len(named) >= 4 and sorted(named - set(recipe.split())) == []


def test_commands_exist():
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.M))
    assert set(re.findall(r"`make ([a-z]+)", TEXT)) <= targets
