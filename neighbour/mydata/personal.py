"""What this room itself keeps; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import WITH_PARENT, about, nobodys

about(
    "data_export",
    of="person_id",
    kind="requests",
    out="state asked_at ready_at fetched_at expires_at",
    inner="id person_id done parts lease_until attempts size",
    secret="file session_hash",
    order="asked_at",
)
about(
    "erasure",
    of="person_id",
    kind="requests",
    out="state keeps_texts asked_at due_at",
    inner="id person_id reason steps_done stash mark",
    secret="back_hash",
    erase=WITH_PARENT,  # the last step takes it away, with the person
)
about("activity", of="person_id", kind="access", out="seen_on reminded_at", inner="person_id reminders")
nobodys(
    "erasure_mark",
    "mark state keeps_texts at",
    why="fingerprints of accounts that are gone, so that a restored backup does not bring them back",
)
nobodys("retention_run", "day started_at finished_at counts milliseconds", why="how much was forgotten in which night")
