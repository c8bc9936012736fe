"""Production does not start on soft ground."""

from __future__ import annotations

import dataclasses

import pytest
from click.testing import CliRunner

from config import DEVELOPMENT_KEY, Config
from neighbour.cli import main
from neighbour.core import broker, readiness, roles
from neighbour.core.postgres import DatabaseTrouble
from neighbour.up import checks

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SITE_URL": "https://nachbar.example.org",
    "SECRET_KEY": "kX2mQ9vB7nR4tZ8wL1pY6cF3hJ5dS0gA",
    "ADDRESS_KEY": "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=",
    "DATABASE_URL": "postgresql://app@db/nachbar?sslmode=verify-full",
    "DATABASE_OWNER_URL": "postgresql://owner@db/nachbar?sslmode=verify-full",
    "SMTP_URL": "smtp://mail:25",
    "MAIL_FROM": "post@nachbar.example.org",
    "CITY_NAME": "Altenbrück",
    "OPERATOR_NAME": "Ana",
    "OPERATOR_ADDRESS": "Weg 1",
    "OPERATOR_EMAIL": "a@example.org",
    "OPERATOR_RESPONSIBLE": "Ana",
}


def words(problems):
    return " | ".join(map(str, problems))


def test_the_ground_of_the_tests_is_firm(settings):
    assert readiness.database_problems(settings) == []
    assert readiness.broker_problems(settings) == []


@pytest.mark.parametrize(
    ("role", "complaint"),
    [
        ("superuser_url", "is a superuser"),
        ("superuser_url", "bypasses row-level security"),
        ("owner_url", "owns the schema"),
    ],
)
def test_a_privileged_role_is_refused(settings, database, role, complaint):
    risky = dataclasses.replace(settings, database_url=getattr(database, role))
    assert complaint in words(readiness.database_problems(risky))


def test_outstanding_migrations_are_refused(settings, empty_database):
    behind = dataclasses.replace(settings, database_url=empty_database.app_url, owner_url=empty_database.owner_url)
    assert "migrations are outstanding" in words(readiness.database_problems(behind))


def test_a_server_too_old_is_refused():
    old = roles.RoleFacts("app", 14, is_superuser=False, bypasses_rls=False, owns_tables=0, may_create=False)
    assert [problem.text for problem in readiness._role_problems(old)] == ["is PostgreSQL 14"]


def test_an_address_that_leads_nowhere_is_one_line_without_its_password(settings):
    lost = dataclasses.replace(settings, database_url="postgresql+psycopg://app:geheim@127.0.0.1:1/none")
    (problem,) = readiness.database_problems(lost)
    assert "Connection refused" in problem.text
    assert "geheim" not in str(problem)
    assert "\n" not in problem.text


def test_a_broker_that_is_away_is_named(settings):
    away = dataclasses.replace(settings, broker_url="redis://:geheim@127.0.0.1:1/0")
    found = readiness.broker_problems(away)
    assert len(found) == 1 and "geheim" not in words(found)


def test_secrets_are_not_shown(settings):
    secret = dataclasses.replace(
        settings,
        database_url="postgresql+psycopg://app:geheim@db/nachbar",
        smtp_url="smtp://me:geheim@mail:25",
        broker_url="amqp://me:geheim@mq//",
    )
    shown = str(list(checks.overview(secret, embedded=False)))
    assert "geheim" not in shown
    assert secret.secret_key not in shown
    assert secret.address_key not in shown


def test_production_refuses_to_start_as_a_privileged_role(settings, database):
    from neighbour.app import create_app

    production = dataclasses.replace(
        settings, environment="production", database_url=database.superuser_url, site_url="https://nachbar.example.org",
        secret_key="kX2mQ9vB7nR4tZ8wL1pY6cF3hJ5dS0gA", address_key="q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=",
        mail_from="a@example.org", operator_name="Ana", operator_address="Weg 1", operator_email="a@example.org", operator_responsible="Ana",
    )  # fmt: skip
    with pytest.raises(RuntimeError, match="superuser"):
        create_app(production)
    assert create_app(dataclasses.replace(production, database_url=database.app_url))


def test_the_queue_keeps_a_socket_folder_and_odd_passwords():
    url = "postgresql+psycopg://app:p%40s%20s@/nachbar?host=%2Ftmp%2Fa&port=5432"
    assert roles._parts(url) == {
        "user": "app",
        "password": "p@s s",
        "dbname": "nachbar",
        "host": "/tmp/a",
        "port": "5432",
    }
    assert broker.VISIBILITY_SECONDS > 2 * broker.TIME_LIMIT


@pytest.mark.parametrize(
    ("setting", "address", "complaint"),
    [
        ("DATABASE_URL", "mysql://app@db/nachbar", "is not a PostgreSQL address"),
        ("DATABASE_URL", "postgresql://app:geheim@[::1/nachbar", "is not a PostgreSQL address"),
        ("DATABASE_URL", "postgresql://app:geheim@db:many/nachbar", "is not a PostgreSQL address"),
        ("DATABASE_OWNER_URL", "postgresql://db/nachbar", "names no role or no database"),
        ("DATABASE_OWNER_URL", "postgresql://owner@db", "names no role or no database"),
        ("SMTP_URL", "mail.example.org:25", "is not the address of a mail server"),
        ("SMTP_URL", "smtp://me:geheim@mail:abc", "is not the address of a mail server"),
        ("SMTP_URL", "smtp://", "is not the address of a mail server"),
        ("BROKER_URL", "amqp://me:geheim@mq:abc//", "is not an address"),
    ],
)
def test_an_address_that_makes_no_sense_is_named_and_never_shown(setting, address, complaint):
    both = {
        "DATABASE_URL": "postgresql://app@db/nachbar?sslmode=verify-full",
        "DATABASE_OWNER_URL": "postgresql://owner@db/nachbar",
    }
    config = Config.from_env({**both, setting: address})
    (problem,) = config.problems()
    assert (problem.setting, problem.text) == (setting, complaint)
    shown = dict(checks.overview(config, embedded=False))
    assert "geheim" not in str(problem) + str(shown)


def test_several_hosts_in_one_address_are_an_address():
    url = "postgresql://app@one:5432,two:5433/nachbar?target_session_attrs=read-write"
    assert Config.from_env({"DATABASE_URL": url, "DATABASE_OWNER_URL": url}).problems() == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 64),
        ("SECRET_KEY", "please-change-me-please-change-me-0123456789"),
        ("ADDRESS_KEY", "YQ=="),
        ("ADDRESS_KEY", "A" * 43 + "="),
        ("ADDRESS_KEY", DEVELOPMENT_KEY),
        ("SITE_URL", "http://nachbar.example.org"),
        ("OPERATOR_NAME", ""),
        ("TILE_ATTRIBUTION", ""),
    ],
)
def test_production_names_what_is_missing_or_weak_and_how_to_mend_it(setting, value):
    tiles = {"TILE_URL": "https://tiles.example.org/{z}/{x}/{y}.png", "TILE_ATTRIBUTION": "© Tiles"}
    (problem,) = Config.from_env({**PRODUCTION, **tiles, setting: value}).problems()
    assert problem.setting == setting
    assert problem.mend


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://tiles.example.org/{z}/{x}/{y}.png", True),
        ("https://{s}.tiles.example.org:8443/map/{z}/{x}/{y}{r}.png?key=a-b", True),
        ("http://tiles.example.org/{z}/{x}/{y}.png", False),  # a page that came safely loads nothing that did not
        ("https://tiles.example.org/{z}/{x}.png", False),
        ("https://tiles.example.org/{z}/{x}/{y}/{key}.png", False),
        ("https://tiles.example.org", False),
        ("https://{x}.example.org/{z}/{x}/{y}.png", False),
        ("https://a.example;script-src *//{z}/{x}/{y}.png", False),
        ("https://a.example https://b.example/{z}/{x}/{y}.png", False),
        ("//tiles.example.org/{z}/{x}/{y}.png", False),
        ("https://tiles.example.org:99999/{z}/{x}/{y}.png", False),
    ],
)
def test_tiles_come_from_one_host_by_an_address_that_names_them(url, is_taken):
    problems = Config.from_env({**PRODUCTION, "TILE_URL": url, "TILE_ATTRIBUTION": "© Tiles"}).problems()
    assert [each.setting for each in problems] == ([] if is_taken else ["TILE_URL"])


def test_a_production_with_nothing_set_is_told_everything_at_once(tmp_path):
    for command in ("up", "check"):
        done = CliRunner().invoke(main, [command], env={**dict.fromkeys(PRODUCTION, ""), "ENVIRONMENT": "production",
                                                        "INSTANCE_DIR": str(tmp_path)})  # fmt: skip
        assert done.exit_code == 1
        for setting in set(PRODUCTION) - {"ENVIRONMENT", "DATABASE_OWNER_URL"}:
            assert f"{setting}: is" in done.output
    assert not (tmp_path / "postgres").exists()


def test_an_address_that_is_none_is_refused_without_repeating_it():
    for garbage in ("garbage geheim", "postgresql://app:geheim@[db/x", "host=db password=geheim nonsense"):
        with pytest.raises(DatabaseTrouble, match="not the address of a database") as refused:
            roles.connect(garbage)
        assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "is_taken"),
    [
        ("postgresql://app@db/nachbar", False),
        ("postgresql://app@one,two/nachbar", False),
        ("postgresql://app@10.0.0.7/nachbar?connect_timeout=3", False),
        ("postgresql://app@db/nachbar?sslmode=verify-full", True),
        ("postgresql://app@db/nachbar?sslmode=disable", True),
        ("postgresql://app@127.0.0.1:5433/nachbar", True),
        ("postgresql://app@/nachbar?host=/var/run/postgresql", True),
    ],
)
def test_no_database_of_another_machine_is_talked_to_in_plain_text_by_chance(address, is_taken):
    found = Config.from_env({**PRODUCTION, "DATABASE_URL": address}).problems()
    assert [problem.setting for problem in found if "TLS" in problem.text] == ([] if is_taken else ["DATABASE_URL"])
