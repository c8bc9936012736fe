"""Backup and restore: what went in comes out, damage is noticed, nothing is lost on the way."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from neighbour.accounts import passwords
from neighbour.app import create_app
from neighbour.cli import main
from neighbour.core import backups, roles, scope
from neighbour.core.db import hang_up
from neighbour.core.postgres import DatabaseTrouble
from tests.factories import make_person, make_quarter
from tests.support.client import Client


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
        backups.verify(file, silent)


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


@pytest.mark.parametrize("content", [b"shopping list", b"", b"PGDMP", bytes(range(256)) * 400])
@pytest.mark.parametrize("checksum", [None, "", "\x00\xff"])
def test_a_file_that_is_no_backup_is_one_clear_line(tmp_path, content, checksum):
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    if checksum is not None:
        (tmp_path / "notes.txt.sha256").write_text(checksum)
    with pytest.raises(DatabaseTrouble) as refused:
        backups.verify(file, silent)
    said = str(refused.value)
    assert "is no backup of this program" in said or "is damaged" in said
    assert "\n" not in said


def test_a_backup_that_cannot_be_written_says_where(lived_in, tmp_path):
    for place in (tmp_path / "no" / "such" / "folder.dump", Path("/proc/backup.dump")):
        with pytest.raises(DatabaseTrouble, match=f"cannot write {place}: "):
            backups.backup(lived_in.owner_url, place, silent)


@contextmanager
def site(settings, databases):
    """The application on other databases than this run's."""
    app = create_app(dataclasses.replace(settings, database_url=databases.app_url, owner_url=databases.owner_url))
    app.test_client_class = Client
    with app.app_context():
        yield app
        scope.leave()
        hang_up()


def test_a_restored_instance_starts_and_its_people_sign_in(settings, spare_database, empty_database, tmp_path):
    """By the commands, from one instance into an empty one."""
    with site(settings, spare_database):
        person = make_person(make_quarter(), password_hash=passwords.hash_password("linsensuppe-um-sechs", 64))
    file = tmp_path / "backup.dump"
    for word, place in (("backup", spare_database), ("restore", empty_database)):
        where = {"DATABASE_URL": place.app_url, "DATABASE_OWNER_URL": place.owner_url, "ENVIRONMENT": "test"}
        done = CliRunner().invoke(main, ["db", word, str(file)], env=where)
        assert done.exit_code == 0, done.output
        assert "address" in done.stderr or word == "restore"  # its progress, table by table
    with site(settings, empty_database) as restored:
        visitor = restored.test_client()
        signed_in = visitor.post("/signin", data={"email": person.email, "password": "linsensuppe-um-sechs"})
        assert signed_in.status_code == 303
        assert person.display_name in visitor.get("/me").get_data(as_text=True)
