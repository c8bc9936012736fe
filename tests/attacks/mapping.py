"""What a page takes: read off the URL map and the source of its view, so that no page is forgotten.

A view's fields are those of the forms it makes (``SomeForm(…)``, with their prefix) and those it asks the request for by
name, in the view itself or in a function of the rooms that it calls. A form made with ``formdata=None`` reads nothing.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

from flask import Flask
from werkzeug.routing import Rule
from wtforms import Field

from neighbour.core.forms import Form

SAFE = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True)
class Given:
    """One field that a page reads: how the form calls it in the request, its WTForms class ("" if asked for by hand)."""

    name: str
    kind: str = ""
    form: str = ""


@dataclass(frozen=True)
class Page:
    """One endpoint and one method."""

    endpoint: str
    method: str
    rule: Rule = field(compare=False, repr=False)
    view: Callable[..., Any] = field(compare=False, repr=False)

    @property
    def key(self) -> str:
        """What files and messages call it."""
        return f"{self.endpoint} {self.method}"

    @property
    def gate(self) -> dict[str, Any]:
        """What ``@requires`` says."""
        return dict(self.view.gate)  # type: ignore[attr-defined]

    @property
    def arguments(self) -> list[str]:
        """The variable parts of its address, in their order."""
        return [part for is_dynamic, part in self.rule._trace if is_dynamic]

    @property
    def is_safe(self) -> bool:
        return self.method in SAFE

    def path(self, **values: str) -> str:
        """The address with these values, as they are."""
        parts = [values[part] if is_dynamic else part for is_dynamic, part in self.rule._trace]
        return "".join(parts).removeprefix("|")


def pages(app: Flask) -> list[Page]:
    """Every endpoint × method, by key. HEAD and OPTIONS are Flask's own."""
    found = [
        Page(rule.endpoint, method, rule, app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    return sorted(found, key=lambda page: page.key)


@cache
def fields(page: Page) -> list[Given]:
    """Every field this page reads, each once, in the order of the source."""
    names: dict[str, Given] = {}
    for given in _Reading(page).found():
        names.setdefault(given.name, given)
    return list(names.values())


def forms(page: Page) -> list[tuple[type[Form], str]]:
    """The forms this page reads, each with its prefix."""
    reading = _Reading(page)
    list(reading.found())
    return reading.forms


def all_forms() -> set[type[Form]]:
    """Every form class of the rooms that are loaded."""
    return {form for form in _descendants(Form) if form.__module__.startswith("neighbour.")}


def _descendants(form: type[Form]) -> Iterator[type[Form]]:
    for one in form.__subclasses__():
        yield one
        yield from _descendants(one)


@cache
def _nodes(function: FunctionType) -> list[tuple[ast.AST, FunctionType | None]]:
    """What may read a request or call something that does, once for all pages: each with the function of the rooms it calls."""
    module, found = sys.modules[function.__module__], list[tuple[ast.AST, FunctionType | None]]()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Call):
            called = _resolve(node.func, module)
            is_ours = isinstance(called, FunctionType) and _is_page_code(called)
            found.append((node, inspect.unwrap(called) if is_ours else None))
        elif isinstance(node, ast.Subscript | ast.Compare):
            found.append((node, None))
    return found


class _Reading:
    """Walks a view and the functions it calls."""

    def __init__(self, page: Page):
        self.page, self.seen = page, set[FunctionType]()
        self.forms: list[tuple[type[Form], str]] = []

    def found(self) -> Iterator[Given]:
        yield from self._of(inspect.unwrap(self.page.view))  # type: ignore[arg-type]

    def _of(self, function: FunctionType) -> Iterator[Given]:
        if function in self.seen:
            return
        self.seen.add(function)
        module = sys.modules[function.__module__]
        for node, called in _nodes(function):
            yield from self._asked(node)
            if isinstance(node, ast.Call):
                yield from self._made(node, module)
            if called is not None:
                yield from self._of(called)

    def _asked(self, node: ast.AST) -> Iterator[Given]:
        """``request.form.get("x")``, ``request.args["x"]``, ``"x" in request.form``, ``getlist``."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "getlist"):
            where, name = node.func.value, node.args[0] if node.args else None
        elif isinstance(node, ast.Subscript):
            where, name = node.value, node.slice
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
            where, name = node.comparators[0], node.left
        else:
            return
        if ast.unparse(where) not in ("request.form", "request.args", "request.values", "request.files"):
            return
        if self.page.is_safe and ast.unparse(where) in ("request.form", "request.files"):
            return
        yield Given(str(name.value) if isinstance(name, ast.Constant) else "*")

    def _made(self, call: ast.Call, module: ModuleType) -> Iterator[Given]:
        given = {word.arg: word.value for word in call.keywords}
        if isinstance(given.get("formdata"), ast.Constant):
            return
        from_address = bool(call.args) and ast.unparse(call.args[0]) == "request.args"
        if self.page.is_safe and not from_address:
            return
        prefix = given.get("prefix")
        text = f"{prefix.value}-" if isinstance(prefix, ast.Constant) else ""
        for form in _forms_of(call.func, module):
            self.forms.append((form, text))
            # No address carries a file.
            yield from (each for each in _fields_of(form, text) if not (self.page.is_safe and "File" in each.kind))


def _forms_of(func: ast.expr, module: ModuleType) -> list[type[Form]]:
    found = _resolve(func, module)
    found = getattr(found, "__self__", found)  # a class's own way to make one of it
    if isinstance(found, type) and issubclass(found, Form):
        return [found]
    if isinstance(func, ast.Attribute) and func.attr == "form":  # kind.form(…): whichever kind it is
        from neighbour.contributions import kinds

        return [kind.form for kind in kinds.all_kinds()]
    return []


def _fields_of(form: type[Form], prefix: str) -> Iterator[Given]:
    for name in dir(form):
        unbound = getattr(form, name, None)
        kind = getattr(unbound, "field_class", None)
        if isinstance(kind, type) and issubclass(kind, Field):
            yield Given(prefix + name, kind.__name__, form.__name__)


def _resolve(func: ast.expr, module: ModuleType) -> Any:
    """The object a name or ``module.name`` stands for, None where only a run would tell."""
    if isinstance(func, ast.Name):
        return getattr(module, func.id, None)
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
        owner = getattr(module, func.value.id, None)
        return getattr(owner, func.attr, None) if isinstance(owner, ModuleType | type) else None
    return None


def _is_page_code(function: FunctionType) -> bool:
    """Functions of the rooms that can see the request."""
    module = sys.modules.get(function.__module__)
    return function.__module__.startswith("neighbour.") and any(
        hasattr(module, name) for name in ("request", "Form", "FlaskForm", "views")
    )
