"""A supervisor of threads with a simulated clock, and what its roles do."""

from dataclasses import replace

from common.errors import QueueBrokenError, VisionError
from common.interfaces import Target
from common.messaging.messages import Status
from common.supervision.heartbeat import MAX_STEP_S, wait_with_heartbeat
from common.supervision.role import Role
from common.supervision.supervisor import Supervisor
from tests.support.waiting import PATIENCE_S
from threading_impl import RUNTIME
from threading_impl.stop_signal import StopSignal
from threading_impl.worker import Worker

QUEUE = "provider to processor"


class KillableWorker(Worker):
    """Worker that can be killed, as a process can; its thread continues to run."""

    killed = False

    def kill(self) -> bool:
        self.killed = True
        return True

    def is_alive(self) -> bool:
        return not self.killed and super().is_alive()


class Behaviour:
    """What a role does; a test may change it between two runs."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def __call__(self, stop: StopSignal) -> None:
        self.target(stop)


class Stage:
    """A supervisor of threads with a simulated clock, which records starts, statuses and queues."""

    def __init__(self, *roles: Role, worker: type[Worker] = Worker) -> None:
        self.now = 1000.0
        self.started: list[str] = []
        self.statuses: list[Status] = []
        self.rebuilt: list[str] = []
        self.rebuild_error: Exception | None = None
        self._workers: dict[str, Worker] = {}
        self._worker = worker
        self.supervisor = Supervisor(
            roles, replace(RUNTIME, worker=self._make_worker), self._rebuild, self.statuses.append, lambda: self.now
        )
        self.supervisor.start()

    def check_after_the_end_of(self, name: str) -> None:
        """Check the roles once the latest run of this role has ended."""
        assert self._workers[name].join(PATIENCE_S)
        self.supervisor.check()

    def check_for(self, seconds: float) -> None:
        """Check the roles now, and many times within so many seconds."""
        end = self.now + seconds
        self.supervisor.check()
        while self.now < end:
            self.now += MAX_STEP_S
            self.supervisor.check()

    def states(self) -> list[tuple[str, str]]:
        return [(status.component, status.state) for status in self.statuses]

    def _make_worker(self, name: str, target: Target, args: tuple[object, ...]) -> Worker:
        self.started.append(name)
        self._workers[name] = self._worker(name, target, args)
        return self._workers[name]

    def _rebuild(self, name: str) -> None:
        if self.rebuild_error is not None:
            raise self.rebuild_error
        self.rebuilt.append(name)


def role(name: str, target: Target, queue: str | None = None) -> Role:
    return Role(name, name, target, tuple, frozenset({queue} if queue else ()))


def fail(_: StopSignal) -> None:
    raise VisionError("broke")


def find_queue_broken(_: StopSignal) -> None:
    raise QueueBrokenError(QUEUE)


def work(stop: StopSignal) -> None:
    wait_with_heartbeat(stop)
