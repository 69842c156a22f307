"""Measure how long a thread of this process waits for the GIL."""

import time
from collections.abc import Callable, Iterator

from common.pacing import Clock, Ticker

# Often enough to see a convoy (the switch interval of the GIL is 5 ms: sys.getswitchinterval()), at negligible cost.
PROBE_FPS = 50.0


def gil_delays_ms(wait: Callable[[float], bool], clock: Clock = time.monotonic) -> Iterator[float]:
    """Yield, PROBE_FPS times a second, how much later than requested this thread ran again after a wait, in ms.

    A thread that is woken has to acquire the GIL before it runs. With a free core and a free GIL the delay is about
    0.1 ms. `wait` blocks for a time in seconds and returns True to end the iteration, like `threading.Event.wait`.
    """
    ticker = Ticker(PROBE_FPS, clock)
    while True:
        delay_s = ticker.delay_s()
        due_at = clock() + delay_s
        if wait(delay_s):
            return
        yield 1000 * (clock() - due_at)
