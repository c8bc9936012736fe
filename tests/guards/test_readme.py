"""What the README names exists: commands, targets, files, settings, figures, pictures. What exists is in it, too."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click

from neighbour.cli import main
from tests.bench.__main__ import benches

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^ *```\w*\n(.*?)^ *```", README, re.M | re.S)
SPANS = [
    " ".join(span.split())
    for span in re.findall(r"`([^`]+)`", re.sub(r"^ *```.*?^ *```", "", README, flags=re.M | re.S))
]
CODE = [*SPANS, *(line for block in BLOCKS for line in block.splitlines())]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

# Said of something else than a file of ours: made by a command, kept by an operator, or an example.
NO_FILES = re.compile(r"neighbour/offers/|workers/offers\.py|offers/|\.venv/|NNNN_|instance/|log/jobs\.log")
# Written in capitals, yet no setting: variables of an instance's shell, of SQL, and names in the code.
NO_SETTINGS = {
    "SUPERUSER_URL",
    "QUARTER",
    "OURS",
    "THEIRS",
    "ROOMS",
    "KIND",
    "QUEUES",
    "SCHEDULE",
    "SELECT",
    "INSERT",
    "UPDATE",
}


def settings() -> set[str]:
    """Every setting that config.py reads."""
    reads = (node for node in ast.walk(ast.parse((ROOT / "config.py").read_text())) if isinstance(node, ast.Call))
    return {
        call.args[0].value
        for call in reads
        if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "read"
    }


def rows(heading: str) -> dict[str, list[str]]:
    """The table below a heading: first cell without its marks → all cells."""
    part = README.split(f"# {heading}\n", 1)[1].split("\n#", 1)[0]
    cells = [
        [cell.strip() for cell in line.strip("| ").split(" | ")] for line in part.splitlines() if line.startswith("| `")
    ]
    return {row[0].strip("`"): row for row in cells}


def commands() -> list[list[str]]:
    """Each ``neighbour …`` as words."""
    found = [re.search(r"(?:^|[\s/])neighbour ([a-z].*)", text) for text in CODE]
    return [match[1].split("#")[0].split() for match in found if match]


def test_targets_of_make_exist():
    named = {word for text in CODE for run in re.findall(r"\bmake ([^#`]*)", text) for word in run.split()}
    targets = {word for word in named if "=" not in word and re.fullmatch(r"[.\w/]+", word)}
    assert {"run", "test", "check", "bench", "build"} <= targets
    assert [target for target in targets if not re.search(rf"^{re.escape(target)}:", MAKEFILE, re.M)] == []
    variables = {name for text in CODE if "make" in text for name in re.findall(r"\b([A-Z_]+)=", text)}
    assert [name for name in variables if name not in settings() and f"$({name})" not in MAKEFILE] == []


def test_commands_exist_with_their_options():
    wrong, seen = [], set()
    for words in commands():
        command: click.Command = main
        for word in words:
            if isinstance(command, click.Group):
                found = command.get_command(click.Context(command), word)
                if found is None:
                    break
                command, seen = found, seen | {word}
        options = {name for option in command.params for name in option.opts} | {"--help"}
        wrong += [" ".join(words) for word in words if word.startswith("--") and word not in options]
        wrong += [" ".join(words)] if isinstance(command, click.Group) and len(words) > 1 else []
    assert wrong == []
    assert seen >= {"up", "check", "create", "upgrade", "backup", "restore", "import", "print", "promote", "preview"}


def test_options_named_alone_belong_to_some_command():
    def every(command: click.Command) -> set[str]:
        own = {name for option in command.params for name in option.opts}
        context = click.Context(command)
        below = command.list_commands(context) if isinstance(command, click.Group) else []
        return own.union(*(every(command.get_command(context, name)) for name in below))

    alone = {text.split()[0] for text in SPANS if text.startswith("--")}
    assert alone
    assert alone - every(main) - {"--help"} == set()


def test_every_group_of_commands_is_in_it():
    assert set(main.list_commands(click.Context(main))) - {words[0] for words in commands()} == {"demo"}


def test_files_and_folders_exist():
    names = {
        re.sub(r"[*,;:]+$", "", word)
        for text in SPANS
        for word in re.findall(r"[\w./-]*[\w-]/[\w./-]*|[\w-]+\.\w+", text)
    }
    ours = ("neighbour/", "workers/", "migrations/", "tests/", ".ci/", "docs/")
    files = {name for name in names if name.startswith(ours) and not NO_FILES.search(name)}
    assert len(files) > 15
    assert [name for name in files if not (ROOT / name).exists()] == []
    for name in ["pyproject.toml", "LICENSE"]:
        assert name in names | set(SPANS)
        assert (ROOT / name).exists()


def test_names_in_code_exist_where_they_are_said_to_be():
    for name, file in re.findall(
        r"`(?:@?)(\w+)(?:\(\))?(?: = [^`]*)?`[^`.]{0,12}\(?(?:in )?`((?:neighbour|workers)/[\w./]+\.py)`", README
    ):
        assert re.search(rf"\b{name}\b", (ROOT / file).read_text()), f"{name} is not in {file}"


def test_every_setting_is_in_the_table_and_every_one_named_exists():
    assert set(rows("Settings")) == settings()
    named = {name for text in CODE for name in re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", text)}
    jobs = {
        name for text in CODE for name in re.findall(r"Job\.(\w+)|Permission\.(\w+)", text) for name in name if name
    }
    assert named - settings() - NO_SETTINGS - jobs == set()


def test_the_table_says_what_production_needs():
    from config import Config

    bare = {problem.setting for problem in Config.from_env({"ENVIRONMENT": "production"}).problems()}
    needed = {name for name, row in rows("Settings").items() if row[-1] == "yes"}
    assert needed == bare | {"ENVIRONMENT", "DATABASE_OWNER_URL"}


def test_defaults_are_those_of_the_code():
    from config import Config

    plain = Config.from_env({})
    for name, value in {
        "PORT": plain.port,
        "HOST": plain.host,
        "WEB_WORKERS": plain.web_workers,
        "TRUSTED_PROXIES": plain.trusted_proxies,
        "LETTERS_PER_DAY": plain.letters_per_day,
        "ARGON2_MEMORY_KIB": plain.argon2_memory_kib,
        "TIME_ZONE": plain.time_zone,
        "LANGUAGE": plain.language,
        "GEOCODER": plain.geocoder,
        "CITY_NAME": plain.city_name,
        "MAIL_FROM": plain.mail_from,
    }.items():
        assert rows("Settings")[name][2].strip("`") == str(value), name


def test_every_figure_is_printed_by_the_bench_that_is_named():
    known = benches()
    figures = rows("Figures")
    for name, row in figures.items():
        bench = re.search(r"ONLY=(\w+)", row[2])
        assert bench, name
        assert name in known[bench[1]].FIGURES, name
    assert set(figures) == {name for bench in known.values() for name in getattr(bench, "FIGURES", ())}


def test_pictures_are_made_by_this_repository():
    pictures = set(re.findall(r"\]\((docs/pictures/[\w-]+\.jpg)\)", README))
    assert pictures
    assert [text for text in re.findall(r"!\[([^\]]*)\]", README) if len(text) < 10] == []
    assert [name for name in pictures if not (ROOT / name).is_file()] == []
    assert re.search(r"^pictures:", MAKEFILE, re.M)
    makers = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "journeys").glob("*.py"))
    assert [name for name in pictures if Path(name).stem.split("-")[0] not in makers] == []


def test_it_stays_readable():
    assert len(README.splitlines()) <= 380
    assert max(map(len, (line for line in README.splitlines() if not line.startswith("|") and "](" not in line))) <= 170
