"""The table: each permission and what it takes. All predicates of a line must hold; a nested tuple means any of these.

Whether an object exists for these eyes at all is decided before, by the wall in the database: what one may
not see does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neighbour.policy.identity import Identity
from neighbour.policy.permissions import Permission as P  # noqa: N817  a table reads better with one letter
from neighbour.policy.predicates import (
    anybody,
    author,
    confirmed,
    edits,
    in_office,
    looks_at_proofs,
    not_suspended,
    operator,
    owner,
    proven_there,
    runs_quarter,
    signed_in,
    staff,
    verified,
    vouched,
)

Predicate = Callable[[Identity, Any], bool]
Rule = tuple[Predicate | tuple[Predicate, ...], ...]

TABLE: dict[P, Rule] = {
    P.PUBLIC_READ: (anybody,),
    P.DEV_MAILBOX: (anybody,),  # registered in development only
    P.SIGN_UP: (anybody,),
    P.SIGN_IN: (anybody,),
    P.UNSUBSCRIBE: (anybody,),  # the token in the address is the right
    P.LETTER_REFUSE: (anybody,),  # the code on the letter is the right
    P.ACCOUNT_OWN: (signed_in, owner),
    P.ACCOUNT_RETURN: (anybody,),  # the token in the address is the right
    P.HOME_OWN: (signed_in, owner),
    P.PREFERENCES_OWN: (signed_in, owner),
    P.PROOF_GIVE: (confirmed,),
    P.CODE_LINK: (anybody,),  # shows a field; the code is answered for PROOF_GIVE only
    P.PROOF_RENEW_BY_LINK: (anybody,),  # the token in the address is the right
    P.INVITATION_OWN: (confirmed, vouched),
    P.INVITATION_MAKE: (confirmed, verified, not_suspended),
    P.FLYER_MAKE: (confirmed, runs_quarter, not_suspended),
    P.BOARD_READ: (confirmed, vouched),
    P.CONTRIBUTION_READ: (anybody,),  # the wall decides which
    P.CONTRIBUTION_PUBLISH: (confirmed, verified, not_suspended),
    P.CONTRIBUTION_PUBLISH_CITY: (confirmed, verified, not_suspended),
    P.CONTRIBUTION_PUBLISH_PUBLIC: (confirmed, verified, not_suspended),
    P.CONTRIBUTION_EDIT: (confirmed, not_suspended, author, (proven_there, in_office)),
    P.CONTRIBUTION_WITHDRAW: (confirmed, author),
    P.CONTRIBUTION_SOLVE: (confirmed, author),
    P.POLL_VOTE: (confirmed, verified, not_suspended),
    P.ALERT_UNLIMITED: (confirmed, runs_quarter, not_suspended),
    P.ALERT_CITY: (confirmed, operator, not_suspended),
    P.ALERT_END: (confirmed, (author, runs_quarter), not_suspended),
    P.COMMENT_WRITE: (confirmed, vouched, not_suspended),
    P.COMMENT_EDIT: (confirmed, vouched, not_suspended, author),
    P.COMMENT_WITHDRAW: (confirmed, author),
    P.THANK: (confirmed, vouched),
    P.EVENT_JOIN: (confirmed, vouched),
    P.EVENT_IMPORT: (confirmed, (edits, operator), not_suspended),  # an initiative's list, or the operator's
    P.CALENDAR_FOLLOW: (anybody,),  # the token in the address is the right
    P.OFFER_ASK: (confirmed, vouched, not_suspended),
    P.OFFER_HANDLE: (confirmed, author),
    P.DESK_READ: (confirmed, staff, not_suspended),
    P.PROOF_DECIDE: (confirmed, looks_at_proofs, not_suspended),
    P.INITIATIVE_EDIT: (confirmed, edits, not_suspended),
    P.INITIATIVE_CONFIRM: (confirmed, edits, not_suspended),
    P.OPERATE: (signed_in, operator, not_suspended),
}


def allows(identity: Identity, permission: P, thing: Any = None) -> bool:
    """Whether the table says yes. Staff have their rights only in a session that has shown a second factor."""
    who = identity.in_force
    for each in TABLE[permission]:  # loops and no generators: a page asks a dozen times
        if isinstance(each, tuple):
            if not any(one(who, thing) for one in each):
                return False
        elif not each(who, thing):
            return False
    return True


def lacks_factor(identity: Identity, permission: P) -> bool:
    """Whether nothing but the second factor is missing for the table to say yes."""
    return not allows(identity, permission) and allows(identity.with_factor, permission)
