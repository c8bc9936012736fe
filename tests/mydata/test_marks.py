"""The deletion ledger: no backup brings back who has left, and neither table nor file can forget it alone."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from neighbour.app import create_app
from neighbour.cli import main
from neighbour.core import roles, scope
from neighbour.core.db import as_owner, atomic, hang_up
from neighbour.mydata import erasing, marks
from neighbour.mydata.models import MarkState
from tests.factories import make_person, make_post, make_quarter, sign_in
from tests.support.client import Client

pytestmark = pytest.mark.usefixtures("instance_dir")
MARK = b"m" * 32


@pytest.fixture
def nobody(context):
    with scope.use(scope.NOBODY):
        yield


def say(state, keeps_texts=True):
    with atomic():
        marks.write(MARK, state, keeps_texts=keeps_texts)


def test_what_is_said_stands_in_table_and_file(nobody, owner, instance_dir, frozen_clock):
    say(MarkState.ASKED, keeps_texts=False)
    (line,) = marks.read()
    assert (line.mark, line.state, line.keeps_texts) == (MARK, "asked", False)
    assert owner.execute("SELECT state, keeps_texts FROM erasure_mark").fetchall() == [("asked", False)]
    assert (instance_dir / "erased.log").stat().st_mode & 0o077 == 0


def test_nothing_is_said_of_what_was_rolled_back(nobody, owner, instance_dir):
    with pytest.raises(RuntimeError), atomic():
        marks.write(MARK, MarkState.ASKED, keeps_texts=True)
        raise RuntimeError
    assert list(marks.read()) == []


@pytest.mark.parametrize("lost", ["table", "file"])
def test_what_one_side_lost_the_other_brings_back(nobody, owner, instance_dir, frozen_clock, lost):
    say(MarkState.ASKED)
    frozen_clock.tick(60)
    if lost == "table":
        owner.execute("DELETE FROM erasure_mark")
    else:
        (instance_dir / "erased.log").unlink()
    assert marks.reconcile() == 1 and marks.reconcile() == 0
    assert [line.state for line in marks.read()] == ["asked"]
    assert owner.execute("SELECT state FROM erasure_mark").fetchall() == [("asked",)]


def test_the_later_word_counts_on_both_sides(nobody, owner, instance_dir, frozen_clock):
    say(MarkState.ASKED)
    old = owner.execute("SELECT at FROM erasure_mark").fetchone()[0]
    frozen_clock.tick(60)
    say(MarkState.BACK)
    owner.execute("UPDATE erasure_mark SET state = 'asked', at = %s", [old])  # a backup from in between
    marks.reconcile()
    assert owner.execute("SELECT state FROM erasure_mark").fetchone() == ("back",)


def test_the_order_of_lines_does_not_matter(nobody, instance_dir, frozen_clock):
    say(MarkState.ASKED)
    frozen_clock.tick(60)
    say(MarkState.BACK)
    first, second = marks.read()
    assert marks.latest(iter([second, first])) == marks.latest(iter([first, second])) == {MARK: second}


@pytest.mark.parametrize("spoil", [lambda t: t.replace("asked", "backk"), lambda t: t[:-20], lambda t: t + "x y z\n"])
def test_a_line_that_is_torn_or_forged_is_left_out(nobody, owner, instance_dir, spoil):
    say(MarkState.ASKED)
    file = instance_dir / "erased.log"
    file.write_text(spoil(file.read_text()))
    assert [line.state for line in marks.read()] in ([], ["asked"])
    marks.reconcile()
    assert MARK in marks.latest(marks.read())  # the table says it again


def test_the_file_names_nobody(context, owner, instance_dir):
    ada = make_person(make_quarter())
    public_id, email = ada.public_id, ada.email
    erasing.begin(ada.id, keeps_texts=True)
    text = (instance_dir / "erased.log").read_text()
    assert public_id not in text and email not in text and f" {ada.id} " not in text


@contextmanager
def site(settings, databases, folder):
    """The application on a database and a folder of its own."""
    there = {"database_url": databases.app_url, "owner_url": databases.owner_url, "instance_dir": folder}
    app = create_app(dataclasses.replace(settings, **there))
    app.test_client_class = Client
    app.extensions["send_job"] = lambda name, args: None
    with app.app_context():
        yield app
        scope.leave()
        hang_up()


def test_whoever_left_after_the_backup_is_not_there_after_the_restore(
    settings, spare_database, empty_database, tmp_path
):
    """By the commands: back up, three leave (one comes back, one is gone already), restore, nobody who left is seen."""
    where = {"DATABASE_URL": spare_database.app_url, "DATABASE_OWNER_URL": spare_database.owner_url,
             "ENVIRONMENT": "test", "INSTANCE_DIR": str(tmp_path)}  # fmt: skip
    file = str(tmp_path / "backup.dump")
    with site(settings, spare_database, tmp_path):
        quarter = make_quarter()
        people = {name: make_person(quarter, name=name) for name in ("Hidden", "Gone", "Back", "Stays")}
        for person in people.values():
            make_post(person, quarter, title=f"Zettel von {person.first_name}")
        keys = {name: person.id for name, person in people.items()}
    assert CliRunner().invoke(main, ["db", "backup", file], env=where).exit_code == 0
    with site(settings, spare_database, tmp_path):
        erasing.begin(keys["Hidden"], keeps_texts=True)
        gone = erasing.begin(keys["Gone"], keeps_texts=False, grace=erasing.timedelta())
        with scope.use(scope.NOBODY):
            assert erasing.run(gone.id)
        back = erasing.begin(keys["Back"], keeps_texts=True)
        with scope.use(scope.NOBODY), atomic():
            marks.write(bytes(back.mark), MarkState.BACK, keeps_texts=True)
    done = CliRunner().invoke(main, ["db", "restore", file, "--force"], env=where)
    assert done.exit_code == 0, done.output
    assert "2 people who had asked to be deleted" in done.output
    with site(settings, spare_database, tmp_path) as app:
        with roles.connect(spare_database.owner_url, autocommit=True) as owner:
            names = [row[0] for row in owner.execute("SELECT first_name FROM person WHERE first_name <> '' ORDER BY 1")]
            assert names == ["Back", "Stays"]
        visitor = app.test_client()
        sign_in(visitor, people["Stays"])
        board = visitor.get("/board").text
        assert "Hidden P." not in board and "Gone" not in board
        assert "Zettel von Hidden" in board and "Zettel von Back" in board  # the choice of then holds
        with as_owner():
            assert erasing.replay() == 0
