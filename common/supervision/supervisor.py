"""The supervisor: starts the roles, starts anew those that die or hang, and sees to it that all end."""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from common.backoff import backoff
from common.errors import HungError, QueueBrokenError, ResourceError, UserError, VisionError
from common.interfaces import StopSignal, Target, Worker
from common.messaging.messages import State, Status
from common.pacing import Clock
from common.supervision.heartbeat import Heartbeat

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.05
WINDOW_S = 60.0
FIRST_DELAY_S = 0.1  # back-off before a restart, doubled for each further death within WINDOW_S
SETTLED_S = 1.0  # a restarted role that lives for so long runs again; viewers are told no sooner
MAX_DEATHS = 5  # in WINDOW_S: more, and the role is given up for as long
STOP_S = 2.0  # for all roles together to end when asked; then they are killed

MakeWorker = Callable[[str, Target, tuple[Any, ...]], Worker]


@dataclass
class Run:
    """One run of a role."""

    worker: Worker
    stop: StopSignal
    heartbeat: Heartbeat


@dataclass
class Role:
    """One role over all its runs: `target(*arguments(), stop)`, with a stop signal of its own for each run.

    `arguments` is asked anew at each start, since a queue may have been rebuilt.
    """

    name: str
    target: Target
    arguments: Callable[[], tuple[Any, ...]]
    holds_queue: bool
    run: Run | None = None
    ever_restarted: bool = False
    settled: bool = True
    start_at: float = 0.0
    deaths: deque[float] = field(default_factory=deque)


class Supervisor:
    """Looks at the roles a few times a second; runs in the parent's main thread."""

    def __init__(
        self,
        roles: list[Role],
        make_worker: MakeWorker,
        make_stop: Callable[[], StopSignal],
        rebuild_queue: Callable[[], None],
        say: Callable[[Status], None],
        clock: Clock = time.monotonic,
    ) -> None:
        self._roles = roles
        self._make_worker = make_worker
        self._make_stop = make_stop
        self._rebuild_queue = rebuild_queue
        self._say = say
        self._clock = clock

    def start(self) -> None:
        """Start every role."""
        for role in self._roles:
            self._start(role)

    def run(self, asked_to_stop: Callable[[], bool]) -> None:
        """Keep the roles alive until asked to stop.

        Raises UserError when a role finds, at its first start, that it cannot work with what the user gave, and
        HungError when one hangs and cannot be ended: only the end of the whole process helps.
        """
        while not asked_to_stop():
            for role in self._roles:
                self.look_at(role)
            time.sleep(LOOK_EVERY_S)

    def look_at(self, role: Role) -> None:
        """Notice a death or a hang, start the role again after its back-off, and tell when it runs again."""
        run = role.run
        if run is None:
            if self._clock() >= role.start_at:
                self._start(role)
        elif not run.worker.is_alive():
            role.run = None
            self._on_death(role, run.worker.failure() or VisionError("ended without being asked to"))
        elif run.heartbeat.is_lost(run.stop.beats()):
            role.run = None
            self._on_hang(role, run)
        elif not role.settled and self._clock() >= role.start_at + SETTLED_S:
            role.settled = True
            self._tell(role, "ok", "runs again")

    def end(self) -> list[str]:
        """Ask all roles to stop, kill those that do not; the names of those that are still there."""
        runs = [role.run for role in self._roles if role.run is not None]
        for run in runs:
            run.stop.set()
        deadline = self._clock() + STOP_S
        late = [run.worker for run in runs if not run.worker.join(max(0.0, deadline - self._clock()))]
        return [worker.name for worker in late if not worker.kill()]

    def _start(self, role: Role) -> None:
        try:
            stop = self._make_stop()
            worker = self._make_worker(role.name, role.target, (*role.arguments(), stop))
            worker.start()
        except (OSError, RuntimeError) as error:  # no file, no memory, no process, no thread to be had now
            self._on_death(role, VisionError(f"cannot be started: {error}"))
        else:
            role.run = Run(worker, stop, Heartbeat(self._clock))

    def _on_hang(self, role: Role, run: Run) -> None:
        failure = HungError(f"it hangs, without a sign of life for {run.heartbeat.silent_s:.0f} s")
        if not run.worker.kill():
            message = f"cannot be started again, and ends the app: {failure}"
            self._tell(role, "failed", message)
            raise HungError(f"the {role.name} {message}")
        self._on_death(role, failure)

    def _on_death(self, role: Role, failure: Exception) -> None:
        if isinstance(failure, UserError) and not role.ever_restarted:
            raise failure
        now = self._clock()
        role.ever_restarted, role.settled = True, False
        role.deaths.append(now)
        while role.deaths[0] <= now - WINDOW_S:
            role.deaths.popleft()
        if len(role.deaths) > MAX_DEATHS:
            times = len(role.deaths)
            logger.error(
                "%s died %d times in %d s, and is given up for as long: %s", role.name, times, WINDOW_S, failure
            )
            role.start_at = now + WINDOW_S
            self._tell(role, "failed", f"given up for {WINDOW_S:.0f} s: {failure}")
            return
        delay_s = next(islice(backoff(FIRST_DELAY_S, WINDOW_S), len(role.deaths) - 1, None))
        role.start_at = now + delay_s
        logger.error("%s failed, again in %.1f s: %s", role.name, delay_s, failure)
        self._tell(role, "restarting", str(failure))
        if isinstance(failure, QueueBrokenError):
            self._replace_queue()

    def _replace_queue(self) -> None:
        """A queue that a process died in cannot be repaired: all that hold it get a new one."""
        logger.warning("the latest queue is rebuilt")
        try:
            self._rebuild_queue()
        except (OSError, ResourceError) as error:  # whoever finds it broken next brings us here again
            logger.error("it cannot be: %s", error)
            return
        for role in self._roles:
            if role.holds_queue and role.run is not None:
                role.run.worker.kill()
                role.run = None
                role.ever_restarted, role.settled = True, False
                role.start_at = self._clock()
                self._tell(role, "restarting", "with a new queue")

    def _tell(self, role: Role, state: State, message: str) -> None:
        self._say(Status(component=role.name, state=state, message=message))
