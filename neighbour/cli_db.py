"""``neighbour db``: the schema, backups, and a server of one's own."""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

import click
from sqlalchemy import create_engine

from config import Config
from neighbour.core import backups, instance, postgres, roles, schema
from neighbour.core.commands import complain


@click.group()
def db() -> None:
    """Upgrade, back up and restore the database."""


@db.command()
def upgrade() -> None:
    """Bring schema and queue up to date."""
    config, _cluster = instance.settle(Config.from_env(), _progress)
    roles.prepare_queue(config.owner_url, config.database_url)
    waiting = instance.outstanding(config.owner_url)
    for revision in waiting:
        click.echo(f"  {revision}")
    instance.migrate(config.owner_url, config.database_url)
    click.echo(f"{len(waiting)} steps done." if waiting else "Nothing to do: the schema is the newest.")
    _let_go_again(config)


@db.command()
@click.argument("superuser_url")
def create(superuser_url: str) -> None:
    """Make roles, database and queue on a server of one's own.

    SUPERUSER_URL is the address of any database there, with a role that may create others. Names and passwords
    are taken from DATABASE_URL and DATABASE_OWNER_URL. May be repeated.
    """
    config = Config.from_env()
    if not config.database_url or not config.owner_url:
        complain("set DATABASE_URL and DATABASE_OWNER_URL first: they say which roles and database to make")
    instance.refuse_wrong_addresses(config)
    roles.create_database(superuser_url, config.owner_url, config.database_url)
    click.echo("Roles, database and queue are there. Next: neighbour db upgrade")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def backup(file: Path, force: bool) -> None:
    """Write everything to FILE, its checksum to FILE.sha256.

    Everything but the jobs that are waiting: they are asked for again. Homes in it stay sealed; ADDRESS_KEY is not in
    it. Keep that key somewhere else.
    """
    if file.exists() and not force:
        complain(f"{file} exists; choose another name, or add --force")
    config, _cluster = instance.settle(Config.from_env(), _progress)
    size = backups.backup(config.owner_url, file, _progress)
    click.echo(f"{file}: {size / 1_000_000:.1f} MB")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace what is in the database now.")
def restore(file: Path, force: bool) -> None:
    """Put a backup into the database, in place of what is there.

    All of it or, if anything is wrong, nothing. Refuses a database in which people are registered or something is
    written, unless --force is given. Whoever left after the backup was made is deleted again: INSTANCE_DIR/erased.log
    says who.
    """
    backups.verify(file, _progress)
    config, _cluster = instance.settle(Config.from_env(), _progress)
    counts = backups.restore(config.owner_url, config.database_url, file, force=force, say=_progress)
    for table, count in counts.items():
        if count:
            click.echo(f"  {table:<28}{count:>10,}")
    waiting = instance.outstanding(config.owner_url)
    if not waiting:
        _let_go_again(config)
    click.echo("Restored." + (" The backup is older than the code; run: neighbour db upgrade" if waiting else ""))


def _let_go_again(config: Config) -> None:
    """Whoever asked to be deleted is so after a restore, too (``mydata.marks``). Nobody ever asked: nothing to do."""
    if not (config.instance_dir / "erased.log").exists():
        return
    app = importlib.import_module("neighbour.app").create_app(config)
    with app.app_context():
        from neighbour.core.db import as_owner, hang_up

        try:
            with as_owner():
                count = importlib.import_module("neighbour.mydata.erasing").replay()
        finally:
            hang_up()
    if count:
        click.echo(f"{count} people who had asked to be deleted were in it, and have been deleted again.")


def _progress(line: str) -> None:
    click.echo(line, err=True)


@db.command()
def drift() -> None:
    """Compare the models with the migrated schema.

    In a database of its own that is thrown away. Exit code 1 if they differ.
    """
    with tempfile.TemporaryDirectory(prefix="neighbour-drift-") as folder:
        Path(folder).chmod(0o755)
        cluster = postgres.ensure(Path(folder), throw_away=True)
        try:
            roles.create_database(cluster.superuser_url, cluster.owner_url, cluster.app_url)
            instance.migrate(cluster.owner_url, cluster.app_url)
            engine = create_engine(cluster.owner_url)
            differences = schema.drift(engine)
            engine.dispose()
        finally:
            cluster.stop()
    for difference in differences:
        click.echo(f"  {difference}")
    if differences:
        click.echo("models and migrations differ", err=True)
        sys.exit(1)
    click.echo("Models and migrations agree.")
