"""Targets of workers in the tests: functions at module level, so that another process can import them."""

import itertools
import logging
import os
import signal
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from common.errors import VisionError
from common.frames import Frame
from common.interfaces import LatestQueue, StopSignal
from common.pacing import Ticker
from common.supervision.heartbeat import wait_with_heartbeat

SHAPES = ((360, 640, 3), (90, 160, 3), (480, 854, 3))
CHANGE_EVERY = 100  # frames of `produce` until its next shape
PATIENCE_S = 30.0


def uniform(frame_id: int, shape: tuple[int, ...] = (4, 6, 3)) -> Frame:
    """Return a frame of one value that depends on its id: a mixture of two frames is not uniform."""
    return Frame("main", frame_id, frame_id / 8, np.full(shape, frame_id % 251, np.uint8))


def is_whole(frame: Frame) -> bool:
    """Return whether every pixel belongs to this frame."""
    return bool((frame.image == frame.frame_id % 251).all())


def shape_of(frame_id: int) -> tuple[int, ...]:
    """Return the shape that `produce` gives this frame."""
    return SHAPES[frame_id // CHANGE_EVERY % len(SHAPES)]


def announce(ready: LatestQueue) -> None:
    """Report that the worker runs by a frame whose id is that of its process."""
    ready.put(uniform(os.getpid()))


def produce(queue: LatestQueue, stop: StopSignal, first_id: int, fps: float) -> None:
    """Put uniform frames, their ids rising from `first_id`, until stop is set."""
    ticker = Ticker(fps)
    for frame_id in itertools.count(first_id):
        if wait_with_heartbeat(stop, ticker.delay_s()):
            return
        queue.put(uniform(frame_id, shape_of(frame_id)))


def put_large_frames(queue: LatestQueue, stop: StopSignal) -> None:
    """Put frames of 4K, each of which takes some 50 ms to encode, every 10 ms until stop is set."""
    image = np.random.default_rng(0).integers(0, 256, (2160, 3840, 3), np.uint8)
    for frame_id in itertools.count(1):
        if wait_with_heartbeat(stop, 0.01):
            return
        queue.put(Frame("main", frame_id, frame_id / 8, image))


def echo(incoming: LatestQueue, outgoing: LatestQueue, stop: StopSignal) -> None:
    """Put each frame into `outgoing` until stop is set."""
    while not stop.is_set():
        stop.beat()
        frame = incoming.get(0.2)
        if frame is not None:
            outgoing.put(frame)


def consume(queue: LatestQueue, taken: Connection) -> None:
    """Send for every frame whether it is whole, until the process is killed."""
    while True:
        frame = queue.get(PATIENCE_S)
        if frame is not None:
            taken.send(is_whole(frame))


def put_without_end(queue: Any, tickets: Connection, shape: tuple[int, ...]) -> None:
    """Put two frames in turn, each in place of the one before, and send their tickets until the process is killed."""
    for frame in itertools.cycle([uniform(1, shape), uniform(2, shape)]):
        ticket = queue._frames.write(frame)
        queue._frames.hold(queue.name, ticket, overwritten=True)
        tickets.send(ticket)


def wait_for_stop(ready: LatestQueue, stop: StopSignal) -> None:
    """Run until stop is set."""
    announce(ready)
    wait_with_heartbeat(stop)


def refuse_to_stop(ready: LatestQueue, release: StopSignal) -> None:
    """Ignore SIGTERM and run until `release` is set."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wait_for_stop(ready, release)


def fail(error: Exception) -> None:
    """Raise an exception."""
    raise error


def fail_with_log_level() -> None:
    """Raise an exception whose text is the level from which this worker logs."""
    raise VisionError(str(logging.getLogger().getEffectiveLevel()))


def die_holding(lock: str, queue: Any) -> None:
    """Kill this process while it holds one of the locks of a `multiprocessing.Queue`."""
    getattr(queue.tickets._queue, lock).acquire()
    os.kill(os.getpid(), signal.SIGKILL)


def put_two(queue: LatestQueue) -> None:
    """Put two frames; the second put has to overwrite the first."""
    queue.put(uniform(1))
    queue.put(uniform(2))


def loop_for_ever(stop: StopSignal) -> None:
    """Send one heartbeat, then run an endless loop of pure Python."""
    stop.beat()
    while True:
        pass


def read_for_ever(stop: StopSignal) -> None:
    """Send one heartbeat, then read from a pipe to which nothing is written."""
    stop.beat()
    reader, writer = os.pipe()
    os.read(reader, 1)
    os.close(writer)
