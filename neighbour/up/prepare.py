"""Bring an instance's database up to date, and fill an empty one with the demo city (development only).

Run by the supervisor as a process of its own: ``python -m neighbour.up.prepare``.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from config import Config
from neighbour.core import instance
from neighbour.core.postgres import DatabaseTrouble
from neighbour.up.supervisor import say


def prepare(config: Config) -> None:
    """Migrate; in development seed the demo city if there is no quarter yet (unless ``DEMO=no``)."""
    waiting = instance.outstanding(config.owner_url)
    if waiting:
        say(f"the schema is brought up to date ({len(waiting)} steps) …")
        instance.migrate(config.owner_url, config.database_url)
    if config.environment == "development" and config.demo:
        _seed(config)


def _seed(config: Config) -> None:
    if find_spec("neighbour.demo.seed") is None:
        return  # the demo is a room like others and may be left out
    seed = import_module("neighbour.demo.seed")
    from neighbour.app import create_app

    app = create_app(config)
    with app.app_context():
        seed.seed_if_empty(say)
    _keep_logins(config.instance_dir, seed.logins())


def _keep_logins(folder: Path, lines: list[str]) -> None:
    (folder / "logins").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Entry point; exit code 1 and one line on trouble."""
    os.umask(0o077)
    try:
        prepare(instance.located(Config.from_env()))
    except DatabaseTrouble as trouble:
        say(str(trouble))
        sys.exit(1)


if __name__ == "__main__":
    main()
