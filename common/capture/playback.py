"""Playback of a clip in a loop: which frame is due at a given time, and how long to decode when it is late."""

from dataclasses import dataclass

STEP_S = (0.001, 10.0)  # how long a frame can last; a timestamp that implies another duration is broken
MAX_LATE_S = 1.0  # lateness that later ticks may make up for; beyond it the clip's clock slips
STALL_S = 2.0  # more lateness than slow decoding causes: the process was suspended, or opened the file late
MAX_CATCH_UP_S = 1.0  # of decoding in one tick
FAST = 2.0  # times real time: at this speed decoding reaches the frame that is due in any case
NEWEST_SHARE = 0.1  # of the newest frame in the average decoding time


@dataclass
class Playback:
    """The current frame of a clip, and when it is due. All times are in seconds.

    Each frame is due at its own timestamp, on a clock that continues over all loops, and is current while it is the
    one nearest to now. So frames repeat or are left out, and time neither stretches nor jumps at the end of a loop.
    Only where decoding is slower than real time, the clock slips, and the clip plays slower.
    """

    frame_s: float
    """Duration of a frame, as the file declares it."""
    loop_s: float | None
    """Duration of the clip, None if unknown."""
    due_s: float
    """When the current frame is due."""
    timestamp_s: float
    """Position of the current frame in the clip."""
    decode_s: float = 0.0
    """Average decoding time of a frame."""
    is_slow: bool = False
    """Whether decoding is slower than real time."""

    def is_late(self, now_s: float) -> bool:
        """Return whether a later frame is nearer to `now_s` than the current one."""
        return now_s - self.due_s > self.frame_s / 2

    def advance(self, timestamp_s: float, decode_s: float) -> None:
        """Make the next frame the current one, after the last frame of the clip the first one."""
        step_s = timestamp_s - self.timestamp_s
        shortest_s, longest_s = STEP_S
        self.due_s += step_s if shortest_s <= step_s <= longest_s else self.frame_s
        self.timestamp_s = timestamp_s
        self.decode_s += NEWEST_SHARE * (decode_s - self.decode_s)

    def budget_s(self, now_s: float, spare_s: float) -> float:
        """Return how long to decode in this tick, of which `spare_s` are left for decoding.

        If decoding is fast: long enough to reach the frame that is due. Otherwise the spare time, so that frames are
        shown evenly, as fast as they are decoded; what was missed in a stall is then skipped.
        """
        late_s = now_s - self.due_s
        is_stall = late_s > STALL_S and not self.is_slow
        if is_stall and self.loop_s is not None:
            late_s %= self.loop_s  # each loop shows the same frames
        is_fast = self.decode_s * FAST <= self.frame_s and late_s / self.frame_s * self.decode_s <= MAX_CATCH_UP_S
        if is_stall:
            self.due_s = now_s - (late_s if is_fast else self.frame_s)
        return MAX_CATCH_UP_S if is_fast else spare_s - self.decode_s / 2  # to the nearest number of frames

    def settle(self, now_s: float) -> None:
        """After decoding: let the clock slip if the current frame is still too late, and update `is_slow`."""
        slip_s = now_s - self.due_s - self.frame_s - MAX_LATE_S
        self.due_s += max(0.0, slip_s)
        self.is_slow = slip_s > 0 or (self.is_slow and self.is_late(now_s))
