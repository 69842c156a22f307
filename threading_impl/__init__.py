"""Every role is a thread of one process: a frame is handed on as a reference, and all share one GIL."""

from common.interfaces import Runtime

from .latest_queue import LatestQueue
from .stop_signal import StopSignal
from .worker import Worker

RUNTIME = Runtime(__name__.removesuffix("_impl"), LatestQueue, StopSignal, Worker)
