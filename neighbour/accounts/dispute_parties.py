"""Who may say whose a quarrelled account is: every operator who can work, but those who are party to the quarrel.

Party is whose own account it is, who has or lately had one of the two mailboxes, and who shares a household with the account.
For them the quarrel stands on no desk and in no mail. Where nobody is left, the command line decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import func, select, union

from neighbour.accounts.addresses import fold
from neighbour.accounts.models import Dispute, EmailChange, Person, Status
from neighbour.core.db import db


def by_operator(rows: Sequence[Dispute]) -> dict[int, list[Dispute]]:
    """Which of these quarrels each operator may decide, by the operator's number, in the order given; whoever may decide none is
    in it with an empty list. The same few questions however many there are."""
    works = Person.is_operator, Person.status == Status.ACTIVE
    operators = db.session.scalars(select(Person.id).where(*works).order_by(Person.id)).all()
    if not rows:
        return {number: [] for number in operators}
    keys, housemates = _keys_of(operators), _housemates()

    def is_party(operator: int, row: Dispute) -> bool:
        mailboxes = {fold(row.old_email), fold(row.new_email)}
        return operator == row.person_id or bool(keys[operator] & mailboxes) or (row.person_id, operator) in housemates

    return {number: [row for row in rows if not is_party(number, row)] for number in operators}


def for_operator(rows: Sequence[Dispute], operator: int) -> list[Dispute]:
    """Those of these quarrels that this operator may decide."""
    return by_operator(rows).get(operator, [])


def _keys_of(operators: Sequence[int]) -> defaultdict[int, set[str]]:
    """The mail addresses that operators have, and those they lately left."""
    now = select(Person.id, Person.email_key).where(Person.id.in_(operators))
    left = select(EmailChange.person_id, EmailChange.old_key).where(EmailChange.person_id.in_(operators))
    found: defaultdict[int, set[str]] = defaultdict(set)
    for number, key in db.session.execute(union(now, left)):
        found[number].add(key)
    return found


def _housemates() -> set[tuple[int, int]]:
    """(account, operator) of each operator who shares a household with an account that was ever quarrelled about."""
    pairs = func.operators_at_home_with_quarrels().table_valued("account", "operator")
    return {(row.account, row.operator) for row in db.session.execute(select(pairs))}
