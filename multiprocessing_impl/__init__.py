"""Every role is a process: frames pass through shared memory, and each role has a GIL of its own."""

from common.config.settings import Settings
from common.interfaces import Runtime

from .latest_queue import LatestQueue, QueueReader
from .shared_frames import SharedFrames
from .stop_signal import StopSignal
from .worker import Worker

RUNTIME = Runtime("multiprocessing", SharedFrames, LatestQueue, QueueReader, StopSignal, Worker)


def runtime(settings: Settings) -> Runtime:
    """Return the implementation, which is the same for all settings."""
    return RUNTIME
