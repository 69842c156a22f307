"""A thread that sends the report of a meter once a second, and probes the GIL meanwhile."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from common.messaging.report import MetricsReport
from common.telemetry.gil_probe import gil_delays_ms
from common.telemetry.meter import Meter

PERIOD_S = 1.0
JOIN_S = 2.0


class Reporter:
    """Sends reports between `__enter__` and `__exit__`."""

    def __init__(self, meter: Meter, send: Callable[[MetricsReport], None], is_connected: Callable[[], bool]) -> None:
        """While `is_connected` returns False no report is taken, and the meter continues to count."""
        self._meter = meter
        self._send = send
        self._is_connected = is_connected
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def __enter__(self) -> Self:
        self._meter.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        report_at = time.monotonic() + PERIOD_S
        for delay_ms in gil_delays_ms(self._ended.wait):
            self._meter.sample("gil_delay_ms", delay_ms)
            late_s = time.monotonic() - report_at
            if late_s >= 0 and self._is_connected():
                self._send(self._meter.take_report())
                report_at += (
                    1 + int(late_s / PERIOD_S)
                ) * PERIOD_S  # on schedule, without the periods that were missed
