"""Readers and mornings for the tests of digests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from neighbour.core.db import as_owner, atomic, db
from neighbour.notices.models import Subscription
from tests.factories import make_person

EVENING = datetime(2026, 5, 11, 17, 0, tzinfo=UTC)
MORNING = datetime(2026, 5, 12, 5, 1, tzinfo=UTC)  # 07:01 in Berlin
NEXT_MORNING = datetime(2026, 5, 13, 5, 1, tzinfo=UTC)


def make_reader(quarter, *, subscription: dict[str, Any] | None = None, **person: Any):
    """A verified neighbour who gets the digest of ``quarter``."""
    reader = make_person(quarter, **person)
    with as_owner(), atomic():
        db.session.add(Subscription(person_id=reader.id, quarter_id=quarter.id, **(subscription or {})))
    return reader


def body(mail) -> str:
    """The HTML of a mail with its white space folded."""
    return " ".join(mail.html.split())
