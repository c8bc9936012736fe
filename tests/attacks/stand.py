"""The application outside pytest: on a database of its own, for what writes files and for long runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from config import Config
from tests.attacks.world import World, standing
from tests.support import cluster
from tests.support.client import Client


@contextmanager
def world() -> Iterator[World]:
    """The town of the attacks, with everything under it; gone at the end."""
    from neighbour.app import create_app
    from neighbour.core.db import hang_up

    databases = cluster.current().copy_template("neighbour_attacked")
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(settings(databases, folder))
        app.test_client_class = Client
        app.extensions["send_job"] = lambda name, args: None
        try:
            with standing(app, databases) as town:
                yield town
        finally:
            with app.app_context():
                hang_up()
            cluster.stop()


def settings(databases: cluster.Databases, folder: str) -> Config:
    """Those of tests/conftest.py, but for the mailbox, which nothing here writes to."""
    return Config.from_env({
        "ENVIRONMENT": "test", "SITE_URL": "http://localhost", "DATABASE_URL": databases.app_url,
        "DATABASE_OWNER_URL": databases.owner_url, "SMTP_URL": "smtp://127.0.0.1:9", "INSTANCE_DIR": folder,
        "CITY_NAME": "Altenbrück", "ARGON2_MEMORY_KIB": "64",
    })  # fmt: skip
