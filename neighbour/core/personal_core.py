"""What the ground floor itself keeps; see ``personal``."""

from __future__ import annotations

from neighbour.core.personal import Keep, about, nobodys

nobodys("period", "id job key state opened_at done_at", why="which periodic work was done when")
nobodys(
    "rate_count",
    "rate_class key window count ends_at",
    why="how often something happened: the key is a fingerprint, gone an hour after its window",
    ends="counters",
)
about(
    "security_event",
    of="subject_id",
    kind="security",
    out="at kind result object",
    inner="id subject_id actor_id route",
    erase=Keep("numbers only, for twelve months: who was affected has to be answered after an incident (Art. 33 GDPR)"),
    order="id",
    ends="events",
)
