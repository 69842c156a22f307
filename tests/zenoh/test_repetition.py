"""When a role sends again what a server may have missed."""

import pytest

from zenoh_impl.repetition import ROUTED_S, SURELY_ROUTED_S, UNNOTICED_S, Repetition


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def repetition(clock: Clock) -> Repetition:
    return Repetition(clock)


def test_to_the_only_server_a_role_sends_once_there_is_a_route_and_again_once_that_is_sure(
    repetition: Repetition, clock: Clock
) -> None:
    repetition.connect(is_only=True)
    assert not repetition.is_ready()
    clock.now += ROUTED_S
    assert repetition.is_ready()
    assert repetition.is_due()
    assert not repetition.is_due()
    clock.now += SURELY_ROUTED_S
    assert repetition.is_due()
    assert not repetition.is_due()


def test_another_server_does_not_wait_for_one_that_starts(repetition: Repetition) -> None:
    repetition.connect(is_only=False)
    assert repetition.is_ready()


def test_two_servers_that_come_back_at_once_are_waited_for(repetition: Repetition) -> None:
    repetition.connect(is_only=True)
    repetition.connect(is_only=False)
    assert not repetition.is_ready()


def test_events_are_sent_again_from_some_seconds_before_the_loss_on(repetition: Repetition, clock: Clock) -> None:
    repetition.add_event("arrived")
    clock.now += 2 * UNNOTICED_S
    repetition.add_event("on the way")
    assert list(repetition.missed_events()) == []
    clock.now += UNNOTICED_S / 2
    repetition.disconnect()
    clock.now += 60
    repetition.add_event("sent to the other server")
    assert list(repetition.missed_events()) == ["on the way", "sent to the other server"]
