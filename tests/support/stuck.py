"""An app whose processor hangs, and a process that does not end when it is killed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

# `python -c` of an app whose processor, a thread with --python-work-ms, runs in an endless loop.
HANGING = """
import sys
import common.detection.experiments
import main

def work_for_ever(_):
    while True:
        pass

common.detection.experiments.work_in_python = work_for_ever
sys.exit(main.main(sys.argv[1:]))
"""

# A tracee with PTRACE_O_TRACEEXIT stops once more on its way to the end, also when it was killed, until its tracer lets
# it go on or ends itself (ptrace(2), PTRACE_EVENT_EXIT and BUGS).
TRACER = """
import ctypes, os, sys

PTRACE_SEIZE, PTRACE_O_TRACEEXIT = 0x4206, 0x40
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
if libc.ptrace(PTRACE_SEIZE, int(sys.argv[1]), None, PTRACE_O_TRACEEXIT) == -1:
    sys.exit(os.strerror(ctypes.get_errno()))
print("traced", flush=True)
sys.stdin.read()
"""


@contextmanager
def kept_from_ending(pid: int) -> Iterator[None]:
    """Keep a process from ending within the block, also by SIGKILL. Skips the test where ptrace is not allowed."""
    if sys.platform != "linux":
        pytest.skip("PTRACE_EVENT_EXIT is of Linux")
    with subprocess.Popen(
        [sys.executable, "-c", TRACER, str(pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as tracer:
        assert tracer.stdout is not None
        assert tracer.stderr is not None
        if not tracer.stdout.readline():
            pytest.skip(f"ptrace is not allowed here: {tracer.stderr.read().decode().strip()}")
        try:
            yield
        finally:
            tracer.kill()
