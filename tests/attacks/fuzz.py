"""What no page expects: ``python -m tests.attacks.fuzz [CASES]`` (``make fuzz``), 10,000 cases over every page and form.

schemathesis makes requests that fit the description of ``openapi`` and ones that do not; every third is of our own: numbers
that are none, a million digits, letters that do not exist, fields twice, bodies of another kind. A page may refuse anything,
and never fails. Prints one JSON line; what failed goes to standard error, and the exit status is 1.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from tests.attacks import openapi, payloads
from tests.attacks.world import World

ROLES = ("author", "unproven", "begun", "nobody", "operator")
DIGITS = 1_000_000
ODD = [
    "", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", "NaN", "-NaN", "nan", "inf", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999",
    "0x10", "1_000", "٣", "²", "½", "-0", "00", "+1", "1.", ".5", "9" * 400, str(2**31), str(2**63), str(-(2**63) - 1), "null",
    "true", "undefined", "[]", "{}", "None", "\ufffe", "\uffff", "\U0010ffff", "e\u0301" * 50, "e" + "\u0301" * 500, "\u202e", "\r\n",
    "0000-00-00", "2026-02-30", "9999-12-31", "10000-01-01", "2026-13-01", "-1-01-01", "24", "y" * 20_000, "ß" * 9000, "🏳️‍🌈" * 500,
    "a" * 26, "=" * 26, "7" * 26, "../../etc/passwd", "%00", "%", "%zz", "+", "&", ";", "\\", "'", '"', "<", "{{", "%s", "%n",
    *payloads.SQL[:6], *payloads.SCRIPTS[:4],
]  # fmt: skip
KINDS = (
    "application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "application/xml", "x/y; charset=utf-7",
    "application/x-www-form-urlencoded; charset=utf-16", "", "\xff", "application/x-www-form-urlencoded; charset=nowhere",
)  # fmt: skip
BODIES = (
    b"", b"{", b"[]", b'{"a":NaN}', b'{"a":1e999}', b"\xff\xfe\x00", b"a=%ff%fe", b"a=%00", b"=&=&=", b"&" * 5000, b"%", b"a[b][c]=1",
    b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1",
    b"title=%ED%A0%80", b"code=" + b"9" * DIGITS, b"entry=" + b"1" * DIGITS, b"hours=" + b"1" * 5000,
)  # fmt: skip


@dataclass
class Figures:
    """How many cases were tried, what came back, and what failed."""

    cases: int = 0
    generated: int = 0  # of the cases, those that schemathesis made
    codes: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def run(world: World, cases: int, *, is_quick: bool = False) -> Figures:
    """``cases`` requests, evenly over all pages; ``is_quick`` leaves out what schemathesis makes, which takes long to begin."""
    figures = Figures()
    schema = schemathesis.openapi.from_dict(openapi.describe(world))
    operations = [each.ok() for each in schema.get_all_operations()]
    each_gets = max(3, -(-cases // ((1 if is_quick else 3) * len(operations))))
    for operation in operations:
        world.restore()
        for mode in [] if is_quick else GenerationMode:
            with suppress(_NothingToGenerate):
                _schemathesis(world, operation, mode, each_gets, figures)
        _our_own(world, operation, each_gets, figures)
    again = 0
    while figures.cases < cases:  # pages without fields take little; the rest is spread over all once more
        again += 1
        for operation in operations:
            world.restore()
            _our_own(world, operation, max(3, -(-(cases - figures.cases) // len(operations))), figures, again)
    world.restore()
    return figures


class _NothingToGenerate(Exception):
    """A page without parts and fields takes nothing that would not fit."""


def _schemathesis(world: World, operation: Any, mode: GenerationMode, most: int, figures: Figures) -> None:
    try:
        strategy = operation.as_strategy(generation_mode=mode)
    except Exception as error:
        raise _NothingToGenerate from error

    @seed(0)
    @_often(most)
    @given(case=strategy, role=st.sampled_from(ROLES))
    def check(case: Any, role: str) -> None:
        figures.generated += 1
        query = dict(case.query) if isinstance(case.query, dict) else {}
        body = list(_flat(case.body)) if isinstance(case.body, dict) else case.body
        sent = _encoded(body) if isinstance(body, list) else b"" if not isinstance(body, bytes) else body
        path = _filled(operation.path, case.path_parameters or {})
        _send(world, figures, role, operation.method, path, list(_flat(query)), sent, openapi.FORM)

    try:
        check()
    except Exception as error:
        if type(error).__name__ in ("Unsatisfiable", "SkipTest", "Skipped", "InvalidArgument"):
            raise _NothingToGenerate from error
        raise


def _our_own(world: World, operation: Any, most: int, figures: Figures, again: int = 0) -> None:
    told = operation.definition.raw
    parts = [each["name"] for each in told["parameters"] if each["in"] == "path"]
    asked = [each["name"] for each in told["parameters"] if each["in"] == "query"] or ["next"]
    fields = sorted(
        told.get("requestBody", {}).get("content", {}).get(openapi.FORM, {}).get("schema", {}).get("properties", {})
    ) or ["x"]
    odd = st.sampled_from(ODD) | st.text(max_size=30)
    pairs = st.lists(
        st.tuples(st.sampled_from([*fields, fields[0], "csrf_token", "kind"]), odd), max_size=2 * len(fields)
    )

    @seed(again)
    @_often(most)
    @given(
        role=st.sampled_from(ROLES), path=st.lists(odd, min_size=len(parts), max_size=len(parts)), pairs=pairs,
        query=st.lists(st.tuples(st.sampled_from(asked), odd), max_size=4), kind=st.sampled_from((openapi.FORM,) * 8 + KINDS),
        body=st.none() | st.none() | st.none() | st.sampled_from(BODIES),
    )  # fmt: skip
    def check(role: str, path: list[str], pairs: Any, query: Any, kind: str, body: bytes | None) -> None:
        filled = _filled(operation.path, dict(zip(parts, path, strict=True)))
        _send(world, figures, role, operation.method, filled, query, _encoded(pairs) if body is None else body, kind)

    check()


def _often(most: int) -> Any:
    return settings(
        max_examples=most, database=None, deadline=None, derandomize=False, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def _flat(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        for each in value if isinstance(value, list) else [value]:
            yield str(name), each if isinstance(each, str) else json.dumps(each)


def _escaped(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _encoded(pairs: list[tuple[str, str]]) -> bytes:
    return "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in pairs).encode()


def _filled(template: str, parts: dict[str, Any]) -> str:
    for name, value in parts.items():
        template = template.replace(
            f"{{{name}}}", _escaped(value if isinstance(value, str) else json.dumps(value)) or "x"
        )
    return template


def _send(
    world: World, figures: Figures, role: str, method: str, path: str, query: Any, body: bytes, kind: str
) -> None:
    if method.upper() != "GET" or figures.cases % 50 == 0:
        world.hands.execute("DELETE FROM rate_count")
    figures.cases += 1
    text = _encoded(query).decode()
    try:
        more = {"data": body, "content_type": kind} if method.upper() != "GET" else {}
        answer = world.browsers[role].ask(method.upper(), f"{path}?{text}" if text else path, **more)
    except Exception as error:  # the application under test raises what it would answer with 500
        figures.codes[500] += 1
        figures.failures.append(f"{method} {path[:80]}?{text[:120]} as {role}, {kind}, {body[:200]!r}: {error!r:.300}")
        return
    figures.codes[answer.status_code] += 1
    if answer.status_code >= 500:
        figures.failures.append(
            f"{method} {path[:80]}?{text[:120]} as {role}, {kind}, {body[:200]!r}: {answer.status_code}"
        )
    answer.close()


def main() -> int:
    """Run, print the figure, say whether all is well."""
    from tests.attacks import stand

    begun = time.perf_counter()
    with stand.world() as town:
        found = run(town, int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    told = {
        "name": "fuzz_server_errors", "value": len(found.failures), "unit": "of cases", "cases": found.cases,
        "made_by_schemathesis": found.generated,
        "codes": dict(sorted(found.codes.items())), "seconds": round(time.perf_counter() - begun),
    }  # fmt: skip
    print(json.dumps(told))
    for failure in dict.fromkeys(found.failures):
        print(failure, file=sys.stderr)
    if found.generated < found.cases // 3:
        print(f"schemathesis made only {found.generated} of {found.cases} cases", file=sys.stderr)
    return bool(found.failures) or found.generated < found.cases // 3


if __name__ == "__main__":
    sys.exit(main())
