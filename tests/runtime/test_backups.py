"""Backup and restore: what went in comes out, damage is noticed, nothing is lost on the way."""

from __future__ import annotations

import pytest

from neighbour.core import backups, roles
from neighbour.core.postgres import DatabaseTrouble


def silent(_line):
    pass


@pytest.fixture
def lived_in(spare_database):
    """A database with a person and some periods in it."""
    with roles.connect(spare_database.owner_url, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO period (job, key, state, opened_at) SELECT 'x', n::text, 'done', now() FROM generate_series(1, 50) n"
        )
        owner.execute(
            "INSERT INTO person (public_id, email, email_key, password_hash, first_name, last_name, display_name,"
            " language, status, signup_step, is_operator) VALUES"
            " ('a', 'ana@example.org', 'ana@example.org', '', 'Ana', 'Öz', 'Ana Ö.', 'de', 'active', 'done', false)"
        )
    return spare_database


def test_round_trip(lived_in, tmp_path):
    file = tmp_path / "backup.dump"
    with roles.connect(lived_in.owner_url, autocommit=True) as owner:
        before = backups.row_counts(owner)
    assert before["period"] == 50
    assert backups.backup(lived_in.owner_url, file, silent) == file.stat().st_size
    assert file.stat().st_mode & 0o077 == 0
    with roles.connect(lived_in.owner_url, autocommit=True) as owner:
        owner.execute("DELETE FROM period")
    assert backups.restore(lived_in.owner_url, lived_in.app_url, file, force=True, say=silent) == before
    # the application's rights came back too, and no more than it had
    found = roles.facts(lived_in.app_url)
    assert (found.owns_tables, found.may_create) == (0, False)
    with roles.connect(lived_in.app_url) as app:
        assert app.execute("SELECT count(*) FROM period").fetchone() == (50,)


def test_a_database_with_life_in_it_is_not_overwritten(lived_in, tmp_path):
    file = tmp_path / "backup.dump"
    backups.backup(lived_in.owner_url, file, silent)
    with pytest.raises(DatabaseTrouble, match=r"1 rows in person.*--force"):
        backups.restore(lived_in.owner_url, lived_in.app_url, file, force=False, say=silent)


def test_one_flipped_bit_is_noticed(lived_in, tmp_path):
    file = tmp_path / "backup.dump"
    backups.backup(lived_in.owner_url, file, silent)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(DatabaseTrouble, match="damaged"):
        backups.restore(lived_in.owner_url, lived_in.app_url, file, force=True, say=silent)


def test_a_restore_that_fails_leaves_everything_as_it_was(lived_in, tmp_path, monkeypatch):
    file = tmp_path / "backup.dump"
    backups.backup(lived_in.owner_url, file, silent)
    portable = backups._make_portable

    def spoil(script):
        portable(script)
        with script.open("a") as stream:
            stream.write("SELECT 1 / 0;\n")

    monkeypatch.setattr(backups, "_make_portable", spoil)
    with pytest.raises(DatabaseTrouble, match="division by zero"):
        backups.restore(lived_in.owner_url, lived_in.app_url, file, force=True, say=silent)
    with roles.connect(lived_in.app_url) as app:
        assert app.execute("SELECT count(*) FROM period").fetchone() == (50,)


def test_a_file_that_is_no_backup_is_refused(lived_in, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("shopping list")
    with pytest.raises(DatabaseTrouble):
        backups.restore(lived_in.owner_url, lived_in.app_url, file, force=True, say=silent)
