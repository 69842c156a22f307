"""The supervisor kills and restarts a role that hangs, or ends the app; its own start and end."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from common.errors import HungError, QueueBrokenError
from common.supervision.heartbeat import START_TIMEOUT_S, TIMEOUT_S
from common.supervision.role import WINDOW_S
from common.supervision.supervisor import SETTLED_S, Supervisor
from tests.support.supervised import QUEUE, Behaviour, KillableWorker, Stage, fail, role, work
from tests.support.waiting import PATIENCE_S
from threading_impl import RUNTIME
from threading_impl.stop_signal import StopSignal
from threading_impl.worker import Worker


class StuckWorker(Worker):
    """Can be killed, but ends later, as a process in uninterruptible sleep does."""

    def kill(self) -> bool:
        return True


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
