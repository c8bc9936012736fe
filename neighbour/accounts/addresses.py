"""Mail addresses as people type them, and the one form of each by which it is known."""

from __future__ import annotations

from contextlib import suppress

from email_validator import EmailNotValidError, validate_email


class NoAddress(ValueError):
    """This is no address, or none that our mail reaches; ``is_beyond_ascii``: because of letters before the @. The text
    says so for operators."""

    def __init__(self, typed: str, why: object, is_beyond_ascii: bool):
        problem = "before the @ mail knows only plain letters" if is_beyond_ascii else why
        super().__init__(f"{typed[:80]!r} is no e-mail address that mail reaches: {problem}")
        self.is_beyond_ascii = is_beyond_ascii


def reachable(typed: str) -> str:
    """The address mail can be sent to, its domain as the DNS knows it (``müller.example`` → ``xn--mller-kva.example``).

    Syntax only, nothing is looked up. Raises NoAddress; also for letters beyond ASCII before the @, which need a mail
    server that speaks SMTPUTF8 on every hop.
    """
    local = typed.rpartition("@")[0]
    try:
        found = validate_email(typed, check_deliverability=False, test_environment=True, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise NoAddress(typed, error, not local.isascii() and len(local.split()) == 1) from error
    return f"{local.strip()}@{found.ascii_domain}"


def fold(email: str) -> str:
    """The form of an address that must be unique: lower case, no spaces around, the domain as the DNS knows it."""
    email = email.strip()
    if not email.isascii():
        with suppress(NoAddress):
            email = reachable(email)
    return email.casefold()
