"""End a process whose memory has run out, which asyncio, OpenCV and onnxruntime do not: they catch it and continue."""

import logging
import mmap
import os
import threading
import time

from common.telemetry.console_stream import drain_console

logger = logging.getLogger(__name__)

PROBE_BYTES = 4 * 2**20  # less leaves no room for a frame, nor for what asyncio receives at once
PERIOD_S = 1.0
MAX_FAILURES = 5  # in succession: a large frame may take what is left for a moment


def end_without_memory() -> None:
    """Start a thread that ends this process with exit code 1 after MAX_FAILURES probes for which there is no memory.

    A limit (ulimit -v, setrlimit(2)) makes a probe fail, and so does a kernel that does not overcommit. The
    out-of-memory killer of the kernel needs no probe.
    """
    threading.Thread(target=_run, name="memory", daemon=True).start()


def _run() -> None:
    reserve = _map()  # for the log line
    failures = 0
    while failures < MAX_FAILURES:
        time.sleep(PERIOD_S)
        failures = 0 if _is_available() else failures + 1
    reserve.close()
    logger.critical("out of memory (see ulimit -v and -d): the process ends")
    drain_console()
    os._exit(1)  # a normal exit would wait for threads that need memory to end


def _is_available() -> bool:
    try:
        _map().close()
    except (OSError, MemoryError):
        return False
    return True


def _map() -> mmap.mmap:
    """Map memory that is not used, and so is only counted."""
    return mmap.mmap(-1, PROBE_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
