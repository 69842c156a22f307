"""The patterns from one producer to many consumers, with real processes."""

from importlib.util import find_spec

import numpy as np
import pytest

from benchmark.measure import consumers
from benchmark.measure.consumers import PATTERNS, ages_ms, compare, factory, rate
from benchmark.measure.fan_out import Consumer, FanOut, measure
from benchmark.quantile import quantile
from common.frames import Image

IMAGE: Image = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)
FPS, SECONDS = 30, 2.0
COPYING_THREAD = "one thread that copies"
INSTALLED = [name for name, (_, _, package) in PATTERNS.items() if not package or find_spec(package)]
INDEPENDENT = [name for name in INSTALLED if name != COPYING_THREAD]


def run(name: str, *others: Consumer) -> FanOut:
    """Run a pattern with a fast consumer and `others`."""
    make = factory(name)
    assert make is not None
    return measure(make(1 + len(others)), IMAGE, FPS, SECONDS, (Consumer(), *others))


@pytest.mark.parametrize("name", INDEPENDENT)
def test_a_slow_a_killed_and_a_late_consumer_do_not_affect_the_others(name: str) -> None:
    result = run(name, Consumer(busy_s=0.2), Consumer(killed_at=0.3), Consumer(joins_at=0.3))
    _, slow, killed, late = result.logs
    assert len(result.put_ms) == FPS * SECONDS
    assert rate(result, since=0.3) > 0.5 * FPS
    assert 4 <= len(slow.receipts) <= FPS * SECONDS / 3
    assert killed.receipts == []
    assert len(late.receipts) > 0.1 * FPS * SECONDS


@pytest.mark.parametrize("name", [name for name in INDEPENDENT if "pickled" not in name])
def test_a_slow_consumer_receives_new_frames(name: str) -> None:
    ages = ages_ms(run(name, Consumer(busy_s=0.2)).logs[1])
    assert quantile(ages, 0.5) < 100


def test_one_thread_that_copies_is_as_slow_as_the_slowest_consumer() -> None:
    result = run(COPYING_THREAD, Consumer(busy_s=0.2))
    assert rate(result, since=0.3) < 10
    assert quantile(ages_ms(result.logs[1]), 0.5) > 100


def test_one_thread_that_copies_continues_after_a_consumer_was_killed() -> None:
    assert rate(run(COPYING_THREAD, Consumer(killed_at=0.3)), since=0.4) > 0.5 * FPS


def test_a_comparison_has_a_figure_for_each_column() -> None:
    make = factory("queue each, shared memory")
    assert make is not None
    cells = compare(make, IMAGE, seconds=0.5)
    assert len(cells) == len(consumers.COLUMNS)
    assert all(float(value) > 0 for cell in cells[:3] for value in cell.split(" / "))


def test_a_pattern_without_its_package_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "find_spec", lambda name: None)
    assert factory("publish and subscribe (Zenoh)") is None
    assert factory(COPYING_THREAD) is not None
