"""`python main.py compare`: both implementations at once, on the same clip, and a page that shows them side by side."""

import logging
import socket
import time

import multiprocessing_impl
import threading_impl
from common.config.access import access_token
from common.config.sections import webcams
from common.config.settings import Settings
from common.errors import SettingsError
from common.interfaces import StopSignal
from common.pipeline import Comparison, Pipeline
from common.server.listen import listen
from common.supervision.role import Role


def make_pipeline(settings: Settings) -> Pipeline:
    """Return the app in processes on `settings.port`, with the app in threads on a free port as one more role.

    As a role, the app in threads is a process that is supervised like the others. Raises UserError.
    """
    for _, index in webcams(settings.cameras):
        raise SettingsError(
            f"compare opens each source twice, and webcam {index} can be opened once; give a file or a URL"
        )
    token = access_token(settings)  # one for both apps
    start_s = time.monotonic()
    processes, threads = listen(settings.host, settings.port), listen(settings.host, 0)
    other = settings, Comparison(threads, port_of(processes), start_s, token)
    role = Role("app in threads", "app in threads", run_in_threads, lambda: other)
    comparison = Comparison(processes, port_of(threads), start_s, token, roles=(role,))
    return Pipeline(settings, multiprocessing_impl.RUNTIME, comparison)


def run_in_threads(settings: Settings, comparison: Comparison, stop: StopSignal) -> None:
    """Run the app in threads of this process until stop is set. A thread that hangs ends with the process."""
    logger = logging.getLogger()
    logger.setLevel(max(logger.level, logging.WARNING))  # the console shows the inference times of one app only

    def stop_requested() -> bool:
        stop.beat()
        return stop.is_set()

    Pipeline(settings, threading_impl.RUNTIME, comparison).run(stop_requested, lambda: None)


def port_of(listener: socket.socket) -> int:
    """Return the port on which `listener` listens."""
    port: int = listener.getsockname()[1]
    return port
