"""Mail to an address that nobody has confirmed, which may be a stranger's: how much there is of it, and whose goes first.

Anybody can have this house write to any address. So all such mail counts by the address, whatever its kind and whoever asked, at
one place: before it is handed over (``take``). One goes in each hour and a half (``STEADY``), and seven more in a day whenever
they are asked for (``RUSH``): nobody gets more than nine in an hour or 24 in a day, and whatever others did, the next one goes
within an hour and a half. Mail to an address that somebody owns is never sent, but counts and waits like any other; and what a
server puts off has had its turn, so that nothing depends on whether there was anything to hand over. Where the line stands is
shown to nobody: it would tell who else has asked for an address.

What has to wait stands in line, each with the moment of its turn (``_arrange``), so that the sweep meets one of them at a time:

* whoever asked again goes before whoever never came back;
* then the newest piece of the network: who floods an address from a few pieces stands behind whoever comes from another;
* mail that is the same whoever asked for it (it has no ``source``) takes turns with these;
* twelve wait, no more: of the piece that has most in line the oldest goes that never came back. It can be asked for again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import aliased

from neighbour.core import clock, jobs, limits
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import atomic, db
from neighbour.core.jobs import Job
from neighbour.notices import ledger
from neighbour.notices.models import Delivery, DeliveryState

STEADY, RUSH = "mailbox_turn", "mailbox"
MOST_WAITING = 12
DAY = timedelta(days=1)
ANYBODY = b""  # the piece of what is the same whoever asks


@dataclass
class _Waiting:
    """A row in line. first: the earliest turn of its piece of the network."""

    row: Delivery
    first: int

    @property
    def rank(self) -> tuple[bool, int, int]:
        """The highest goes first."""
        return self.row.asks > 1, self.first, self.row.turn or 0


def fingerprint(address: str) -> bytes:
    """An address, in its one form, as the ledger knows it."""
    return keyed_hash("mailbox", address)[:16]


def promise(
    person_id: int,
    notice: str,
    *,
    address: str,
    source: str = "",
    may_rush: bool = True,
    subject_key: str,
    payload: dict[str, Any],
) -> None:
    """Promise a mail to an address (in its one form) that nobody has confirmed. Inside atomic().

    source: the piece of the network it is asked from; empty for what is the same whoever asks. may_rush: False for whoever
    has had their share of the mails that go at once. Nobody stands in line twice: what the same person asked for before, and
    still waits, is not sent any more.
    """
    mailbox = fingerprint(address)
    _hold(mailbox)
    turn, asks = _next_turn(mailbox), 1 + _let_go_of(person_id, notice, mailbox)
    piece = keyed_hash("piece of the network", f"{mailbox.hex()} {source}")[:16] if source else ANYBODY
    line = {"mailbox_hash": mailbox, "piece_hash": piece, "turn": turn, "asks": asks, "may_rush": may_rush}
    ledger.promise(person_id, notice, subject_key=subject_key, payload=payload, due_at=clock.now(), line=line)
    _arrange(mailbox, just=turn)


def was_promised(address: str, notice: str, within: timedelta) -> bool:
    """Whether this notice waits for its turn at this address, or was promised to it a short while ago. Inside atomic(); whoever
    asks at the same moment waits for the answer."""
    mailbox = fingerprint(address)
    _hold(mailbox)
    lately = or_(Delivery.state == DeliveryState.PENDING, Delivery.created_at > clock.now() - within)
    mine = Delivery.mailbox_hash == mailbox, Delivery.piece_hash == ANYBODY, Delivery.notice == notice
    return db.session.scalar(select(Delivery.id).where(*mine, lately).limit(1)) is not None


def take(row: ledger.Leased, mailbox: bytes) -> bool:
    """Count this mail to this address, once however often it is tried; False where there is none left now. Commits."""
    if row.is_counted:
        return True
    for rate in (STEADY, RUSH) if row.may_rush else (STEADY,):
        try:
            limits.hit(rate, mailbox.hex())
        except limits.TooMany:
            continue
        with atomic():
            db.session.execute(update(Delivery).where(Delivery.id == row.id).values(is_counted=True))
        return True
    return False


def let_pass(row: ledger.Leased) -> None:
    """This row had nobody to go to when its turn came: the next in line goes instead. Commits."""
    if row.mailbox_hash is not None:
        with atomic():
            _hold(row.mailbox_hash)
            _arrange(row.mailbox_hash)


def put_off(row: ledger.Leased, mailbox: bytes) -> None:
    """This row, which a worker holds, stands in line. It has not been tried. Commits."""
    with atomic():
        _hold(mailbox)
        mine = Delivery.id == row.id, Delivery.state == DeliveryState.LEASED, Delivery.attempts == row.attempts
        found = db.session.scalar(select(Delivery).where(*mine).execution_options(populate_existing=True))
        if found is None:
            return
        found.state, found.lease_until, found.attempts = DeliveryState.PENDING, None, row.attempts - 1
        found.due_at = limits.next_window(STEADY)
        if found.turn is None:
            found.mailbox_hash, found.piece_hash, found.turn = mailbox, ANYBODY, _next_turn(mailbox)
        db.session.flush()
        _arrange(mailbox)


def _hold(mailbox: bytes) -> None:
    """Nobody else changes the line of this address until the end of the transaction."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"mailbox:{mailbox.hex()}", 0))))


def _next_turn(mailbox: bytes) -> int:
    return 1 + (db.session.scalar(select(func.max(Delivery.turn)).where(Delivery.mailbox_hash == mailbox)) or 0)


def _let_go_of(person_id: int, notice: str, mailbox: bytes) -> int:
    """How often this person has asked for this within a day, sent or not; what of it waits makes room for the next."""
    lately = Delivery.mailbox_hash == mailbox, Delivery.created_at > clock.now() - DAY
    mine = Delivery.person_id == person_id, Delivery.notice == notice, *lately
    waits = Delivery.state == DeliveryState.PENDING, Delivery.attempts == 0
    db.session.execute(update(Delivery).where(*mine, *waits).values(state=DeliveryState.SKIPPED))
    return db.session.scalar(select(func.count()).select_from(Delivery).where(*mine)) or 0


def _arrange(mailbox: bytes, just: int | None = None) -> None:
    """Give everybody in line their moment; the turn ``just`` is new. With the mailbox held."""
    now, opens = clock.now(), limits.next_window(STEADY)
    steady, rush = (limits.left(rate, mailbox.hex()) for rate in (STEADY, RUSH))
    for row in _line(mailbox, just):
        due = now
        if steady > 0:
            steady -= 1
        elif rush > 0 and row.may_rush:
            rush -= 1
        else:
            due, opens = opens, opens + timedelta(seconds=limits.RATES[STEADY].seconds)
        if due == now and (row.due_at > now or row.turn == just):
            jobs.enqueue(Job.NOTICES_DELIVER, row.id)
        row.due_at = due if due > now else min(now, row.due_at)
    db.session.flush()


def _line(mailbox: bytes, just: int | None) -> Iterator[Delivery]:
    """Who waits, in the order of their turns; what is too much is let go, but not the turn ``just``. What failed and is tried
    again (it has attempts) has a moment of its own."""
    seen = aliased(Delivery)
    same = seen.mailbox_hash == Delivery.mailbox_hash, seen.piece_hash == Delivery.piece_hash
    first = select(func.min(seen.turn)).where(*same, seen.created_at > clock.now() - DAY).scalar_subquery()
    mine = Delivery.mailbox_hash == mailbox, Delivery.state == DeliveryState.PENDING, Delivery.attempts == 0
    found = db.session.execute(select(Delivery, first).where(*mine).execution_options(populate_existing=True))
    line = sorted((_Waiting(row, number or 0) for row, number in found), key=lambda each: each.rank, reverse=True)
    asked = _let_go([each for each in line if each.row.piece_hash != ANYBODY], just)
    common = _let_go([each for each in line if each.row.piece_hash == ANYBODY], just)
    turns = (asked, common) if _had_a_common_one(mailbox) else (common, asked)
    return (each.row for each in chain.from_iterable(zip_longest(*turns)) if each is not None)


def _let_go(line: list[_Waiting], just: int | None) -> list[_Waiting]:
    while len(line) > MOST_WAITING:
        crowd = Counter(each.row.piece_hash for each in line)
        others = [each for each in line if each.row.turn != just]
        gone = min(others, key=lambda each: (each.row.asks > 1, -crowd[each.row.piece_hash], each.row.turn))
        gone.row.state = DeliveryState.SKIPPED
        line = [each for each in line if each is not gone]
    return line


def _had_a_common_one(mailbox: bytes) -> bool:
    """Whether mail that is the same whoever asks has just had its turn there: then somebody else has theirs first."""
    now = clock.now()
    mine = Delivery.mailbox_hash == mailbox, Delivery.piece_hash == ANYBODY, Delivery.state != DeliveryState.PENDING
    lately = now - timedelta(seconds=limits.RATES[STEADY].seconds)
    return (
        db.session.scalar(select(Delivery.id).where(*mine, Delivery.due_at > lately, Delivery.due_at <= now).limit(1))
        is not None
    )
