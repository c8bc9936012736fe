"""What the search keeps; see ``core/personal``."""

from __future__ import annotations

from neighbour.core.personal import WITH_PARENT, about, nobodys

about(
    "search_entry",
    of="contribution_id.author_id",
    kind="contribution",
    inner="id contribution_id shelf words",
    erase=WITH_PARENT,
    lasts="exactly while what it was made of hangs; the database takes it away in the same moment",
)
about(
    "search_word",
    of="entry_id.contribution_id.author_id",
    kind="contribution",
    inner="id word entry_id",
    erase=WITH_PARENT,
    lasts="no longer than the writing it was read in; it goes with that",
)
about(
    "search_spelling",
    of="word_id.entry_id.contribution_id.author_id",
    kind="contribution",
    inner="spelling word_id",
    erase=WITH_PARENT,
    lasts="no longer than the word it is a spelling of",
)
nobodys("search_shelf", "quarter_id shelf", why="where the search looks for what reaches a quarter")
nobodys("search_unread", "id entry_id shelf", why="what is still to be read for words; emptied every minute")
about(
    "saved_search",
    of="person_id",
    kind="contribution",
    out="words filters is_told created_at",
    inner="id person_id ways",
    order="created_at",
    lasts="until whoever saved it takes it away: an issue of the digest looks for it every morning",
)
