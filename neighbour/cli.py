"""``neighbour``: the operator's commands. Each room brings its own group."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from config import Config
from neighbour import __version__
from neighbour.core import memory
from neighbour.core.commands import complain, reason


class Groups(click.Group):
    """Loads a room's commands only when they are asked for, so that ``neighbour --help`` is instant."""

    rooms = {
        "up": ("neighbour.up.cli", "up", "Start everything: database, web, worker, beat, local mailbox."),
        "check": ("neighbour.up.cli", "check", "Say what is configured, what is missing and how to mend it."),
        "quarters": ("neighbour.quarters.cli", "quarters", "Import, list, look up and change quarters."),
        "addresses": (
            "neighbour.residency.gazetteer.cli",
            "addresses",
            "Import the city's register and look addresses up.",
        ),
        "letters": ("neighbour.residency.cli", "letters", "Print the postcards that are waiting."),
        "initiatives": (
            "neighbour.initiatives.cli",
            "initiatives",
            "Initiatives, their editors, and what they confirm.",
        ),
        "events": ("neighbour.events.cli", "events", "Import a list of events."),
        "flyers": ("neighbour.residency.flyers_cli", "flyers", "Codes on paper for the houses of some streets."),
        "cases": ("neighbour.residency.cases.cli", "cases", "Proofs that nobody at a desk may decide about."),
        "digest": ("neighbour.digests.cli", "digest", "Preview or send the digest."),
        "demo": ("neighbour.demo.cli", "demo", "The demo city Altenbrück, for trying things out."),
        "board": ("neighbour.contributions.cli", "board", "Take down what must not stay, and put it back."),
        "mails": ("neighbour.notices.cli", "mails", "What waits to be sent, and what was given up on."),
        "person": ("neighbour.accounts.cli", "person", "Create and promote people."),
        "keys": ("neighbour.cli_keys", "keys", "Change the key that homes are sealed with."),
        "privacy": (
            "neighbour.mydata.cli",
            "privacy",
            "What is deleted when, who was affected, the papers of the law.",
        ),
        "db": ("neighbour.cli_db", "db", "Upgrade, back up and restore the database."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.rooms)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.rooms:
            return None
        module, attribute, _help = self.rooms[name]
        with memory.loading():
            return getattr(importlib.import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_module, _attribute, line) in self.rooms.items()])

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command. What whoever sits at the terminal can mend is one clear line there, never a traceback."""
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
        except NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.ClickException as error:
            context = getattr(error, "ctx", None)
            hint = f" (see {context.command_path} --help)" if context else ""
            click.echo(f"neighbour: {error.format_message().rstrip('.')}{hint}", err=True)
            sys.exit(error.exit_code)
        except click.Abort:
            complain("stopped")
        except Exception as error:
            words = reason(error)
            if words is None:
                raise
            complain(words)
        sys.exit(code if isinstance(code, int) else 0)


@click.group(cls=Groups)
@click.version_option(__version__, prog_name="neighbour")
def main() -> None:
    """The open neighbourhood network. Settings come from the environment; `neighbour check` shows them."""
    try:
        Config.from_env()
    except ValueError as error:
        click.echo(f"neighbour: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
