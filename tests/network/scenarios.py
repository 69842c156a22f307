"""What happens to the link of the camera's machine: steady conditions, and faults."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.network.conditions import CLEAR, Conditions
from tests.network.network import Link
from tests.network.outcome import Outcome
from tests.network.viewer import Recording

RECOVERY_S = 30.0  # limit
SETTLE_S = 15.0  # for TCP to adapt before anything counts: BBR keeps its shortest round trip for 10 s
POLL_S = 0.01


@dataclass(frozen=True)
class Scenario:
    """A scenario. `run` takes the link, the recording of a viewer, and the duration in seconds."""

    name: str
    run: Callable[[Link, Recording, float], Outcome]


class NotRecoveredError(Exception):
    """No frames and detections within RECOVERY_S after the end of a fault."""


def steady(name: str, conditions: Conditions, settle_s: float = SETTLE_S) -> Scenario:
    """Observe the conditions, in both directions, for the duration, from `settle_s` after they are set."""

    def run(link: Link, recording: Recording, seconds: float) -> Outcome:
        link.set(conditions)
        time.sleep(settle_s)
        began_at = time.time()
        time.sleep(seconds)
        return Outcome.since(began_at, recording)

    return Scenario(name, run)


def fault(name: str, cause: Callable[[Link, float], None]) -> Scenario:
    """Cause a fault that lasts for the duration, and observe its recovery, and the same time after it."""

    def run(link: Link, recording: Recording, seconds: float) -> Outcome:
        cause(link, seconds)
        over_at = time.time()
        recovery_s = recover(recording, over_at)
        time.sleep(seconds)
        return Outcome.since(over_at, recording, recovery_s)

    return Scenario(name, run)


def recover(recording: Recording, over_at: float) -> float:
    """Return the time until a frame and detections come that were captured after `over_at`.

    Raises NotRecoveredError.
    """
    while not all(each and each[-1].captured_at > over_at for each in (recording.frames, recording.detections)):
        if time.time() > over_at + RECOVERY_S:
            raise NotRecoveredError(f"no frames and detections within {RECOVERY_S:g} s")
        time.sleep(POLL_S)
    return time.time() - over_at


def cut_both_ways(link: Link, seconds: float) -> None:
    """Drop all packets."""
    with link.cut():
        time.sleep(seconds)


def cut_one_way(link: Link, seconds: float) -> None:
    """Drop the packets that the camera's machine sends."""
    with link.cut(both_ways=False):
        time.sleep(seconds)


SCENARIOS = (
    steady("clear", CLEAR),
    steady("50 ms", Conditions(delay_s=0.05)),
    steady("50 ms, 1 % loss", Conditions(delay_s=0.05, loss=0.01)),
    steady("5 Mbit/s", Conditions(bits_per_s=5e6)),
    steady("1 Mbit/s", Conditions(bits_per_s=1e6)),
    fault("cut", cut_both_ways),
    fault("cut one way", cut_one_way),
    fault("new address", lambda link, _: link.change_address()),
)
