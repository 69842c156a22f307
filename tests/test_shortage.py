"""Errors that mean the machine, or a limit of the process, leaves too little of something."""

import errno
import os
from pathlib import Path

import pytest

from common.errors import VisionError
from common.shortage import shortage
from common.supervision.run_role import run_role


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "out of memory"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "too many open files (see ulimit -n)"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "no space left on the device"),
        (RuntimeError("can't start new thread"), "no further thread can be started (see ulimit -u and -v)"),
        (
            ImportError("cv2.so: failed to map segment from shared object"),
            "out of memory while loading a library (see ulimit -v)",
        ),
    ],
)
def test_a_shortage_is_recognised_and_ends_a_role_without_a_traceback(
    error: Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise error

    assert shortage(error) == reason
    failure = run_role("server", fail, ())
    assert isinstance(failure, VisionError)
    assert str(failure) == reason
    assert caplog.records == []


@pytest.mark.parametrize(
    "error", [OSError("no number"), FileNotFoundError(errno.ENOENT, "x"), RuntimeError("another"), ImportError("cv2")]
)
def test_another_error_is_no_shortage(error: Exception) -> None:
    assert shortage(error) is None


def test_the_number_of_a_real_error_is_recognised(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space") as raised, Path("/dev/full").open("w") as full:
        full.write("text")
    assert shortage(raised.value) == "no space left on the device"
