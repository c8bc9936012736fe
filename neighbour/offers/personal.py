"""What offers and their queues keep about people; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import WITH_PARENT, about

about(
    "offer",
    of="id.author_id",
    kind="contribution",
    out="id:contribution_id price_cents price_words condition pickup lend_days",
    inner="stage waiting due_on asked_for a_week_until was_for_sale",
    erase=WITH_PARENT,
    order="id",
    lasts="a part of the contribution: it goes with it",
)
about(
    "ask",
    of="person_id",
    kind="contribution",
    out="offer_id:contribution_id words state due_on note_out note_back asked_at ended_at",
    inner="id person_id place turn told moved_up tries reminded",
    order="id",
    ends="asks",
)
about(
    "offer_for_holder",
    of="offer_id.id.author_id",
    kind="contribution",
    out="offer_id:contribution_id text",
    order="offer_id",
    ends="for_holders",
)
