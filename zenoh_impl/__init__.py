"""Every role is a process on the machine that its settings name; frames and messages travel by Zenoh."""

from functools import partial

from common.config.settings import Settings
from common.interfaces import Runtime
from multiprocessing_impl.stop_signal import StopSignal
from multiprocessing_impl.worker import Worker

from .frame_memory import FrameMemory
from .latest_queue import LatestQueue, QueueReader
from .node import Node


def runtime(settings: Settings) -> Runtime:
    """Return the implementation for one node."""
    node = Node("main")
    return Runtime("zenoh", FrameMemory, partial(LatestQueue, node.link), QueueReader, StopSignal, Worker, node)
