"""The supervisor restarts a role that ends, with back-off; a role that can never work ends the app."""

import errno

import pytest

from common.errors import ResourceError, SourceError, VisionError
from common.supervision.role import WINDOW_S
from common.supervision.supervisor import MAX_FAILURES, SETTLED_S
from tests.support.supervised import (
    QUEUE,
    Behaviour,
    KillableWorker,
    Stage,
    fail,
    find_queue_broken,
    role,
    work,
)
from threading_impl.stop_signal import StopSignal
from threading_impl.worker import Worker


class UnstartableWorker(Worker):
    """Finds no file descriptor left."""

    def start(self) -> None:
        raise OSError(errno.EMFILE, "Too many open files")


def find_no_source(_: StopSignal) -> None:
    raise SourceError("no such file")


def end(_: StopSignal) -> None:
    """Return without a request to stop."""


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


def test_a_role_that_cannot_be_started_is_tried_again() -> None:
    stage = Stage(role("provider", work), worker=UnstartableWorker)
    assert stage.states() == [("provider", "restarting")]
    assert "cannot be started: [Errno 24] Too many open files" in stage.statuses[0].message
    stage.check_for(1)
    assert len(stage.started) > 1
