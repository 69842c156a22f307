"""Frames that the consumer of a latest queue drops."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import zenoh_impl
from common.config.settings import Settings
from common.detection.frame_processor import FrameProcessor
from common.detection.outcome import Outcome
from common.errors import FrameDroppedError
from common.frames import Frame
from common.messaging.publisher import Ingest, Publisher
from common.server.stats import StatsBoard
from common.telemetry.meter import Meter
from threading_impl.stop_signal import StopSignal
from zenoh_impl.latest_queue import LatestQueue
from zenoh_impl.node import Node

PATIENCE_S = 30.0


@pytest.fixture
def queue() -> Iterator[LatestQueue]:
    """A queue with a frame of a node whose clock is not known."""
    node = zenoh_impl.runtime(Settings()).transport
    assert isinstance(node, Node)
    with node:
        queue = LatestQueue(replace(node.link, cameras={"gate": "gate-box"}), name="gate to finder 1")
        assert queue.get(0) is None  # subscribes
        queue.put(Frame("gate", 1, time.time(), np.zeros((8, 8, 3), np.uint8)))
        assert queue.is_full()
        yield queue


def test_a_queue_whose_frame_was_dropped_is_not_full(queue: LatestQueue) -> None:
    """Otherwise a worker would get no more frames after one that was too old, while the others have room."""
    with pytest.raises(FrameDroppedError, match="clock unknown"):
        queue.get(PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while queue.is_full():
        assert queue.get(0.05) is None
        assert time.monotonic() < deadline


class OneBeat(StopSignal):
    """Is set once the processor has taken a frame, or none for long."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter
        self.report = meter.take_report()
        self._deadline = time.monotonic() + PATIENCE_S

    def is_set(self) -> bool:
        self.report = self._meter.take_report()
        return bool(self.report.parts) or time.monotonic() > self._deadline


def test_a_frame_that_a_processor_drops_is_counted_by_its_cause(queue: LatestQueue) -> None:
    meter = Meter("processor finder", processor="finder")
    stop, board = OneBeat(meter), StatsBoard(cameras=("gate",))
    processor = FrameProcessor(lambda frame: Outcome((), 0, 0), queue, meter, name="finder")
    processor.run(Publisher(Ingest(1, "")), stop)
    board.add(stop.report)
    assert board.stats(0).drops == {"processor/clock unknown": 1}
    drop = 'vision_drops_total{camera="gate",cause="clock unknown",consumer="processor",processor="finder"} 1.0'
    assert drop in board.prometheus_text(0).decode().splitlines()
