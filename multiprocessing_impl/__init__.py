"""Every role is a process: a frame is handed on through shared memory, and each has a GIL of its own."""

from common.interfaces import Runtime

from .latest_queue import LatestQueue
from .stop_signal import StopSignal
from .worker import Worker

RUNTIME = Runtime(__name__.removesuffix("_impl"), LatestQueue, StopSignal, Worker)
