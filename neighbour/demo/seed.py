"""Fills an empty instance with Altenbrück: quarters, register, people, two months of the board.

Everything goes through the doors that operators and neighbours use, in one transaction: the town is there
completely or not at all. Times are counted back from now. Never in production: the passwords are printed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import current_app
from sqlalchemy import func, select, text, update

from neighbour.accounts import passwords
from neighbour.accounts.models import Person
from neighbour.contributions.models import Comment, Thanks
from neighbour.core import clock
from neighbour.core.db import as_owner, atomic, db
from neighbour.demo import board, city, events, offers, residents, town, verifying
from neighbour.demo.people import MAIL_DOMAIN
from neighbour.events.models import Event
from neighbour.mydata.models import RetentionRun
from neighbour.notices.models import Delivery, DeliveryState
from neighbour.offers.models import Offer
from neighbour.posts.models import Post
from neighbour.quarters.models import Quarter
from neighbour.residency import codes
from neighbour.residency.models import Address

PASSWORD = "linsensuppe-um-sechs"  # noqa: S105  printed at every start of the demo
LOGINS = (
    ("Hannelore, lives in the Weberviertel", "hannelore"),
    (f"Mira, waits for her postcard; its code is {codes.show(residents.CARD_CODE)}", residents.WAITING),
    ("Ursula, Quartiersteam and operator", "ursula"),
)
# Emptied by reset; everything else hangs on them.
ROOTS = "person, quarter, quarter_plan, address, street, city, letter, letter_refusal, suppression, period, rate_count, retention_run"

Say = Callable[[str], object]


def seed_if_empty(say: Say = lambda line: None) -> bool:
    """Seed if the instance has no quarter yet; returns whether it did. Needs an application context."""
    with as_owner():
        if db.session.scalar(select(func.count()).select_from(Quarter)):
            return False
    say("the demo city moves in …")
    counts = seed()
    say(", ".join(f"{count} {what}" for what, count in counts.items()))
    return True


def seed(reset: bool = False, say: Say = lambda line: None) -> dict[str, int]:
    """Build the demo city; again changes nothing. Returns what is there: quarters, addresses, people, posts, …

    reset: forget everything in this instance first. Raises ValueError in production, and for an instance that
    holds another city. say: gets a line for each long step. Needs an application context.
    """
    if current_app.extensions["config"].is_production:
        raise ValueError("the demo city has printed passwords and does not belong in production")
    with as_owner():
        with atomic():
            if reset:
                db.session.execute(text(f"TRUNCATE {ROOTS} CASCADE"))
            if not _is_here():
                _build(say)
        return _counts()


def demo_logins() -> list[tuple[str, str, str]]:
    """Who can sign in at once: (who that is, mail address, password)."""
    return [(label, f"{key}@{MAIL_DOMAIN}", PASSWORD) for label, key in LOGINS]


def logins() -> list[str]:
    """``demo_logins`` as lines to print."""
    return [f"{email:<30} {password}   ({label})" for label, email, password in demo_logins()]


def _is_here() -> bool:
    keys = set(db.session.scalars(select(Quarter.key)))
    mine = {feature["properties"]["id"] for feature in city.quarters()}
    if keys and keys != mine:
        raise ValueError("this instance has quarters of another city; the demo city wants an empty one")
    return bool(keys)


def _build(say: Say) -> None:
    config = current_app.extensions["config"]
    say("quarters and addresses")
    quarter_ids = town.build(config)
    say("people")
    settled = residents.settle(quarter_ids, passwords.hash_password(PASSWORD, config.argon2_memory_kib))
    town.open_boards()
    residents.send_card(settled[residents.WAITING])
    residents.give_out_codes(settled["hannelore"], settled["ursula"])
    say("two months of their board")
    board.pin_up(settled, config.time_zone)
    events.pin_up(settled, config.time_zone)
    offers.put_up(settled, config.time_zone)
    verifying.announce(settled, verifying.found(settled), config.time_zone)
    verifying.hand_in(settled)
    # What the town was told while it was built happened long ago: nobody gets mail about it now.
    told = Delivery.person_id.in_([resident.person_id for resident in settled.values()])
    db.session.execute(update(Delivery).where(told).values(state=DeliveryState.SKIPPED))
    # Its people came two months ago and nothing was deleted since, which is no failure of last night.
    now = clock.now()
    db.session.add(RetentionRun(day=clock.today(config.time_zone) - timedelta(days=1), started_at=now, finished_at=now))


def _counts() -> dict[str, int]:
    tables = {
        "quarters": Quarter,
        "addresses": Address,
        "people": Person,
        "posts": Post,
        "events": Event,
        "offers": Offer,
        "comments": Comment,
        "thanks": Thanks,
    }
    return {what: db.session.scalar(select(func.count()).select_from(table)) or 0 for what, table in tables.items()}
