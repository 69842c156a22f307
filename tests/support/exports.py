"""Real exports with random weights and golden outputs, which are beside this project and not part of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from common.detection.boxes import Floats
from common.frames import Image
from common.messaging.messages import Detection
from tests.support.boxes import iou

Found: TypeAlias = tuple[str, float, Floats]

EXPORTS = Path(__file__).resolve().parents[3] / "shared" / "detectors" / "exports"


@dataclass(frozen=True)
class Golden:
    """What a family's own post-processing gives: boxes in pixels of the image (n × 4), scores, class ids."""

    min_score: float
    boxes: Floats
    scores: Floats
    class_ids: npt.NDArray[np.int64]
    outputs: dict[str, npt.NDArray[Any]]

    def of_classes(self, class_ids: Collection[int]) -> "Golden":
        """Only the objects of these classes."""
        kept = np.isin(self.class_ids, list(class_ids))
        return replace(self, boxes=self.boxes[kept], scores=self.scores[kept], class_ids=self.class_ids[kept])


def golden(name: str) -> Golden:
    """The golden outputs of an export, with NMS within each class where there are two kinds."""
    content = np.load(EXPORTS / "golden" / f"{name}.npz")
    kind = "_class_aware" if "boxes_class_aware" in content else ""
    outputs = {key.removeprefix("raw_"): content[key] for key in content if key.startswith("raw_")}
    boxes, scores, class_ids = (content[f"{each}{kind}"] for each in ("boxes", "scores", "classes"))
    return Golden(float(content["conf"]), boxes, scores, class_ids, outputs)


def golden_image() -> Image:
    """The image that the golden outputs are of, BGR."""
    return np.asarray(cv2.imread(str(EXPORTS / "golden" / "picture.png")), np.uint8)


def assert_same_objects(
    found: Sequence[Detection], labels: Sequence[str], expected: Golden, tolerance_px: float, *, ties: bool = False
) -> None:
    """Each golden object inside the image was found once, and nothing else.

    The same object has the same label, a score within 0.01, and an IoU of at least 0.99, or edges within
    `tolerance_px` pixels. With `ties`, one object may have another label.
    """
    height, width = golden_image().shape[:2]
    sides = np.array((width, height, width, height), np.float32)
    left = [(each.label, each.score, np.array(each.box, np.float32) * sides) for each in found]
    boxes = np.clip(expected.boxes, 0, sides)
    inside = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(axis=1))
    missed = []
    for box, score, class_id in zip(boxes[inside], expected.scores[inside], expected.class_ids[inside], strict=True):
        label = labels[class_id] if labels else f"class {class_id}"
        match = next((each for each in left if each[0] == label and _alike(each, score, box, tolerance_px)), None)
        if match is None:
            missed.append((label, score, box))
        else:
            left = [each for each in left if each is not match]
    if ties:
        assert len(missed) == len(left) == 1
        assert _alike(left[0], *missed[0][1:], tolerance_px)
    else:
        assert (missed, left) == ([], [])


def _alike(found: Found, score: float, box: Floats, tolerance_px: float) -> bool:
    _, found_score, found_box = found
    close = iou(found_box, box[None])[0] >= 0.99 or np.abs(found_box - box).max() <= tolerance_px
    return bool(abs(found_score - score) <= 0.01 and close)
