"""Whoever watches an instance hears one word: live as long as there is a web server, ready while it can work."""

from __future__ import annotations

import dataclasses

import pytest

from neighbour.core import readiness, roles
from neighbour.up import health


@pytest.fixture
def always_looks(monkeypatch):
    monkeypatch.setattr(health, "FRESH_SECONDS", -1.0)


@pytest.fixture
def own(settings, spare_database):
    """Settings with a database that a test may take away."""
    return dataclasses.replace(
        settings, database_url=spare_database.app_url, owner_url=spare_database.owner_url, environment="production",
        site_url="https://nachbar.example.org", secret_key="kX2mQ9vB7nR4tZ8wL1pY6cF3hJ5dS0gA",
        address_key="q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=", mail_from="a@example.org", operator_name="Ana",
        operator_address="Weg 1", operator_email="a@example.org", operator_responsible="Ana",
    )  # fmt: skip


@pytest.fixture
def site(own, always_looks):
    from neighbour.app import create_app
    from neighbour.core.db import hang_up

    app = create_app(own)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    yield app.test_client()
    with app.app_context():
        hang_up()


@pytest.fixture
def switch(spare_database):
    """Takes the database away, as a server that stops would, and gives it back."""
    name = roles._parts(spare_database.app_url)["dbname"]

    def turn(on):
        with roles.connect(spare_database.superuser_url.replace(f"/{name}?", "/postgres?"), autocommit=True) as server:
            server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {on}')
            if not on:
                server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    yield turn
    turn(True)


def word(client, path):
    answer = client.get(path)
    assert answer.mimetype == "text/plain"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    return answer.status_code, answer.get_data(as_text=True).strip()


def test_a_healthy_instance_says_so_in_one_word(site):
    assert word(site, "/live") == (200, "live")
    assert word(site, "/ready") == (200, "ready")


def test_without_its_database_it_lives_but_is_not_ready_and_comes_back(site, switch):
    assert site.get("/").status_code == 200
    switch(False)
    assert word(site, "/live") == (200, "live")
    assert word(site, "/ready") == (503, "unavailable")
    assert site.get("/ready").headers["Retry-After"] == "5"
    assert site.get("/").status_code == 503  # a page that says so, not a broken connection
    switch(True)
    assert word(site, "/ready") == (200, "ready")
    assert site.get("/").status_code == 200


def test_a_browser_that_is_signed_in_changes_nothing(site, switch):
    with site.session_transaction(base_url="https://nachbar.example.org") as cookie:
        cookie["_user_id"] = "somebody's"
    switch(False)
    assert site.get("/live", base_url="https://nachbar.example.org").status_code == 200


def test_a_schema_behind_or_ahead_of_the_code_is_not_ready(own, site, spare_database, caplog):
    with roles.connect(spare_database.owner_url, autocommit=True) as owner:
        owner.execute("UPDATE alembic_version SET version_num = '0001'")
    assert word(site, "/ready") == (503, "unavailable")
    assert "the schema is at 0001" in caplog.text
    with roles.connect(spare_database.owner_url, autocommit=True) as owner:
        owner.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "the schema is at 9999" in readiness.trouble(own)


def test_a_missing_queue_is_not_ready(own, site, spare_database):
    with roles.connect(spare_database.app_url, autocommit=True) as application:
        application.execute("ALTER TABLE pgmq.meta RENAME TO away")
    assert "pgmq.meta" in readiness.trouble(own)
    assert word(site, "/ready") == (503, "unavailable")


def test_a_broker_of_its_own_that_is_away_is_not_ready(own):
    away = dataclasses.replace(own, broker_url="redis://:geheim@127.0.0.1:1/0")
    assert "the queue cannot be used" in readiness.trouble(away)


def test_a_full_disk_is_not_ready(own, monkeypatch):
    monkeypatch.setattr(readiness, "LEAST_FREE_BYTES", 1 << 60)
    assert "no disk space" in readiness.trouble(own)


def test_the_reason_is_logged_once_and_asking_often_costs_one_look(own, monkeypatch, caplog):
    looks = []
    monkeypatch.setattr(readiness, "trouble", lambda config: looks.append(config) or "the cat sits on it")
    watch = health.Watch(own)
    assert [watch.is_ready() for _ in range(100)] == [False] * 100
    assert len(looks) == 1
    watch.asked_at = float("-inf")
    assert not watch.is_ready()
    assert len(looks) == 2
    assert caplog.text.count("the cat sits on it") == 1
