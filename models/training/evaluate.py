"""Average precision of a model by class, as the app runs it: python -m models.training.evaluate MODEL --data DIR."""

import argparse
import contextlib
import gzip
import io
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from tqdm import tqdm

from common.detection.detector import OnnxDetector, load_detector
from common.messaging.messages import Detection
from models.training.detector import data
from models.training.detector.data import CLASSES, IGNORED, Image, LabelledImage

VEHICLES = ("bicycle", "car", "motorcycle", "bus", "truck")
MAIN_CLASSES = ("car", "motorcycle", "bus", "truck")  # whose mean is the main figure
ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "common" / "sample"
# Further rows of the table: labels that are taken as one class, and the range of heights in px.
BY_HEIGHT = {
    "any vehicle from 16 px high": (VEHICLES, (16, math.inf)),
    "any vehicle from 24 px high": (VEHICLES, (24, math.inf)),
    "any vehicle from 12 to 24 px high": (VEHICLES, (12, 24)),
    "bicycle from 24 px high": (("bicycle",), (24, math.inf)),
    "person from 24 px high": (("person",), (24, math.inf)),
}
SIZES = {"small": "below 32² px", "medium": "to 96² px", "large": "above"}  # areas, as in COCO


@dataclass(frozen=True, slots=True)
class EvaluatedImage:
    """An image with its boxes and its detections. `labelled` are the classes that are labelled completely."""

    size: tuple[int, int]  # width, height
    boxes: data.Boxes
    kinds: data.Kinds
    found: list[Detection]
    labelled: frozenset[str]


def main(argv: Sequence[str]) -> int:
    """Evaluate; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.training.evaluate", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument(
        "--data", type=Path, help="folder with road_users/ and road_users2/; without it only the bundled clip is used"
    )
    parser.add_argument("--every", type=int, default=5, help="evaluate every Nth frame of the clip (default: 5)")
    arguments = parser.parse_args(argv)
    detector = load_detector(arguments.model, threads=2)
    if arguments.data is not None:
        for name in ("road_users", "road_users2"):
            print(table(f"Validation images of {name}", evaluate_images(detector, arguments.data / name)))
    print(table("The bundled clip", evaluate_clip(detector, arguments.every)))
    return 0


def evaluate_images(detector: OnnxDetector, folder: Path) -> list[EvaluatedImage]:
    """Evaluate the validation images of a folder; each source on the classes that its publisher labelled."""
    sources = json.loads((folder / "sources.json").read_text("utf-8"))
    labelled = {name: frozenset(CLASSES[one] for one in about["labelled"]) for name, about in sources.items()}
    images = data.road_users_validation(folder)
    return [_evaluate(detector, image.image, image, labelled[image.source]) for image in tqdm(images, unit="image")]


def evaluate_clip(detector: OnnxDetector, every: int) -> list[EvaluatedImage]:
    """Evaluate every `every`-th frame of the bundled clip, against its exact boxes."""
    frames = list(tqdm(clip_frames(every), unit="frame"))
    return [_evaluate(detector, frame.image, frame, frozenset(CLASSES)) for frame in frames]


def clip_frames(every: int) -> Iterator[LabelledImage]:
    """Yield every `every`-th frame of the bundled clip with its boxes."""
    content = json.loads(gzip.decompress((SAMPLE / "road_boxes.json.gz").read_bytes()))
    video = cv2.VideoCapture(str(SAMPLE / "road.mp4"))
    for number, boxes in enumerate(content["frames"]):
        _, image = video.read()
        if number % every == 0:
            rows = np.array(boxes, np.float32).reshape(-1, 6)
            corners = rows[:, 1:5] * np.tile((content["width"], content["height"]), 2)
            yield LabelledImage(f"{number}", "clip", np.asarray(image, np.uint8), corners, rows[:, 0].astype(np.int64))


def _evaluate(detector: OnnxDetector, image: Image, truth: LabelledImage, labelled: frozenset[str]) -> EvaluatedImage:
    found = detector.detect(image, min_score=0.0).detections
    return EvaluatedImage((image.shape[1], image.shape[0]), truth.boxes, truth.kinds, found, labelled)


def table(title: str, evaluated: Sequence[EvaluatedImage]) -> str:
    """Return a Markdown table: a row for each class, rows for all vehicles as one class, and a row for the mean."""
    lines = [f"\n| {title} | boxes | AP50 | AP50:95 | AP50 {' | AP50 '.join(SIZES)} |", "|---|" + "---:|" * 6]
    rows = {label: average_precision(evaluated, (label,)) for label in CLASSES}
    rows["any vehicle"] = average_precision(evaluated, VEHICLES)
    for name, (group, (low, high)) in BY_HEIGHT.items():
        rows[name] = average_precision([of_height(one, low, high) for one in evaluated], group)
    for label, row in rows.items():
        cells = " | ".join("–" if value < 0 else f"{value:.3f}" for name, value in row.items() if name != "boxes")
        lines.append(f"| {label} | {row['boxes']:.0f} | {cells} |")
    mean = np.mean([rows[label]["AP50"] for label in MAIN_CLASSES])
    lines.append(f"| **mean of {', '.join(MAIN_CLASSES)}** | | **{mean:.3f}** | | | | |")
    return "\n".join(lines)


def of_height(evaluated: EvaluatedImage, low: float, high: float = math.inf) -> EvaluatedImage:
    """Return a copy in which boxes are ignored unless their height in pixels is at least `low` and below `high`."""
    heights = evaluated.boxes[:, 3] - evaluated.boxes[:, 1]
    other = (heights < low) | (heights >= high)
    return replace(evaluated, kinds=np.where(other, IGNORED, evaluated.kinds))


def average_precision(evaluated: Iterable[EvaluatedImage], group: Sequence[str]) -> dict[str, float]:
    """Return COCO's average precision of the labels in `group`, taken as one class; -1 without boxes.

    Detections that overlap an ignored region count neither as true nor as false. Images in which none of the group is
    labelled are excluded.
    """
    images: list[dict[str, Any]] = []
    truths: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    indices = [CLASSES.index(label) for label in group]
    for one in evaluated:
        if not set(group) & one.labelled:
            continue
        image_id = len(images) + 1
        width, height = one.size
        images.append({"id": image_id, "width": width, "height": height})
        for (x1, y1, x2, y2), kind in zip(one.boxes.tolist(), one.kinds.tolist(), strict=True):
            if kind in indices or kind == IGNORED:
                box = [x1, y1, x2 - x1, y2 - y1]
                area = box[2] * box[3]
                uncertain = int(kind == IGNORED)
                truths.append(
                    {
                        "id": len(truths) + 1,
                        "image_id": image_id,
                        "category_id": 1,
                        "bbox": box,
                        "area": area,
                        "iscrowd": uncertain,
                    }
                )
        for detection in one.found:
            if detection.label in group:
                x1, y1, x2, y2 = (side * length for side, length in zip(detection.box, one.size * 2, strict=True))
                box = [x1, y1, x2 - x1, y2 - y1]
                found.append({"image_id": image_id, "category_id": 1, "bbox": box, "score": detection.score})
    boxes = sum(not truth["iscrowd"] for truth in truths)
    if not boxes or not found:
        return {"boxes": boxes, "AP50": 0.0 if boxes else -1.0}
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO({"images": images, "annotations": truths, "categories": [{"id": 1, "name": "+".join(group)}]})
        evaluation = COCOeval_faster(known, known.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"]  # IoU × recall × class × size (all, small, medium, large) × maximum count

    def mean(iou: slice, size: int) -> float:
        values = precision[iou, :, :, size, -1]
        return float(values[values > -1].mean()) if (values > -1).any() else -1.0

    at_50 = slice(0, 1)
    by_size = {f"AP50 {name}": mean(at_50, size) for size, name in enumerate(SIZES, start=1)}
    return {"boxes": boxes, "AP50": mean(at_50, 0), "AP50:95": mean(slice(None), 0), **by_size}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
