"""The streets of the register, folded once at import so that a web process finds them by index."""

from __future__ import annotations

from sqlalchemy import ARRAY, Identity, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core.db import Base


class StreetRow(Base):
    """A street within one postcode. Derived from ``address`` (``loading.refresh_streets``), never edited."""

    __tablename__ = "street"
    __table_args__ = (
        UniqueConstraint("name", "postcode"),
        Index("ix_street_key", "key", postgresql_ops={"key": "text_pattern_ops"}),
        Index("ix_street_words", "words", postgresql_ops={"words": "text_pattern_ops"}),
        Index("ix_street_loose", "loose"),
        Index("ix_street_grams", "grams", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    postcode: Mapped[str] = mapped_column(Text)
    #: where most of its houses are
    place: Mapped[str] = mapped_column(Text)
    #: spelling.street_key, street_words, loose_key and nearness.grams of the name
    key: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    loose: Mapped[str] = mapped_column(Text)
    grams: Mapped[list[str]] = mapped_column(ARRAY(Text))
