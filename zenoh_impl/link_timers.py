"""Calls a function some time after each link was made, unless the link was lost meanwhile."""

import threading
from collections.abc import Callable

import zenoh


class LinkTimers:
    """A timer for each link that has just been made. Used on the threads of Zenoh, which call it one at a time."""

    def __init__(self, check: Callable[["zenoh.Link"], None], delay_s: Callable[[], float]) -> None:
        """`check` is called on a thread of its own; `delay_s` returns the time until then."""
        self._check = check
        self._delay_s = delay_s
        self._timers: dict[tuple[str, str], threading.Timer] = {}  # by the ends of the link

    def follow(self, event: "zenoh.LinkEvent") -> None:
        """Handle a link that was made or lost."""
        ends = event.link.src, event.link.dst
        if timer := self._timers.pop(ends, None):
            timer.cancel()
        if event.kind == zenoh.SampleKind.PUT:
            timer = self._timers[ends] = threading.Timer(self._delay_s(), self._run, (event.link,))
            timer.daemon = True
            timer.start()

    def close(self) -> None:
        """Cancel all timers."""
        while self._timers:
            self._timers.popitem()[1].cancel()

    def _run(self, link: "zenoh.Link") -> None:
        self._timers.pop((link.src, link.dst), None)
        self._check(link)
