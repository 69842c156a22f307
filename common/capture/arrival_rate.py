"""The frame rate of a live source, measured where its frames arrive, and the read timeout that follows from it."""

from collections import deque

WINDOW_S = 10.0
WINDOW_FRAMES = 5  # at least, where WINDOW_S holds fewer
SETTLED_S = 1.0  # after opening: until then FFmpeg returns the frames that it buffered while it analysed the stream
MISSED_FRAMES = 3  # in a row, before the source counts as lost
LONGEST_TIMEOUT_S = 60.0


class ArrivalRate:
    """Measures the rate of one connection after the other. `now_s` is in seconds of a monotonic clock."""

    def __init__(self, timeout_s: float) -> None:
        """`timeout_s` is the shortest read timeout."""
        self.fps: float | None = None
        """Frames a second over the last WINDOW_S, None until two frames were measured."""
        self.timeout_s = timeout_s
        """How long to wait for the next frame."""
        self._shortest_s = timeout_s
        self._settled_s = 0.0
        self._arrivals_s: deque[float] = deque()

    def restart(self, now_s: float) -> None:
        """Start to measure a new connection."""
        self.fps = None
        self._settled_s = now_s + SETTLED_S
        self._arrivals_s.clear()

    def add(self, now_s: float) -> None:
        """Count a frame."""
        if now_s < self._settled_s:
            return
        arrivals_s = self._arrivals_s
        arrivals_s.append(now_s)
        while len(arrivals_s) > WINDOW_FRAMES and arrivals_s[0] < now_s - WINDOW_S:
            arrivals_s.popleft()
        span_s = now_s - arrivals_s[0]
        if span_s > 0:
            self.fps = (len(arrivals_s) - 1) / span_s
            self.timeout_s = max(self._shortest_s, min(MISSED_FRAMES / self.fps, LONGEST_TIMEOUT_S))

    def extend_timeout(self) -> None:
        """Double the timeout after it expired before the rate was known: the source may be slower than that."""
        if self.fps is None:
            self.timeout_s = min(2 * self.timeout_s, LONGEST_TIMEOUT_S)
