"""What nobody else has answered: after two days its author hears so once, and so does every reader of the digest.

Authors are told by day and never at night. The ledger keeps each word for longer than a contribution is looked for here, so
each is said once, whoever dies in between. An issue reminds of what was pinned up the day before yesterday by the city's
clock: everybody has been told by then, and no issue of another day names it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Text, any_, bindparam, func, select, text

from neighbour.contributions import kinds
from neighbour.contributions.daytime import is_daytime
from neighbour.contributions.models import Contribution, Reach, State
from neighbour.contributions.notices import Unanswered
from neighbour.contributions.sections import Section
from neighbour.core import clock, i18n
from neighbour.core.columns import id_at
from neighbour.core.db import atomic, db
from neighbour.core.i18n import lazy_gettext as __

AFTER, LOOKS_BACK = timedelta(hours=48), timedelta(hours=96)  # a server that was away for a day makes up for it
MOST_NAMED = 20  # of which each reader gets three: not their own, and from nearby only if they want that
_QUIET = text("SELECT id, author_id FROM still_unanswered(:since, :until, :asking)")


def nudge(zone: str) -> int:
    """Tell everybody whose question is two days old and unanswered; gives how many were told. Commits."""
    now = clock.now()
    if not is_daytime(now, zone):
        return 0
    values = {"since": id_at(now - LOOKS_BACK), "until": id_at(now - AFTER), "asking": kinds.asking()}
    with atomic():
        return sum(
            Unanswered.send(author_id, subject_key=str(key), payload={"contribution": str(key)})
            for key, author_id in db.session.execute(_QUIET, values)
        )


_OF_A_DAY = (
    select(Reach.contribution_id)
    .join(Contribution, Contribution.id == Reach.contribution_id)
    .where(
        Reach.quarter_id == bindparam("quarter"),
        Reach.contribution_id >= bindparam("since"),
        Reach.contribution_id < bindparam("until"),
        Contribution.state == State.PUBLISHED,
        Contribution.solved_at.is_(None),
        (Contribution.kind + ":" + Contribution.category) == any_(bindparam("asking", type_=ARRAY(Text))),
        ~func.is_answered_by_others(Contribution.id),
    )
    .order_by(Reach.contribution_id)
    .limit(MOST_NAMED)
)


def for_issue(quarter_id: int, at: datetime) -> Sequence[uuid.UUID]:
    """What an issue of this quarter that is cut at ``at`` reminds of, oldest first."""
    zone = ZoneInfo(i18n.zone())
    today = at.astimezone(zone).date()
    begins, ends = (datetime.combine(today - timedelta(days=days), time(), tzinfo=zone) for days in (2, 1))
    values = {"quarter": quarter_id, "since": id_at(begins), "until": id_at(ends), "asking": kinds.asking()}
    return db.session.scalars(_OF_A_DAY, values).all()


SECTION = Section("unanswered", order=50, title=__("Still unanswered"), most=3, fill=for_issue)
