"""The contract of the stop signal in every implementation: it ends every wait, and counts heartbeats."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import multiprocessing_impl
from common.interfaces import Runtime, StopSignal
from common.supervision.heartbeat import BEAT_S
from tests.support.roles import PATIENCE_S, wait_for_stop

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stop(runtime: Runtime) -> StopSignal:
    return runtime.stop_signal()


def waiting(runtime: Runtime, stop: StopSignal) -> Any:
    """Return a worker that waits for stop."""
    ready = runtime.latest_queue()
    worker = runtime.worker("waiter", wait_for_stop, (ready, stop))
    worker.start()
    assert ready.get(PATIENCE_S) is not None
    return worker


def test_it_is_not_set_until_it_is_set(stop: StopSignal) -> None:
    assert not stop.is_set()
    stop.set()
    assert stop.is_set()


def test_wait_returns_false_after_its_timeout(stop: StopSignal) -> None:
    started = time.monotonic()
    assert stop.wait(0.2) is False
    assert 0.19 < time.monotonic() - started < 10


def test_wait_returns_at_once_after_it_was_set(stop: StopSignal) -> None:
    stop.set()
    started = time.monotonic()
    assert stop.wait() is True
    assert stop.wait(30) is True
    assert time.monotonic() - started < 10


def test_it_may_be_set_twice(stop: StopSignal) -> None:
    stop.set()
    stop.set()
    assert stop.is_set()


def test_beats_are_counted_and_checks_of_the_signal_are_not(stop: StopSignal) -> None:
    counts = []
    for check in (stop.is_set, lambda: stop.wait(0), lambda: stop.wait(0.01)):
        check()
        stop.beat()
        counts.append(stop.beats())
    assert counts == [1, 2, 3]


def test_heartbeats_continue_during_a_long_wait_of_a_worker_and_end_with_it(runtime: Runtime, stop: StopSignal) -> None:
    worker = waiting(runtime, stop)
    begun, deadline = stop.beats(), time.monotonic() + PATIENCE_S
    while stop.beats() < begun + 3:
        assert time.monotonic() < deadline, "no heartbeat during the wait"
        time.sleep(0.02)
    stop.set()
    assert worker.join(PATIENCE_S)
    ended = stop.beats()
    time.sleep(2 * BEAT_S)
    assert stop.beats() == ended


def test_it_wakes_every_worker_that_waits(runtime: Runtime, stop: StopSignal) -> None:
    workers = [waiting(runtime, stop) for _ in range(2)]
    assert all(worker.is_alive() for worker in workers)
    stop.set()
    assert [worker.join(PATIENCE_S) for worker in workers] == [True, True]
    assert [worker.failure() for worker in workers] == [None, None]


def test_it_stops_a_worker_that_starts_after_it_was_set(runtime: Runtime, stop: StopSignal) -> None:
    stop.set()
    ready = runtime.latest_queue()
    worker = runtime.worker("waiter", wait_for_stop, (ready, stop))
    worker.start()
    assert worker.join(PATIENCE_S)
    assert worker.failure() is None


def test_it_can_be_set_after_a_process_was_killed_while_it_waited() -> None:
    runtime = multiprocessing_impl.RUNTIME
    stop = runtime.stop_signal()
    killed, other = waiting(runtime, stop), waiting(runtime, stop)
    killed._worker.kill()
    assert killed.join(PATIENCE_S)
    assert other.is_alive()
    stop.set()
    assert stop.is_set()
    assert other.join(PATIENCE_S)


PARENT = """
import sys
from multiprocessing_impl import RUNTIME
from tests.support.roles import wait_for_stop

if __name__ == "__main__":
    ready, stop = RUNTIME.latest_queue(), RUNTIME.stop_signal()
    workers = [RUNTIME.worker("waiter", wait_for_stop, (ready, stop)) for _ in range(2)]
    for worker in workers:
        worker.start()
        print(ready.get(30).frame_id, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A program with two workers that wait for its stop signal; it prints their process ids."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, script], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        yield program
        program.kill()


def test_children_stop_when_their_parent_is_killed(parent: subprocess.Popen[str]) -> None:
    assert parent.stdout is not None
    children = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
    try:
        assert all(runs(child) for child in children)
        parent.send_signal(signal.SIGKILL)
        parent.wait(PATIENCE_S)
        deadline = time.monotonic() + PATIENCE_S
        while any(runs(child) for child in children):
            assert time.monotonic() < deadline, "the children continue without their parent"
            time.sleep(0.02)
    finally:
        for child in children:
            if runs(child):
                child.kill()


def runs(process: psutil.Process) -> bool:
    """Return whether it still runs. Where no process reaps orphans, one that ended stays as a zombie."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
