"""The supervisor: a role that dies is started anew, with patience; one that cannot work at all ends the app."""

import errno
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from common.errors import HungError, QueueBrokenError, ResourceError, SourceError, VisionError
from common.interfaces import Target
from common.messaging.messages import Status
from common.supervision.heartbeat import BLINK_S, SILENCE_S, START_S, wait_with_heartbeat
from common.supervision.supervisor import MAX_DEATHS, SETTLED_S, WINDOW_S, Role, Supervisor
from threading_impl.stop_signal import StopSignal
from threading_impl.worker import Worker

PATIENCE_S = 5.0


class MortalWorker(Worker):
    """Can be killed, as a process can; the thread goes on unseen."""

    def kill(self) -> bool:
        return True


class Stage:
    """A supervisor over real threads, with a clock that the test moves and notes of all that happens."""

    def __init__(self, *roles: Role, worker: type[Worker] = Worker) -> None:
        self.now = 1000.0
        self._worker = worker
        self.started: list[str] = []
        self.statuses: list[Status] = []
        self.rebuilt = 0
        self.fault: Exception | None = None  # of the next rebuilding
        self.roles = {role.name: role for role in roles}
        self.supervisor = Supervisor(
            list(roles), self._make_worker, StopSignal, self._rebuild, self.statuses.append, clock=lambda: self.now
        )

    def look(self, name: str) -> None:
        """Let the supervisor look at a role, once its worker, if any, has ended."""
        run = self.roles[name].run
        if run is not None:
            assert run.worker.join(PATIENCE_S)
        self.supervisor.look_at(self.roles[name])

    def look_for(self, name: str, seconds: float) -> None:
        """Let the supervisor look at a role many times within so many seconds, the first time at once."""
        end = self.now + seconds
        self.supervisor.look_at(self.roles[name])
        while self.now < end:
            self.now += BLINK_S
            self.supervisor.look_at(self.roles[name])

    def states(self) -> list[tuple[str, str]]:
        return [(status.component, status.state) for status in self.statuses]

    def _make_worker(self, name: str, target: Target, arguments: tuple[Any, ...]) -> Worker:
        self.started.append(name)
        return self._worker(name, target, arguments)

    def _rebuild(self) -> None:
        if self.fault is not None:
            raise self.fault
        self.rebuilt += 1


def role(name: str, target: Callable[[StopSignal], None], *, holds_queue: bool = False) -> Role:
    return Role(name, target, tuple, holds_queue)


def crash(_: StopSignal) -> None:
    raise VisionError("broke")


def break_queue(_: StopSignal) -> None:
    raise QueueBrokenError("a process died inside")


def work(stop: StopSignal) -> None:
    wait_with_heartbeat(stop)


def no_source(_: StopSignal) -> None:
    raise SourceError("no such file")


def test_a_role_that_dies_is_started_again_after_its_back_off() -> None:
    stage = Stage(role("provider", crash))
    stage.supervisor.start()
    stage.look("provider")
    stage.look("provider")
    assert stage.started == ["provider"]  # the back-off is not over
    stage.now += 0.2
    stage.look("provider")
    assert stage.started == ["provider"] * 2
    assert stage.states() == [("provider", "restarting")]
    assert "broke" in stage.statuses[0].message


def test_a_restarted_role_is_said_to_run_once_it_has_lived_for_a_while() -> None:
    provider = role("provider", crash)
    stage = Stage(provider)
    stage.supervisor.start()
    stage.look("provider")
    provider.target = work
    stage.now += 0.2
    for _ in range(3):
        stage.supervisor.look_at(provider)
    assert stage.states() == [("provider", "restarting")]
    stage.now += SETTLED_S
    for _ in range(3):
        stage.supervisor.look_at(provider)
    assert stage.states() == [("provider", "restarting"), ("provider", "ok")]
    assert stage.supervisor.end() == []


def test_the_back_off_doubles() -> None:
    stage = Stage(role("provider", crash))
    stage.supervisor.start()
    delays = []
    for _ in range(4):
        stage.look("provider")
        delays.append(stage.roles["provider"].start_at - stage.now)
        stage.now += delays[-1]
        stage.look("provider")
    assert delays == [pytest.approx(0.1 * 2**n, rel=0.21) for n in range(4)]


def test_a_crash_loop_is_given_up_for_a_while_and_said() -> None:
    provider = role("provider", crash)
    stage = Stage(provider)
    stage.supervisor.start()
    for _ in range(30):
        stage.look("provider")
        stage.now += 1
    assert stage.started == ["provider"] * (1 + MAX_DEATHS)
    assert stage.states()[-1] == ("provider", "failed")
    assert stage.statuses[-1].message == "given up for 60 s: broke"
    provider.target = work  # what it lacked is there again
    stage.now += WINDOW_S
    stage.look_for("provider", SETTLED_S)
    assert stage.started == ["provider"] * (2 + MAX_DEATHS)
    assert stage.states()[-1] == ("provider", "ok")
    assert stage.supervisor.end() == []


def test_deaths_long_ago_are_forgiven() -> None:
    stage = Stage(role("provider", crash))
    stage.supervisor.start()
    for _ in range(3 * MAX_DEATHS):
        stage.look("provider")
        stage.now += WINDOW_S / 3
        stage.look("provider")
    assert stage.started == ["provider"] * (1 + 3 * MAX_DEATHS)


def test_what_the_user_gave_wrong_ends_the_run_at_the_first_start() -> None:
    stage = Stage(role("provider", no_source))
    stage.supervisor.start()
    with pytest.raises(SourceError, match="no such file"):
        stage.look("provider")


def test_a_source_that_goes_missing_later_is_a_crash_like_any_other() -> None:
    provider = role("provider", crash)
    stage = Stage(provider)
    stage.supervisor.start()
    stage.look("provider")
    provider.target = no_source
    stage.now += 1
    stage.look("provider")
    stage.look("provider")
    assert stage.states()[-1] == ("provider", "restarting")


def test_a_broken_queue_is_rebuilt_for_all_that_hold_it_and_for_nobody_else() -> None:
    stage = Stage(
        role("server", work),
        role("provider", work, holds_queue=True),
        role("processor", break_queue, holds_queue=True),
    )
    stage.supervisor.start()
    stage.look("processor")
    assert stage.rebuilt == 1
    stage.now += 1
    for name in ("server", "provider", "processor"):
        stage.supervisor.look_at(stage.roles[name])
    assert stage.started == ["server", "provider", "processor", "provider", "processor"]
    stage.supervisor.end()


def test_a_restart_for_a_new_queue_is_a_restart_like_any_other() -> None:
    provider = role("provider", work, holds_queue=True)
    stage = Stage(provider, role("processor", break_queue, holds_queue=True))
    stage.supervisor.start()
    provider.target = no_source
    stage.look("processor")
    stage.supervisor.look_at(provider)
    stage.look("provider")
    assert [state for name, state in stage.states() if name == "provider"] == ["restarting", "restarting"]


def test_a_queue_that_cannot_be_rebuilt_now_is_tried_again() -> None:
    provider = role("provider", work, holds_queue=True)
    stage = Stage(provider, role("processor", break_queue, holds_queue=True))
    stage.fault = ResourceError("no room for its locks")
    stage.supervisor.start()
    stage.look("processor")
    assert (stage.rebuilt, stage.states()) == (0, [("processor", "restarting")])
    stage.fault = None
    stage.now += 1
    stage.look("processor")
    stage.look("processor")
    assert stage.rebuilt == 1
    stage.supervisor.end()


@pytest.mark.parametrize("reason", ["x" * 10_000, "caf\udce9.mp4"], ids=["long", "no Unicode"])
def test_a_role_may_die_of_anything(reason: str) -> None:
    def crash_so(_: StopSignal) -> None:
        raise VisionError(reason)

    stage = Stage(role("provider", crash_so))
    stage.supervisor.start()
    stage.look("provider")
    assert stage.states() == [("provider", "restarting")]


def test_a_role_that_ends_unasked_is_started_again() -> None:
    stage = Stage(role("provider", lambda _: None))
    stage.supervisor.start()
    stage.look("provider")
    stage.now += 1
    stage.look("provider")
    assert stage.started == ["provider"] * 2


def test_a_role_that_hangs_and_cannot_be_ended_ends_the_run() -> None:
    release = threading.Event()
    provider, stage = hanging_stage(release)
    with pytest.raises(HungError, match=r"provider .* ends the app: it hangs, without a sign of life for [56] s"):
        stage.look_for("provider", 2 * SILENCE_S)
    assert stage.states() == [("provider", "failed")]
    assert provider.run is None
    release.set()


def test_a_role_that_hangs_and_can_be_ended_is_started_again() -> None:
    release = threading.Event()
    provider, stage = hanging_stage(release, MortalWorker)
    provider.target = work
    stage.look_for("provider", 2 * SILENCE_S)
    assert stage.started == ["provider"] * 2
    assert stage.states() == [("provider", "restarting"), ("provider", "ok")]
    assert "hangs" in stage.statuses[0].message
    release.set()
    stage.supervisor.end()


def test_a_role_that_takes_long_to_start_is_waited_for() -> None:
    release = threading.Event()
    stage = Stage(role("provider", hanging(release)))
    stage.supervisor.start()
    stage.look_for("provider", START_S - 1)
    assert stage.states() == []
    with pytest.raises(HungError):
        stage.look_for("provider", 2)
    release.set()


def test_a_supervisor_that_was_held_up_blames_no_role() -> None:
    release = threading.Event()
    _, stage = hanging_stage(release)
    for _ in range(5):  # suspended for an hour, five times
        stage.now += 3600
        stage.look_for("provider", 0)
    assert stage.states() == []
    release.set()


def test_a_role_that_cannot_be_started_for_want_of_files_is_tried_again() -> None:
    class Unstartable(Worker):
        def start(self) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

    provider = role("provider", crash)
    stage = Stage(provider, worker=Unstartable)
    stage.supervisor.start()
    assert stage.states() == [("provider", "restarting")]
    assert "Too many open files" in stage.statuses[0].message
    stage.look_for("provider", 1)
    assert len(stage.started) > 1


def test_the_end_waits_for_all_and_names_those_that_stay() -> None:
    release = threading.Event()
    roles = [role("server", work), role("provider", hanging(release))]
    supervisor = Supervisor(roles, Worker, StopSignal, lambda: None, lambda _: None)
    supervisor.start()
    assert supervisor.end() == ["provider"]
    release.set()


def test_the_run_ends_when_asked() -> None:
    stage = Stage(role("server", work))
    stage.supervisor.start()
    begun = time.monotonic()
    stage.supervisor.run(lambda: time.monotonic() - begun > 0.2)
    assert stage.supervisor.end() == []
    assert stage.started == ["server"]


def hanging(release: threading.Event) -> Callable[[StopSignal], None]:
    """Never looks at its stop signal."""

    def hang(_: StopSignal) -> None:
        release.wait()

    return hang


def hanging_stage(release: threading.Event, worker: type[Worker] = Worker) -> tuple[Role, Stage]:
    """A provider that beats once, then hangs until released; and the stage on which it has been seen to beat."""
    begun = threading.Event()

    def hang(stop: StopSignal) -> None:
        stop.beat()
        begun.set()
        release.wait()

    provider = role("provider", hang)
    stage = Stage(provider, worker=worker)
    stage.supervisor.start()
    assert begun.wait(PATIENCE_S)
    stage.look_for("provider", 0)
    return provider, stage
