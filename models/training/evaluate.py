"""Evaluate a model as the app runs it, by class: python -m models.training.evaluate MODEL --data DIR."""

import argparse
import contextlib
import gzip
import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from tqdm import tqdm

from common.detection.boxes import Detection
from common.detection.detector import OnnxDetector, load_detector
from models.training.detector import data
from models.training.detector.data import CLASSES, IGNORED, Image, Picture

VEHICLES = ("bicycle", "car", "motorcycle", "bus", "truck")
MEANT = ("car", "motorcycle", "bus", "truck")  # the mean that the model is judged by
ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "common" / "sample"
HEIGHTS = (16, 24)  # px
SIZES = {"small": "below 32² px", "medium": "to 96² px", "large": "above"}  # areas, as COCO has them


@dataclass(frozen=True, slots=True)
class Judged:
    """A picture with its boxes and what was found in it. `labelled` are the classes that its boxes cover."""

    size: tuple[int, int]  # width, height
    boxes: data.Boxes
    kinds: data.Kinds
    found: list[Detection]
    labelled: frozenset[str]


def main(argv: Sequence[str]) -> int:
    """Evaluate as the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.training.evaluate", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, help="folder with road_users/; without it only the bundled clip is used")
    parser.add_argument("--every", type=int, default=5, help="of the clip's frames, which are much alike (default: 5)")
    wanted = parser.parse_args(argv)
    detector = load_detector(wanted.model, threads=2)
    if wanted.data is not None:
        print(table("Validation pictures", judge_pictures(detector, wanted.data / "road_users")))
    print(table("The bundled clip", judge_clip(detector, wanted.every)))
    return 0


def judge_pictures(detector: OnnxDetector, folder: Path) -> list[Judged]:
    """The validation pictures of road_users. Each source is judged only on the classes that its publisher labelled."""
    sources = json.loads((folder / "sources.json").read_text("utf-8"))
    labelled = {name: frozenset(CLASSES[one] for one in about["labelled"]) for name, about in sources.items()}
    pictures = data.road_users_validation(folder)
    return [
        _judged(detector, picture.image, picture, labelled[picture.source])
        for picture in tqdm(pictures, unit="picture")
    ]


def judge_clip(detector: OnnxDetector, every: int) -> list[Judged]:
    """Every so many frames of the bundled clip, against its exact boxes."""
    frames = list(tqdm(clip_frames(every), unit="frame"))
    return [_judged(detector, frame.image, frame, frozenset(CLASSES)) for frame in frames]


def clip_frames(every: int) -> Iterator[Picture]:
    """Frames of the bundled clip with their boxes."""
    content = json.loads(gzip.decompress((SAMPLE / "road_boxes.json.gz").read_bytes()))
    video = cv2.VideoCapture(str(SAMPLE / "road.mp4"))
    for number, boxes in enumerate(content["frames"]):
        _, image = video.read()
        if number % every == 0:
            rows = np.array(boxes, np.float32).reshape(-1, 6)
            corners = rows[:, 1:5] * np.tile((content["width"], content["height"]), 2)
            yield Picture(f"{number}", "clip", np.asarray(image, np.uint8), corners, rows[:, 0].astype(np.int64))


def _judged(detector: OnnxDetector, image: Image, truth: Picture, labelled: frozenset[str]) -> Judged:
    found = detector.detect(image, min_score=0.0).detections
    return Judged((image.shape[1], image.shape[0]), truth.boxes, truth.kinds, found, labelled)


def table(title: str, judged: Sequence[Judged]) -> str:
    """A table in Markdown: a row a class, some for all vehicles as one class, and one for the mean."""
    lines = [f"\n| {title} | boxes | AP50 | AP50:95 | AP50 {' | AP50 '.join(SIZES)} |", "|---|" + "---:|" * 6]
    rows = {label: average_precision(judged, (label,)) for label in CLASSES}
    rows["any vehicle"] = average_precision(judged, VEHICLES)
    for height in HEIGHTS:
        tall = [only_from(one, height) for one in judged]
        rows[f"any vehicle from {height} px high"] = average_precision(tall, VEHICLES)
    for label, row in rows.items():
        cells = " | ".join("–" if value < 0 else f"{value:.3f}" for name, value in row.items() if name != "boxes")
        lines.append(f"| {label} | {row['boxes']:.0f} | {cells} |")
    mean = np.mean([rows[label]["AP50"] for label in MEANT])
    lines.append(f"| **mean of {', '.join(MEANT)}** | | **{mean:.3f}** | | | | |")
    return "\n".join(lines)


def only_from(judged: Judged, height: float) -> Judged:
    """The same with boxes lower than `height` pixels ignored."""
    low = judged.boxes[:, 3] - judged.boxes[:, 1] < height
    return replace(judged, kinds=np.where(low, IGNORED, judged.kinds))


def average_precision(judged: Iterable[Judged], group: Sequence[str]) -> dict[str, float]:
    """COCO's average precision of the labels in `group`, taken as one class; -1 where there is nothing to find.

    What overlaps an ignored region counts neither way. Pictures whose boxes do not cover the group are left out.
    """
    images: list[dict[str, Any]] = []
    truths: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    wanted = [CLASSES.index(label) for label in group]
    for one in judged:
        if not set(group) & one.labelled:
            continue
        image_id = len(images) + 1
        width, height = one.size
        images.append({"id": image_id, "width": width, "height": height})
        for (x1, y1, x2, y2), kind in zip(one.boxes.tolist(), one.kinds.tolist(), strict=True):
            if kind in wanted or kind == IGNORED:
                box = [x1, y1, x2 - x1, y2 - y1]
                area = box[2] * box[3]
                vague = int(kind == IGNORED)
                truths.append(
                    {
                        "id": len(truths) + 1,
                        "image_id": image_id,
                        "category_id": 1,
                        "bbox": box,
                        "area": area,
                        "iscrowd": vague,
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
    precision = evaluation.eval["precision"]  # IoU × recall × class × size (all, small, medium, large) × most finds

    def mean(iou: slice, size: int) -> float:
        values = precision[iou, :, :, size, -1]
        return float(values[values > -1].mean()) if (values > -1).any() else -1.0

    at_50 = slice(0, 1)
    by_size = {f"AP50 {name}": mean(at_50, size) for size, name in enumerate(SIZES, start=1)}
    return {"boxes": boxes, "AP50": mean(at_50, 0), "AP50:95": mean(slice(None), 0), **by_size}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
