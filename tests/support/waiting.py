"""Waiting for what other threads and processes do."""

import time
from collections.abc import Callable

PATIENCE_S = 30.0  # limit for what takes well under a second on an idle machine


def wait_until(condition: Callable[[], object], what: str = "the condition is met") -> None:
    """Poll until `condition()` is true. Fails after PATIENCE_S with `what`, which describes the condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:g} s: {what}"
        time.sleep(0.01)
