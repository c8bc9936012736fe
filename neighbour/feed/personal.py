"""What the board remembers of its readers; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import about

about(
    "answer_mark",
    of="person_id",
    kind="contribution",
    out="moved_at",
    inner="person_id seen_up_to",
    ends="read_marks",
)
