"""Every role is a process on the machine that its settings name; frames and messages travel by Zenoh."""

from functools import partial

from common.config.settings import Settings
from common.errors import SettingsError
from common.interfaces import Runtime
from multiprocessing_impl.stop_signal import StopSignal
from multiprocessing_impl.worker import Worker

try:
    from .jpeg_frames import JpegFrames
    from .latest_queue import LatestQueue, QueueReader
    from .node import Node
    from .presence import components_of_nodes
    from .session import router_options
except ModuleNotFoundError as error:
    if error.name != "zenoh":
        raise
    raise SettingsError("--impl zenoh needs eclipse-zenoh; run: pip install -r requirements-zenoh.txt") from error


def runtime(settings: Settings) -> Runtime:
    """Return the implementation for one node."""
    node = Node(router_options(settings), components_of_nodes(settings) if settings.node else {})
    memory = partial(JpegFrames, quality=settings.zenoh.jpeg_quality, width=settings.zenoh.frame_width)
    return Runtime("zenoh", memory, partial(LatestQueue, node.link), QueueReader, StopSignal, Worker, node)
