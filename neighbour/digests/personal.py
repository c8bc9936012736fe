"""What digests keep; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import nobodys

nobodys(
    "edition",
    "quarter_id period number cut readers opened_at",
    why="numbers and days of issues; how many readers, not who",
)
