"""Threads that may be in native code when their process ends, and an end of the process that they do not disturb."""

import atexit
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

_threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


def native_thread(target: Callable[..., None], name: str, args: tuple[Any, ...] = ()) -> threading.Thread:
    """Return a daemon thread for calls of a native library that take long and cannot be interrupted."""
    thread = threading.Thread(target=target, name=name, args=args, daemon=True)
    _threads.add(thread)
    return thread


def end_beside_native_threads(code: int) -> None:
    """End this process with an exit code if such a thread still runs; return if none does.

    The functions registered with atexit are called, but the interpreter is not finalized. Before CPython 3.14 a daemon
    thread that returns from C code during finalization is ended by pthread_exit(), which aborts C++ code
    (https://github.com/python/cpython/issues/87135).
    """
    if any(thread.is_alive() for thread in _threads):
        atexit._run_exitfuncs()
        os._exit(code)
