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
    ends="archives",
)
about(
    "erasure",
    of="person_id",
    kind="requests",
    out="state keeps_texts asked_at due_at",
    inner="id person_id reason steps_done stash mark",
    secret="back_hash",
    erase=WITH_PARENT,  # the last step takes it away, with the person
    lasts="14 days, or while silence about the account can be turned round: gone with the last step, or when somebody comes back",
)
about(
    "activity",
    of="person_id",
    kind="access",
    out="seen_on reminded_at",
    inner="person_id reminders",
    lasts="as long as the account: the day from which 24 months are counted",
)
nobodys(
    "erasure_mark",
    "mark state keeps_texts at",
    why="fingerprints of accounts that are gone, so that a restored backup does not bring them back",
    lasts="for good: any backup may come back, however old, and a mark says nothing without one",
)
about(
    "incident_told",
    of="person_id",
    kind="security",
    out="told_at subject text",
    inner="id incident_id person_id",
    order="id",
    ends="incidents",
)
nobodys(
    "incident",
    "id name since until route subject_de text_de subject_en text_en created_at",
    why="what happened, and what we wrote about it (Art. 33 (5) GDPR): no word about whom",
)
nobodys("retention_run", "day started_at finished_at counts milliseconds", why="how much was forgotten in which night")
