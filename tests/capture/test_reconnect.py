"""Reconnection of a lost source: its delays, statuses and log lines."""

import logging

import pytest

from common.capture.reconnect import STABLE_S, ReconnectBackoff


class Statuses(list[tuple[str, str]]):
    def __call__(self, state: str, message: str) -> None:
        self.append((state, message))


def test_delay_doubles_from_half_a_second_to_thirty() -> None:
    reconnect = ReconnectBackoff(Statuses(), jitter=lambda: 0.5)
    assert [reconnect.lost("gone") for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(("jitter", "delay_s"), [(0.0, 0.4), (1.0, 0.6)])
def test_jitter_is_a_fifth_to_either_side(jitter: float, delay_s: float) -> None:
    assert ReconnectBackoff(Statuses(), jitter=lambda: jitter).lost("gone") == pytest.approx(delay_s)


def test_the_first_delay_applies_again_after_a_stable_connection() -> None:
    now = 0.0
    reconnect = ReconnectBackoff(Statuses(), clock=lambda: now, jitter=lambda: 0.5)
    reconnect.lost("gone")
    reconnect.lost("gone")
    reconnect.connected("here")
    now += STABLE_S
    assert reconnect.lost("gone") == 0.5


def test_the_delay_keeps_growing_while_connections_are_short() -> None:
    now = 0.0
    reconnect = ReconnectBackoff(Statuses(), clock=lambda: now, jitter=lambda: 0.5)
    reconnect.lost("gone")
    reconnect.connected("here")
    now += STABLE_S / 2
    assert reconnect.lost("gone") == 1
    now += STABLE_S  # without a connection
    assert reconnect.lost("gone") == 2


def test_every_change_is_one_status_and_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    statuses = Statuses()
    reconnect = ReconnectBackoff(statuses, jitter=lambda: 0.5)
    with caplog.at_level(logging.INFO):
        reconnect.lost("cannot open camera 0")
        reconnect.connected("camera 0: 640×480")
    assert statuses == [("lost", "cannot open camera 0; trying again in 0.5 s"), ("ok", "camera 0: 640×480")]
    assert caplog.messages == [message for _, message in statuses]


def test_the_log_names_one_of_several_cameras(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        ReconnectBackoff(Statuses(), label="gate").connected("camera 0: 640×480")
    assert caplog.messages == ["gate: camera 0: 640×480"]
