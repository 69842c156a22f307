"""A node asks another one for its time, through the hub and its access control."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import zenoh

from tests.zenoh.nodes import closing, options, three_boxes
from zenoh_impl.clocks import Clocks, answering, parse_times
from zenoh_impl.session import open_client, open_router

PATIENCE_S = 30.0
SILENCE_S = 2.0
HOUR_S = 3600.0


@pytest.fixture
def routers(tmp_path: Path) -> Iterator[dict[str, zenoh.Session]]:
    settings = three_boxes(tmp_path / "certificates")
    with ExitStack() as stack:
        yield {
            node: stack.enter_context(closing(open_router(tmp_path / f"{node}.sock", options(settings, node))))
            for node in ("hub", "gate-box", "yard-box", "gpu-box")
        }


@pytest.fixture
def clocks(routers: dict[str, zenoh.Session], tmp_path: Path) -> Iterator[Clocks]:
    """Those of a role of the processor's node."""
    assert routers
    with closing(open_client(tmp_path / "gpu-box.sock")) as session:
        clocks = Clocks(session)
        clocks.start()
        yield clocks
        clocks.close()


def ahead_by_an_hour() -> float:
    return time.time() + HOUR_S


def wait_until_known(clocks: Clocks, node: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while clocks.local_time(node, 0) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_time_of_another_node_is_known_after_an_exchange(routers: dict[str, zenoh.Session], clocks: Clocks) -> None:
    assert clocks.local_time("gate-box", ahead_by_an_hour()) is None
    assert clocks.round_trip_s("gate-box") is None
    with answering(routers["gate-box"], "gate-box", ahead_by_an_hour):
        wait_until_known(clocks, "gate-box")
    round_trip_s = clocks.round_trip_s("gate-box")
    assert round_trip_s is not None
    assert clocks.local_time("gate-box", ahead_by_an_hour()) == pytest.approx(time.time(), abs=round_trip_s + 0.5)


def test_a_node_does_not_answer_for_another(routers: dict[str, zenoh.Session], clocks: Clocks) -> None:
    with answering(routers["yard-box"], "gate-box"), answering(routers["yard-box"], "yard-box"):
        wait_until_known(clocks, "yard-box")
        clocks.follow("gate-box")
        time.sleep(SILENCE_S)
    assert clocks.local_time("gate-box", 0) is None


@pytest.mark.parametrize("text", ["", "1", "1 2 3", "now then", "nan 1", "1 inf"])
def test_an_invalid_answer_is_ignored(text: str) -> None:
    assert parse_times(text) is None
