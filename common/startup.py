"""End the program with one line when it cannot start: called before any package is imported."""

import os
import resource
import sys
from types import TracebackType

from common.errors import ResourceError
from common.shortage import shortage

MINIMA = (
    (resource.RLIMIT_NOFILE, "ulimit -n", "open files", 64),  # each viewer needs one more
    # A role with OpenCV and onnxruntime maps 1.1 GB of addresses.
    (resource.RLIMIT_AS, "ulimit -v", "KiB of address space", 1_500_000),
)


def prepare() -> None:
    """Check the limits of this process, and report what the imports that follow may raise in one line."""
    sys.excepthook = report_uncaught
    for number, name, unit, minimum in MINIMA:
        limit = resource.getrlimit(number)[0]
        limit = limit // 1024 if number == resource.RLIMIT_AS else limit
        if 0 <= limit < minimum:  # -1: no limit
            print(f"error: {name} allows {limit:,} {unit}; at least {minimum:,} are needed", file=sys.stderr)
            raise SystemExit(2)


def report_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print one line for an error with a known cause, else a traceback (a value for `sys.excepthook`)."""
    if isinstance(error, ModuleNotFoundError) and "." not in str(error.name):
        reason: str | None = f"the package {error.name} is not installed; run: pip install -r requirements.txt"
    else:
        reason = shortage(error)
    if reason is None:
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"error: {reason}", file=sys.stderr)


def flush_output() -> None:
    """Write what is left for standard output. Raises ResourceError."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        # Else the interpreter tries once more at its end and prints a traceback (signal module, "Note on SIGPIPE").
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ResourceError(f"standard output cannot be written: {error.strerror}") from error
