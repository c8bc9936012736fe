"""What notices keep about people; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import about, nobodys

about(
    "delivery",
    of="person_id",
    kind="mail",
    out="notice created_at sent_at state channel payload",
    inner="id person_id subject_key period quarter_id due_at lease_until attempts deaths message_id last_error"
    " mailbox_hash piece_hash turn asks may_rush is_counted",
    order="id",
    ends="mails",
)
about(
    "subscription",
    of="person_id",
    kind="mail",
    out="list is_on includes_nearby paused_until created_at",
    inner="id person_id quarter_id told_up_to heard_up_to",
    secret="token",
    order="id",
    lasts="as long as the membership: also that a list was left has to be known",
)
nobodys(
    "suppression",
    "address_hash reason since until",
    why="fingerprints of addresses that take no mail; outlive accounts so that an address stays undisturbed",
    ends="suppressions",
)
