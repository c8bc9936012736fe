"""Whatever room points at a quarter: when that becomes part of another, its rows can follow."""

from __future__ import annotations

import re

POINTING = """
    SELECT DISTINCT f.conrelid::regclass::text FROM pg_constraint f JOIN pg_index i ON i.indrelid = f.conrelid
    WHERE f.contype = 'f' AND f.confrelid = 'quarter'::regclass AND i.indisunique AND f.conkey[1] = ANY (i.indkey)
"""


def test_everything_that_points_at_a_quarter_can_follow_it_into_another(owner):
    """Rows with a quarter in a unique key cannot simply be pointed elsewhere: two of them may become one. The function that
    performs a change of quarters has to name such a table and say what becomes of its rows."""
    source = owner.execute("SELECT prosrc FROM pg_proc WHERE proname = 'plan_rest'").fetchone()[0]
    known = set(re.findall(r"'(\w+)'", source.partition("NOT IN")[2].partition("LOOP")[0]))
    unique = {name for (name,) in owner.execute(POINTING)}
    assert known >= {"reach", "read_mark"}
    assert unique <= known, f"{unique - known}: say in plan_rest what becomes of its rows when two quarters become one"
