"""Exact homes, and not one of them in a dump of the database, a log line or an error."""

from __future__ import annotations

import base64
import logging
import re
import subprocess
from pathlib import Path

import pytest
from sqlalchemy.exc import DataError

from neighbour.core import backups, roles, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.postgres import binary
from neighbour.residency import homes, letters, service
from neighbour.residency.models import Address, Home
from tests.residency.helpers import Town
from tests.support.cluster import Databases

BY_HAND = 20


def libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def dump(databases: Databases) -> str:
    """Everything but the register of addresses itself, which is public and says nothing about who lives where."""
    command = [str(binary("pg_dump")), "--dbname", libpq(databases.superuser_url), "--exclude-table-data=address"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def backup_of(databases: Databases, file: Path) -> str:
    """A backup as the operator makes one into ``file``, unpacked: everything in it as text."""
    backups.backup(databases.owner_url, file, lambda _line: None)
    command = [str(binary("pg_restore")), "--file", "-", str(file)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def in_the_log_of_writes(databases: Databases, pattern: bytes) -> set[bytes]:
    """What the pattern finds in the server's write-ahead log."""
    with roles.connect(databases.superuser_url, autocommit=True) as superuser:
        superuser.execute("SELECT pg_switch_wal()")  # what is not written yet is written now
        (folder,) = superuser.execute("SELECT current_setting('data_directory')").fetchone() or ("",)
    found = set[bytes]()
    for segment in (path for path in (Path(folder) / "pg_wal").iterdir() if path.is_file()):
        found |= set(re.findall(pattern, segment.read_bytes()))
    return found


@pytest.fixture
def keeps_its_log(clean_database: Databases):
    """The server keeps its write-ahead log, whatever else is tested beside and fills it."""
    with roles.connect(clean_database.superuser_url, autocommit=True) as superuser:
        for setting in ("SET wal_keep_size = '2GB'", "RESET wal_keep_size"):
            superuser.execute(f"ALTER SYSTEM {setting}")
            superuser.execute("SELECT pg_reload_conf()")
            if setting.startswith("SET"):
                yield


def forms_of(word: str) -> list[str]:
    """The word as it would look in a dump: plain, lower, as hex of bytea, in base64."""
    raw = word.encode()
    return [word, word.lower(), raw.hex(), base64.b64encode(raw).decode().rstrip("=")[:-1]]


@pytest.mark.usefixtures("keeps_its_log")
@pytest.mark.parametrize("people", [30, pytest.param(1_000, marks=pytest.mark.thorough)])
def test_homes_leave_no_trace_outside_the_seal(town: Town, tmp_path: Path, clean_database: Databases, caplog, people):
    with town.app.app_context(), as_owner(), atomic():
        db.session.connection().exec_driver_sql(
            "INSERT INTO person (public_id, email, email_key, password_hash, first_name, last_name, display_name, language,"
            " status, signup_step, is_operator, confirmed_at) SELECT 'p' || n, n || '@e.org', n || '@e.org', 'x', '', '', 'N.',"
            f" 'de', 'active', 'done', false, now() FROM generate_series(1, {people}) n"
        )
        db.session.connection().exec_driver_sql(
            "INSERT INTO address (street, street_key, number, suffix, postcode, place, quarter_id) SELECT"
            f" 'Kanarienweg' || n, 'kanarienweg' || n, '77' || n, 'q', '04873', 'Kanarienort', {town.quarters['weber']}"
            f" FROM generate_series(1, {people}) n"
        )
        pairs = (
            db.session.connection()
            .exec_driver_sql(
                "SELECT p.id, a.id, substr(p.public_id, 2) FROM person p JOIN address a ON a.street = 'Kanarienweg' || substr(p.public_id, 2)"
            )
            .all()
        )
    assert len(pairs) == people
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "sqlalchemy.engine")  # every statement, as an operator would log them
    with town.app.app_context(), as_owner(), atomic():  # most of them in one go, the first as people do it
        for person, address, number in pairs[BY_HAND:]:
            entry = db.session.get(Address, address)
            homes.settle(person, entry, entry.quarter_id, f"Zaunkönig{number} Piepmatz{number}", "Ammer", town="Ort")
    with town.app.app_context():
        for place, (person, address, number) in enumerate(pairs[:BY_HAND]):
            with scope.use(scope.Viewer(person)):
                service.choose_address(person, address, f"Zaunkönig{number} Piepmatz{number}", f"Ammer{number}")
                if place < 12:
                    letters.request(person)
                if place < 5:
                    with atomic():
                        homes.report_missing(person, f"Verlorenweg{number} 88{number}")
    town.print_letters(tmp_path)
    everything = dump(clean_database)
    assert everything.count("@e.org") >= people  # the dump is not empty
    logged, kept = caplog.text, backup_of(clean_database, tmp_path / "backup.dump")
    assert logged.count("INSERT INTO home") >= BY_HAND and kept.count("@e.org") >= people
    for word in (
        "Zaunkönig",
        "Piepmatz",
        "Ammer",
        "Verlorenweg",
    ):  # streets and towns are in the register, which is public
        assert not [form for form in forms_of(word) if form in kept], word
    written = in_the_log_of_writes(clean_database, r"\d@e\.org|(?i:Zaunkönig|Piepmatz|Ammer|Verlorenweg)\d".encode())
    assert written and {each[1:] for each in written} == {b"@e.org"}
    for word in ("Kanarienweg", "Zaunkönig", "Piepmatz", "Ammer", "Verlorenweg", "Kanarienort"):
        for form in forms_of(word):
            assert form not in everything, word
            assert form not in logged, word
    with town.app.app_context(), scope.use(scope.Viewer(pairs[0][0])), atomic():
        assert "Zaunkönig" in homes.open_for_owner(pairs[0][0]).recipient  # and yet it is all there


def test_a_database_error_does_not_tell_what_was_being_stored(town: Town):
    """The statement's parameters stay out of the message, which ends in the log."""
    person = town.person("anna")
    with town.as_person(person), pytest.raises(DataError) as error, atomic():
        db.session.add(
            Home(
                person_id=person,
                quarter_id=2**40,
                sealed=b"",
                address_hash=b"Kanarienweg",
                family_hashes=[],
                word_hashes=[],
            )
        )
        db.session.flush()
    assert "Kanarienweg" not in str(error.value)


def test_at_the_door_too_nothing_of_an_address_is_left_behind(
    town: Town, visitor, jobs, mailbox, clean_database: Databases, caplog, monkeypatch, owner
):
    """Sign-up, refused forms, a letter, a move and an address the register lacks, as browsers send them: nothing in pages of
    errors, mails, jobs, logs or the dump; and every opening is written down."""
    from tests.accounts.signing_helpers import GOOD

    caplog.set_level(logging.DEBUG)
    opened: list[bytes] = []
    true = homes.open_sealed
    monkeypatch.setattr(homes, "open_sealed", lambda sealed, whose: opened.append(whose) or true(sealed, whose))
    town.street("771", "772", name="Kanarienweg")
    errors = []
    for number in range(8):
        browser = visitor()
        browser.post(
            "/signup",
            data={"email": f"v{number}@vogel.example", "password": GOOD, "is_adult": "y", "accepts_rules": "y"},
        )
        home = {
            "street": "Kanarienweg",
            "number": "771",
            "postcode": "04873",
            "recipient": f"Zaunkönig{number} Piepmatz{number}",
        }
        errors.append(browser.post("/signup/address", data=home, csrf=False))
        assert browser.post("/signup/address", data=home).status_code == 303
        browser.post(
            "/signup/appearance",
            data={"first_name": f"Vogel{number}", "last_name": "V", "shown": "name", "shows_street": "y"},
        )
        owner.execute(
            "UPDATE person SET confirmed_at = now(), signup_step = 'done' WHERE email = %s",
            [f"v{number}@vogel.example"],
        )
        browser.post("/waiting/letter")
        assert "Piepmatz" in browser.post("/settings/address").text
        errors.append(browser.get("/signup/Kanarienweg"))
        assert browser.post("/signup/address", data={**home, "number": "772"}).status_code == 303
        browser.post(
            "/signup/address/missing", data={"street": "Verlorenweg", "number": f"88{number}", "note": "Ammer"}
        )
        jobs.run()
    everything, mails = dump(clean_database), "".join(mail.raw.decode(errors="replace") for mail in mailbox.messages())
    assert everything.count("@vogel.example") >= 8 and mails
    owner.execute("UPDATE person SET street_shown = NULL")
    for word in ("Zaunkönig", "Piepmatz", "Ammer", "Verlorenweg"):
        for form in forms_of(word):
            assert form not in everything and form not in mails and form not in caplog.text, word
            assert not [page.request.path for page in errors if form in page.text], word
    assert owner.execute("SELECT count(*) FROM address_access").fetchone()[0] == len(opened) >= 16
