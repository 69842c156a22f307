"""Exponential back-off with jitter."""

import random
from collections.abc import Callable, Generator

JITTER = 0.2  # of each delay, to either side, so that clients that failed together do not all retry together


def backoff(first_s: float, longest_s: float, jitter: Callable[[], float] = random.random) -> Generator[float]:
    """Yield the delays before successive attempts, in seconds: `first_s`, doubled each time up to `longest_s`.

    `jitter` returns numbers from 0 to 1. After a success, start again with a new generator.
    """
    delay_s = first_s
    while True:
        yield delay_s * (1 + JITTER * (2 * jitter() - 1))
        delay_s = min(2 * delay_s, longest_s)
