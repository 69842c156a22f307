"""Access control: a node publishes about what it runs and nothing else, and messages are checked for it."""

from pathlib import Path

import pytest

from common.errors import MessageError
from common.messaging.messages import (
    Change,
    Detections,
    FrameHeader,
    IngestMessage,
    Model,
    ModelChange,
    SettingChange,
    Status,
)
from common.messaging.regions import RegionsChange
from common.messaging.report import MetricsReport
from tests.zenoh.nodes import three_boxes
from zenoh_impl.access import NodeRights, rights_in, rights_of
from zenoh_impl.receiver import check_camera

GATE_BOX = NodeRights("gate-box", cameras=("gate",))
GPU_BOX = NodeRights("gpu-box", processors=("vehicles",))


def detections(processor: str) -> Detections:
    return Detections(
        camera="gate", processor=processor, frame_id=1, captured_at=1, inference_ms=1, processing_ms=1, detections=()
    )


def report(camera: str | None = None, processor: str | None = None) -> MetricsReport:
    return MetricsReport(role="a role", camera=camera, processor=processor, pid=1, duration_s=1)


@pytest.mark.parametrize(
    ("rights", "message"),
    [
        (GATE_BOX, Status(component="provider", camera="gate", state="ok")),
        (GATE_BOX, Status(component="supervisor", state="ok")),
        (GATE_BOX, report(camera="gate")),
        (GPU_BOX, detections("vehicles")),
        (GPU_BOX, Model(processor="vehicles", name="m", labels=())),
        (GPU_BOX, report(processor="vehicles")),
    ],
)
def test_a_node_sends_messages_about_what_it_runs(rights: NodeRights, message: IngestMessage) -> None:
    rights.check(message)


@pytest.mark.parametrize(
    ("rights", "message", "fault"),
    [
        (GATE_BOX, Status(component="provider", camera="yard", state="lost"), "camera yard"),
        (GATE_BOX, report(camera="yard"), "camera yard"),
        (GATE_BOX, detections("vehicles"), "processor vehicles"),
        (GATE_BOX, Model(processor="vehicles", name="m", labels=()), "processor vehicles"),
        (GPU_BOX, detections("people"), "processor people"),
        (GPU_BOX, Status(component="provider", camera="gate", state="lost"), "camera gate"),
    ],
)
def test_a_message_about_what_another_node_runs_is_refused(
    rights: NodeRights, message: IngestMessage, fault: str
) -> None:
    with pytest.raises(MessageError, match=f"{rights.node} does not run {fault}"):
        rights.check(message)


MIN_SCORE = SettingChange(name="min_score", value=0.5)
LINES, MODEL = RegionsChange(processor="vehicles"), ModelChange(model="small")


@pytest.mark.parametrize("rights", [GPU_BOX, NodeRights("hub", serves=True)])
@pytest.mark.parametrize("change", [MIN_SCORE, LINES, MODEL])
def test_servers_and_nodes_of_a_processor_send_changes_of_it(rights: NodeRights, change: Change) -> None:
    rights.check_change(change)


@pytest.mark.parametrize(
    ("rights", "change"),
    [
        (GATE_BOX, MIN_SCORE),
        (GATE_BOX, MODEL),
        (GATE_BOX, LINES),
        (GPU_BOX, RegionsChange(processor="people")),
        (GPU_BOX, ModelChange(processor="people", model="small")),
    ],
)
def test_a_change_that_does_not_concern_a_node_is_refused(rights: NodeRights, change: Change) -> None:
    with pytest.raises(MessageError, match=f"{rights.node} may not send a change of "):
        rights.check_change(change)


def test_without_a_node_one_has_the_rights_of_all(tmp_path: Path) -> None:
    (rights,) = rights_of(three_boxes(tmp_path))
    assert rights == NodeRights("hub", cameras=("gate", "yard"), processors=("vehicles",), serves=True)


def test_each_node_has_the_rights_of_what_it_runs(tmp_path: Path) -> None:
    settings = three_boxes(tmp_path).model_copy(update={"node": "hub"})
    assert rights_of(settings) == (
        NodeRights("hub", serves=True),
        NodeRights("gate-box", cameras=("gate",)),
        NodeRights("yard-box", cameras=("yard",)),
        NodeRights("gpu-box", processors=("vehicles",)),
    )


def test_a_frame_of_another_camera_than_that_of_its_key_is_refused() -> None:
    header = FrameHeader(camera="yard", frame_id=1, captured_at=1, width=2, height=2)
    check_camera(header, "yard")
    with pytest.raises(MessageError, match="a frame of camera yard in place of gate"):
        check_camera(header, "gate")


def test_a_message_of_a_node_that_is_not_in_the_settings_is_refused() -> None:
    with pytest.raises(MessageError, match="node shed is not in the settings"):
        rights_in({"gate-box": GATE_BOX}, "shed")
