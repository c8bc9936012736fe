"""The pages as an OpenAPI 3.1 description, from the URL map and the forms: what ``fuzz`` reads. Nothing is written by hand.

``python -m tests.attacks.openapi`` prints it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from wtforms.validators import Length

from tests.attacks import mapping, words
from tests.attacks.mapping import Given, Page
from tests.attacks.world import World

FORM = "application/x-www-form-urlencoded"
TYPES = {"IntegerField": "integer", "DecimalField": "number", "FloatField": "number", "BooleanField": "boolean"}


def describe(world: World) -> dict[str, Any]:
    """Every page and method; parts of addresses name things of the town, or anything."""
    paths: dict[str, dict[str, Any]] = {}
    for page in mapping.pages(world.app):
        template = page.path(**{part: f"{{{part}}}" for part in page.arguments})
        paths.setdefault(template, {})[page.method.lower()] = _operation(world, page)
    return {"openapi": "3.1.0", "info": {"title": "Neighbour", "version": "1"}, "paths": paths}


def _operation(world: World, page: Page) -> dict[str, Any]:
    fields = mapping.fields(page)
    known = {given.name: _schema(given) for given in fields if given.name != "*"}
    known |= {name: {"type": "string"} for name in words.ANY_NAME.get(page.key, ())}
    parameters = [_parameter(world, page, part) for part in page.arguments]
    if page.is_safe:
        parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in known.items()]
    told: dict[str, Any] = {
        "operationId": page.key,
        "parameters": parameters,
        "responses": {"default": {"description": "a page"}},
    }
    if not page.is_safe:
        shape = {"type": "object", "properties": known, "required": sorted(known)[:3]}
        told["requestBody"] = {"content": {FORM: {"schema": shape}}}
    return told


def _parameter(world: World, page: Page, part: str) -> dict[str, Any]:
    known = sorted({thing.values[part] for thing in world.things(page)})
    schema = {"anyOf": [{"enum": known}, {"type": "string", "minLength": 1, "maxLength": 60}]}
    return {"name": part, "in": "path", "required": True, "schema": schema}


def _schema(given: Given) -> dict[str, Any]:
    word = words.word(given)
    plain: dict[str, Any] = {"type": TYPES.get(given.kind, "string")}
    if given.kind == "DateField":
        plain["format"] = "date"
    if limit := _longest(given):
        plain["maxLength"] = limit
    return {"anyOf": [{"enum": [word.sample]}, plain]} if word.sample else plain


def _longest(given: Given) -> int:
    form = next((form for form in mapping.all_forms() if form.__name__ == given.form), None)
    unbound = getattr(form, given.name.rpartition("-")[2], None)
    given_to = (*getattr(unbound, "args", ()), getattr(unbound, "kwargs", {}).get("validators", ()))
    validators = [each for some in given_to if isinstance(some, list | tuple) for each in some]
    return max((each.max for each in validators if isinstance(each, Length)), default=0)


if __name__ == "__main__":
    from tests.attacks import stand

    with stand.world() as town:
        json.dump(describe(town), sys.stdout, indent=1)
