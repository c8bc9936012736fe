"""Who is asking, as far as rules need to know."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property


class Level(StrEnum):
    """How well a person has shown that they live in the quarter."""

    UNPROVEN = "unproven"
    VOUCHED = "vouched"
    VERIFIED = "verified"

    @property
    def rank(self) -> int:
        return ("unproven", "vouched", "verified").index(self.value)

    @property
    def reads_board(self) -> bool:
        """Whether the quarter's board opens: from "vouched" on."""
        return self is not Level.UNPROVEN


class Role(StrEnum):
    """What a member does in a quarter. A verifier looks at proofs and nothing else; a steward does that, too."""

    RESIDENT = "resident"
    VERIFIER = "verifier"
    STEWARD = "steward"

    @property
    def is_staff(self) -> bool:
        """Whether the role opens what neighbours cannot see."""
        return self is not Role.RESIDENT


@dataclass(frozen=True)
class Seat:
    """A membership: a quarter, how well it is proven, and the role there."""

    quarter_id: int
    level: Level
    role: Role = Role.RESIDENT


@dataclass(frozen=True)
class Identity:
    """A signed-in person (or nobody: ``person_id`` None)."""

    person_id: int | None = None
    public_id: str = ""
    display_name: str = ""
    language: str = ""
    is_confirmed: bool = False
    is_operator: bool = False
    is_suspended: bool = False
    signup_step: str = ""
    seats: tuple[Seat, ...] = ()
    session_token: str = field(default="", repr=False)
    #: a second factor was shown in this session, and not too long ago for the rights of staff (``accounts.sessions``)
    has_strong_session: bool = False
    #: when this person last showed in this session that it is them, by password, passkey or app
    fresh_at: datetime | None = None

    # What Flask-Login asks for
    is_active = True

    @property
    def is_authenticated(self) -> bool:
        return self.person_id is not None

    @property
    def is_anonymous(self) -> bool:
        return self.person_id is None

    def get_id(self) -> str:
        """Flask-Login keeps this in the cookie: the session's random token, never the person's number."""
        return self.session_token

    @cached_property
    def quarters(self) -> tuple[int, ...]:
        """Quarters whose board this person may read: own memberships, at least vouched."""
        return tuple(seat.quarter_id for seat in self.seats if seat.level.reads_board)

    @property
    def home(self) -> Seat | None:
        """The first seat: where this person lives, proven or not."""
        return self.seats[0] if self.seats else None

    @cached_property
    def level(self) -> Level:
        """The best proof this person has, in whichever quarter."""
        return max((seat.level for seat in self.seats), key=lambda level: level.rank, default=Level.UNPROVEN)

    @cached_property
    def is_staff(self) -> bool:
        """Runs the instance, or helps to run a quarter (only who has proven to live there does)."""
        return self.is_operator or any(seat.role.is_staff and seat.level is Level.VERIFIED for seat in self.seats)

    @cached_property
    def in_force(self) -> Identity:
        """Whom the table sees: staff who have not shown a second factor in this session are residents like any other.

        The one place where that is decided (ASVS 5.0 V6.3.3): no rule, no predicate and no room asks for it again.
        """
        if self.has_strong_session or not self.is_staff:
            return self
        seats = tuple(replace(seat, role=Role.RESIDENT) for seat in self.seats)
        return replace(self, is_operator=False, seats=seats)

    @property
    def with_factor(self) -> Identity:
        """The same person, had they shown a second factor in this session; for all but staff that changes nothing."""
        return self if self.in_force is self else replace(self, has_strong_session=True)

    def role_in(self, quarter_id: int) -> Role:
        """What this person does in a quarter; a resident where there is no membership, or none that is proven."""
        mine = (seat.role for seat in self.seats if seat.quarter_id == quarter_id and seat.level is Level.VERIFIED)
        return next(mine, Role.RESIDENT)

    def level_in(self, quarter_id: int) -> Level:
        """The level of proof in a quarter; unproven where there is no membership."""
        return next((seat.level for seat in self.seats if seat.quarter_id == quarter_id), Level.UNPROVEN)


ANONYMOUS = Identity()
