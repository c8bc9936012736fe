"""Settings, read once from the environment, typed, and judged.

Every setting has a name, a type and – in development and tests – a safe default. ``Config.from_env``
reads, ``Config.problems`` says what is wrong and how to mend it; production refuses to start with any
problem in the list. Nothing else in the code reads the environment.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ENVIRONMENTS = ("development", "test", "production")
GEOCODERS = ("gazetteer", "nominatim", "photon")
DEVELOPMENT_KEY = base64.b64encode(b"development-only-key-32-bytes-ok").decode()
DEVELOPMENT_SECRET = "development-only-secret-never-for-production"  # noqa: S105  refused in production
HELP_LINES = (
    "Hilfetelefon Gewalt gegen Frauen: 116 016; Hilfetelefon Gewalt an Männern: 0800 1239900;"
    " Telefonseelsorge: 0800 1110111"
)
HERE = ("localhost", "127.0.0.1", "::1")
WEAK_WORDS = ("development", "example", "change", "secret", "password", "test")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: which setting, what about it, how to mend it."""

    setting: str
    text: str
    mend: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.text} – {self.mend}"


class NotReady(RuntimeError):
    """The instance may not start; the message lists what is wrong, each with how to mend it."""

    def __init__(self, problems: Sequence[Problem]):
        lines = "\n  ".join(map(str, problems))
        super().__init__("not ready to start:" + ("\n  " if len(problems) > 1 else " ") + lines)


@dataclass(frozen=True)
class Config:
    """All settings of an instance. URLs are strings as their libraries take them, paths absolute."""

    environment: str
    site_url: str
    secret_key: str
    secret_key_old: str  # keys that still read what they signed, with commas between
    address_key: str  # [NUMBER:]32 bytes in base64: seals homes; kept outside the database and its backups
    address_key_old: str  # keys that still open what they sealed, with commas between
    hash_key: str  # 32 bytes, base64: makes hashes comparable; never changes ("" = the first ADDRESS_KEY)
    database_url: str  # role of the application: neither owner nor superuser ("" = embedded)
    owner_url: str  # role that owns the schema: migrations, imports, operator's commands
    broker_url: str  # "" = the same database through pgmq
    smtp_url: str
    mail_from: str
    instance_dir: Path
    storage_url: str  # where files of photos lie ("" = INSTANCE_DIR/photos)
    host: str
    port: int
    web_workers: int
    trusted_proxies: int
    city_name: str
    time_zone: str
    language: str
    geocoder: str
    geocoder_url: str
    geocoder_agent: str
    tile_url: str
    tile_attribution: str
    operator_name: str
    operator_address: str
    operator_email: str
    operator_responsible: str  # who answers for contents (§ 18 (2) MStV)
    source_url: str  # where the source of what runs here is ("" = this server hands it out itself)
    letters_per_day: int
    help_lines: tuple[tuple[str, str], ...]  # whom people at risk can call: name and number
    quick_exit_url: str  # where the page about protection leads whoever must leave it at once
    argon2_memory_kib: int
    demo: bool  # in development the demo city moves into an empty instance

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Config:
        """Read the settings; raises ValueError naming the setting when a value cannot be read at all."""
        read = _Reader(os.environ if environ is None else environ)
        environment = read.text("ENVIRONMENT", "development")
        production = environment == "production"
        port = read.number("PORT", 5000)
        return cls(
            environment=environment,
            site_url=read.text("SITE_URL", "" if production else f"http://localhost:{port}").rstrip("/"),
            **_keys(read, production),
            database_url=read.database("DATABASE_URL"),
            owner_url=read.database("DATABASE_OWNER_URL"),
            broker_url=read.text("BROKER_URL", ""),
            smtp_url=read.text("SMTP_URL", ""),
            mail_from=read.text("MAIL_FROM", "" if production else "Nachbar <brett@localhost>"),
            instance_dir=Path(read.text("INSTANCE_DIR", "instance")).resolve(),
            storage_url=read.text("STORAGE_URL", ""),
            host=read.text("HOST", "127.0.0.1"),
            port=port,
            web_workers=read.number("WEB_WORKERS", 2),
            trusted_proxies=read.number("TRUSTED_PROXIES", 0),
            city_name=read.text("CITY_NAME", "" if production else "Altenbrück"),
            time_zone=read.text("TIME_ZONE", "Europe/Berlin"),
            language=read.text("LANGUAGE", "de")[:2],
            geocoder=read.text("GEOCODER", "gazetteer"),
            geocoder_url=read.text("GEOCODER_URL", ""),
            geocoder_agent=read.text("GEOCODER_AGENT", ""),
            tile_url=read.text("TILE_URL", ""),
            tile_attribution=read.text("TILE_ATTRIBUTION", ""),
            operator_name=read.text("OPERATOR_NAME", ""),
            operator_address=read.text("OPERATOR_ADDRESS", ""),
            operator_email=read.text("OPERATOR_EMAIL", ""),
            operator_responsible=read.text("OPERATOR_RESPONSIBLE", ""),
            source_url=read.text("SOURCE_URL", ""),
            letters_per_day=read.number("LETTERS_PER_DAY", 50),
            help_lines=read.pairs("HELP_LINES", HELP_LINES),
            quick_exit_url=read.text("QUICK_EXIT_URL", "https://www.wikipedia.org/"),
            argon2_memory_kib=read.number("ARGON2_MEMORY_KIB", 32_768),
            demo=read.text("DEMO", "yes") != "no",
        )

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def is_https(self) -> bool:
        return self.site_url.startswith("https://")

    def problems(self) -> list[Problem]:
        """Everything wrong with the settings by themselves, without touching network or database."""
        found = list(_plain_problems(self))
        if self.is_production:
            found += _production_problems(self)
        return found


class _Reader:
    def __init__(self, environ: Mapping[str, str]):
        self.environ = environ

    def text(self, name: str, default: str) -> str:
        value = self.environ.get(name, "").strip()
        # A shell's own LANGUAGE ("en_GB:en") is about the terminal, not about the city.
        if name == "LANGUAGE" and value[:2] not in ("de", "en"):
            return default
        return value or default

    def number(self, name: str, default: int) -> int:
        value = self.environ.get(name, "").strip()
        try:
            return int(value) if value else default
        except ValueError:
            raise ValueError(f"{name} must be a whole number, not {value!r}") from None

    def pairs(self, name: str, default: str) -> tuple[tuple[str, str], ...]:
        """``one: its value; another: its value``; what has no value gets an empty one."""
        parts = (each.partition(":") for each in self.text(name, default).split(";") if each.strip())
        return tuple((word.strip(), value.strip()) for word, _colon, value in parts)

    def database(self, name: str) -> str:
        """A PostgreSQL URL, in SQLAlchemy's spelling for psycopg 3."""
        value = self.text(name, "")
        for prefix in ("postgres://", "postgresql://"):
            if value.startswith(prefix):
                return "postgresql+psycopg://" + value.removeprefix(prefix)
        return value


def _keys(read: _Reader, production: bool) -> dict[str, str]:
    """What signs, seals and hashes; known keys in development."""
    return {
        "secret_key": read.text("SECRET_KEY", "" if production else DEVELOPMENT_SECRET),
        "secret_key_old": read.text("SECRET_KEY_OLD", ""),
        "address_key": read.text("ADDRESS_KEY", "" if production else DEVELOPMENT_KEY),
        "address_key_old": read.text("ADDRESS_KEY_OLD", ""),
        "hash_key": read.text("HASH_KEY", ""),
    }


def _plain_problems(config: Config) -> list[Problem]:
    found = []
    if config.environment not in ENVIRONMENTS:
        found.append(
            Problem("ENVIRONMENT", f"{config.environment!r} is unknown", "use one of " + ", ".join(ENVIRONMENTS))
        )
    if config.geocoder not in GEOCODERS:
        found.append(Problem("GEOCODER", f"{config.geocoder!r} is unknown", "use one of " + ", ".join(GEOCODERS)))
    if config.geocoder != "gazetteer" and not config.geocoder_agent:
        found.append(
            Problem(
                "GEOCODER_AGENT",
                "is missing",
                "public geocoders ask for a name and a contact, for example 'nachbar-altenbrueck (mail@example.org)'",
            )
        )
    try:
        ZoneInfo(config.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        found.append(Problem("TIME_ZONE", f"{config.time_zone!r} is unknown", "use a name such as Europe/Berlin"))
    if not 1 <= config.port <= 65_535:
        found.append(Problem("PORT", f"{config.port} is no port", "use a number from 1 to 65535"))
    found += _address_problems(config)
    found += _tile_problems(config)
    if bool(config.database_url) != bool(config.owner_url):
        missing = "DATABASE_OWNER_URL" if config.database_url else "DATABASE_URL"
        found.append(Problem(missing, "is missing", "give both roles: the application's and the owner's"))
    found += _key_problems(config)
    if any(not (who and number) for who, number in config.help_lines):
        found.append(Problem("HELP_LINES", "has a line without name or number", "write Name: number; Name: number"))
    if not _is_web_address(config.quick_exit_url):
        found.append(Problem("QUICK_EXIT_URL", "is not an http or https address", "leave it out, or give all of it"))
    if config.source_url and not _is_web_address(config.source_url):
        found.append(Problem("SOURCE_URL", "is not an http or https address", "leave it out, or give all of it"))
    return found


def _tile_problems(config: Config) -> Iterator[Problem]:
    if config.tile_url and not config.tile_attribution:
        yield Problem("TILE_ATTRIBUTION", "is missing", "say whom the tiles are from, for example '© OpenStreetMap'")
    if config.tile_url and not _is_of_tiles(config.tile_url, config.is_https):
        form = "use https://host/{z}/{x}/{y}.png; {s}. may stand before the host, {r} in the path"
        yield Problem("TILE_URL", "is not the address of map tiles", form)


def _key_problems(config: Config) -> Iterator[Problem]:
    """Keys that seal nothing, that are called alike, or that are missing for what was sealed or hashed before."""
    numbers = []
    for name, text in (("ADDRESS_KEY", config.address_key), ("ADDRESS_KEY_OLD", config.address_key_old)):
        for one in text.split(",") if text or name == "ADDRESS_KEY" else []:
            try:
                numbers.append(numbered_key(one)[0])
            except ValueError:
                yield Problem(name, "is not 32 bytes in base64", "make one with: openssl rand -base64 32")
    if len(numbers) > len(set(numbers)):
        yield Problem("ADDRESS_KEY_OLD", "has a number that another key has", "see: neighbour keys new")
    if config.hash_key and not _is_key(config.hash_key):
        yield Problem("HASH_KEY", "is not 32 bytes in base64", "set it to what neighbour keys new said")
    if not config.hash_key and numbers and 1 not in numbers:
        yield Problem("HASH_KEY", "is missing although the first key is gone", "set it to what neighbour keys new said")


def numbered_key(text: str) -> tuple[int, bytes]:
    """Number and bytes of a key written ``2:base64``; one without a number is the first. Raises ValueError."""
    before, colon, key = text.strip().rpartition(":")
    number = int(before) if colon else 1
    raw = base64.b64decode(key, validate=True)
    if len(raw) != 32 or not 1 <= number <= 255:
        raise ValueError("not a number from 1 to 255 and 32 bytes in base64")
    return number, raw


def _address_problems(config: Config) -> Iterator[Problem]:
    """Addresses that lead nowhere whatever the network says."""
    form = "use postgresql://role:password@host/database"
    for name, url in (("DATABASE_URL", config.database_url), ("DATABASE_OWNER_URL", config.owner_url)):
        parts = _split(url)
        if url and (parts is None or parts.scheme != "postgresql+psycopg"):
            yield Problem(name, "is not a PostgreSQL address", form)
        elif url and parts and not (parts.username and parts.path.strip("/")):
            yield Problem(name, "names no role or no database", form)
    if config.smtp_url:
        parts = _split(config.smtp_url)
        if parts is None or parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not parts.hostname:
            yield Problem(
                "SMTP_URL", "is not the address of a mail server", "use smtp://, smtps:// or smtp+starttls://"
            )
    if config.storage_url and not _is_bucket(config.storage_url):
        yield Problem("STORAGE_URL", "is not the address of a bucket", "use s3://key:secret@host/bucket?region=…")
    if config.broker_url and _split(config.broker_url) is None:
        yield Problem("BROKER_URL", "is not an address", "use amqp://user:password@host// or redis://host/0")


def _is_bucket(url: str) -> bool:
    parts = _split(url)
    is_s3 = parts is not None and parts.scheme in ("s3", "s3+http")
    bucket = parts.path.strip("/") if parts is not None else ""
    return bool(
        is_s3 and parts and parts.hostname and parts.username and parts.password and bucket and "/" not in bucket
    )


def _split(url: str) -> SplitResult | None:
    """The parts of an address, None if it cannot be taken to pieces."""
    try:
        parts = urlsplit(url)
        _port = parts.port if "," not in parts.netloc else None  # PostgreSQL's addresses may name several hosts
    except ValueError:
        return None
    return parts


def _production_problems(config: Config) -> list[Problem]:
    found = []
    key_hint = "make one with: openssl rand -base64 48"
    if len(config.secret_key) < 32:
        found.append(Problem("SECRET_KEY", "is missing or shorter than 32 characters", key_hint))
    elif any(word in config.secret_key.lower() for word in WEAK_WORDS) or len(set(config.secret_key)) < 12:
        found.append(Problem("SECRET_KEY", "is an example or easy to guess", key_hint))
    found += _weak_keys(config)
    found += _unprotected(config)
    if not config.is_https:
        found.append(Problem("SITE_URL", "is missing or not https", "for example https://nachbar.example.org"))
    for setting, value in (
        ("DATABASE_URL", config.database_url),
        ("SMTP_URL", config.smtp_url),
        ("MAIL_FROM", config.mail_from),
        ("CITY_NAME", config.city_name),
        ("OPERATOR_NAME", config.operator_name),
        ("OPERATOR_ADDRESS", config.operator_address),
        ("OPERATOR_EMAIL", config.operator_email),
        ("OPERATOR_RESPONSIBLE", config.operator_responsible),
    ):
        if not value:
            found.append(Problem(setting, "is missing", "production needs it; see README, first steps as operator"))
    return found


def _unprotected(config: Config) -> Iterator[Problem]:
    """Databases of another machine whose address leaves TLS to chance: libpq's own default takes plain text where the server
    offers nothing better (ASVS 5.0 V12.3). Whoever wants that on a network of their own has to say so."""
    for name, url in (("DATABASE_URL", config.database_url), ("DATABASE_OWNER_URL", config.owner_url)):
        parts = _split(url)
        if parts and parts.hostname and parts.hostname not in HERE and "sslmode=" not in parts.query:
            hint = "add ?sslmode=verify-full, or on a network of your own ?sslmode=disable"
            yield Problem(name, "leads to another machine and says nothing of TLS", hint)


def _weak_keys(config: Config) -> Iterator[Problem]:
    if config.address_key.rpartition(":")[2] == DEVELOPMENT_KEY:
        yield Problem("ADDRESS_KEY", "is the development key", "make one with: openssl rand -base64 32")
    elif _is_key(config.address_key) and len(set(numbered_key(config.address_key)[1])) < 8:
        yield Problem("ADDRESS_KEY", "is easy to guess", "make one with: openssl rand -base64 32")
    for one in filter(None, config.secret_key_old.split(",")):
        if len(one.strip()) < 32:
            yield Problem("SECRET_KEY_OLD", "has a key shorter than 32 characters", "take it out, or give all of it")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and text.isprintable() and " " not in text


def _is_of_tiles(text: str, is_https: bool) -> bool:
    """Whether text is a template of Leaflet's for tiles: its host becomes a source in the Content-Security-Policy and has to be
    one host, reached as safely as the pages themselves."""
    whole = re.fullmatch(r"(https?)://(\{s\}\.)?[A-Za-z0-9.-]+(:\d{1,5})?/([\w./@=&?~%{}-]+)", text, re.ASCII)
    if whole is None or _split(text.replace("{s}.", "a.")) is None:
        return False
    names = set(re.findall(r"\{(.*?)\}", whole[4]))
    return {"z", "x", "y"} <= names <= {"z", "x", "y", "r"} and (whole[1] == "https" or not is_https)


def _is_key(text: str) -> bool:
    try:
        return bool(numbered_key(text))
    except ValueError:  # binascii's error is one
        return False
