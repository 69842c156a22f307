"""What this implementation needs of the operating system: processes that start and end cleanly, anonymous memory."""

import contextlib
import ctypes
import mmap
import os
import shutil
import signal
import sys
import tempfile
import warnings
import weakref
from collections.abc import Iterator
from multiprocessing import resource_tracker
from pathlib import Path

PROGRAM = Path(__file__).parents[1]
SHM = Path("/dev/shm")  # noqa: S108 - only its free space is read
PR_SET_PDEATHSIG = 1  # prctl(2)

_semaphores: set[str] = set()
"""Names that the resource tracker unlinks when this process is killed."""


def prepare_to_spawn() -> None:
    """Remove what would keep a new process from starting or its end from being noticed.

    Called in the main thread before each start. Raises FileNotFoundError when the program was removed.
    """
    if not Path(__file__).exists():  # a spawned process imports the program again
        raise FileNotFoundError(f"{PROGRAM} was removed; restore it, or restart the app from its new folder")
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        # Inherited from the process that started this one. With SIGCHLD ignored, waitpid() fails with ECHILD (wait(2),
        # notes), which `multiprocessing` takes for a process that is alive.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        os.getcwd()
    except FileNotFoundError:  # removed; a spawned process changes to the current folder of its parent
        os.chdir("/")
    ensure_resource_tracker()


@contextlib.contextmanager
def blocked(*signals: signal.Signals) -> Iterator[None]:
    """Block `signals` in this thread, and in a process started meanwhile for its whole life: the mask is inherited."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ensure_resource_tracker() -> None:
    """Start the process that unlinks semaphores after their creator was killed, or replace one that was killed itself.

    The tracker ignores SIGINT and SIGTERM. SIGHUP, which a closed terminal sends to all, has to be blocked.
    """
    with blocked(signal.SIGHUP), warnings.catch_warnings(action="ignore"):  # a replacement causes a warning
        resource_tracker.ensure_running()
        for name in _semaphores:  # unknown to a replacement; to register a name twice has no effect
            resource_tracker.register(name, "semaphore")


def track_semaphores(owner: object, names: set[str]) -> None:
    """Register the semaphores `names` with the resource tracker and its replacements until the end of `owner`."""
    _semaphores.update(names)
    weakref.finalize(owner, _untrack_semaphores, names)


def _untrack_semaphores(names: set[str]) -> None:
    ensure_resource_tracker()  # a replacement prints a KeyError when a name that it has not registered is unregistered
    _semaphores.difference_update(names)


def free_space_for_semaphores(count: int) -> str:
    """Return how much space Linux has for semaphores, which take a page each, and how much `count` need; or ""."""
    if not SHM.is_dir():
        return ""
    return f"; {SHM} has {shutil.disk_usage(SHM).free:,} bytes free of {count * mmap.PAGESIZE:,} that are needed"


def end_with_parent() -> None:
    """Let the kernel kill this process when its parent ends, on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def exit_reason(exit_code: int) -> str:
    """Describe the exit code of a process as `multiprocessing` gives it: -N for one that was killed by signal N."""
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    number = -exit_code
    name = f" ({signal.Signals(number).name})" if number in set(signal.Signals) else ""  # real-time signals have none
    cause = ", perhaps out of memory" if number == signal.SIGKILL else ""  # by the out-of-memory killer of the kernel
    return f"killed by signal {number}{name}{cause}"


def anonymous_file(size: int) -> int:
    """Open a file without a name that holds `size` bytes, none of which takes memory before it is written."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("latest-frame")
    else:  # macOS
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, size)
    return fd
