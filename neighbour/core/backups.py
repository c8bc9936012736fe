"""Backup and restore with pg_dump and pg_restore of the wheel, whatever server is used.

A backup is pg_dump's own format plus a checksum beside it (``sha256sum -c`` reads it). The queue is left out: what
must happen stands in the ledger, and is asked for again. Left out as well (NO_ROWS) are the keys of documents that wait for a
decision: a backup opens none of them, so deleting a key deletes the document everywhere; and photos as they were sent, which
say where they were taken. A restore runs in one transaction: all or nothing.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from neighbour.core import postgres, roles
from neighbour.core.postgres import DatabaseTrouble, libpq

Say = Callable[[str], None]
NO_ROWS = ("case_key", "photo_piece")
# Rows in these mean that somebody lives here; a city that was only imported may be replaced.
SIGNS_OF_LIFE = ("person", "contribution", "delivery")


def backup(owner_url: str, file: Path, say: Say) -> int:
    """Write the database of ``owner_url`` to ``file`` and ``file.sha256``; gives the size in bytes.

    Raises DatabaseTrouble; then ``file`` is untouched.
    """
    unfinished = file.with_name(file.name + ".unfinished")
    no_rows = [f"--exclude-table-data=public.{table}" for table in NO_ROWS]
    command = ["--format=custom", *no_rows, "--schema=public", "--no-owner", "--verbose", "--file", str(unfinished)]
    old_mask = os.umask(0o077)  # it is everything everybody wrote
    try:
        unfinished.touch()  # pg_dump's own words for a folder that is not there are not a sentence
        _run("pg_dump", [*command, "--dbname", libpq(owner_url)], say)
        digest = _checksum(unfinished)
        _checksum_file(file).write_text(f"{digest}  {file.name}\n")
        unfinished.rename(file)
    except OSError as error:
        raise DatabaseTrouble(f"cannot write {file}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        os.umask(old_mask)
    return file.stat().st_size


def verify(file: Path, say: Say) -> None:
    """Whether ``file`` is a whole backup; raises DatabaseTrouble. Asks no database."""
    beside = _checksum_file(file)
    try:
        wanted = (beside.read_text(errors="replace").split() or [""])[0] if beside.exists() else None
        if wanted is not None and wanted != _checksum(file):
            raise DatabaseTrouble(f"{file} is damaged: it does not match {beside.name}")
    except OSError as error:
        raise DatabaseTrouble(f"cannot read {error.filename}: {error.strerror}") from error
    try:
        _run("pg_restore", ["--list", str(file)], lambda line: None)
    except DatabaseTrouble as trouble:
        raise DatabaseTrouble(f"{file} is no backup of this program ({trouble})") from None
    if wanted is None:
        say(f"  {beside.name} is missing: the file cannot be checked for damage")


def restore(owner_url: str, app_url: str, file: Path, *, force: bool, say: Say) -> dict[str, int]:
    """Put ``file`` into the database in place of what is there; gives rows per table.

    Raises DatabaseTrouble when people live in the database and not ``force``, or when anything goes wrong on the way;
    the database is then as before.
    """
    if not force:
        _refuse_if_inhabited(owner_url)
    with tempfile.TemporaryDirectory(prefix="neighbour-restore-") as folder:
        script = Path(folder) / "restore.sql"
        _run("pg_restore", ["--file", str(script), "--no-owner", "--schema=public", str(file)], say)
        _make_portable(script)
        prepare = Path(folder) / "prepare.sql"
        prepare.write_text(_empty_schema(app_url))
        say("  putting it into the database …")
        _run(
            "psql",
            ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output", os.devnull,
             "--file", str(prepare), "--file", str(script), "--dbname", libpq(owner_url)],
            say,
        )  # fmt: skip
    with roles.connect(owner_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        return row_counts(connection)


def row_counts(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Rows of every table of the schema, by name."""
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    counts = {}
    for (name,) in tables:
        row = connection.execute(sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(name))).fetchone()
        counts[name] = row[0] if row else 0
    return counts


def _refuse_if_inhabited(owner_url: str) -> None:
    with roles.connect(owner_url, autocommit=True) as connection:
        counts = row_counts(connection)
    alive = [f"{counts[name]:,} rows in {name}" for name in SIGNS_OF_LIFE if counts.get(name)]
    if alive:
        raise DatabaseTrouble(f"the database is in use ({', '.join(alive)}); --force replaces it")


def _empty_schema(app_url: str) -> str:
    """SQL that throws away the schema and makes an empty one. The role's name is quoted as an identifier."""
    app = '"' + str(conninfo_to_dict(libpq(app_url))["user"]).replace('"', '""') + '"'
    return (
        "SET client_min_messages = warning;\nDROP SCHEMA IF EXISTS public CASCADE;\nCREATE SCHEMA public;\n"
        f"GRANT USAGE ON SCHEMA public TO {app};\n"
    )


def _make_portable(script: Path) -> None:
    """Leave out what pg_dump 18 says and servers before 17 do not know, and the schema that is there already."""
    unfinished = script.with_suffix(".new")
    with script.open("rb") as source, unfinished.open("wb") as target:
        for line in source:
            if line.startswith((b"SET transaction_timeout", b"CREATE SCHEMA public")):
                continue
            target.write(line)
            if line.startswith(b"COPY "):  # data from here on: nothing to leave out
                break
        while chunk := source.read(1 << 20):
            target.write(chunk)
    unfinished.rename(script)


def _run(program: str, arguments: list[str], say: Say) -> None:
    """Run one of the wheel's programs, telling of each table it comes to; raises DatabaseTrouble with its complaint."""
    process = subprocess.Popen(
        [str(postgres.binary(program)), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    complaint = ""
    with process:
        for line in process.stderr or ():
            if "dumping contents of table" in line:
                say("  " + line.rsplit("table", 1)[1].strip().replace('"', ""))
            if "rror:" in line or "ERROR:" in line or "FATAL:" in line:
                complaint = complaint or line.strip().removeprefix(f"{program}: ").removeprefix("error: ")
    if process.returncode:
        raise DatabaseTrouble(complaint or f"{program} ended with exit code {process.returncode}")


def _checksum_file(file: Path) -> Path:
    return file.with_name(file.name + ".sha256")


def _checksum(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
