"""Rate limits, counted in PostgreSQL so that all processes share them and none needs another server.

Fixed windows: one row per class, key and window, one upsert per hit; where the end of one window and the beginning of the
next must not add up, the time is counted in several smaller ones. What is refused is not counted. The key is hashed, so
the table knows no e-mail address and no IP. If the database cannot count, the request fails: limits fail closed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from flask import current_app
from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, Text, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock
from neighbour.core.asking import asked
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import Base, atomic, db


@dataclass(frozen=True)
class Rate:
    """At most ``times`` in ``seconds``; counted in ``parts`` pieces, if more than one, in no stretch of that length more."""

    times: int
    seconds: int
    parts: int = 1

    @property
    def piece(self) -> int:
        """Seconds of one window."""
        return self.seconds // self.parts

    @property
    def looks_back(self) -> int:
        """How many windows before the present one count."""
        return self.parts if self.parts > 1 else 0


# Rate classes; every route names one (a guard test checks). "read" and "write" count per person or address.
RATES: dict[str, Rate] = {
    "read": Rate(0, 0),  # not counted here: pages are cheap, and counting them would cost more
    "write": Rate(120, 3600),
    "publish": Rate(20, 3600),
    "auth": Rate(30, 900),  # per address of the network
    "link": Rate(30, 900),  # buttons behind a link in a mail: per link that works, else per address of the network
    "riddle": Rate(60, 900),  # what a passkey is to sign, asked for before anybody is known; counted like "signin"
    "signin": Rate(30, 900),  # failed tries, per address of the network; a device that is known has a count of its own
    "auth_account": Rate(5, 3600, parts=6),  # wrong passwords per account; devices it knows and strangers apart
    "stuffing": Rate(100, 3600),  # wrong passwords per IPv4 /24 or IPv6 /48, from devices the account does not know
    "mail": Rate(5, 3600),  # mails a stranger can cause to one address
    # to an address nobody has confirmed, all mail from all sides (notices/strangers): at most 17 windows touch a day, so it is 24
    "mailbox": Rate(7, 86_400, parts=24),
    "mailbox_turn": Rate(1, 5400),  # and these besides: so long at most until the next can go
    "code": Rate(10, 3600),  # codes off paper, per kind and person; what has not the shape of one is not counted
    "mail_code": Rate(10, 3600),  # six digits out of a mail, per person
    "lookup": Rate(240, 3600),  # street search without an account
    "names": Rate(30, 86_400),  # twenties of pages that name neighbours, per person: nobody reads so many
}
PAGES_AT_ONCE, MOST_TALLIES = 20, 20_000
#: told the key of whoever has read all pages with names of a day, at each further one
on_names_reached: list[Callable[[str], object]] = []


#: rate classes of which only failures count
FAILURES_ONLY = ("signin",)
#: rate class → by what a request is counted, where that is not the person or the address of the network
counted_by: dict[str, Callable[[], str]] = {}


def register(rate_class: str, rate: Rate) -> None:
    """Add a rate class of a room's own; raises ValueError for a name that stands for another rate."""
    if RATES.setdefault(rate_class, rate) != rate:
        raise ValueError(f"the rate class {rate_class} is taken")


class TooMany(Exception):
    """The limit is reached; ``retry_after`` seconds are left of the window."""

    def __init__(self, rate_class: str, retry_after: int):
        super().__init__(f"{rate_class}: retry in {retry_after} s")
        self.retry_after = retry_after


class RateCount(Base):
    """How often something happened in one window."""

    __tablename__ = "rate_count"
    __table_args__ = (Index("ix_rate_count_ends_at", "ends_at"),)

    rate_class: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    window: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    count: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


_BEFORE = (
    "(SELECT coalesce(sum(b.count), 0) FROM rate_count b WHERE b.rate_class = :rate_class AND b.key = :key"
    ' AND b."window" >= :since AND b."window" < :window)'
)
# One statement decides and counts, so that of many at once none slips through; what is refused touches no row.
_COUNT = asked(
    'INSERT INTO rate_count (rate_class, key, "window", count, ends_at)'
    f" SELECT :rate_class, :key, :window, :amount, :ends_at WHERE {_BEFORE} + :amount <= :times"
    ' ON CONFLICT (rate_class, key, "window") DO UPDATE SET count = rate_count.count + :amount'
    f" WHERE rate_count.count + {_BEFORE} + :amount <= :times"
)


def hit(rate_class: str, key: str, amount: int = 1) -> None:
    """Count one more, or ``amount``; raises TooMany, and counts nothing, for what would be more than is allowed."""
    rate = RATES[rate_class]
    if not rate.times:
        return
    now = clock.now()
    place = _place(rate_class, key, now)
    counts_until = _moment((place["window"] + 1 + rate.looks_back) * rate.piece, now)
    since = place["window"] - rate.looks_back
    if not _COUNT.at_once({**place, "since": since, "ends_at": counts_until, "times": rate.times, "amount": amount}):
        opens = min([row.ends_at for row in _before(rate, place) if row.count], default=counts_until)
        raise TooMany(rate_class, max(1, int((opens - now).total_seconds())))


def turn_page(key: str) -> None:
    """Count one page that names neighbours; raises TooMany once the day's are read.

    Writing each down would cost more than the page: every process keeps a tally and counts by twenties (``PAGES_AT_ONCE``),
    so whoever reads through several processes gets at most so many more from each. Reaching the limit is told once a day.
    """
    tallies: dict[str, int] = current_app.extensions.setdefault("names", {})
    if len(tallies) > MOST_TALLIES:
        tallies.clear()
    tallies[key] = tallies.get(key, 0) + 1
    if tallies[key] < PAGES_AT_ONCE:
        return
    try:
        hit("names", key)
    except TooMany:
        tallies[key] = PAGES_AT_ONCE - 1  # the next page asks again
        for tell in on_names_reached:
            tell(key)
        raise
    tallies[key] = 0


def _before(rate: Rate, place: dict[str, Any]) -> list[RateCount]:
    """The earlier windows that still count."""
    if not rate.looks_back:
        return []
    same = RateCount.rate_class == place["rate_class"], RateCount.key == place["key"]
    since = RateCount.window >= place["window"] - rate.looks_back, RateCount.window < place["window"]
    found = select(RateCount).where(*same, *since).execution_options(populate_existing=True)
    return list(db.session.scalars(found))


def _moment(seconds: int, like: datetime) -> datetime:
    return datetime.fromtimestamp(seconds, tz=like.tzinfo)


def take_back(rate_class: str, key: str) -> None:
    """Count one less in the window of now: what was counted in advance turned out to be harmless."""
    mine = update(RateCount).filter_by(**_place(rate_class, key, clock.now()))
    with atomic():
        db.session.execute(mine.where(RateCount.count > 0).values(count=RateCount.count - 1))


def network(address: str | None) -> str:
    """What counts as one address of the network: an IPv4 address, or an IPv6 /64, which a single household has."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
    return str(found)


def block(address: str | None) -> str:
    """The wider piece of the network an address lies in: what one customer of a provider can easily have many addresses
    of. An IPv4 /24, an IPv6 /48."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return str(ip_network((found, 48), strict=False))
        found = found.ipv4_mapped
    return str(ip_network((found, 24), strict=False))


def is_reached(rate_class: str, key: str) -> bool:
    """Whether the next hit would be one too many; counts nothing."""
    return left(rate_class, key) <= 0


def left(rate_class: str, key: str) -> int:
    """How many more hits there are now; counts nothing."""
    rate, place = RATES[rate_class], _place(rate_class, key, clock.now())
    row = db.session.get(RateCount, place, populate_existing=True)
    return rate.times - (row.count if row is not None else 0) - sum(each.count for each in _before(rate, place))


def next_window(rate_class: str) -> datetime:
    """When the window after the present one begins."""
    now, piece = clock.now(), RATES[rate_class].piece
    return _moment((int(now.timestamp()) // piece + 1) * piece, now)


def _place(rate_class: str, key: str, now: datetime) -> dict[str, Any]:
    """Where the hits of ``now`` are counted: the key of the row."""
    window = int(now.timestamp()) // RATES[rate_class].piece
    return {"rate_class": rate_class, "key": keyed_hash("rate", key)[:16], "window": window}


def purge(before: datetime) -> int:
    """Forget windows that ended before; gives how many. Commits."""
    with atomic():
        gone = db.session.execute(delete(RateCount).where(RateCount.ends_at < before))
        return int(gone.rowcount)  # type: ignore[attr-defined]
