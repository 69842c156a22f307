"""Frames that the consumer of a latest queue drops."""

import time
from dataclasses import replace

import numpy as np

import zenoh_impl
from common.config.settings import Settings
from common.frames import Frame
from zenoh_impl.latest_queue import LatestQueue
from zenoh_impl.node import Node

PATIENCE_S = 20.0


def test_a_queue_whose_frame_was_dropped_is_not_full() -> None:
    """Otherwise a worker would get no more frames after one that was too old, while the others have room."""
    node = zenoh_impl.runtime(Settings()).transport
    assert isinstance(node, Node)
    with node:
        link = replace(node.link, cameras={"gate": "gate-box"})  # of which the clock is not known
        queue = LatestQueue(link, name="gate to finder 1")
        assert queue.get(0) is None  # subscribes
        queue.put(Frame("gate", 1, time.time(), np.zeros((8, 8, 3), np.uint8)))
        assert queue.is_full()
        deadline = time.monotonic() + PATIENCE_S
        while queue.is_full():
            assert queue.get(0.05) is None
            assert time.monotonic() < deadline
