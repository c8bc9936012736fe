"""What ``neighbour check`` looks at: settings, database and roles, queue, mail server, static files, disk."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from config import Config, Problem
from neighbour.contributions import photo_drawing
from neighbour.core import advice, readiness, roles, storage, web
from neighbour.core.mail import PORTS
from neighbour.core.postgres import DatabaseTrouble
from neighbour.core.storage import StorageTrouble

LEAST_FREE_BYTES = 500_000_000
CONNECT_SECONDS = 5.0


def problems(config: Config) -> list[Problem]:
    """Everything that is wrong, settings first. Waits a few seconds for servers that do not answer.

    ``config`` is settled, as far as it can be: where no database is known, nothing is asked of it.
    """
    found = config.problems()
    if config.database_url and not any(problem.setting.startswith("DATABASE") for problem in found):
        in_database = readiness.database_problems(config)
        found += in_database
        if config.broker_url or not in_database:
            found += readiness.broker_problems(config)
        if not in_database and (count := readiness.parked(config)):
            found.append(Problem("mails", f"{count} were given up on", "look at them with: neighbour mails list"))
        if not in_database and readiness.retention_is_late(config):
            found.append(Problem("old data", "was not deleted for more than 26 hours", "are worker and beat running?"))
    if not any(problem.setting == "SMTP_URL" for problem in found):
        found += _mail_problems(config)
    found += _file_problems(config)
    if not any(problem.setting in ("STORAGE_URL", "DATABASE_URL", "database") for problem in found):
        found += _photo_problems(config)
    return found


def warnings(config: Config) -> list[Problem]:
    """What works and had better be different."""
    return advice.warnings(config) if config.database_url else []


def overview(config: Config, *, embedded: bool) -> Iterator[tuple[str, str]]:
    """(setting, value as an operator may read it): addresses without passwords, secrets not at all."""
    yield "ENVIRONMENT", config.environment
    yield "SITE_URL", config.site_url or "missing"
    yield "HOST, PORT", f"{config.host}, {config.port}"
    yield "INSTANCE_DIR", str(config.instance_dir)
    yield "DATABASE_URL", "embedded PostgreSQL" if embedded else _shown(config.database_url)
    yield "DATABASE_OWNER_URL", "embedded PostgreSQL" if embedded else _shown(config.owner_url)
    yield "STORAGE_URL", _shown(config.storage_url) if config.storage_url else str(config.instance_dir / storage.FOLDER)
    yield "BROKER_URL", _shown(config.broker_url) if config.broker_url else "the database (pgmq)"
    box = "missing" if config.is_production else "local mailbox, while neighbour up runs"
    yield "SMTP_URL", _shown(config.smtp_url) if config.smtp_url else box
    yield "MAIL_FROM", config.mail_from or "missing"
    yield "SECRET_KEY", "set" if config.secret_key else "missing"
    yield "ADDRESS_KEY", "set" if config.address_key else "missing"
    if config.address_key_old or config.secret_key_old:
        yield "…_KEY_OLD", "set: keys are being changed"
    yield "CITY_NAME", config.city_name or "missing"
    yield "OPERATOR_NAME", config.operator_name or "missing"
    yield "OPERATOR_ADDRESS", config.operator_address or "missing"
    yield "OPERATOR_EMAIL", config.operator_email or "missing"
    yield "OPERATOR_RESPONSIBLE", config.operator_responsible or "missing"
    yield "TIME_ZONE", config.time_zone
    yield "LANGUAGE", config.language
    yield "GEOCODER", config.geocoder
    yield "TILE_URL", config.tile_url or "none: maps show outlines only"
    yield "SOURCE_URL", config.source_url or "this server's own files, at /source"


def _shown(url: str) -> str:
    if not url:
        return "missing"
    try:
        parts = urlsplit(url)
        if parts.scheme.startswith("postgresql"):
            return roles.shown(url)
    except (ValueError, DatabaseTrouble):
        return "set"  # what it is cannot be told, and there may be a password in it
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _mail_problems(config: Config) -> list[Problem]:
    """Whether the mail server answers at all; what it accepts shows only in use."""
    if not config.smtp_url or config.environment == "development":
        return []
    parts = urlsplit(config.smtp_url)
    port = parts.port or PORTS.get(parts.scheme, 25)
    try:
        socket.create_connection((parts.hostname or "", port), CONNECT_SECONDS).close()
    except OSError as error:
        return [
            Problem(
                "SMTP_URL",
                f"{parts.hostname}:{port} does not answer: {error.strerror or error}",
                "start the server or correct the address",
            )
        ]
    return []


def _photo_problems(config: Config) -> list[Problem]:
    """Whether the store of photos answers, and has the files of those that are shown."""
    if not config.database_url:
        return []
    try:
        there = {name for name, _written in storage.of(config).listed()}
    except StorageTrouble as trouble:
        return [Problem("STORAGE_URL", str(trouble), "start the store or correct the address")]
    with roles.connect(config.database_url, connect_timeout=2, autocommit=True) as connection:
        known = {row[0].hex: row[1] for row in connection.execute("SELECT stored_as, is_ready FROM photo_files()")}
    if count := photo_drawing.missing(known, there):
        return [
            Problem("photos", f"{count} have lost their files", "put them back from the backup, see README, Backup")
        ]
    return []


def _file_problems(config: Config) -> list[Problem]:
    found = []
    if not (web.STATIC / "build" / "manifest.json").exists():
        found.append(Problem("static files", "are not built", "run: make build"))
    try:
        config.instance_dir.mkdir(parents=True, exist_ok=True)
        writable = os.access(config.instance_dir, os.W_OK)
        free = shutil.disk_usage(config.instance_dir).free
    except OSError:
        return [*found, Problem("INSTANCE_DIR", "cannot be made", "choose a folder this user may write to")]
    if not writable:
        found.append(Problem("INSTANCE_DIR", "cannot be written to", "choose a folder this user may write to"))
    if free < LEAST_FREE_BYTES:
        found.append(Problem("INSTANCE_DIR", f"has only {free // 1_000_000} MB left", "make room"))
    return found
