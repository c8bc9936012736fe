"""What residency keeps about people; see ``core/personal``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sqlalchemy import select

from neighbour.core.audit import Event
from neighbour.core.db import db
from neighbour.core.personal import WITH_PARENT, Calls, about, also, files_of, nobodys
from neighbour.residency import homes
from neighbour.residency.cases import documents
from neighbour.residency.cases.models import UNDECIDED, CaseKind, ProofCase


def own_home(person_id: int) -> Any:
    """The exact address for its owner; the look is written down in ``address_access``."""
    exact = homes.open_for_owner(person_id)
    return asdict(exact) if exact else None


def own_before(person_id: int) -> Any:
    """The homes of before that are still kept, for their owner; written down likewise."""
    return [asdict(exact) for exact in homes.kept_for_owner(person_id)] or None


def own_missing(person_id: int) -> Any:
    """The address that the person says the register lacks, in their words; written down likewise."""
    told = homes.open_for_verifier(person_id, "missing address", by=person_id)
    return told.text if isinstance(told, homes.Missing) else None


def own_pages(person_id: int) -> Iterator[tuple[str, bytes]]:
    """The pages of documents that somebody handed in and that are not decided on yet."""
    mine = ProofCase.person_id == person_id, ProofCase.kind == CaseKind.DOCUMENT, ProofCase.state.in_(UNDECIDED)
    cases = select(ProofCase.id, ProofCase.page_count).where(*mine).order_by(ProofCase.created_at)
    for count, (case_id, pages) in enumerate(db.session.execute(cases).all(), 1):
        for number in range(1, pages + 1):
            page = documents.page(case_id, number)
            if page is not None:
                yield f"document-{count}-page-{number}.jpg", page


files_of(own_pages)


# What the desk looked at is told as one thing, and what it looked at quietly not at all.
_DESK = ", ".join(f"'{purpose}'" for purpose in homes.DESK_PURPOSES)
_OPENED = f"kind = '{Event.ADDRESS_OPENED}' AND object IN ({_DESK})"
_LATELY = f"at > :now - interval '{homes.TOLD_AFTER.days} days'"
_CAME = (
    "EXISTS (SELECT 1 FROM letter l WHERE l.person_id = address_access.person_id AND l.used_at IS NOT NULL"
    " AND address_access.purpose = 'letter ' || l.batch)"
)
_PRINTED = f"purpose LIKE '{homes.PRINTED_IN}%' AND NOT {_CAME}"

about(
    "home",
    of="person_id",
    kind="home",
    out="created_at cell chosen_key",
    inner="id person_id quarter_id renamed_at",
    secret="address_hash family_hashes word_hashes",
    opened={"sealed": ("address", own_home)},
    lasts="as long as the account, or until another address is chosen: it says which board is one's own",
)
about(
    "home_before",
    of="person_id",
    kind="home",
    out="left_at",
    inner="id person_id membership_id named_at",
    opened={"sealed": ("addresses", own_before)},
    order="id",
    ends="homes_before",
)
about(
    "missing_address",
    of="person_id",
    kind="home",
    out="created_at",
    inner="id person_id",
    opened={"sealed": ("text", own_missing)},
    ends="missing",
)
about(
    "address_access",
    of="person_id",
    kind="security",
    out="at purpose",
    inner="id person_id by_person_id",
    order="id",
    ends="looks",
    shown={"purpose": f"CASE WHEN purpose IN ({_DESK}) THEN 'desk' ELSE purpose END"},
    told=f"NOT (purpose IN ({_DESK}) AND {_LATELY}) AND NOT ({_PRINTED}) AND purpose <> '{homes.QUIET}'",  # as ``homes.accesses``
)
# The same looks as events. What each of the two said never goes out: a minute would say which neighbour it was.
also(
    "security_event",
    shown={"object": f"CASE WHEN {_OPENED} THEN 'desk' ELSE object END"},
    told=f"kind <> '{Event.PROOF_LOOKED_AT}' AND NOT ({_OPENED} AND {_LATELY})",
)
# What is looked at quietly is told to nobody, however long ago it was.
also("security_event", told=f"NOT (kind = '{Event.ADDRESS_OPENED}' AND split_part(object, ' ', 1) = '{homes.QUIET}')")
# Printing, which does not name the batch here: ``address_access`` says it, once the card has come.
also("security_event", told=f"NOT (kind = '{Event.ADDRESS_OPENED}' AND object = '{homes.PRINTED_IN.strip()}')")
about(
    "letter",
    of="person_id",
    kind="proof",
    out="requested_at used_at",
    # The state says whether somebody at the house refused it; the day of printing, whether somebody there was first. Of a card
    # that has come ``address_access`` says that day and the batch.
    inner="id person_id tries state printed_at expires_at batch",
    secret="address_hash name_hashes code_hashes refusal_hashes",
    erase=Calls(
        "SELECT detach_letters()",
        why="stays without the person: whoever holds the card can refuse all further ones, and the house keeps its rest",
    ),
    order="requested_at",  # an order that took another's place stands in its row
    ends="codes letters",
)
about(
    "membership",
    of="person_id",
    kind="proof",
    out="quarter_id:quarter level role proven_at ended_at created_at",
    inner="id person_id",
    secret="household_hash person_hash",
    order="id",
    ends="memberships",
)
# As ``renewal.told_until``: a yes that renewed nothing would say that somebody of that name lives there.
UNTIL = (
    "CASE WHEN expires_at IS NOT NULL AND renewed_at IS NOT NULL THEN greatest(expires_at, renewed_at"
    " + CASE level WHEN 'verified' THEN interval '730 days' ELSE interval '365 days' END) ELSE expires_at END"
)
about(
    "proof",
    of="person_id",
    kind="proof",
    out="method level expires_at renewed_at ended_at created_at",
    inner="id person_id membership_id source by_person_id depth held_at",
    secret="vouch_household vouch_house",
    shown={"expires_at": UNTIL},
    order="id",
    ends="proofs",
)
nobodys(
    "letter_refusal",
    "target_hash since",
    why="fingerprints of houses and names that want no letters, ever; outlives every account",
    lasts="for good: whoever said “never again” has to be believed, also when every account is gone",
)
REGISTER = "the city's public register of addresses: no word about who lives there"
nobodys("address", "id street street_key number suffix postcode place lon lat quarter_id", why=REGISTER)
nobodys("street", "id name postcode place key words loose grams", why=REGISTER)
about("invitation", of="person_id", kind="proof", out="created_at expires_at ended_at uses", secret="code_hash",
      inner="id public_id person_id quarter_id depth most_uses refused is_named", ends="invitations")  # fmt: skip
about(
    "invitation_use",
    of="person_id",
    kind="proof",
    out="used_at taken_back_at",
    inner="id public_id invitation_id person_id",
    ends="invitations",
)
about("flyer_use", of="person_id", kind="proof", out="used_at", inner="id flyer_id person_id", ends="flyers")
about("visit", of="person_id", kind="proof", out="place expires_at confirmed_at created_at", secret="code_hash nonce",
      inner="id person_id taken_by", ends="visit_codes visits")  # fmt: skip
# Of a proof that was held only what its person was told: a refusal. What is looked at quietly is told to nobody.
_TOLD_CASE = "kind IN ('document', 'words') OR (kind = 'held' AND state = 'refused')"
_TOLD_HALF = (
    "says IS NOT NULL AND voided_at IS NULL AND case_id IN (SELECT id FROM proof_case WHERE decided_at IS NOT NULL"
    " AND (kind = 'document' OR (kind = 'held' AND state = 'refused'))"
    " AND (part <> 'appeal' OR appeal_decided_at IS NOT NULL))"
)
_TOLD_REASON = "CASE WHEN reason = 'twice' THEN 'doubts' WHEN reason = 'matches' THEN NULL ELSE reason END"
about(
    "proof_case",
    of="person_id",
    kind="proof",
    secret="household_hash",
    out="kind state method paper page_count decided_at looked_twice reason note appeal appeal_text appealed_at appeal_decided_at",
    inner="id person_id membership_id quarter_id proof_id created_at anew_at refused_at appeal_said_at",
    # a no that is not told yet says nothing
    shown={
        "reason": _TOLD_REASON,
        "looked_twice": "looked_twice AND decided_at IS NOT NULL",
    },  # as ``cases.words.TOLD``
    told=_TOLD_CASE,
    ends="cases",
)
about(
    "case_half",
    of="case_id.person_id",
    kind="proof",
    out="says reason note",
    erase=WITH_PARENT,
    secret="household_hash",
    inner="id case_id by_person_id part is_second until said_at voided_at",  # when, and as which of them, says who it was
    shown={"reason": _TOLD_REASON},
    told=_TOLD_HALF,
    ends="cases",
)
about(
    "name_pair",
    of="case_id.person_id",
    kind="proof",
    inner="person_id other_id case_id",
    erase=WITH_PARENT,
    ends="cases",
)
about("case_ground", of="case_id.person_id", kind="proof", inner="case_id ground", erase=WITH_PARENT, ends="cases")
about(
    "case_page",
    of="case_id.person_id",
    kind="proof",
    inner="case_id number",
    secret="sealed",
    erase=WITH_PARENT,
    ends="documents",
)
about(
    "case_key",
    of="case_id.person_id",
    kind="proof",
    inner="case_id",
    secret="salt",
    erase=WITH_PARENT,
    ends="documents",
)
STREETS = "codes for streets and houses; who made or saw it is a number"
nobodys(
    "flyer",
    "id public_id quarter_id made_by_id streets code_hash most_uses uses refused strays expires_at ended_at created_at",
    why=STREETS,
    ends="flyers",
)
nobodys("flyer_house", "flyer_id address_hash", why=STREETS, ends="flyers")
nobodys("code_alarm", "id public_id quarter_id kind source at seen_at seen_by_id", why=STREETS, ends="alarms")
nobodys(
    "house_rule",
    "house_hash quarter_id up_to one_by_one by_person_id decided_at",
    why=STREETS,
    lasts="as long as the house stands in the register: it says how many may live there, and no more",
)
nobodys(
    "print_run",
    "id public_id asked_by_id asked_at paper wants_table again state batch letters ended_at pdf_fetched_at table_fetched_at",
    why=STREETS,
    ends="print_runs",
)
