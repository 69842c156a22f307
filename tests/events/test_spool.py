"""Spool: events in order, at least once for each sink, bounded, and through a kill of the writer."""

import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from common.errors import SpoolError
from common.events.spool import TRIM_EVERY, Spool, Spooled
from common.messaging.event import Event

PATIENCE_S = 30.0


def event(number: int, captured_at: float = 1000.0) -> Event:
    return Event(
        event_id=str(number),
        camera="gate",
        processor="vehicles",
        frame_id=number,
        captured_at=captured_at,
        kind="crossing",
    )


def ids(spooled: list[Spooled]) -> list[str]:
    return [one.event.event_id for one in spooled]


def backlog(spool: Spool, sink: str) -> int:
    """Return how many events a sink has yet to send."""
    return len(spool.unsent(sink, 1_000_000))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "events.sqlite"


def test_a_sink_gets_the_events_in_order_until_it_has_marked_them(path: Path) -> None:
    with Spool(path, 1000) as spool:
        spool.add_sink("mqtt")
        for number in range(5):
            spool.append(event(number))
        first = spool.unsent("mqtt", 3)
        assert ids(first) == ["0", "1", "2"]
        spool.mark_sent("mqtt", first[1].position)
        assert ids(spool.unsent("mqtt", 10)) == ["2", "3", "4"]
        assert backlog(spool, "mqtt") == 3


def test_each_sink_has_its_own_position(path: Path) -> None:
    with Spool(path, 1000) as spool:
        spool.add_sink("mqtt")
        spool.add_sink("webhook")
        spool.append(event(1))
        spool.mark_sent("mqtt", spool.unsent("mqtt", 1)[0].position)
        assert (spool.unsent("mqtt", 1), ids(spool.unsent("webhook", 1))) == ([], ["1"])


def test_a_new_sink_begins_with_the_next_event_and_a_known_one_where_it_was(path: Path) -> None:
    with Spool(path, 1000) as spool:
        spool.append(event(1))
        spool.add_sink("mqtt")
        spool.append(event(2))
    with Spool(path, 1000) as spool:
        spool.append(event(3))
        spool.add_sink("mqtt")
        assert ids(spool.unsent("mqtt", 10)) == ["2", "3"]


def test_event_is_read_as_it_was_appended(path: Path) -> None:
    whole = Event(
        event_id="odd",
        camera="gate",
        processor="p",
        frame_id=7,
        captured_at=12.5,
        kind="crossing",
        text="a car, inbound",
        data={"track_id": 3, "label": "car", "speed": 1.5, "first": True},
        thumbnail="/9j/4AAQ",
    )
    with Spool(path, 1000) as spool:
        spool.add_sink("mqtt")
        spool.append(whole)
        (spooled,) = spool.unsent("mqtt", 1)
    assert spooled.event == whole


def test_the_spool_is_bounded_and_counts_what_a_sink_lost(path: Path) -> None:
    kept = 2 * TRIM_EVERY
    with Spool(path, kept) as spool:
        spool.add_sink("fast")
        spool.add_sink("slow")
        for number in range(5 * TRIM_EVERY):
            spool.append(event(number))
            spool.mark_sent("fast", number + 1)
        assert (backlog(spool, "slow"), spool.lost("slow")) == (kept, 3 * TRIM_EVERY)
        assert (backlog(spool, "fast"), spool.lost("fast")) == (0, 0)
        assert ids(spool.unsent("slow", 1)) == [str(3 * TRIM_EVERY)]


def test_events_that_are_appended_together_are_in_order_and_bounded(tmp_path: Path) -> None:
    with Spool(tmp_path / "events.sqlite", TRIM_EVERY) as spool:
        spool.add_sink("slow")
        spool.append(*(event(number) for number in range(2 * TRIM_EVERY + 1)))
        assert (backlog(spool, "slow"), spool.lost("slow")) == (TRIM_EVERY, TRIM_EVERY + 1)
        assert ids(spool.unsent("slow", 2)) == [str(TRIM_EVERY + 1), str(TRIM_EVERY + 2)]


def test_positions_are_not_used_twice_after_all_events_were_removed(path: Path) -> None:
    with Spool(path, 1000) as spool:
        spool.add_sink("mqtt")
        spool.append(event(1))
        spool.mark_sent("mqtt", spool.unsent("mqtt", 1)[0].position)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DELETE FROM events")
        spool.append(event(2))
        assert ids(spool.unsent("mqtt", 10)) == ["2"]


def test_the_newest_events_since_a_time_are_returned_oldest_first(path: Path) -> None:
    with Spool(path, 1000) as spool:
        for number in range(6):
            spool.append(event(number, captured_at=100.0 + number))
        assert ids(spool.since(101.5, 3)) == ["3", "4", "5"]
        assert ids(spool.since(104.5, 3)) == ["5"]


def append_for_ever(path: Path) -> None:
    with Spool(path, 1_000_000) as spool:
        number = 0
        while True:
            spool.append(event(number))
            number += 1


def test_a_writer_that_is_killed_leaves_a_sound_spool_without_gaps(path: Path) -> None:
    with Spool(path, 1_000_000) as spool:
        spool.add_sink("mqtt")
        writer = multiprocessing.get_context("spawn").Process(target=append_for_ever, args=(path,))
        writer.start()
        deadline = time.monotonic() + PATIENCE_S
        while backlog(spool, "mqtt") < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        found = ids(spool.unsent("mqtt", 1_000_000))
        spool.append(event(0))
    assert len(found) >= 20
    assert found == [str(number) for number in range(len(found))]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpoolError, match=r"event spool .*events\.sqlite: "), Spool(tmp_path / "file/events.sqlite", 10):
        pass


def test_a_file_that_is_not_a_database_is_one_line(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("not a database, " * 100)
    with pytest.raises(SpoolError, match="not a database"), Spool(path, 10):
        pass


def mark_until_closed(spool: Spool, marked: threading.Event) -> None:
    with suppress(SpoolError):
        while True:
            spool.mark_sent("mqtt", 1)
            marked.set()


def close_during_calls(path: Path) -> None:
    for _ in range(100):
        marked = threading.Event()
        with Spool(path, 1000) as spool:
            thread = threading.Thread(target=mark_until_closed, args=(spool, marked))
            thread.start()
            marked.wait(PATIENCE_S)
        thread.join()


def test_closing_while_another_thread_uses_the_spool_does_not_crash_the_process(path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=close_during_calls, args=(path,))
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == 0
