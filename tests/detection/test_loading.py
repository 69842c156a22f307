"""Loading a model: heartbeats while it takes long, and its result, error or interruption."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from common.detection.loading import load_with_heartbeat
from common.errors import ModelError
from common.supervision.heartbeat import BEAT_S
from threading_impl.stop_signal import StopSignal

PATIENCE_S = 10


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_result_is_returned() -> None:
    assert load_with_heartbeat(lambda: "detector", StopSignal()) == "detector"


def test_an_error_is_raised() -> None:
    def load() -> None:
        raise ModelError("not ONNX")

    with pytest.raises(ModelError, match="not ONNX"):
        load_with_heartbeat(load, StopSignal())


def test_heartbeats_are_sent_while_it_loads() -> None:
    stop, compiled = StopSignal(), threading.Event()
    with ThreadPoolExecutor() as executor:
        role = executor.submit(load_with_heartbeat, lambda: compiled.wait(PATIENCE_S), stop)
        until(lambda: stop.beats() >= 3)
        compiled.set()
        assert role.result(PATIENCE_S)


def test_heartbeats_end_after_the_limit() -> None:
    stop, compiled, now = StopSignal(), threading.Event(), [0.0]
    with ThreadPoolExecutor() as executor:
        role = executor.submit(load_with_heartbeat, lambda: compiled.wait(PATIENCE_S), stop, 60, lambda: now[0])
        until(lambda: stop.beats() >= 1)
        now[0] = 61
        time.sleep(BEAT_S)  # within which the last one may be sent
        beats = stop.beats()
        time.sleep(2.5 * BEAT_S)
        assert stop.beats() == beats
        compiled.set()
        assert role.result(PATIENCE_S)


def test_stop_interrupts_the_wait() -> None:
    stop, compiled = StopSignal(), threading.Event()
    with ThreadPoolExecutor() as executor:
        role = executor.submit(load_with_heartbeat, lambda: compiled.wait(PATIENCE_S), stop)
        until(lambda: stop.beats() >= 1)
        stop.set()
        assert role.result(PATIENCE_S) is None
        compiled.set()
