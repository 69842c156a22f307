"""Another model while the app runs: loaded beside the running one, swapped between two frames, or not at all."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from common.detection.detector import Detector, load_detector
from common.detection.model_switch import ModelSwitch
from common.errors import ModelError
from common.messaging.base import Message
from common.messaging.messages import Model, ModelChange, SettingChange, Status
from common.model_zoo.resolve import default_model, resolve_named_model
from tests.support.format_models import save_class_grid
from tests.support.onnx_models import save_failing, save_yolox
from tests.support.scenes import scene

PATIENCE_S = 30.0
LABELS = {"names": "red,blue"}
IMAGE = scene(432, 768)[0]


@pytest.fixture
def models(tmp_path: Path) -> dict[str, Path]:
    return {
        "first": save_yolox(tmp_path / "first.onnx", metadata=LABELS),
        "second": save_class_grid(tmp_path / "second.onnx", metadata={"names": "rot,blau"}),
        "broken": save_failing(tmp_path / "broken.onnx"),
    }


class Switching:
    """A switch on real models, and what it reported."""

    def __init__(self, models: dict[str, Path], load: Callable[[str], Detector] | None = None) -> None:
        self.reports: list[Message] = []
        self.switch = ModelSwitch(
            load_detector(models["first"], 1),
            load or (lambda name: load_detector(models[name], 1)),
            self.reports.append,
        )

    def labels(self) -> list[str]:
        return [each.label for each in self.switch.detect(IMAGE, 0.3).detections]

    def detect_until(self, done: Callable[[], bool]) -> list[list[str]]:
        """The labels found in each frame until `done`."""
        found, deadline = [], time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < deadline
            found.append(self.labels())
        return found


def test_another_model_is_swapped_in_between_two_frames(models: dict[str, Path]) -> None:
    switching = Switching(models)
    switching.switch.handle(ModelChange(model="second"))
    found = switching.detect_until(lambda: bool(switching.reports))
    assert set(map(tuple, found)) <= {("red", "blue"), ("rot", "blau")}  # no frame without detections
    assert switching.labels() == ["rot", "blau"]
    assert (switching.switch.name, switching.switch.labels) == ("second.onnx", ("rot", "blau"))
    assert switching.reports == [
        Model(name="second.onnx", labels=("rot", "blau")),
        Status(component="model", state="ok", message="second.onnx is in use"),
    ]


def test_a_model_for_another_processor_is_not_loaded(models: dict[str, Path]) -> None:
    switching = Switching(models)
    switching.switch.handle(ModelChange(processor="people", model="missing"))
    switching.switch.handle(ModelChange(processor="main", model="second"))
    switching.detect_until(lambda: bool(switching.reports))
    assert switching.reports[0] == Model(name="second.onnx", labels=("rot", "blau"))


def test_frames_are_detected_while_a_model_is_loaded(models: dict[str, Path]) -> None:
    go_on = threading.Event()

    def load(name: str) -> Detector:
        assert go_on.wait(PATIENCE_S)
        return load_detector(models[name], 1)

    switching = Switching(models, load)
    switching.switch.handle(ModelChange(model="second"))
    assert [switching.labels() for _ in range(3)] == [["red", "blue"]] * 3
    go_on.set()
    switching.detect_until(lambda: bool(switching.reports))
    assert switching.labels() == ["rot", "blau"]


@pytest.mark.parametrize("name", ["broken", "missing"])
def test_a_model_that_cannot_be_loaded_leaves_the_running_one(models: dict[str, Path], name: str) -> None:
    def load(wanted: str) -> Detector:
        if wanted not in models:
            raise ModelError(f"{wanted!r} is not one of them")
        return load_detector(models[wanted], 1)

    switching = Switching(models, load)
    switching.switch.handle(ModelChange(model=name))
    switching.detect_until(lambda: bool(switching.reports))
    (status,) = switching.reports
    assert isinstance(status, Status)
    assert (status.component, status.state) == ("model", "degraded")
    assert status.message.startswith("first.onnx stays in use: ")
    assert switching.labels() == ["red", "blue"]


def test_of_many_requests_the_last_is_served(models: dict[str, Path]) -> None:
    loads: list[str] = []
    go_on = threading.Event()

    def load(name: str) -> Detector:
        loads.append(name)
        assert go_on.wait(PATIENCE_S)
        return load_detector(models[name], 1)

    switching = Switching(models, load)
    for name in ("second", "broken", "broken", "first"):
        switching.switch.handle(ModelChange(model=name))
    go_on.set()
    switching.detect_until(lambda: switching.switch.name == "first.onnx" and bool(switching.reports))
    assert loads == ["second", "first"]


def test_other_messages_change_nothing(models: dict[str, Path]) -> None:
    switching = Switching(models)
    switching.switch.handle(SettingChange(name="min_score", value=0.5))
    assert switching.labels() == ["red", "blue"]
    assert switching.reports == []


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "models/tiny-yolov3-road.onnx", "tiny-yolov3-road.onnx"])
def test_only_names_of_models_in_the_folder_are_resolved(name: str) -> None:
    with pytest.raises(ModelError, match=r"is not one of default, tiny-yolov3-road"):
        resolve_named_model(name)
    assert resolve_named_model("tiny-yolov3-road") == resolve_named_model("default") == default_model()
