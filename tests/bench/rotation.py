"""A new key for everything sealed, while somebody reads: 100,000 rows, and a million nonces."""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

from neighbour.core import crypto, rotation
from neighbour.core.crypto import open_sealed, seal
from neighbour.core.db import as_owner, atomic, db
from neighbour.residency.homes import _belongs_to
from tests.bench import measure

FIGURES = ("rotation_rows_per_second", "rotation_failed_reads", "nonces_twice")


def run(scale: str) -> Iterator[dict[str, Any]]:
    """Rows sealed anew per second, reads that failed meanwhile, nonces that came twice."""
    from sqlalchemy import text

    from tests.attacks import stand

    rows, nonces = (100_000, 1_000_000) if scale == "full" else (5_000, 50_000)
    with stand.world() as town, town.app.app_context():
        first = town.app.config["ADDRESS_KEY"]
        people = (
            "INSERT INTO person (public_id, email, email_key, password_hash, first_name, last_name, display_name, language,"
            " status, signup_step, is_operator, created_at) SELECT 'r' || n, n || '@r.org', n || '@r.org', 'x', '', '', 'N.',"
            f" 'de', 'active', 'done', false, now() FROM generate_series(1, {rows}) n RETURNING id"
        )
        home = (
            "INSERT INTO home (person_id, quarter_id, sealed, address_hash, family_hashes, word_hashes, created_at)"
            f" VALUES (:id, {town.here.id}, :sealed, 'x', '{{}}', '{{}}', now())"
        )
        with as_owner(), atomic():
            ids = list(db.session.scalars(text(people)))
            db.session.execute(text(home), [{"id": one, "sealed": seal(b"x" * 120, _belongs_to(one))} for one in ids])
        town.app.config["ADDRESS_KEY"] = "2:" + base64.b64encode(secrets.token_bytes(32)).decode()
        town.app.config["ADDRESS_KEY_OLD"] = first
        failed, stop = [0, 0], threading.Event()
        reader = threading.Thread(target=_read, args=(town, ids, failed, stop))
        reader.start()
        begun = time.perf_counter()
        with as_owner():
            done = sum(each.done for each in rotation.rotate())
        took = time.perf_counter() - begun
        stop.set()
        reader.join()
        size = f"{done:,} rows, {failed[1]:,} reads meanwhile"
        yield measure.figure("rotation_rows_per_second", [done / took], "rows/s", size)
        yield measure.figure("rotation_failed_reads", [failed[0]], "reads", size)
        twice = nonces - len({crypto.seal(b"", b"")[1:13] for _ in range(nonces)})
        yield measure.figure("nonces_twice", [twice], "nonces", f"{nonces:,} values")


def _read(town: Any, ids: list[int], failed: list[int], stop: threading.Event) -> None:
    from neighbour.core import roles

    with town.app.app_context(), roles.connect(town.databases.superuser_url, autocommit=True) as connection:
        while not stop.is_set():
            one = ids[secrets.randbelow(len(ids))]
            (sealed,) = connection.execute("SELECT sealed FROM home WHERE person_id = %s", [one]).fetchone()  # type: ignore[misc]
            failed[1] += 1
            try:
                open_sealed(bytes(sealed), _belongs_to(one))
            except crypto.CannotOpen:
                failed[0] += 1
