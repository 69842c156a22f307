"""Loading a model: heartbeats while it takes long, and its result, error or interruption."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from common.detection.loading import FIRST_BEAT_S, load_with_heartbeat
from common.errors import ModelError
from common.supervision.heartbeat import BEAT_S
from tests.support.waiting import PATIENCE_S, wait_until
from threading_impl.stop_signal import StopSignal


def test_the_result_is_returned() -> None:
    assert load_with_heartbeat(lambda: "detector", StopSignal()) == "detector"


def test_an_error_is_raised() -> None:
    def load() -> None:
        raise ModelError("not ONNX")

    with pytest.raises(ModelError, match="not ONNX"):
        load_with_heartbeat(load, StopSignal())


def test_no_heartbeat_is_sent_before_a_model_that_loads_soon() -> None:
    stop = StopSignal()
    load_with_heartbeat(lambda: time.sleep(1.5 * BEAT_S), stop)
    assert stop.beats() == 0


def test_heartbeats_are_sent_while_it_loads_for_long() -> None:
    stop, compiled = StopSignal(), threading.Event()
    clock = itertools.count(0, FIRST_BEAT_S).__next__
    with ThreadPoolExecutor() as executor:
        role = executor.submit(load_with_heartbeat, lambda: compiled.wait(PATIENCE_S), stop, clock=clock)
        wait_until(lambda: stop.beats() >= 3)
        compiled.set()
        assert role.result(PATIENCE_S)


def test_heartbeats_end_after_the_limit() -> None:
    stop, compiled = StopSignal(), threading.Event()
    clock = itertools.count(0, FIRST_BEAT_S).__next__
    with ThreadPoolExecutor() as executor:
        role = executor.submit(load_with_heartbeat, lambda: compiled.wait(5 * BEAT_S), stop, 2 * FIRST_BEAT_S, clock)
        assert not role.result(PATIENCE_S)
    assert stop.beats() == 1


def test_stop_interrupts_the_wait() -> None:
    stop, compiled = StopSignal(), threading.Event()
    with ThreadPoolExecutor() as executor:
        role = executor.submit(load_with_heartbeat, lambda: compiled.wait(PATIENCE_S), stop)
        stop.set()
        assert role.result(PATIENCE_S) is None
        compiled.set()
