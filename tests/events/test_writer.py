"""EventWriter: never blocks its caller, keeps the order, and continues when the disk is back."""

import sqlite3
import time
from pathlib import Path

import pytest

from common.events import writer as writer_module
from common.events.spool import Spool
from common.events.writer import EventWriter
from common.messaging.event import Event
from tests.support.waiting import wait_until


def event(number: int) -> Event:
    return Event(
        event_id=str(number), camera="gate", processor="p", frame_id=number, captured_at=1000.0, kind="crossing"
    )


def stored(path: Path) -> list[str]:
    with Spool(path, 1000) as spool:
        return [one.event.event_id for one in spool.since(0, 1000)]


def test_events_are_appended_in_order_and_what_waits_at_the_end_too(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite"
    with EventWriter(Spool(path, 1000)) as writer:
        for number in range(50):
            writer.write(event(number))
    assert stored(path) == [str(number) for number in range(50)]


def test_a_locked_spool_blocks_no_caller_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite"
    with Spool(path, 1000):
        pass
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    with EventWriter(Spool(path, 1000)) as writer:
        for number in range(20):
            writer.write(event(number))
        lock.execute("COMMIT")
        lock.close()
        wait_until(lambda: len(stored(path)) == 20)
    assert stored(path) == [str(number) for number in range(20)]


def test_a_folder_that_becomes_writable_gets_the_events_that_waited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RETRY_S", 0.05)
    blocked = tmp_path / "state"
    blocked.touch()
    path = blocked / "events.sqlite"
    with EventWriter(Spool(path, 1000)) as writer:
        writer.write(event(1))
        writer.write(event(2))
        time.sleep(0.2)  # some attempts fail
        blocked.unlink()
        wait_until(path.exists)
        wait_until(lambda: len(stored(path)) == 2)
    assert stored(path) == ["1", "2"]


def test_events_beyond_the_bound_are_lost_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "MAX_WAITING", 10)
    (tmp_path / "file").touch()
    with EventWriter(Spool(tmp_path / "file" / "events.sqlite", 1000)) as writer:
        for number in range(25):
            writer.write(event(number))
        assert writer.lost_count == 15
