"""The town of the attacks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from config import Config
from neighbour.core import clock
from tests.attacks.world import World, matrix_moment, standing
from tests.support import cluster
from tests.support.client import Client
from tests.support.cluster import Databases


@pytest.fixture
def world(app: Flask, database: Databases) -> Iterator[World]:
    """A town of the test's own, its clock standing still, where a crash is raised."""
    with standing(app, database) as made:
        yield made


@pytest.fixture(scope="session")
def _town(settings: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    from neighbour.app import create_app
    from neighbour.core.db import hang_up

    run, name = cluster.current(), "neighbour_town_" + os.environ.get("PYTEST_XDIST_WORKER", "solo")
    databases, folder = run.copy_template(name), tmp_path_factory.mktemp("town")
    places = {"database_url": databases.app_url, "owner_url": databases.owner_url, "instance_dir": folder}
    made = create_app(replace(settings, site_url="https://nachbar.example", environment="staging", **places))
    made.test_client_class = Client
    made.extensions["send_job"] = lambda name, args: None
    with clock.freeze(matrix_moment()):  # for the making only: other tests of this run have clocks of their own
        world = World(made, databases).build()
    yield world
    world.close()
    with made.app_context():
        hang_up()
    run.drop(name)


@pytest.fixture
def town(_town: World) -> Iterator[World]:
    """The town behind https that all tests share, where a crash is answered and not raised; put back after each."""
    with clock.freeze(matrix_moment()):
        yield _town
        _town.app.extensions.pop("names", None)
        _town.restore()
