"""Load a model with heartbeats: before the first frame an execution provider may compile it for minutes."""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from common.interfaces import StopSignal
from common.native_threads import native_thread
from common.pacing import Clock
from common.supervision.heartbeat import BEAT_S

FIRST_BEAT_S = 3.0  # the app is announced after the first heartbeat: a model that cannot be used ends it before
LIMIT_S = 1800.0  # TensorRT on a Jetson, which compiles a large model once

T = TypeVar("T")


def load_with_heartbeat(
    load: Callable[[], T], stop: StopSignal, limit_s: float = LIMIT_S, clock: Clock = time.monotonic
) -> T | None:
    """Call `load` in a thread and return its result, or None if stop is set first. Raises what `load` raises.

    The heartbeats begin after FIRST_BEAT_S, and end after `limit_s` seconds, for the supervisor to replace a role whose
    load does not return.
    """
    result: Future[T] = Future()
    native_thread(_complete, "loading", (result, load)).start()
    started = clock()
    while not result.done():
        if FIRST_BEAT_S <= clock() - started < limit_s:
            stop.beat()
        wait([result], BEAT_S)
        if stop.is_set():
            return None
    return result.result()


def _complete(result: Future[T], load: Callable[[], T]) -> None:
    try:
        result.set_result(load())
    except BaseException as error:  # raised in the caller's thread
        result.set_exception(error)
