"""Network, loss, training and export: the app's detector finds what a short training has learnt."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

# Several GB, and not needed by the app; listed in models/training/requirements-train.txt.
pytest.importorskip("torch")

import onnx
import torch

from common.detection.detector import load_detector
from models.training.detector import train
from models.training.detector.data import CLASSES, LabelledImage
from models.training.detector.export import load, to_onnx
from models.training.detector.train import Training
from tests.support.boxes import iou

pytestmark = pytest.mark.timeout(900)  # two minutes on two cores
BUS = CLASSES.index("bus")
STEPS = 150


def road(seed: int) -> LabelledImage:
    """Return a noisy grey image with a bright rectangle at a random place, labelled as a bus."""
    random = np.random.default_rng(seed)
    image = random.integers(60, 100, (320, 480, 3)).astype(np.uint8)
    x, y = random.integers(20, 300), random.integers(20, 200)
    cv2.rectangle(image, (int(x), int(y)), (int(x) + 119, int(y) + 79), (250, 250, 250), -1)
    return LabelledImage(f"{seed}", "bd", image, np.array([(x, y, x + 120, y + 80)], np.float32), np.array([BUS]))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("training") / "checkpoint.pt"
    with pytest.MonkeyPatch.context() as patch:  # a batch that two cores process in a second
        patch.setattr(train, "BATCH", 16)
        patch.setattr(train, "SIDES", (224, 224))
        Training([road(seed) for seed in range(32)], path, STEPS, seed=0).run()
    return path


def test_the_app_detects_what_was_learnt(checkpoint: Path, tmp_path: Path) -> None:
    model, steps = load(checkpoint)
    assert steps == STEPS
    onnx.save(to_onnx(model, {}), tmp_path / "learnt.onnx")
    detector = load_detector(tmp_path / "learnt.onnx", threads=1)
    assert detector.labels == CLASSES
    for seed in range(100, 108):  # not in the training images
        image = road(seed)
        best = detector.detect(image.image, min_score=0.01).detections[0]
        box = np.array(best.box, np.float32) * np.tile((480, 320), 2).astype(np.float32)
        assert best.label == "bus"
        assert iou(box, image.boxes)[0] > 0.5


def test_the_exported_file_computes_what_the_network_computes(checkpoint: Path, tmp_path: Path) -> None:
    import onnxruntime

    model, _ = load(checkpoint)
    proto = to_onnx(model, {})
    onnx.save(proto, tmp_path / "learnt.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "learnt.onnx", providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).random((1, 3, 416, 416), np.float32)
    scores = session.run(["yolonms_layer_1:1"], {"input_1": image, "image_shape": np.full((1, 2), 416, np.float32)})[0]
    with torch.no_grad():
        raws = model(torch.from_numpy(image))
    values = torch.cat([raw.view(3, 11, -1).permute(0, 2, 1).reshape(-1, 11) for raw in raws])
    expected = (values[:, 5:].softmax(1) * values[:, 4:5].sigmoid()).T
    assert scores[0] == pytest.approx(expected.numpy(), abs=1e-4)


def test_a_training_is_resumed_from_its_checkpoint(checkpoint: Path) -> None:
    images = [replace(road(0), name="other")]
    again = Training(images, checkpoint, STEPS, seed=0)
    again.run()  # all steps are done
    assert torch.load(checkpoint, weights_only=True)["step"] == STEPS
