"""The rules of the house, read off the source: what may stand in one file only, sizes, names, registers."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from neighbour.app import ROOMS
from neighbour.core.jobs import Job
from tests.guards.planted import DEFECTS

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
TEXTS = (".py", ".html", ".txt", ".css", ".js", ".mjs", ".toml", ".md", ".po")
FOLDERS = [ROOT / "neighbour", ROOT / "workers"]
SOURCES = [*sorted(path for folder in FOLDERS for path in folder.rglob("*.py")), ROOT / "config.py"]
PRODUCT = [path for path in SOURCES if "assets" not in path.parts]


def name(path):
    return str(path.relative_to(ROOT))


@cache
def parsed(path):
    """The file as a tree; whoever changes it takes a copy."""
    return ast.parse(path.read_text())


@cache
def code(path):
    """The file's code without comments and docstrings."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            body[0] = ast.Pass()
    return ast.unparse(tree)


def functions_with(pattern, but=""):
    """The named functions (``file:name``) whose code holds the pattern, outside one file."""
    return {
        f"{name(path)}:{node.name}"
        for path in PRODUCT
        if name(path) != but and re.search(pattern, code(path))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef) and re.search(pattern, ast.unparse(node))
    }


ONE_FILE = {
    # what: (pattern, the files that may)
    "a commit": (r"\.commit\(", {"neighbour/core/db.py"}),
    "SMTP": (r"\bsmtplib\b", {"neighbour/core/mail.py"}),
    "geopy": (r"\bgeopy\b", {"neighbour/core/geo.py"}),
    "the current time": (
        r"datetime\.(now|utcnow|today)\(|date\.today\(|time\.time\(|time\.monotonic\(",
        {"neighbour/core/clock.py"},
    ),
    "a cipher": (r"\bAESGCM\b|cryptography\.", {"neighbour/core/crypto.py"}),
    "a normal form": (r"unicodedata\.normalize|is_normalized", {"neighbour/core/text.py"}),
    "the environment": (r"os\.environ|os\.getenv", {"config.py"}),
}
# Processes need their environment, the database's own start-up has no application's clock, and its queue is made before
# there is a session.
MAY_TOO = {
    "the environment": {"neighbour/up/parent.py", "neighbour/core/postgres.py", "neighbour/core/backups.py"},
    "a commit": {"neighbour/core/roles.py"},
    "the current time": {"neighbour/core/postgres.py", "neighbour/core/pidfile.py"},
}


@pytest.mark.parametrize("what", ONE_FILE)
def test_it_stands_in_one_file_only(what):
    pattern, allowed = ONE_FILE[what]
    elsewhere = [
        name(path)
        for path in PRODUCT
        if name(path) not in allowed and name(path) not in MAY_TOO.get(what, ()) and re.search(pattern, code(path))
    ]
    assert elsewhere == []
    assert [file for file in MAY_TOO.get(what, ()) if not re.search(pattern, code(ROOT / file))] == []


CRYPTO = "neighbour/core/crypto.py"


def test_homes_are_opened_by_at_most_three_named_functions():
    callers = functions_with(r"\bopen_sealed\(", but=CRYPTO)
    assert 1 <= len(callers) <= 3, callers
    assert all(caller.startswith("neighbour/residency/") for caller in callers), callers


def test_seeds_of_apps_are_opened_by_one_named_function():
    callers = functions_with(r"\bopen_for\(", but=CRYPTO)
    assert {caller for caller in callers if "/accounts/" in caller} == {"neighbour/accounts/totp.py:_seed"}


def test_pages_of_documents_and_photos_as_sent_are_opened_by_one_named_function_each():
    callers = functions_with(r"(?<!def )\bopen_under\(")
    assert callers - {f"{CRYPTO}:open_under"} == {
        "neighbour/residency/cases/documents.py:page",
        "neighbour/contributions/photo_drawing.py:_opened",  # of a photo that was sent, by the worker that draws it
    }


#: what opens files that lie sealed: each hands over what it opens to whom it is for
OPENERS = {"neighbour/mydata/exports.py:open_archive", "neighbour/residency/print_runs.py:fetch"}


def test_sealed_files_are_opened_where_they_are_handed_over_and_nowhere_else():
    callers = set()
    for path in PRODUCT:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and re.search(r"\b(Opened|open_piece)\(", ast.unparse(node)):
                callers.add(f"{name(path)}:{node.name}")
    pieces = {"neighbour/core/crypto.py:open_piece", "neighbour/core/sealed_files.py:_piece"}
    opened = {caller for caller in callers - pieces if not caller.startswith("neighbour/residency/cases/deciding")}
    assert opened == OPENERS


#: Where a transaction takes on eyes that are not those of whoever asks: what a decision does to somebody else's rows.
OTHER_EYES = {
    "neighbour/residency/cases/at_terminal.py",
    "neighbour/residency/cases/concluding.py",
    "neighbour/residency/cases/crowds.py",
    "neighbour/residency/cases/deciding.py",
    "neighbour/residency/cases/desk.py",
    "neighbour/residency/cases/documents.py",
    "neighbour/residency/cases/notices.py",
    "neighbour/residency/cases/visits.py",
}


def test_other_peoples_eyes_are_used_in_few_places_of_the_desk():
    room = ROOT / "neighbour" / "residency" / "cases"
    using = {name(path) for path in room.rglob("*.py") if re.search(r"scope\.(use|enter)\(", code(path))}
    using |= {
        name(path)
        for path in (ROOT / "neighbour" / "initiatives").rglob("*.py")
        if re.search(r"scope\.(use|enter)\(", code(path))
    }
    assert using == OTHER_EYES


#: Rows that no request names: the quarter of whoever asks, or of what was found for them.
FETCHED = {
    "neighbour/quarters/views.py:show",
    "neighbour/residency/gazetteer/views.py:_look_up",
}


def test_views_fetch_no_row_by_a_number_themselves():
    """What a request names is found by the room's service, which knows whose it is (ASVS 8.2)."""
    fetching = set()
    for path in (each for each in PRODUCT if each.name.endswith("views.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and re.search(
                r"session\.get(_one)?\(|\.query\.get", ast.unparse(node)
            ):
                fetching.add(f"{name(path)}:{node.name}")
    assert fetching == FETCHED


def test_no_shell_no_eval_no_pickle_no_template_from_text():
    found = [
        name(path)
        for path in PRODUCT
        if re.search(
            r"shell=True|os\.system|(?<![\w.])eval\(|(?<![\w.])exec\(|yaml\.load|\bpickle\b|render_template_string",
            code(path),
        )
    ]
    assert found == []


def test_templates_mark_nothing_safe():
    marked = [
        name(path)
        for path in (ROOT / "neighbour").rglob("*.html")
        if "node_modules" not in path.parts and re.search(r"\|\s*safe\b", path.read_text())
    ]
    assert marked == []


def test_functions_and_files_keep_their_size():
    long_files = [
        f"{name(path)}: {len(path.read_text().splitlines())}"
        for path in PRODUCT
        if len(path.read_text().splitlines()) > 400
    ]
    long_functions = []
    for path in PRODUCT:
        for node in ast.walk(parsed(path)):
            if (
                isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                and (node.end_lineno or 0) - node.lineno + 1 > 40
            ):
                long_functions.append(f"{name(path)}:{node.name}")
    assert (long_files, long_functions) == ([], [])


def test_public_functions_say_what_they_do():
    silent = []
    for path in PRODUCT:
        for node in parsed(path).body:
            if (
                isinstance(node, ast.FunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                if isinstance(node, ast.ClassDef) and any(
                    isinstance(base, ast.Name) and base.id == "StrEnum" for base in node.bases
                ):
                    continue
                if any("task(" in ast.unparse(mark) for mark in getattr(node, "decorator_list", [])):
                    continue  # a task says what it does in its one call
                silent.append(f"{name(path)}:{node.name}")
    assert silent == []


def test_reasons_stand_here_and_not_in_papers_that_nobody_else_has():
    papers = re.compile(r"(?<!docs/)\b(trust|house|spikes|style_anchors)\.md\b|\bspikes\b|\bperf_peers\b")
    kept = ("neighbour", "workers", "migrations", "tests", "config.py", "pyproject.toml", "README.md")
    files = [path for each in kept for path in ([ROOT / each] if (ROOT / each).is_file() else (ROOT / each).rglob("*"))]
    texts = [path for path in files if path.suffix in TEXTS and "node_modules" not in path.parts and path != HERE]
    assert len(texts) > 400
    assert [name(path) for path in texts if papers.search(path.read_text(encoding="utf-8"))] == []


def test_services_and_models_do_not_know_flask():
    guilty = [
        name(path)
        for path in PRODUCT
        if path.name in ("service.py", "models.py") and re.search(r"^(from|import) flask", path.read_text(), re.M)
    ]
    assert guilty == []


def test_every_job_has_a_task_every_task_a_job_and_every_queue_a_consumer():
    import workers
    from workers import queues

    tasks = {task for task in workers.celery.tasks if not task.startswith("celery.")}
    assert tasks == {str(job) for job in Job}
    assert {job.split(".")[0] for job in tasks} <= set(queues.QUEUES)


def test_a_task_is_an_envelope():
    thick = []
    for path in (ROOT / "workers").glob("*.py"):
        if path.name in ("__init__.py", "queues.py", "schedule.py"):
            continue
        for node in parsed(path).body:
            if isinstance(node, ast.FunctionDef) and len(ast.unparse(ast.Module(node.body, [])).splitlines()) > 9:
                thick.append(f"{path.name}:{node.name}")
    assert thick == []


def test_kinds_are_the_identities_of_the_base(app):
    from neighbour.contributions import kinds
    from neighbour.contributions.models import Contribution

    identities = set(Contribution.__mapper__.polymorphic_map)
    assert {kind.name for kind in kinds.all_kinds()} == identities
    rooms = {room.rsplit(".", 1)[-1] for room in ROOMS}
    assert {kind.model.__module__.split(".")[1] for kind in kinds.all_kinds()} <= rooms


def test_every_defect_that_guards_are_tried_with_can_be_planted():
    """Where the code has moved on, ``make planted`` would find it out after half an hour."""
    gone = [(each.guard, each.file) for each in DEFECTS if not _is_there(each)]
    assert gone == []


def _is_there(defect):
    path = ROOT / defect.file
    return path.exists() and defect.found in path.read_text(encoding="utf-8")
