"""The supervisor: restarts a role that ends or hangs, with back-off; a role that can never work ends the app."""

import errno
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from common.errors import HungError, QueueBrokenError, ResourceError, SourceError, VisionError
from common.interfaces import Target
from common.messaging.messages import Status
from common.supervision.heartbeat import MAX_STEP_S, START_TIMEOUT_S, TIMEOUT_S, wait_with_heartbeat
from common.supervision.role import WINDOW_S, Role
from common.supervision.supervisor import MAX_FAILURES, SETTLED_S, Supervisor
from threading_impl import RUNTIME
from threading_impl.stop_signal import StopSignal
from threading_impl.worker import Worker

PATIENCE_S = 30.0
QUEUE = "provider to processor"


class KillableWorker(Worker):
    """Worker that can be killed, as a process can; its thread continues to run."""

    killed = False

    def kill(self) -> bool:
        self.killed = True
        return True

    def is_alive(self) -> bool:
        return not self.killed and super().is_alive()


class StuckWorker(Worker):
    """Can be killed, but ends later, as a process in uninterruptible sleep does."""

    def kill(self) -> bool:
        return True


class UnstartableWorker(Worker):
    """Finds no file descriptor left."""

    def start(self) -> None:
        raise OSError(errno.EMFILE, "Too many open files")


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


def find_no_source(_: StopSignal) -> None:
    raise SourceError("no such file")


def work(stop: StopSignal) -> None:
    wait_with_heartbeat(stop)


def end(_: StopSignal) -> None:
    """Return without a request to stop."""


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Ends the threads that hang, at the end of the test at the latest."""
    event = threading.Event()
    yield event
    event.set()


def hang_from_the_start(release: threading.Event) -> Callable[[StopSignal], None]:
    def hang(_: StopSignal) -> None:
        release.wait()

    return hang


def hanging(release: threading.Event, worker: type[Worker] = Worker) -> tuple[Behaviour, Stage]:
    """A provider that has sent one heartbeat and then hangs, and the stage on which that heartbeat was noticed."""
    begun = threading.Event()

    def hang(stop: StopSignal) -> None:
        stop.beat()
        begun.set()
        release.wait()

    behaviour = Behaviour(hang)
    stage = Stage(role("provider", behaviour), worker=worker)
    assert begun.wait(PATIENCE_S)
    stage.supervisor.check()
    return behaviour, stage


def test_a_role_that_fails_is_restarted_after_its_back_off() -> None:
    stage = Stage(role("provider", fail))
    stage.check_after_the_end_of("provider")
    stage.supervisor.check()
    assert stage.started == ["provider"]
    stage.now += 0.2
    stage.supervisor.check()
    assert stage.started == ["provider"] * 2
    assert stage.states() == [("provider", "restarting")]
    assert "broke" in stage.statuses[0].message


def test_a_restarted_role_is_reported_as_running_after_a_second() -> None:
    provider = Behaviour(fail)
    stage = Stage(role("provider", provider))
    stage.check_after_the_end_of("provider")
    provider.target = work
    stage.now += 0.2
    for _ in range(3):
        stage.supervisor.check()
    assert stage.states() == [("provider", "restarting")]
    stage.now += SETTLED_S
    for _ in range(3):
        stage.supervisor.check()
    assert stage.states() == [("provider", "restarting"), ("provider", "ok")]
    assert stage.supervisor.end() == []


def test_the_back_off_doubles() -> None:
    stage = Stage(role("provider", fail))
    delays_s = []
    for failures in range(1, 5):
        stage.check_after_the_end_of("provider")
        failed_at = stage.now
        while len(stage.started) == failures:
            stage.now += 0.005
            stage.supervisor.check()
        delays_s.append(stage.now - failed_at)
    assert delays_s == [pytest.approx(0.1 * 2**n, rel=0.2, abs=0.006) for n in range(4)]


def test_a_role_that_keeps_failing_is_given_up_for_a_minute_and_reported() -> None:
    provider = Behaviour(fail)
    stage = Stage(role("provider", provider))
    for _ in range(30):
        stage.check_after_the_end_of("provider")
        stage.now += 1
    assert stage.started == ["provider"] * (1 + MAX_FAILURES)
    assert stage.states()[-1] == ("provider", "failed")
    assert stage.statuses[-1].message == "given up for 60 s: broke"
    provider.target = work
    stage.now += WINDOW_S
    stage.check_for(SETTLED_S)
    assert stage.started == ["provider"] * (2 + MAX_FAILURES)
    assert stage.states()[-1] == ("provider", "ok")
    assert stage.supervisor.end() == []


def test_failures_older_than_a_minute_do_not_count() -> None:
    stage = Stage(role("provider", fail))
    for _ in range(3 * MAX_FAILURES):
        stage.check_after_the_end_of("provider")
        stage.now += WINDOW_S / 3
        stage.supervisor.check()
    assert stage.started == ["provider"] * (1 + 3 * MAX_FAILURES)


def test_a_user_error_in_the_first_run_ends_the_app() -> None:
    stage = Stage(role("provider", find_no_source))
    with pytest.raises(SourceError, match="no such file"):
        stage.check_after_the_end_of("provider")


def test_a_user_error_in_a_later_run_is_a_failure_like_any_other() -> None:
    provider = Behaviour(fail)
    stage = Stage(role("provider", provider))
    stage.check_after_the_end_of("provider")
    provider.target = find_no_source
    stage.now += 1
    stage.supervisor.check()
    stage.check_after_the_end_of("provider")
    assert stage.states()[-1] == ("provider", "restarting")


def test_a_broken_queue_is_replaced_and_only_the_roles_that_hold_it_are_restarted() -> None:
    stage = Stage(
        role("server", work),
        role("provider", work, queue=QUEUE),
        role("another provider", work, queue="another provider to processor"),
        role("processor", find_queue_broken, queue=QUEUE),
        worker=KillableWorker,
    )
    stage.check_after_the_end_of("processor")
    assert stage.rebuilt == [QUEUE]
    stage.now += 1
    stage.supervisor.check()
    assert stage.started == ["server", "provider", "another provider", "processor", "provider", "processor"]
    stage.supervisor.end()


def test_a_restart_for_a_new_queue_is_not_a_first_run() -> None:
    provider = Behaviour(work)
    stage = Stage(
        role("provider", provider, queue=QUEUE),
        role("processor", Behaviour(find_queue_broken), queue=QUEUE),
        worker=KillableWorker,
    )
    provider.target = find_no_source
    stage.check_after_the_end_of("processor")
    stage.supervisor.check()
    stage.check_after_the_end_of("provider")
    assert [state for name, state in stage.states() if name == "provider"] == ["restarting", "restarting"]


def test_a_queue_that_cannot_be_replaced_is_tried_again_at_the_next_failure() -> None:
    stage = Stage(
        role("provider", work, queue=QUEUE),
        role("processor", find_queue_broken, queue=QUEUE),
        worker=KillableWorker,
    )
    stage.rebuild_error = ResourceError("no space for its semaphores")
    stage.check_after_the_end_of("processor")
    assert (stage.rebuilt, stage.states()) == ([], [("processor", "restarting")])
    stage.rebuild_error = None
    stage.now += 1
    stage.supervisor.check()
    stage.check_after_the_end_of("processor")
    assert stage.rebuilt == [QUEUE]
    stage.supervisor.end()


@pytest.mark.alone  # a worker of pytest-xdist cannot send a captured log that is not Unicode
@pytest.mark.parametrize("reason", ["x" * 10_000, "caf\udce9.mp4"], ids=["long", "not Unicode"])
def test_any_text_may_be_the_reason_of_a_failure(reason: str) -> None:
    def fail_so(_: StopSignal) -> None:
        raise VisionError(reason)

    stage = Stage(role("provider", fail_so))
    stage.check_after_the_end_of("provider")
    assert stage.states() == [("provider", "restarting")]


def test_a_role_that_ends_without_a_request_is_restarted() -> None:
    stage = Stage(role("provider", end))
    stage.check_after_the_end_of("provider")
    stage.now += 1
    stage.supervisor.check()
    assert stage.started == ["provider"] * 2


def test_a_thread_that_hangs_ends_the_app(release: threading.Event) -> None:
    _, stage = hanging(release)
    with pytest.raises(HungError, match=r"the provider hangs: no heartbeat for [56] s; a thread cannot be ended"):
        stage.check_for(2 * TIMEOUT_S)
    assert stage.states() == [("provider", "failed")]


def test_a_process_that_hangs_is_killed_and_restarted(release: threading.Event) -> None:
    provider, stage = hanging(release, KillableWorker)
    provider.target = work
    stage.check_for(2 * TIMEOUT_S)
    assert stage.started == ["provider"] * 2
    assert stage.states() == [("provider", "restarting"), ("provider", "ok")]
    assert "hangs" in stage.statuses[0].message
    stage.supervisor.end()


def test_a_process_that_does_not_end_when_killed_is_given_up_until_it_has_ended(release: threading.Event) -> None:
    provider, stage = hanging(release, StuckWorker)
    provider.target = work
    stage.check_for(TIMEOUT_S + 10 * WINDOW_S)
    assert stage.started == ["provider"]
    assert stage.states() == [("provider", "failed")]
    assert "hangs" in stage.statuses[0].message
    release.set()
    stage.check_after_the_end_of("provider")
    stage.check_for(SETTLED_S + 1)
    assert stage.started == ["provider"] * 2
    assert stage.states() == [("provider", "failed"), ("provider", "restarting"), ("provider", "ok")]
    stage.supervisor.end()


def test_a_role_that_is_stuck_at_the_end_is_named(release: threading.Event) -> None:
    _, stage = hanging(release, StuckWorker)
    stage.check_for(2 * TIMEOUT_S)
    assert stage.supervisor.end() == ["provider"]


def test_a_broken_queue_is_replaced_while_a_role_that_holds_it_is_stuck(release: threading.Event) -> None:
    begun, broken = threading.Event(), threading.Event()

    def hang(stop: StopSignal) -> None:
        stop.beat()
        begun.set()
        release.wait()

    def find_queue_broken_later(_: StopSignal) -> None:
        broken.wait()
        raise QueueBrokenError(QUEUE)

    stage = Stage(
        role("provider", hang, queue=QUEUE),
        role("processor", find_queue_broken_later, queue=QUEUE),
        worker=StuckWorker,
    )
    assert begun.wait(PATIENCE_S)
    stage.check_for(2 * TIMEOUT_S)
    assert stage.states() == [("provider", "failed")]
    broken.set()
    stage.check_after_the_end_of("processor")
    assert stage.rebuilt == [QUEUE]
    assert stage.states() == [("provider", "failed"), ("processor", "restarting")]


def test_a_role_may_take_a_minute_to_start(release: threading.Event) -> None:
    stage = Stage(role("provider", hang_from_the_start(release)))
    stage.check_for(START_TIMEOUT_S - 1)
    assert stage.states() == []
    with pytest.raises(HungError):
        stage.check_for(2)


def test_a_supervisor_that_was_held_up_takes_no_role_for_hung(release: threading.Event) -> None:
    _, stage = hanging(release)
    for _ in range(5):
        stage.now += 3600  # the machine was suspended
        stage.check_for(0)
    assert stage.states() == []


def test_a_role_that_cannot_be_started_is_tried_again() -> None:
    stage = Stage(role("provider", work), worker=UnstartableWorker)
    assert stage.states() == [("provider", "restarting")]
    assert "cannot be started: [Errno 24] Too many open files" in stage.statuses[0].message
    stage.check_for(1)
    assert len(stage.started) > 1


def test_the_end_waits_for_all_roles_and_names_those_that_stay(release: threading.Event) -> None:
    roles = [role("server", work), role("provider", hang_from_the_start(release))]
    supervisor = Supervisor(roles, RUNTIME, lambda _: None, lambda _: None)
    supervisor.start()
    assert supervisor.end() == ["provider"]


def test_the_run_ends_on_request() -> None:
    stage = Stage(role("server", work))
    begun = time.monotonic()
    stage.supervisor.run(lambda: time.monotonic() - begun > 0.2)
    assert stage.supervisor.end() == []
    assert stage.started == ["server"]


def test_all_have_started_once_each_has_sent_a_heartbeat_or_failed(release: threading.Event) -> None:
    def load(stop: StopSignal) -> None:
        release.wait(PATIENCE_S)
        work(stop)

    stage = Stage(role("server", work), role("processor", load), role("provider", fail))
    stage.check_after_the_end_of("provider")
    assert not stage.supervisor.started()
    release.set()
    stage.supervisor.run(stage.supervisor.started)
    assert stage.supervisor.end() == []
