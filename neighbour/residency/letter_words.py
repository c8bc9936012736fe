"""What a letter says: neutral, in the recipient's language, with a short paragraph in the other one.

Nobody else's name stands on it, and nothing that tells a housemate more than that somebody at this address
signed up. Whoever did not sign up learns on the same card how to stop every further one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from config import Config
from neighbour.core.i18n import _, language, long_date, speaking
from neighbour.residency import codes
from neighbour.residency.letter_pdf import Letter, Words


@dataclass(frozen=True)
class Slip:
    """What one letter needs: recipient lines, fresh codes, the last day they work, the language (``de``, ``en``)."""

    recipient: tuple[str, ...]
    code: str
    refusal_code: str
    last_day: date
    locale: str


def compose(slip: Slip, config: Config) -> Letter:
    """The page for ``slip``: texts, the QR link to the code page (opening it changes nothing), the imprint."""
    with speaking(slip.locale):
        words = _words(slip, config)
    shown = codes.show(slip.code)
    return Letter(slip.recipient, shown, f"{config.site_url}/code/{shown}", words)


def _words(slip: Slip, config: Config) -> Words:
    host = _address_as_said(config.site_url)
    places = {
        "city": config.city_name,
        "code_page": f"{host}/code",
        "refusal_page": f"{host}/not-me",
        "refusal_code": codes.show(slip.refusal_code),
    }
    site = _("Neighbour")
    return Words(
        site=f"{site} · {config.city_name}",
        title=_("Your code for the neighbourhood"),
        explain=_(
            "Hello! Somebody signed up with this address at Neighbour, the network for %(city)s."
            " If that was you: this card shows that you really live here.",
            **places,
        ),
        enter=_("Enter the code here:\n%(code_page)s", **places),
        valid_until=_("Valid until %(day)s", day=long_date(slip.last_day)),
        refuse=_(
            "That was not you? Then you need not do anything. If no card shall ever come again:"
            "\n%(refusal_page)s, code %(refusal_code)s",
            **places,
        ),
        second_language=_in_the_other_language(places),
        sender=", ".join(part for part in (config.operator_name or site, config.operator_address) if part),
        imprint=_imprint(config),
    )


def _in_the_other_language(places: dict[str, str]) -> str:
    with speaking("en" if language() == "de" else "de"):
        return _(
            "In English: enter this code at %(code_page)s if it was you who signed up."
            " If not, ignore this card, or stop all further ones at %(refusal_page)s with the code %(refusal_code)s.",
            **places,
        )


def _imprint(config: Config) -> str:
    who = ", ".join(part for part in (config.operator_name, config.operator_address, config.operator_email) if part)
    kept = _("Your address lies sealed in one table. It was used to post this card to you, and it is shown to nobody.")
    return _("Responsible: %(who)s.", who=who) + " " + kept if who else kept


def _address_as_said(url: str) -> str:
    """``https://nachbar.example`` → ``nachbar.example``: what people type."""
    parts = urlsplit(url)
    return (parts.netloc + parts.path).rstrip("/")
