"""``neighbour keys``: a new key for what is sealed, and everything sealed with it."""

from __future__ import annotations

import base64
import secrets

import click

from config import Config, numbered_key
from neighbour.core.commands import complain, operator_command, plainly, progress


@click.group()
def keys() -> None:
    """Change the key that homes are sealed with."""


@keys.command()
def new() -> None:
    """Print the settings for a new key; nothing is changed.

    They hold secrets: keep them where ADDRESS_KEY is kept. Set them for every process and restart all; then run
    `neighbour keys rotate`; then take ADDRESS_KEY_OLD away. Where processes restart one after another, set the new key as
    ADDRESS_KEY_OLD first, beside the one in use, so that all can open what it seals. HASH_KEY stays for ever.
    """
    config = Config.from_env()
    with plainly():
        number, _raw = numbered_key(config.address_key)
        old = [config.address_key, *filter(None, config.address_key_old.split(","))]
        ring = dict(numbered_key(one) for one in old)
    if number >= 255:
        complain("there are 255 numbers; this was the last")
    hash_key = config.hash_key or base64.b64encode(ring[min(ring)]).decode()
    said = [f"{each}:{base64.b64encode(raw).decode()}" for each, raw in sorted(ring.items(), reverse=True)]
    click.echo(f"ADDRESS_KEY={max(ring) + 1}:{base64.b64encode(secrets.token_bytes(32)).decode()}")
    click.echo(f"ADDRESS_KEY_OLD={','.join(said)}")
    click.echo(f"HASH_KEY={hash_key}")


@keys.command()
@operator_command
def rotate() -> None:
    """Seal everything with ADDRESS_KEY that another key has sealed. May run while people use the site, and again."""
    from neighbour.core import audit, rotation
    from neighbour.core.audit import Event

    show = progress("sealed anew:")
    found = rotation.rotate(show)
    audit.note(Event.KEYS_ROTATED)
    done, lost = sum(each.done for each in found), sum(each.lost for each in found)
    for each in found:
        click.echo(
            f"{each.place}: {each.done:,} sealed anew" + (f", {each.lost:,} that no key opens" if each.lost else "")
        )
    if lost:
        complain(f"{lost:,} values stay as they are: the key they were sealed with is not among ADDRESS_KEY_OLD")
    click.echo("ADDRESS_KEY_OLD may go now." if done else "Nothing was left to do. ADDRESS_KEY_OLD may go.")


@keys.command()
@operator_command
def check() -> None:
    """Say how many values each key has sealed."""
    from neighbour.core import crypto, rotation

    for number, count in sorted(rotation.left().items()):
        click.echo(f"key {number}: {count:,}" + (" (seals now)" if number == crypto.key_number() else ""))
