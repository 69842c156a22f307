"""The supervisor: starts the roles, restarts those that end or hang, and stops them all."""

import logging
import time
from collections.abc import Callable, Iterable
from itertools import islice

from common.backoff import backoff
from common.errors import HungError, QueueBrokenError, ResourceError, UserError, VisionError
from common.interfaces import Runtime
from common.messaging.messages import State, Status
from common.pacing import Clock
from common.supervision.heartbeat import Watchdog
from common.supervision.role import WINDOW_S, Role, RoleState, Run, SupervisedRole

logger = logging.getLogger(__name__)

CHECK_EVERY_S = 0.05
FIRST_DELAY_S = 0.1  # back-off before a restart, doubled for each further failure within WINDOW_S
MAX_FAILURES = 5  # within WINDOW_S; after more, a role is given up for WINDOW_S
SETTLED_S = 1.0  # after which a restarted role is reported as running
STOP_S = 2.0  # for all roles together to end on request; then they are killed


class Supervisor:
    """Runs in the main thread of the parent. The states of a role and their transitions: see RoleState."""

    def __init__(
        self,
        roles: Iterable[Role],
        runtime: Runtime,
        rebuild_queue: Callable[[str], None],
        report: Callable[[Status], None],
        clock: Clock = time.monotonic,
    ) -> None:
        self._roles = [SupervisedRole(role) for role in roles]
        self._runtime = runtime
        self._rebuild_queue = rebuild_queue
        self._report = report
        self._clock = clock

    def start(self) -> None:
        """Start every role."""
        for role in self._roles:
            self._start(role)

    def run(self, stop_requested: Callable[[], bool]) -> None:
        """Keep the roles running until stop is requested.

        Raises the UserError by which the first run of a role ended, and HungError when a thread hangs: only the end of
        its process ends it.
        """
        while not stop_requested():
            self.check()
            time.sleep(CHECK_EVERY_S)

    def started(self) -> bool:
        """Return whether the first run of every role has sent a heartbeat, as it does once it can work, or failed."""
        return not any(role.is_starting() for role in self._roles)

    def check(self) -> None:
        """Check every role once, and make the transitions that are due. Raises as run()."""
        for role in self._roles:
            self._check(role)

    def end(self) -> list[str]:
        """Stop all roles, kill those that do not end, and return the names of those that still have not."""
        runs = [role.run for role in self._roles if role.run is not None]
        for run in runs:
            run.stop.set()
        deadline = self._clock() + STOP_S
        late = [run.worker for run in runs if not run.worker.join(max(0.0, deadline - self._clock()))]
        for worker in late:
            worker.kill()
        return [worker.name for worker in late if worker.is_alive()]

    def _check(self, role: SupervisedRole) -> None:
        run = role.run
        if run is None:
            if self._clock() >= role.start_at:
                self._start(role)
        elif role.state is RoleState.STUCK:
            if not run.worker.is_alive():
                self._on_failure(role, VisionError("its process has ended"))
        elif not run.worker.is_alive():
            self._on_failure(role, run.worker.failure() or VisionError("ended without a request"))
        elif run.watchdog.is_expired(run.stop.beats()):
            self._on_hang(role, run)
        elif role.state is RoleState.RESTARTED and self._clock() >= run.started_at + SETTLED_S:
            role.state = RoleState.RUNNING
            self._report_state(role, "ok", "runs again")

    def _start(self, role: SupervisedRole) -> None:
        spec = role.spec
        try:
            stop = self._runtime.stop_signal()
            worker = self._runtime.worker(spec.name, spec.target, (*spec.arguments(), stop))
            worker.start()
        except (OSError, RuntimeError) as error:  # no file descriptor, process, thread or memory is left
            self._on_failure(role, VisionError(f"cannot be started: {error}"))
        else:
            role.run = Run(worker, stop, Watchdog(self._clock), self._clock())
            role.state = RoleState.FIRST_RUN if role.state is RoleState.NEW else RoleState.RESTARTED

    def _on_hang(self, role: SupervisedRole, run: Run) -> None:
        failure = HungError(f"hangs: no heartbeat for {run.watchdog.pause_s:.0f} s")
        if not run.worker.kill():
            message = f"{failure}; a thread cannot be ended, so the app ends"
            self._report_state(role, "failed", message)
            raise HungError(f"the {role.spec.name} {message}")
        if run.worker.is_alive():
            self._on_stuck(role, failure)
        else:
            self._on_failure(role, failure)

    def _on_stuck(self, role: SupervisedRole, failure: VisionError) -> None:
        """Give up a role whose process is in uninterruptible sleep, until that process ends.

        The process runs no code of its own any more, so the queue is as safe as after any kill: should the process hold
        a lock of the queue, the other side finds the queue broken.
        """
        role.state = RoleState.STUCK
        message = f"{failure}; killed, but its process has not ended: given up until it does"
        logger.error("%s %s", role.spec.name, message)
        self._report_state(role, "failed", message)

    def _on_failure(self, role: SupervisedRole, failure: Exception) -> None:
        if isinstance(failure, UserError) and role.state is RoleState.FIRST_RUN:
            raise failure
        now = self._clock()
        failures = role.count_failure(now)
        if failures > MAX_FAILURES:
            role.schedule(now + WINDOW_S)
            name = role.spec.name
            logger.error("%s failed %d times in %d s; given up for as long: %s", name, failures, WINDOW_S, failure)
            self._report_state(role, "failed", f"given up for {WINDOW_S:.0f} s: {failure}")
            return
        delay_s = next(islice(backoff(FIRST_DELAY_S, WINDOW_S), failures - 1, None))
        role.schedule(now + delay_s)
        logger.error("%s failed; restart in %.1f s: %s", role.spec.name, delay_s, failure)
        self._report_state(role, "restarting", str(failure))
        if isinstance(failure, QueueBrokenError):
            self._replace_queue(failure.queue)

    def _replace_queue(self, name: str) -> None:
        """Replace a broken queue, which cannot be repaired, and restart the other role that holds it."""
        logger.warning("the latest queue %s is replaced", name)
        try:
            self._rebuild_queue(name)
        except (OSError, ResourceError) as error:  # the next role that finds it broken tries again
            logger.error("the latest queue %s cannot be replaced: %s", name, error)
            return
        for role in self._roles:
            if name in role.spec.queues and role.run is not None and role.state is not RoleState.STUCK:
                role.run.worker.kill()
                if role.run.worker.is_alive():
                    self._on_stuck(role, HungError("holds a broken queue"))
                else:
                    role.schedule(self._clock())
                    self._report_state(role, "restarting", "with a new queue")

    def _report_state(self, role: SupervisedRole, state: State, message: str) -> None:
        spec = role.spec
        self._report(
            Status(component=spec.component, camera=spec.camera, processor=spec.processor, state=state, message=message)
        )
