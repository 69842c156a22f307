"""Frames taken from a latest queue, and workers that use one."""

from collections.abc import Iterator
from contextlib import contextmanager

from common.frames import Frame
from common.interfaces import LatestQueue, Runtime, StopSignal, Target
from tests.support.roles import PATIENCE_S


def take(queue: LatestQueue) -> Frame:
    frame = queue.get(PATIENCE_S)
    assert frame is not None
    return frame


@contextmanager
def working(runtime: Runtime, stop: StopSignal, target: Target, *args: object) -> Iterator[None]:
    """Run `target` in a worker and stop it at the end of the block."""
    worker = runtime.worker("worker", target, args)
    worker.start()
    try:
        yield
    finally:
        stop.set()
    assert worker.join(PATIENCE_S)
    assert worker.failure() is None
