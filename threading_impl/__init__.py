"""Every role is a thread of one process: frames pass as references, and all roles share one GIL."""

from common.config.settings import Settings
from common.interfaces import Runtime

from .frame_memory import FrameMemory
from .latest_queue import LatestQueue, QueueReader
from .stop_signal import StopSignal
from .worker import Worker

RUNTIME = Runtime("threading", FrameMemory, LatestQueue, QueueReader, StopSignal, Worker)


def runtime(settings: Settings) -> Runtime:
    """Return the implementation, which is the same for all settings."""
    return RUNTIME
