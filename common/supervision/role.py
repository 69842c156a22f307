"""A supervised role: its specification, its state, its current run and its failures."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from common.interfaces import StopSignal, Target, Worker
from common.supervision.heartbeat import Watchdog

WINDOW_S = 60.0  # in which failures are counted


@dataclass(frozen=True)
class Role:
    """The specification of a role: each run calls `target(*arguments(), stop)` with a stop signal of its own.

    `arguments` is called at each start, since a queue among them may have been replaced. `queues` are the names of the
    queues that the role holds. `name` is unique; `component`, `camera` and `processor` identify it in a Status.
    """

    name: str
    component: str
    target: Target
    arguments: Callable[[], tuple[Any, ...]]
    queues: frozenset[str] = frozenset()
    camera: str | None = None
    processor: str | None = None


class RoleState(Enum):
    """The state of a role. A run is FIRST_RUN, RESTARTED or RUNNING.

    state         event                                                next state
    NEW           is started                                           FIRST_RUN
    WAITING       is started when its back-off is over                 RESTARTED
    NEW, WAITING  cannot be started                                    WAITING
    RESTARTED     has run for SETTLED_S                                RUNNING
    a run         ends, or hangs and is killed                         WAITING
    a run         hangs, and its process does not end when killed      STUCK
    STUCK         its process ends                                     WAITING
    FIRST_RUN     ends by a UserError                                  end of the app
    a run         hangs, and cannot be killed, being a thread          end of the app
    """

    NEW = auto()
    FIRST_RUN = auto()
    WAITING = auto()
    RESTARTED = auto()
    RUNNING = auto()
    STUCK = auto()


@dataclass
class Run:
    """One run of a role."""

    worker: Worker
    stop: StopSignal
    watchdog: Watchdog
    started_at: float


@dataclass
class SupervisedRole:
    """A role and its state; `run` is None in NEW and WAITING, which end at the time `start_at`."""

    spec: Role
    state: RoleState = RoleState.NEW
    run: Run | None = None
    start_at: float = 0.0
    _failures: deque[float] = field(default_factory=deque)

    def count_failure(self, now: float) -> int:
        """Record a failure and return how many there were in the last WINDOW_S."""
        self._failures.append(now)
        while self._failures[0] <= now - WINDOW_S:
            self._failures.popleft()
        return len(self._failures)

    def is_starting(self) -> bool:
        """Return whether the role is in its first run, which has not sent a heartbeat yet."""
        return self.state is RoleState.FIRST_RUN and self.run is not None and self.run.stop.beats() == 0

    def schedule(self, start_at: float) -> None:
        """Drop the present run and start again at `start_at`."""
        self.state, self.run, self.start_at = RoleState.WAITING, None, start_at
