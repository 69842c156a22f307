"""Three nodes on three machines: what a bad link does to the video, in short versions of `python -m tests.network`."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from tests.network.conditions import CLEAR, Conditions
from tests.network.network import require_namespaces
from tests.network.nodes import Machines, all_nodes, machines, write_settings
from tests.network.scenarios import SCENARIOS, Scenario, recover, steady
from tests.network.viewer import Recording
from zenoh_impl.local_time import MAX_AGE_S

SECONDS = 4.0
SETTLE_S = 5.0  # the ages need not be the lowest ones: a backlog would still grow
DELIVERY_S = 10.0  # from the server to the viewer, which may have to wait for the processor
FAULTS = [scenario for scenario in SCENARIOS if scenario.name in ("cut", "cut one way", "new address")]


class Running(NamedTuple):
    """The machines, and what a viewer receives."""

    machines: Machines
    recording: Recording


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    require_namespaces()
    with ExitStack() as stack:
        on = stack.enter_context(machines())
        file = write_settings(tmp_path_factory.mktemp("nodes"), on.hub.address, "sample", "default")
        yield Running(on, stack.enter_context(all_nodes(file, on)))


@pytest.mark.parametrize("scenario", FAULTS, ids=lambda scenario: scenario.name)
def test_video_and_boxes_return_after_a_fault(running: Running, scenario: Scenario) -> None:
    outcome = scenario.run(running.machines.gate_link, running.recording, SECONDS)
    assert outcome.recovery_s is not None
    assert outcome.frames_per_s > 0
    assert max(outcome.viewer_ms) < 1000 * (MAX_AGE_S + DELIVERY_S)


@pytest.mark.parametrize(
    "conditions",
    [Conditions(delay_s=0.05, loss=0.01), Conditions(bits_per_s=5e6)],
    ids=["50 ms, 1 % loss", "5 Mbit/s"],
)
def test_no_backlog_remains_of_a_bad_link(running: Running, conditions: Conditions) -> None:
    link = running.machines.gate_link
    outcome = steady("", conditions, SETTLE_S).run(link, running.recording, SECONDS)
    assert outcome.frames_per_s > 0
    first, last = outcome.trend_ms()
    assert last < first + 2000  # it does not grow by the duration: the link carries less than is captured
    link.set(CLEAR)
    over_at = running.recording.frames[-1].received_at
    assert recover(running.recording, over_at) < 3 * SECONDS  # on a busy machine
