"""The register where it lies: a look-up is a few indexed queries, a web process keeps nothing of it in memory."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select, text

from neighbour.core.db import db
from neighbour.residency.gazetteer import nearness
from neighbour.residency.gazetteer.lookup import Entry, Houses, Street
from neighbour.residency.gazetteer.models import StreetRow
from neighbour.residency.gazetteer.spelling import street_key
from neighbour.residency.models import Address

COLUMNS = (
    Address.id, Address.street, Address.number, Address.suffix, Address.postcode, Address.place, Address.quarter_id,
)  # fmt: skip

_NEAR = text(
    "SELECT name, postcode FROM (SELECT name, postcode, cardinality(ARRAY(SELECT unnest(grams) INTERSECT"
    " SELECT unnest(CAST(:grams AS text[])))) AS shared FROM street WHERE grams && CAST(:grams AS text[])) AS found"
    " WHERE shared * 3 >= :all ORDER BY shared DESC, name, postcode LIMIT 200"
)


class StoredRegister:
    """``lookup.Register`` on the tables ``street`` and ``address``."""

    def by_key(self, key: str) -> Sequence[Street]:
        return self._streets(StreetRow.key == key)

    def by_loose_key(self, loose: str) -> Sequence[Street]:
        return self._streets(StreetRow.loose == loose)

    def by_pattern(self, pattern: str) -> Sequence[Street]:
        begin = StreetRow.words.startswith(pattern[1:2], autoescape=True)
        return self._streets(begin, StreetRow.words.regexp_match(pattern))

    def by_beginning(self, key: str, most: int) -> Sequence[Street]:
        """Streets whose key begins with ``key``, the shortest names first."""
        query = select(StreetRow.name, StreetRow.postcode).where(StreetRow.key.startswith(key, autoescape=True))
        query = query.order_by(func.length(StreetRow.key), StreetRow.key, StreetRow.postcode).limit(most)
        return [Street(*row) for row in db.session.execute(query)]

    def houses(self, street: Street) -> Houses:
        where = Address.postcode == street.postcode, Address.street_key == street_key(street.name)
        rows = db.session.execute(select(*COLUMNS).where(*where, Address.street == street.name))
        return {(row.number, row.suffix.upper()): Entry(*row) for row in rows}

    def near(self, key: str) -> Sequence[Street]:
        wanted = nearness.grams(key)
        return [Street(*row) for row in db.session.execute(_NEAR, {"grams": wanted, "all": len(wanted)})]

    def _streets(self, *where: ColumnElement[bool]) -> Sequence[Street]:
        query = select(StreetRow.name, StreetRow.postcode).where(*where)
        rows = db.session.execute(query.order_by(StreetRow.name, StreetRow.postcode))
        return [Street(*row) for row in rows]
