"""What the index holds, and what somebody looks for again and again.

All but ``saved_search`` is written and read by the database's own functions only (migrations 0060 and 0080): the application's
role has no right to it.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, Text, UniqueConstraint, Uuid, text, true
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core.columns import Timestamps, pk_int, pk_uuid
from neighbour.core.db import Base


class SearchEntry(Base):
    """A slip or an answer by its words, exactly while it hangs. ``id``: the contribution's or the comment's."""

    __tablename__ = "search_entry"
    __table_args__ = (
        Index("ix_search_entry_contribution_id", "contribution_id"),
        Index("ix_search_entry_shelf", "shelf", "id"),
        Index("ix_search_entry_shelved", text("search_shelved(id, shelf, words)"), postgresql_using="gin"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    contribution_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("contribution.id", ondelete="CASCADE"))
    #: 0: for the whole city; twice the quarter it was written in: for that alone; one more: for others as well
    shelf: Mapped[int] = mapped_column(Integer)
    words: Mapped[str] = mapped_column(TSVECTOR)


class SearchShelf(Base):
    """On this shelf lies, or lay, something that reaches this quarter."""

    __tablename__ = "search_shelf"

    quarter_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    shelf: Mapped[int] = mapped_column(Integer, primary_key=True)


class SearchUnread(Base):
    """An entry whose words are still to be learned, or a shelf of which some were forgotten."""

    __tablename__ = "search_unread"

    id: Mapped[pk_int]
    entry_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    shelf: Mapped[int | None] = mapped_column(Integer)


class SearchWord(Base):
    """A word, and an entry it stands in; it goes with that."""

    __tablename__ = "search_word"

    id: Mapped[pk_int]
    word: Mapped[str] = mapped_column(Text, unique=True)
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("search_entry.id", ondelete="CASCADE"), index=True)


class SearchSpelling(Base):
    """A word without one of its letters (and with all of them): two words that share a spelling are easily mixed up."""

    __tablename__ = "search_spelling"

    spelling: Mapped[str] = mapped_column(Text, primary_key=True)
    word_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("search_word.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class SavedSearch(Timestamps, Base):
    """What somebody looks for again and again. Walled: one's own."""

    __tablename__ = "saved_search"
    __table_args__ = (UniqueConstraint("person_id", "words", "filters", name="uq_saved_search_once"),)

    id: Mapped[pk_uuid]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"))
    words: Mapped[str] = mapped_column(Text)
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: the words and filters as the database is asked for them (``saved``)
    ways: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: whether the digest tells of what is new
    is_told: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
