"""The way back of a lost source: how long it waits, and what it says."""

import logging

import pytest

from common.capture.reconnect import GOOD_SPELL_S, Recovery


class Heard(list[tuple[str, str]]):
    def __call__(self, state: str, message: str) -> None:
        self.append((state, message))


def test_delay_doubles_from_half_a_second_to_thirty() -> None:
    recovery = Recovery(Heard(), jitter=lambda: 0.5)
    assert [recovery.lost("gone") for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(("jitter", "delay_s"), [(0.0, 0.4), (1.0, 0.6)])
def test_jitter_is_a_fifth_to_either_side(jitter: float, delay_s: float) -> None:
    assert Recovery(Heard(), jitter=lambda: jitter).lost("gone") == pytest.approx(delay_s)


def test_delay_starts_anew_after_a_good_spell() -> None:
    now = 0.0
    recovery = Recovery(Heard(), clock=lambda: now, jitter=lambda: 0.5)
    recovery.lost("gone")
    recovery.lost("gone")
    recovery.ok("here")
    now += GOOD_SPELL_S
    assert recovery.lost("gone") == 0.5


def test_delay_grows_on_while_the_source_only_flickers() -> None:
    now = 0.0
    recovery = Recovery(Heard(), clock=lambda: now, jitter=lambda: 0.5)
    recovery.lost("gone")
    recovery.ok("here")
    now += GOOD_SPELL_S / 2
    assert recovery.lost("gone") == 1
    now += GOOD_SPELL_S  # lost all this while: no good spell
    assert recovery.lost("gone") == 2


def test_every_change_is_one_status_and_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    recovery = Recovery(heard, jitter=lambda: 0.5)
    with caplog.at_level(logging.INFO):
        recovery.lost("cannot open camera 0")
        recovery.ok("camera 0: 640×480")
    assert heard == [("lost", "cannot open camera 0; trying again in 0.5 s"), ("ok", "camera 0: 640×480")]
    assert caplog.messages == [message for _, message in heard]
