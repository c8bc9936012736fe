"""The whole rule book: who may do what, in one readable table.

It knows no tables: it sees an identity (who is signed in, what they have proven) and attributes of the
object in question. That is why it sits right above ``core`` – every room's views ask the same gate.
(An earlier plan had it above accounts and residency; then their own pages could not have used it.)
"""

from neighbour.policy.gate import may, requires
from neighbour.policy.identity import ANONYMOUS, Identity, Level, Role, Seat
from neighbour.policy.permissions import Permission

__all__ = ["ANONYMOUS", "Identity", "Level", "Permission", "Role", "Seat", "may", "requires"]
