"""What the pages of accounts share: beginning and ending a session in the browser."""

from __future__ import annotations

from flask import Response, current_app, g, request
from flask import session as cookie
from flask_login import login_user

from neighbour.accounts import entering, onetime, service, sessions
from neighbour.accounts.entering import Browser
from neighbour.accounts.models import Person
from neighbour.core import limits, scope, tokens
from neighbour.core.crypto import keyed_hash
from neighbour.policy import Identity
from neighbour.policy.gate import person_number

# what survives a sign-in or sign-out in the cookie; code: the one somebody came with, until it is used
CEREMONY = tokens.kind("ceremony", "a challenge of this browser, inside the signed cookie")
KEPT_KEYS = ("language", "theme", "knows", "code")
MOST_KNOWN = 5


def device() -> str:
    """What the sessions list calls this device: browser and system, coarse."""
    agent = request.headers.get("User-Agent", "")
    browser = next(
        (
            name
            for mark, name in (("Firefox", "Firefox"), ("Edg/", "Edge"), ("Chrome", "Chrome"), ("Safari", "Safari"))
            if mark in agent
        ),
        "Browser",
    )
    system = next(
        (
            name
            for mark, name in (
                ("Android", "Android"),
                ("iPhone", "iPhone"),
                ("iPad", "iPad"),
                ("Windows", "Windows"),
                ("Mac OS", "Mac"),
                ("Linux", "Linux"),
            )
            if mark in agent
        ),
        "",
    )
    return f"{browser}, {system}" if system else browser


def browser(email: str = "", *, is_kept: bool = False) -> Browser:
    """Where this request comes from, for whoever signs in with this address. A device the account knows is counted by its
    own mark: whoever copied it guesses no more often from many addresses of the network. Whether the account still knows
    it says ``Browser.before``."""
    return Browser(
        device=device(),
        source=limits.network(request.remote_addr),
        block=limits.block(request.remote_addr),
        is_kept=is_kept,
        marks=_marks(email) if email else (),
    )


def counted_by() -> str:
    """What tries to sign in are counted by: the mark of this browser, if it is known to the account that is tried (or to any,
    where a passkey says which); else the address of the network. Of others' tries in the same network a known device hears
    nothing; what it guesses itself is counted per account, too (``service.sign_in``)."""
    pending = cookie.get("second")
    waits = entering.who_waits(str(pending.get("token", ""))) if isinstance(pending, dict) else None
    email = request.form.get("email", "") or (service.find(waits).email if waits is not None else "")
    marks = [mark for _round, mark in _marks(email)] if email else [str(each) for each in cookie.get("knows", [])]
    return f"known:{marks[-1]}" if marks else limits.network(request.remote_addr)


def counted_by_link() -> str:
    """What the buttons behind links in mails are counted by: the link, while it works, so that whoever shares a network with its
    owner does not keep them from it; any other is a guess, and counted by the address of the network."""
    token = str((request.view_args or {}).get("token", ""))
    return f"link:{token}" if onetime.works(token) else limits.network(request.remote_addr)


def piece() -> str:
    """The piece of the network this request comes from, by which mails to an address are counted."""
    return limits.block(request.remote_addr)


def begin(token: str, *, is_kept: bool) -> Identity:
    """Put a fresh session into the cookie: everything from before is dropped, so nothing can be fixed in advance. Raises
    ``sessions.Over`` where it has been ended since, by somebody who signs every device out."""
    kept = {key: cookie[key] for key in KEPT_KEYS if key in cookie}
    cookie.clear()
    cookie.update(kept)
    cookie.permanent = is_kept
    return _enter(token)


def renew(token: str) -> None:
    """Go on in the same session under another token: a second factor was shown. Raises ``sessions.Over``."""
    _enter(token)


def _enter(token: str) -> Identity:
    scope.enter(scope.NOBODY)
    found = sessions.recognise(token)
    if found is None:
        raise sessions.Over
    g.identity = found.who
    login_user(found.who, remember=False)
    scope.enter(sessions.eyes(found.who), already_set=found.is_open)
    return found.who


def ceremony() -> str:
    """What stands for this browser while nobody is signed in: a random mark in its cookie."""
    if "ceremony" not in cookie:
        cookie["ceremony"] = tokens.random_token()
    return str(cookie["ceremony"])


def remember(person: Person) -> None:
    """Mark this browser as one of the account's: its owner typed the right password or read the mail here. Signing up
    with an address is no sign of owning it, nor is signing in before it was confirmed. A new password makes the mark
    worthless."""
    if person.confirmed_at is None:
        return
    now = person.password_round
    mine = next((mark for of, mark in _marks(person.email) if of == now), "")
    mine = mine or f"{_mark(person.email)}.{now}.{tokens.public_id()}"
    others = [str(each) for each in cookie.get("knows", []) if not str(each).startswith(_mark(person.email) + ".")]
    cookie["knows"] = [*others, mine][-MOST_KNOWN:]


def _marks(email: str) -> tuple[tuple[int, str], ...]:
    """The marks of this browser for an account, in the signed cookie: whose, of which password, and which of its devices;
    each with the number of its password."""
    parts = [(str(each), str(each).split(".")) for each in cookie.get("knows", [])]
    mine = _mark(email)
    return tuple((int(of[1]), mark) for mark, of in parts if len(of) == 3 and of[0] == mine and of[1].isdecimal())


def forget(response: Response) -> Response:
    """Drop the session from the cookie and tell the browser to drop what it kept."""
    kept = {key: cookie[key] for key in KEPT_KEYS if key in cookie}
    cookie.clear()
    cookie.update(kept)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def me() -> Person:
    """The signed-in person's row."""
    return service.find(person_number())


def memory_kib() -> int:
    """Memory for argon2, from the settings."""
    return int(current_app.extensions["config"].argon2_memory_kib)


def _mark(email: str) -> str:
    return keyed_hash("device", service.fold(email)).hex()[:16]
