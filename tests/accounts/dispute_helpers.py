"""What tests of quarrels about accounts share: moving to another address, silence, and what the clock brings."""

from __future__ import annotations

from typing import Any

from neighbour.accounts import disputes
from neighbour.core import scope
from tests.accounts.factor_helpers import change, is_in, link_of, type_password
from tests.factories import sign_in

HERS, HOUR, DAY = "ines.neu@altenbrueck.example", 3600, 86_400
NEW = "zehn frische Brötchen"


def passes(jobs: Any) -> int:
    """What the clock brings: how many silence has decided. Mails are sent."""
    with scope.use(scope.NOBODY):
        done = disputes.due()
    jobs.run()
    return done


def moves(client: Any, who: Any, mailbox: Any, jobs: Any, to: str = HERS) -> str:
    """This account has another mail address; gives the link in the mailbox that was left."""
    sign_in(client, who)
    change(client, mailbox, jobs, to)
    return link_of(mailbox, "undo-email", who.email)


def stays_silent(link: str, who: Any, visitor: Any, mailbox: Any, jobs: Any, ticks: Any) -> Any:
    """The link in the older mailbox is pressed and nobody answers; the older mailbox has set a new password and is in. Gives its
    browser."""
    ex = visitor()
    ex.post(link)
    jobs.run()
    ticks.tick(3 * DAY + 60)
    assert passes(jobs) == 1
    assert ex.post(link_of(mailbox, "reset", who.email), data={"password": NEW}).status_code == 303
    assert type_password(ex, who.email, NEW).status_code == 303 and is_in(ex)
    return ex
