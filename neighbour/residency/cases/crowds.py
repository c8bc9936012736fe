"""Household rules: somebody looks where one person, one household or one house has too many accounts.

* more than six accounts with a proof of their own at one household, or at one house of which nobody has said that it is
  large: the next such proof waits. Neighbours' words and flyers neither count nor wait: whoever has an invitation could fill
  a house up with accounts until one waits, read off how many live there, and make the card of the next resident wait, too;
* more than six accounts at one of them by words and flyers alone: those beyond are looked at afterwards;
* a name that reads like a neighbour's, as any ring reads hers or in full, whenever it was taken and however short it was worn:
  it is looked at afterwards, once for the two of them until one takes another name, for there are real namesakes. Who wears
  another name is asked, unless it stood behind the mark first: else whoever types a protected neighbour's had her looked at;
* the same full name at the same house (``membership.person_hash``), perhaps one person twice: it is looked at afterwards. If
  it waited, whoever looks for somebody could try their name at one house after the other and would be told by the waiting
  where they live. Of two it is the one with the weaker proof, of two alike the later.

What is looked at afterwards (``look_quietly``, every hour) is a quiet case, and the operators': the team of the quarter sees
neither that there is one nor, with a proof that waits for another reason, that somebody bears the same name – a steward with
two puppets would read off it in which of two houses she lives. The proof counts meanwhile, and nothing of the case ever reaches
its person, whatever is decided – no mail, no page, no line in their archive, and no look at their address (``homes.accesses``).
A no therefore ends nothing on its day, for whoever gave another's name and house would read off it that she lives there: the
proof stands to its day and no simple yes renews it (``is_doubted``), so that a better one is needed then. Of that nothing is to
be seen before the day: a yes is answered in the same words (``renewal.told_until``), and whoever has given a stronger proof
meanwhile is doubted no more.
What cannot wait so long an operator ends by suspending the account, and says why.

The counting reads across people, so it is done by the database (``needs_look``), which answers yes or no about the asker's
own home and nothing else. All questions are asked each time, whatever the first says: whoever waits is told that they
wait, and neither the answer nor how long it takes says for which of the reasons. Members of a household learn nothing of
each other.

Where only the house is crowded there is no case per person but one question about the house: how many may live there
before somebody asks, or that each shall be looked at.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from neighbour.accounts import worn_names
from neighbour.accounts.models import Person
from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db, finish_reading
from neighbour.policy import Level
from neighbour.residency import grading, homes
from neighbour.residency.cases.models import CaseGround, CaseKind, CaseState, HouseRule, ProofCase
from neighbour.residency.models import Address, Home, Membership, Proof

MOST_ACCOUNTS = 6  # of one household, and of one house nobody has called large
LARGEST_HOUSE = 2_000
MOST_NAMES = 2_000  # compared in one hour; the others have their turn in the next

_CLEAR = text("SELECT clear_namesakes(:at)")
_NAMESAKES = text("SELECT person_id, proof_id FROM namesakes()")
_VOUCHED = text("SELECT person_id, proof_id, ground FROM vouched_crowds(:most)")
_UNHASHED = text("SELECT names_unhashed(:most)")
_DUE = text("SELECT id, turn FROM names_due(:most)")
_ALIKE = text("SELECT person_id, proof_id, other_id FROM names_alike(:ids)")
_KEEP_PAIR = text("SELECT keep_name_pair(:who, :other, :about)")
_COMPARED = text("SELECT names_compared(:ids, :turns)")
_NEEDS_LOOK = text("SELECT needs_look(:what, :most)")


def look(membership: Membership, proof: Proof) -> bool:
    """For ``grading.looks_at``: whether somebody has to look at this proof before it counts."""
    _remember_name(membership)
    grounds = _answers()
    if Level(proof.level) is not Level.VERIFIED:
        return grounds["one by one"]  # which the desk has said of the house, whoever lives there
    return grounds["household"] or grounds["house"]


def keep(membership: Membership, proof: Proof, looks: Collection[grading.Look]) -> None:
    """For ``grading.on_held``: make a case of a proof that waits, unless it is only the house that is crowded."""
    grounds = _answers()
    others = [each for each in looks if each is not look]
    is_word = Level(proof.level) is not Level.VERIFIED
    one_by_one = grounds.pop("one by one") and (is_word or grounds["house"])
    grounds["house"] = one_by_one if is_word else grounds["house"]
    grounds["household"] = grounds["household"] and not is_word
    if looks and not (others or grounds["household"] or one_by_one):
        return
    found = [ground for ground, is_so in grounds.items() if is_so]
    if not looks:  # somebody asked for it
        found.append("initiative" if (proof.source or "").startswith("initiative ") else "asked")
    open_case(membership, proof, found or ["asked"])


def open_case(
    membership: Membership, proof: Proof, grounds: Collection[str], kind: CaseKind = CaseKind.HELD
) -> ProofCase:
    """A case for the desk about a proof that waits, or is looked at quietly. Through its person's eyes, inside atomic()."""
    case = ProofCase(
        person_id=membership.person_id,
        membership_id=membership.id,
        quarter_id=membership.quarter_id,
        kind=kind,
        method=proof.method,
        proof_id=proof.id,
        household_hash=membership.household_hash,
    )
    db.session.add(case)
    db.session.flush()
    db.session.execute(insert(CaseGround), [{"case_id": case.id, "ground": ground} for ground in grounds])
    return case


def look_quietly() -> int:
    """Make a quiet case of each proof that counts and has to be looked at afterwards: a name twice at one house, more words at
    one than usual; gives how many. Those whose reason is gone are withdrawn. Not in the request that proves: what is written
    there takes time that can be measured."""
    with scope.use(scope.NOBODY), atomic():
        db.session.execute(_CLEAR, {"at": clock.now()})
    with scope.use(scope.NOBODY):
        namesakes = [(*row, "person") for row in db.session.execute(_NAMESAKES)]
        found: list[Any] = [*namesakes, *db.session.execute(_VOUCHED, {"most": MOST_ACCOUNTS})]
        finish_reading()
    made = 0
    for person_id, proof_id, ground in found:
        with scope.use(scope.Viewer(person_id)), atomic():
            if standing := _standing(person_id, proof_id):
                open_case(*standing, [ground], CaseKind.QUIET)
                made += 1
    return made + _look_at_names()


def _look_at_names() -> int:
    """A case for each whose name reads like a neighbour's, one for all of those neighbours; gives how many. Where somebody
    was quicker, who moved or left, these names have another turn in the next hour."""
    _hash_names()
    with scope.use(scope.NOBODY):
        due = db.session.execute(_DUE, {"most": MOST_NAMES}).all()
        ids, turns = [row.id for row in due], [row.turn for row in due]
        others: dict[tuple[int, int], list[int]] = {}
        for person_id, proof_id, other_id in db.session.execute(_ALIKE, {"ids": ids}):
            others.setdefault((person_id, proof_id), []).append(other_id)
        finish_reading()
    made = sum(_ask_about_name(*who, alike) for who, alike in others.items())
    if made == len(others):
        with scope.use(scope.NOBODY), atomic():
            db.session.execute(_COMPARED, {"ids": ids, "turns": turns})
    return made


def _hash_names() -> None:
    """Of names that were written past ``choosing``, or before there were hashes: kept as if taken with the account."""
    with scope.use(scope.NOBODY):
        missing = db.session.scalars(_UNHASHED, {"most": MOST_NAMES}).all()
        finish_reading()
    for person_id in missing:
        with scope.use(scope.Viewer(person_id)), atomic():
            person = db.session.get_one(Person, person_id)
            worn_names.remember(person, since=person.renamed_at or person.created_at)


def _ask_about_name(person_id: int, proof_id: int, others: Collection[int]) -> bool:
    with scope.use(scope.Viewer(person_id)), atomic():
        standing = _standing(person_id, proof_id)
        if standing is not None:
            case = open_case(*standing, ["name"], CaseKind.QUIET)
            for other in others:
                db.session.execute(_KEEP_PAIR, {"who": person_id, "other": other, "about": case.id})
    return standing is not None


def is_doubted(membership_id: int) -> bool:
    """Whether a quiet look ended with no at a proof that stands, and no strong one (a card, a document, in person) came after it:
    what is proven holds to its day and is not renewed. Through the person's own eyes."""
    refused = ProofCase.kind == CaseKind.QUIET, ProofCase.state == CaseState.REFUSED
    query = select(Proof.id).join(ProofCase, ProofCase.proof_id == Proof.id)
    doubted = db.session.scalars(query.where(ProofCase.membership_id == membership_id, *refused)).all()
    proofs = grading.standing(membership_id, clock.now())
    last = max((proof.id for proof in proofs if proof.id in doubted), default=None)
    is_strong = (Level(proof.level) is Level.VERIFIED for proof in proofs if last is not None and proof.id > last)
    return last is not None and not any(is_strong)


def _answers() -> dict[str, bool]:
    return {what: _ask(what) for what in ("household", "house", "one by one")}


def _ask(what: str) -> bool:
    return bool(db.session.scalar(_NEEDS_LOOK, {"what": what, "most": MOST_ACCOUNTS}))


def _remember_name(membership: Membership) -> None:
    """The full name as the account has it when the proof is given; the letterbox often has a family's only. Without a
    name, or a home to be twice at, there is nothing to compare."""
    house = db.session.scalar(select(Home.address_hash).where(Home.person_id == membership.person_id))
    person = db.session.get_one(Person, membership.person_id)
    name = f"{person.first_name} {person.last_name}".strip()
    membership.person_hash = homes.person_hash(bytes(house), name) if house and name else None
    db.session.flush()


@dataclass(frozen=True)
class CrowdedHouse:
    """A house at which proofs wait: which one (as the public register says it), how many wait, how many accounts it has."""

    house_hash: bytes
    quarter_id: int
    waiting: int
    accounts: int
    since: datetime
    line: str = ""

    @property
    def key(self) -> str:
        """How pages name it: the keyed hash, of which nobody can make the address."""
        return self.house_hash.hex()


def houses(*, with_lines: bool = False) -> list[CrowdedHouse]:
    """The houses on the desk of whoever is asking, oldest question first; never their own."""
    rows: list[Any] = list(db.session.execute(text("SELECT * FROM crowded_houses() ORDER BY since")).all())
    found = [CrowdedHouse(bytes(row[0]), *row[1:]) for row in rows]
    if not with_lines or not found:
        return found
    lines = _lines({house.quarter_id for house in found})
    return [replace(house, line=lines.get(house.house_hash, "")) for house in found]


def _lines(quarters: Collection[int]) -> dict[bytes, str]:
    """Street and number by the hash of a house, from the public register: no home is opened to name a house."""
    register = db.session.scalars(select(Address).where(Address.quarter_id.in_(quarters)))
    return {homes.address_hash(row): f"{row.street} {row.number} {row.suffix}".strip() for row in register}


def decide_house(house: CrowdedHouse, by_person_id: int, *, up_to: int | None) -> int:
    """Answer the question about a house. up_to: it is a large house, and up to so many accounts nobody asks; those who wait
    are let in as far as there is room. None: each is looked at, those who wait as well. Returns how many were let in."""
    limit = MOST_ACCOUNTS if up_to is None else min(max(up_to, MOST_ACCOUNTS), LARGEST_HOUSE)
    with atomic():
        rule: dict[str, Any] = {"up_to": limit, "one_by_one": up_to is None, "by_person_id": by_person_id}
        rule["decided_at"] = clock.now()
        row = upsert(HouseRule).values(house_hash=house.house_hash, quarter_id=house.quarter_id, **rule)
        db.session.execute(row.on_conflict_do_update(constraint="pk_house_rule", set_=rule))
        waiting = db.session.execute(text("SELECT * FROM held_at_house(:house)"), {"house": house.house_hash}).all()
        rule_said = "one by one" if up_to is None else f"up to {limit}"
        audit.note(Event.HOUSE_DECIDED, actor=by_person_id, about=f"{house.key[:12]} {rule_said}")
        room = limit - house.accounts
        for person_id, proof_id in waiting:
            with scope.use(scope.Viewer(person_id)):
                if up_to is None:
                    _make_case(person_id, proof_id)
                elif room > 0:
                    room -= release(person_id, proof_id)
        return max(0, limit - house.accounts - room) if up_to is not None else 0


def _make_case(person_id: int, proof_id: int) -> None:
    if (found := _standing(person_id, proof_id)) and found[1].held_at is not None:
        open_case(*found, ["house"])


def release(person_id: int, proof_id: int | None) -> int:
    """Let a proof count from now on; 1 if it does, 0 if it is over, or of another home by now. Through its person's eyes."""
    found = _standing(person_id, proof_id)
    if found is None:
        return 0
    membership, proof = found
    proof.held_at = None
    grading.regrade(membership)
    db.session.flush()
    return 1


def _standing(person_id: int, proof_id: int | None) -> tuple[Membership, Proof] | None:
    """A proof that is not over and the membership it is of, locked; None where somebody was quicker: the person who moved or
    left, whoever took their word back, another pair of eyes."""
    membership = grading.current_membership(person_id, lock=True)
    stands = Proof.id == proof_id, Proof.ended_at.is_(None)
    proof = (
        db.session.scalar(select(Proof).where(*stands, Proof.membership_id == membership.id)) if membership else None
    )
    return (membership, proof) if membership and proof else None
