"""The gate: the only way from a route to its work.

``@requires(Permission.X)`` stands on every view function, and says in the same line how often it may be
called and how long its answer may be kept; the guard tests read these marks off the URL map. Not allowed
looks like this: nobody signed in → to the sign-in page and back; not confirmed or not proven → to the page
that tells what is missing; staff without their second factor → 403 and how to mend it; anything else → 404, the same
as "does not exist".

``fresh=True`` asks whoever has been signed in for longer to show once more that it is them (ASVS 5.0 V7.5.1): a GET
leads to the page that asks and back again; an unsafe request gets 403 and that page, which carries what was typed and
sends it on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort, current_app, g, request

from neighbour.core import clock, limits
from neighbour.policy.identity import ANONYMOUS, Identity
from neighbour.policy.permissions import Permission
from neighbour.policy.table import allows

View = TypeVar("View", bound=Callable[..., Any])
Fresh = bool | Callable[[Identity], bool]
CACHE_CLASSES = ("public", "private", "never")
FRESH_FOR = timedelta(minutes=10)


def requires(
    permission: Permission,
    *,
    rate: str | None = None,
    cache: str = "never",
    csrf: bool = True,
    names: bool = False,
    fresh: Fresh = False,
    body: int = 0,
) -> Callable[[View], View]:
    """Mark and guard a view.

    permission: what the person must be allowed, checked without an object (views check objects themselves).
    rate: a class of ``limits.RATES`` counted on every unsafe request (default "write"); "read" counts nothing.
    cache: "public" (the same for everybody who is not signed in, kept for a minute), "private" (kept by the reader's own
        browser, which asks each time whether it is still the same: data behind a page, never a page) or "never".
    names: True where the page names neighbours: so many a day are enough for anybody (``limits.turn_page``).
    csrf: False only where the address itself carries the right (one-click unsubscribe) or nothing is changed that is
        somebody's, so that the form may stand on a page that is kept for everybody and bears no token.
    fresh: True, or a function that says of whom it is asked (who is only signing up has nothing yet to be taken).
    body: most bytes of a request by somebody who is signed in, where that is more than pages usually take (uploads).
    """
    if cache not in CACHE_CLASSES:
        raise ValueError(f"unknown cache class {cache!r}")

    marks = {"permission": permission, "rate": rate or "write", "cache": cache, "csrf": csrf}
    marks |= {"fresh": bool(fresh), "body": body, "names": names}

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            g.cache_class = cache
            refusal = _refusal(permission, rate or "write", fresh, names)
            return _counted(view(*args, **kwargs), rate) if refusal is None else refusal

        guarded.gate = marks  # type: ignore[attr-defined]
        return cast(View, guarded)

    return mark


def _refusal(permission: Permission, rate: str, fresh: Fresh, names: bool) -> Any:
    """The answer to whoever may not, or has to show once more who they are; None for all others, who are counted when they
    change something, or read many pages that name people."""
    who = identity()
    if not allows(who, permission):
        return current_app.extensions["refuse"](permission)
    if _is_to_ask(who, fresh):
        return current_app.extensions["ask_again"]()
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        by = limits.counted_by.get(rate, _asker)
        g.counted_by = by()
        limits.hit(rate, g.counted_by)
    elif names and who.person_id is not None:
        limits.turn_page(str(who.person_id))
    return None


def _asker() -> str:
    """Whom a request is counted for: the person, or their address of the network."""
    return str(identity().person_id or limits.network(request.remote_addr))


def _counted(answer: Any, rate: str | None) -> Any:
    """The answer of a view; where only failures count, what went well is not counted after all."""
    if rate in limits.FAILURES_ONLY and request.method == "POST" and _is_good(answer):
        limits.take_back(str(rate), g.counted_by)
    return answer


def _is_good(answer: Any) -> bool:
    """Whether a view did what it was asked for."""
    if isinstance(answer, tuple):
        return bool(answer[1] < 400) if len(answer) > 1 and isinstance(answer[1], int) else True
    return bool(getattr(answer, "status_code", 200) < 400)


def identity() -> Identity:
    """Who is asking in this request."""
    return cast(Identity, g.get("identity", ANONYMOUS))


def _is_to_ask(who: Identity, fresh: Fresh) -> bool:
    return bool(fresh) and not is_fresh() and (fresh is True or (callable(fresh) and fresh(who)))


def is_fresh() -> bool:
    """Whether the person of this request has shown within the last ten minutes that it is them."""
    shown = identity().fresh_at
    return shown is not None and clock.now() - shown <= FRESH_FOR


def person_number() -> int:
    """The number of the person of this request, for views behind a permission that takes somebody signed in."""
    number = identity().person_id
    if number is None:
        raise LookupError("nobody is signed in; the view's permission has to ask for that")
    return number


def may(permission: Permission, thing: Any = None) -> bool:
    """Whether the person of this request is allowed; for views and templates."""
    return allows(identity(), permission, thing)


def demand(permission: Permission, thing: Any = None) -> None:
    """404 unless allowed: what one may not do looks like what does not exist."""
    if not may(permission, thing):
        abort(404)
