"""The contract of the worker in every implementation: one run of a role, and its failure."""

import logging
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

import multiprocessing_impl
import threading_impl
from common.errors import ModelError, QueueBrokenError, SourceError, UserError, VisionError
from common.interfaces import LatestQueue, Runtime, StopSignal, Target
from tests.support.roles import PATIENCE_S, echo, fail, fail_with_log_level, refuse_to_stop, uniform, wait_for_stop

PROCESSES = multiprocessing_impl.RUNTIME


@pytest.fixture
def stop(runtime: Runtime) -> StopSignal:
    return runtime.stop_signal()


@pytest.fixture
def never() -> Iterator[StopSignal]:
    """A stop signal for processes that is not set before the end of the test."""
    stop = PROCESSES.stop_signal()
    yield stop
    stop.set()


def started(runtime: Runtime, target: Target, *args: object) -> Any:
    worker = runtime.worker("role", target, args)
    worker.start()
    return worker


def ended(runtime: Runtime, target: Target, *args: object) -> Any:
    worker = started(runtime, target, *args)
    assert worker.join(PATIENCE_S)
    return worker


def started_and_ready(runtime: Runtime, target: Target, stop: StopSignal) -> tuple[Any, int]:
    """Return a worker whose target runs, and the id of its process."""
    ready = runtime.latest_queue()
    worker = started(runtime, target, ready, stop)
    announcement = ready.get(PATIENCE_S)
    assert announcement is not None
    return worker, announcement.frame_id


def test_a_role_that_ends_normally_has_no_failure(runtime: Runtime) -> None:
    worker = ended(runtime, time.sleep, 0)
    assert not worker.is_alive()
    assert worker.failure() is None


def test_a_worker_is_alive_until_its_role_ends(runtime: Runtime, stop: StopSignal) -> None:
    worker, _ = started_and_ready(runtime, wait_for_stop, stop)
    assert worker.is_alive()
    assert worker.join(0.05) is False
    stop.set()
    assert worker.join(PATIENCE_S) is True
    assert not worker.is_alive()


def test_a_role_runs_in_a_thread_of_this_process_or_in_another_process() -> None:
    where = {}
    for runtime in (threading_impl.RUNTIME, PROCESSES):
        stop = runtime.stop_signal()
        _, where[runtime.name] = started_and_ready(runtime, wait_for_stop, stop)
        stop.set()
    assert where["threading"] == os.getpid()
    assert where["multiprocessing"] != os.getpid()


@pytest.mark.parametrize(
    "error",
    [
        UserError("no such road"),
        SourceError("cannot open 'road.mp4'"),
        ModelError("no ONNX"),
        QueueBrokenError("a process died"),
        VisionError("that failed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_this_app_keeps_its_type_and_text(runtime: Runtime, error: VisionError) -> None:
    failure = ended(runtime, fail, error).failure()
    assert type(failure) is type(error)
    assert str(failure) == str(error)


def test_any_other_exception_becomes_a_text_and_is_logged_with_its_traceback(
    runtime: Runtime, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    failure = ended(runtime, fail, ZeroDivisionError("no such luck")).failure()
    assert type(failure) is VisionError
    assert str(failure) == "ZeroDivisionError: no such luck"
    log = caplog.text + capfd.readouterr().err  # of the thread, and of the process
    assert "role failed" in log
    assert "in fail\n" in log
    assert "ZeroDivisionError: no such luck" in log


def test_a_worker_logs_from_the_level_of_the_process_that_started_it(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert str(ended(runtime, fail_with_log_level).failure()) == str(logging.ERROR)


def test_a_process_that_does_not_stop_can_be_killed(never: StopSignal) -> None:
    worker, _ = started_and_ready(PROCESSES, wait_for_stop, never)
    assert worker.kill() is True
    assert not worker.is_alive()


def test_a_process_that_ignores_sigterm_is_killed(never: StopSignal) -> None:
    worker, _ = started_and_ready(PROCESSES, refuse_to_stop, never)
    assert worker.kill() is True
    assert not worker.is_alive()
    assert str(worker.failure()) == "killed by signal 9 (SIGKILL), perhaps out of memory"


def test_a_thread_that_does_not_stop_cannot_be_killed() -> None:
    runtime = threading_impl.RUNTIME
    stop = runtime.stop_signal()
    worker, _ = started_and_ready(runtime, wait_for_stop, stop)
    assert worker.kill() is False
    assert worker.is_alive()
    stop.set()
    assert worker.join(PATIENCE_S)


@pytest.mark.parametrize(
    ("target", "argument", "failure"),
    [
        (signal.raise_signal, signal.SIGTERM, "killed by signal 15 (SIGTERM)"),
        (signal.raise_signal, signal.SIGABRT, "killed by signal 6 (SIGABRT)"),
        (signal.raise_signal, 40, "killed by signal 40"),  # a real-time signal, which has no name
        (os._exit, 3, "ended with exit code 3"),
    ],
    ids=["SIGTERM", "SIGABRT", "signal 40", "exit"],
)
def test_failure_of_a_process_that_sent_none_describes_how_it_ended(
    target: Target, argument: int, failure: str
) -> None:
    assert str(ended(PROCESSES, target, argument).failure()) == failure


def test_the_failure_of_a_killed_process_names_the_signal(never: StopSignal) -> None:
    worker, pid = started_and_ready(PROCESSES, wait_for_stop, never)
    os.kill(pid, signal.SIGKILL)
    assert worker.join(PATIENCE_S)
    failure = worker.failure()
    assert isinstance(failure, VisionError)
    assert not isinstance(failure, UserError)
    assert str(failure) == "killed by signal 9 (SIGKILL), perhaps out of memory"


@pytest.fixture
def _ctrl_c_interrupts() -> Iterator[None]:
    """Handle SIGINT as in a terminal: if the tests ignored it (as background jobs do), a child would too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c_interrupts")
def test_a_process_does_not_react_to_sigint() -> None:
    there, back, stop = PROCESSES.latest_queue(), PROCESSES.latest_queue(), PROCESSES.stop_signal()
    worker = started(PROCESSES, echo, there, back, stop)
    assert comes_back(there, back, 1)
    os.kill(worker._worker.pid, signal.SIGINT)
    assert all(comes_back(there, back, frame_id) for frame_id in range(2, 10))
    stop.set()
    assert worker.join(PATIENCE_S)
    assert worker.failure() is None


@pytest.mark.usefixtures("_ctrl_c_interrupts")
def test_a_process_does_not_react_to_sigint_while_it_starts(never: StopSignal) -> None:
    ready = PROCESSES.latest_queue()
    worker = started(PROCESSES, wait_for_stop, ready, never)
    deadline = time.monotonic() + PATIENCE_S
    while ready.get(0.02) is None:
        assert worker.is_alive(), worker.failure()
        assert time.monotonic() < deadline, "the worker does not start"
        os.kill(worker._worker.pid, signal.SIGINT)
    never.set()
    assert worker.join(PATIENCE_S)
    assert worker.failure() is None


def comes_back(there: LatestQueue, back: LatestQueue, frame_id: int) -> bool:
    there.put(uniform(frame_id))
    frame = back.get(PATIENCE_S)
    return frame is not None and frame.frame_id == frame_id
