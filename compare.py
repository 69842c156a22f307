"""`python main.py compare`: both implementations at once, on the same clip, and a page that shows them side by side."""

import logging
import socket
import time

from pydantic import SecretStr

import multiprocessing_impl
import threading_impl
from common.config.settings import Settings, access_token
from common.interfaces import StopSignal
from common.pipeline import Comparison, Pipeline, listen


def make_pipeline(settings: Settings) -> Pipeline:
    """The app in processes on `settings.port`, and as one more of its roles the app in threads on a free port.

    As a role, the app in threads is a process of its own, supervised like the others: started again when it dies,
    ended with them, and gone when this process is killed. Raises UserError.
    """
    token = access_token(settings)
    settings = settings.model_copy(update={"token": token and SecretStr(token)})  # one that is made up opens both
    start_s = time.monotonic()
    here, there = listen(settings.host, settings.port), listen(settings.host, 0)
    pipeline = Pipeline(settings, multiprocessing_impl.RUNTIME, Comparison(here, port_of(there), start_s))
    pipeline.add_role("app in threads", run_in_threads, settings, Comparison(there, port_of(here), start_s))
    return pipeline


def run_in_threads(settings: Settings, comparison: Comparison, stop: StopSignal) -> None:
    """The whole app as threads of the process that this is called in, until stop is set."""
    logger = logging.getLogger()
    logger.setLevel(max(logger.level, logging.WARNING))  # two inference times on one console cannot be told apart

    def stopped() -> bool:
        stop.beat()
        return stop.is_set()

    # A thread that does not end goes with its process.
    Pipeline(settings, threading_impl.RUNTIME, comparison).run(stopped)


def port_of(listener: socket.socket) -> int:
    """Where it listens."""
    port: int = listener.getsockname()[1]
    return port
