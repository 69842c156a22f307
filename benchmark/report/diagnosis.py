"""Probable cause of lost frames and stutter, from the figures of a case."""

from enum import StrEnum

from benchmark.report.figures import VIDEO_ROLES, Figures
from benchmark.results import MAX_BACKGROUND_SHARE

KEPT_RATE = 0.97  # of the UI rate; at 15 FPS one frame in thirty lost
STUTTER_PERIODS = 1.5  # interval p99 from which a stutter is visible
FULL_MACHINE = 85  # % of the machine in use: waits for a core become likely
MAX_BACKGROUND = 100 * MAX_BACKGROUND_SHARE  # % used by other programs: as likely, since they run in bursts
LONG_WAIT_MS = 5.0  # the default of sys.getswitchinterval(): shorter waits for the GIL cause no visible stutter


class Cause(StrEnum):
    """Probable cause. Late wake-ups on a full machine may be waits for a core as well as for the GIL."""

    NONE = "–"
    GIL = "GIL"  # late wake-ups while cores were free
    LATE_THREADS = "late threads"  # the same without a GIL
    MACHINE = "CPU or GIL"  # late or not, while the machine was full or shared
    UNKNOWN = "unknown"  # no late wake-ups, and free cores


def cause_of(figures: Figures, ui_fps: float, gil_is_enabled: bool) -> Cause:
    """Return the probable cause why the video of a case suffered at a UI rate of `ui_fps`, or NONE if it did not."""
    if not lost_frames(figures, ui_fps) and not stuttered(figures, ui_fps):
        return Cause.NONE
    if figures["machine %"] > FULL_MACHINE or figures["others %"] > MAX_BACKGROUND:
        return Cause.MACHINE
    if video_delay(figures) > LONG_WAIT_MS:
        return Cause.GIL if gil_is_enabled else Cause.LATE_THREADS
    return Cause.UNKNOWN


def lost_frames(figures: Figures, ui_fps: float) -> bool:
    """Return whether the viewer received less than KEPT_RATE of the UI rate."""
    return figures["UI FPS"] < KEPT_RATE * ui_fps


def stuttered(figures: Figures, ui_fps: float) -> bool:
    """Return whether the interval p99 exceeded STUTTER_PERIODS periods."""
    return figures["interval p99"] > STUTTER_PERIODS * 1000 / ui_fps


def video_delay(figures: Figures) -> float:
    """Return the longest GIL delay p99 of the roles that a frame passes, in ms."""
    return max(figures[f"GIL delay {role} p99"] for role in VIDEO_ROLES)
