"""Frames for viewers that arrive: the newest waits, and each drop has its cause."""

from pathlib import Path

import pytest
import zenoh

from common.errors import FrameDroppedError
from common.messaging.messages import FrameHeader
from zenoh_impl.arrivals import LOST, REPLACED, Arrivals
from zenoh_impl.link import Link
from zenoh_impl.local_time import MAX_AGE_S, local_header

KEY = "vision/1/view/gate/frame"
NOW = 1_800_000_000.0
OFFSETS = {"gate-box": 3600.0}


@pytest.fixture(scope="module")
def publishers() -> list[zenoh.EntityGlobalId]:
    """Ids of two publishers."""
    config = zenoh.Config()
    config.insert_json5("scouting/multicast/enabled", "false")
    config.insert_json5("listen/endpoints", "[]")
    with zenoh.open(config) as session:
        return [session.declare_publisher(KEY).id for _ in range(2)]


def drops(arrivals: Arrivals) -> dict[str, int]:
    return {cause: count for cause, count in arrivals.take(KEY)[1].items() if count}


def test_a_gap_in_the_numbers_of_a_publisher_is_lost(publishers: list[zenoh.EntityGlobalId]) -> None:
    arrivals, (first, second) = Arrivals(), publishers
    for publisher, number, lost in ((first, 7, 0), (first, 8, 0), (first, 11, 2), (second, 3, 0), (second, 5, 1)):
        assert arrivals.put(KEY, b"", zenoh.SourceInfo(publisher, number))
        assert drops(arrivals) == ({LOST: lost} if lost else {})


def test_the_newest_frame_waits_and_those_before_it_are_counted() -> None:
    arrivals = Arrivals()
    assert arrivals.put(KEY, b"1", None)
    assert not arrivals.put(KEY, b"2", None)
    assert not arrivals.put(KEY, b"3", None)
    packed, dropped = arrivals.take(KEY)
    assert (packed, dropped[REPLACED]) == (b"3", 2)
    assert arrivals.put(KEY, b"4", None)


class KnownClocks(Link):
    """A link whose clocks are known."""

    def local_time(self, node: str, at: float) -> float | None:
        return at - OFFSETS[node] if node in OFFSETS else None


@pytest.fixture
def link() -> Link:
    return KnownClocks("hub", Path("none"), {"gate": "gate-box", "yard": "yard-box", "hall": "hub"})


def header(camera: str, captured_at: float) -> FrameHeader:
    return FrameHeader(camera=camera, frame_id=1, captured_at=captured_at, width=1, height=1)


def test_the_time_of_capture_of_another_node_becomes_that_of_this_one(link: Link) -> None:
    assert local_header(link, header("gate", NOW + 3599), lambda: NOW).captured_at == NOW - 1


@pytest.mark.parametrize("age_s", [MAX_AGE_S + 0.1, 1800.0, -1800.0])
def test_a_frame_that_waited_for_a_link_or_for_a_clock_is_dropped(link: Link, age_s: float) -> None:
    with pytest.raises(FrameDroppedError, match="too old"):
        local_header(link, header("gate", NOW + 3600 - age_s), lambda: NOW)


def test_a_frame_of_a_node_whose_clock_is_not_known_is_dropped(link: Link) -> None:
    with pytest.raises(FrameDroppedError, match="clock unknown"):
        local_header(link, header("yard", NOW), lambda: NOW)


def test_a_frame_of_this_node_is_not_changed(link: Link) -> None:
    assert local_header(link, header("hall", NOW - 60), lambda: NOW).captured_at == NOW - 60
