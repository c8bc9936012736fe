"""What accounts asks rooms above it. Registered by them at start; accounts knows none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from neighbour.core.i18n import LazyText


@dataclass(frozen=True)
class HomeSaid:
    """What a person's own page says about their home: the quarter's name, how well it is proven, and whether it is asked if
    they still live there."""

    quarter: str
    level: str
    is_asked: bool = False


@dataclass(frozen=True)
class ProvenHome:
    """A home of an account that is quarrelled about: an envelope to it, how and when it was proven, and until when it
    stood in the account; None: still."""

    envelope: tuple[str, ...] = field(repr=False)
    method: LazyText | str
    proven_at: datetime
    left_at: datetime | None


@dataclass(frozen=True)
class Letterbox:
    """Where an operator asks whose an account is: the homes as they were proven before the quarrel's beginning, oldest first.

    but: what is wrong with the present one. "changed": it reads differently since ``at``, and is not shown; "renamed": it is the
    only one, and only its house was proven, its name was changed at ``at``. And without any home: "never" – none was ever
    proven; "later" – the first one was at ``at``, when the quarrel had begun; "moved" – another one was chosen at ``at``, and
    what was proven before is not kept any more."""

    homes: tuple[ProvenHome, ...]
    but: str = ""
    at: datetime | None = None

    @property
    def may_be_flight(self) -> bool:
        """Whether somebody may have fled from a home, so that a letter there reaches whom they fled from."""
        return self.but in ("changed", "moved") or any(home.left_at for home in self.homes)


@dataclass(frozen=True)
class Office:
    """Something a person speaks for: its name, and the path of its page."""

    name: str
    path: str


@dataclass(frozen=True)
class ReadsAlong:
    """A program that reads something of a person's under a secret address, without a session: what a form calls it, what it
    reads, and since when it may."""

    key: str
    name: str
    since: datetime


Appoint = Callable[[int, str, str], bool]
StreetsIn = Callable[[str], "list[str]"]
StreetOf = Callable[[int], "str | None"]
HomeOf = Callable[[int], "HomeSaid | None"]
LetterboxOf = Callable[[int, int], "Letterbox | None"]
OfficesOf = Callable[[int], "list[Office]"]
BringBack = Callable[[int, bool], None]
AlongOf = Callable[[int], "list[ReadsAlong]"]
EndAlong = Callable[[int, str], None]
HandOver = Callable[[int, datetime], None]
_appoint: list[Appoint] = []
_bring_back: list[BringBack] = []
_street: list[StreetOf] = []
_streets: list[StreetsIn] = []
_home: list[HomeOf] = []
_letterbox: list[LetterboxOf] = []
_offices: list[OfficesOf] = []
_along: list[tuple[AlongOf, EndAlong]] = []
_hand_over: list[HandOver] = []


def register_street(street_of: StreetOf) -> None:
    """Tell accounts how to learn the name of a person's own street (residency does)."""
    _street[:] = [street_of]


def street_of(person_id: int) -> str | None:
    """The name of the person's own street, without number; None where there is no home yet."""
    return _street[0](person_id) if _street else None


def register_streets(streets_in: StreetsIn) -> None:
    """Tell accounts which streets of the register stand in a text (residency does)."""
    _streets[:] = [streets_in]


def streets_in(text: str) -> list[str]:
    """Names of the streets that stand in this text (small letters, umlauts written out): everybody knows them."""
    return _streets[0](text) if _streets and text else []


def register_home(home_of: HomeOf) -> None:
    """Tell accounts how to learn a person's quarter and proof, without opening the address (residency does)."""
    _home[:] = [home_of]


def home_of(person_id: int) -> HomeSaid | None:
    """The person's quarter and proof; None before an address was chosen."""
    return _home[0](person_id) if _home else None


def register_letterbox(letterbox_of: LetterboxOf) -> None:
    """Tell accounts how an operator reads the letterbox of an account's home (residency does)."""
    _letterbox[:] = [letterbox_of]


def letterbox_of(person_id: int, by: int) -> Letterbox | None:
    """Where the operator ``by`` asks whose this account is; that they looked is written down. None where there is no home, or
    the database does not let them. Inside atomic()."""
    return _letterbox[0](person_id, by) if _letterbox else None


def register_offices(offices_of: OfficesOf) -> None:
    """Tell accounts what a person speaks for (initiatives does)."""
    _offices[:] = [offices_of]


def offices_of(person_id: int) -> list[Office]:
    """What a person speaks for, by name. Through that person's eyes."""
    return _offices[0](person_id) if _offices else []


def register_reading_along(along_of: AlongOf, end: EndAlong) -> None:
    """Tell accounts what reads along without a session, and how that ends (events does)."""
    _along[:] = [(along_of, end)]


def along_of(person_id: int) -> list[ReadsAlong]:
    """What reads along with a person without a session. Through that person's eyes."""
    return _along[0][0](person_id) if _along else []


def end_along(person_id: int, key: str = "") -> None:
    """Nothing reads along any more, through whatever eyes; ``key``: only this ends, through that person's. Inside atomic()."""
    if _along:
        _along[0][1](person_id, key)


def register_appointment(appoint: Appoint) -> None:
    """Tell accounts how somebody joins the Quartiersteam of a quarter (residency does)."""
    _appoint[:] = [appoint]


def register_return(bring_back: BringBack) -> None:
    """Tell accounts how somebody who is leaving is kept here after all (mydata does)."""
    _bring_back[:] = [bring_back]


def bring_back(person_id: int, *, has_another_address: bool) -> None:
    """If this account is being left, it is not any more: its owner takes back what a thief has done. Its mail address comes
    back with it, unless it is about to get another one. Inside atomic(), with the person held; raises Refused("taken")."""
    if _bring_back:
        _bring_back[0](person_id, has_another_address)


def on_hand_over(forget: HandOver) -> None:
    """Tell accounts what does not go with an account that another mailbox gets (residency and mydata do)."""
    if forget not in _hand_over:  # the application may be made more than once in a process
        _hand_over.append(forget)


def hand_over(person_id: int, before: datetime) -> None:
    """Another mailbox has this account from now on, which lost it at the moment ``before``. What somebody else may have written
    about where they live goes; see each room. Inside atomic(), with the person held."""
    for forget in _hand_over:
        forget(person_id, before)


def appoint(person_id: int, quarter_key: str, role: str) -> bool:
    """Give a person a role in a quarter (``resident`` ends what they had); False unless they are a verified member there.
    Inside atomic()."""
    return bool(_appoint) and _appoint[0](person_id, quarter_key, role)
