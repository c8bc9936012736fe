"""``neighbour digest``: what the operator sees of a morning started by hand."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from neighbour.cli import main
from neighbour.core import clock
from tests.digests.helpers import EVENING, make_reader
from tests.factories import make_person, make_post, make_quarter


@pytest.fixture
def command(settings):
    """Runs ``neighbour digest …`` on this test's database."""
    where = {
        "ENVIRONMENT": "test", "DATABASE_URL": settings.database_url, "DATABASE_OWNER_URL": settings.owner_url,
        "SMTP_URL": settings.smtp_url, "INSTANCE_DIR": str(settings.instance_dir),
    }  # fmt: skip
    return lambda *words: CliRunner().invoke(main, ["digest", *words], env=where, prog_name="neighbour")


@pytest.fixture
def reader(context):
    quarter = make_quarter("Weberviertel")
    with clock.freeze(EVENING):
        make_post(make_person(quarter), quarter, title="Handschuh gefunden")
    return make_reader(quarter)


def test_an_issue_sent_by_hand_says_how_many_and_writes_no_bar_into_a_file(command, reader, mailbox, frozen_clock):
    done = command("send", "--now")
    assert done.exit_code == 0, done.output
    assert done.stdout == "2026-05-12: 1 mails handed over, 1 quarters with something new\n"
    assert done.stderr == "… opening 1 of 1\n… sending 1 of 1\n"
    assert [mail.recipients for mail in mailbox.messages()] == [(reader.email,)]


def test_the_preview_is_the_mail(command, reader, frozen_clock):
    done = command("preview", reader.email)
    assert done.exit_code == 0, done.output
    assert "Handschuh gefunden" in done.stdout


def test_a_stranger_has_no_next_mail(command, context):
    done = command("preview", "niemand@example.org")
    assert (done.exit_code, done.stderr) == (1, "neighbour: nobody has the address niemand@example.org\n")
