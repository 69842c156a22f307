"""Nodes that send frames by UDP, with the configuration of deploy/datagrams: lost packets delay no other frame."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from benchmark.quantile import quantile
from tests.network.conditions import CLEAR, Conditions
from tests.network.network import require_namespaces
from tests.network.nodes import Machines, all_nodes, machines, write_settings
from tests.network.scenarios import SCENARIOS, Scenario, steady
from tests.network.viewer import Recording

SECONDS = 6.0
SETTLE_S = 3.0
DELAY_S = 0.2
SMALL = "ui_width = 416; jpeg_quality = 60", "frame_width = 416; jpeg_quality = 60"  # 13 packets

FAULTS = [scenario for scenario in SCENARIOS if scenario.name in ("cut", "new address")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machines, Recording]]:
    require_namespaces()
    with ExitStack() as stack:
        on = stack.enter_context(machines())
        file = write_settings(tmp_path_factory.mktemp("nodes"), on.hub.address, "sample", "default", *SMALL)
        yield on, stack.enter_context(all_nodes(file, on, datagrams=True))


def test_a_lost_packet_delays_no_frame(running: tuple[Machines, Recording]) -> None:
    on, recording = running
    lossy = Conditions(delay_s=DELAY_S, loss=0.05)
    outcome = steady("", lossy, SETTLE_S).run(on.gate_link, recording, SECONDS)
    on.gate_link.set(CLEAR)
    # With retransmissions, which arrive after three times the delay, half of the frames were later.
    assert quantile(outcome.viewer_ms, 0.5) < 3000 * DELAY_S
    assert outcome.processor_p50_ms < 3000 * DELAY_S
    assert outcome.frames_per_s > 2
    assert outcome.drops["server/lost on the way"] > 0


@pytest.mark.parametrize("scenario", FAULTS, ids=lambda scenario: scenario.name)
def test_both_connections_return_after_a_fault(running: tuple[Machines, Recording], scenario: Scenario) -> None:
    on, recording = running
    outcome = scenario.run(on.gate_link, recording, SECONDS)
    assert outcome.frames_per_s > 0
    assert on.gate_box.connections("tcp") >= 1
    assert on.gate_box.connections("udp") >= 1
