"""One line per job goes into a file that stays small; the console is for what somebody must see."""

from __future__ import annotations

import errno
import io
import logging

import pytest

from neighbour.core import logs


@pytest.fixture
def root():
    """The root logger as it was, afterwards."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    logger.handlers[:] = []
    yield logger
    for handler in logger.handlers:
        handler.close()
    logger.handlers[:] = handlers
    logger.setLevel(level)
    for noisy in logs.NOISY:
        logging.getLogger(noisy).setLevel(logging.NOTSET)


def test_routine_goes_to_the_file_and_trouble_to_both(root, tmp_path, capsys):
    file = tmp_path / "log" / "jobs.log"
    logs.set_up(file)
    logging.getLogger("neighbour.jobs").info("delivered")
    logging.getLogger("neighbour.jobs").warning("failed")
    assert capsys.readouterr().err == "W neighbour.jobs: failed\n"
    first, second = file.read_text().splitlines()
    assert first.endswith("I neighbour.jobs: delivered")
    assert second.endswith("W neighbour.jobs: failed")
    assert file.stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_made_sends_routine_to_the_console(root, tmp_path, capsys):
    (tmp_path / "log").write_text("a file stands where the folder should be")
    logs.set_up(tmp_path / "log" / "jobs.log")
    logging.getLogger("neighbour.jobs").info("delivered")
    first, second = capsys.readouterr().err.splitlines()
    assert "jobs are logged here" in first
    assert second == "I neighbour.jobs: delivered"


def test_the_file_stays_small(root, tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "LARGEST", 1000)
    logs.set_up(tmp_path / "jobs.log")
    for number in range(100):
        logging.getLogger("neighbour.jobs").info("delivered %d", number)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["jobs.log", "jobs.log.1", "jobs.log.2", "jobs.log.3"]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert "delivered 99" in (tmp_path / "jobs.log").read_text()


def test_a_second_process_follows_when_the_first_has_turned_the_file_over(tmp_path):
    ours, theirs = logs.JobFile(tmp_path / "jobs.log"), logs.JobFile(tmp_path / "jobs.log")
    record = logging.LogRecord("neighbour.jobs", logging.INFO, "", 0, "after", (), None)
    theirs.doRollover()
    ours.emit(record)
    assert "after" in (tmp_path / "jobs.log").read_text()
    assert (tmp_path / "jobs.log.1").read_text() == ""
    ours.close()
    theirs.close()


class FullDisk(io.StringIO):
    def fileno(self):
        return -1

    def flush(self):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_said_once(tmp_path, capsys, monkeypatch):
    handler = logs.JobFile(tmp_path / "jobs.log")
    handler.stream.close()
    handler.stream = FullDisk()
    monkeypatch.setattr(handler, "_is_moved", lambda opened: False)
    record = logging.LogRecord("neighbour.jobs", logging.INFO, "", 0, "x", (), None)
    handler.emit(record)
    handler.emit(record)
    (said,) = capsys.readouterr().err.splitlines()
    assert said.endswith("No space left on device; jobs go on without")
    handler.stream = None
    handler.close()
