"""Replay of the bundled clip: mean IoU of the boxes in live mode, with and without motion compensation.

    python -m tests.support.motion_replay

The bundled model detects at 5 FPS. Every painted frame, at 15 FPS, shows the newest detections that have arrived by the
middle of its display time. Counted are the boxes that were right in the frame they were found in (IoU ≥ 0.5 with an
exact box); each is compared with the exact boxes of the painted frame, one to one, the highest IoU first.
"""

import gzip
import json
from dataclasses import dataclass
from functools import cache
from statistics import fmean
from typing import Any, TypeAlias

import cv2
import numpy as np
from playwright.sync_api import Page

from common.detection.detector import load_detector
from common.model_zoo.resolve import default_model, sample_clip
from tests.support.pages import chromium
from tests.support.servers import serving

Box: TypeAlias = tuple[float, float, float, float]

CLIP_FPS = 30
PAINTED_EVERY, DETECTED_EVERY = 2, 6  # frames of the clip: 15 and 5 FPS
MIN_SCORE = 0.3
RIGHT = 0.5  # IoU of a right box, as in AP50
OUTSIDE = (0.0, 0.0, 0.0, 0.0)  # of a box that was moved out of the frame
DELAYS_S = (0.012, 0.1)  # from capture to arrival: measured with the bundled model on 2 cores, and ten times slower

REPLAY = """async ({ messages, frames, delay_s, half_s }) => {
    const { itemsAt, withVelocities } = await import("/static/viewer/motion.js");
    const tracked = [];
    for (const message of messages) tracked.push(withVelocities(message, tracked.at(-1)));
    return frames.map((captured_at) => {
        const has_arrived = (message) =>
            message.captured_at <= captured_at && message.captured_at + delay_s <= captured_at + half_s;
        const newest = tracked.findLast(has_arrived);
        return newest ? itemsAt(newest, captured_at) : null;
    });
}"""


@dataclass(frozen=True)
class Result:
    """Mean IoU at paint time, and in the frame of the detections, which is that of synced mode."""

    boxes: int
    live: float
    compensated: float
    synced: float


def replay(page: Page, delay_s: float) -> Result:
    """Replay the clip in `page`, which must be one of the app."""
    exact, messages = exact_boxes(), detections()
    frames = [number for number in range(len(exact)) if number % PAINTED_EVERY == 0]
    painted: list[list[dict[str, Any]] | None] = page.evaluate(
        REPLAY,
        {
            "messages": messages,
            "frames": [number / CLIP_FPS for number in frames],
            "delay_s": delay_s,
            "half_s": 0.5 * PAINTED_EVERY / CLIP_FPS,
        },
    )
    live: list[float] = []
    compensated: list[float] = []
    synced: list[float] = []
    for number, items in zip(frames, painted, strict=True):
        if not items:
            continue
        own = items[0]["message"]
        moved = {item["id"]: item["box"] for item in items}
        found = messages[own]["detections"]
        overlaps = best_overlaps([item["box"] for item in found], exact[own * DETECTED_EVERY])
        right = [item for item, overlap in zip(found, overlaps, strict=True) if overlap >= RIGHT]
        synced += [overlap for overlap in overlaps if overlap >= RIGHT]
        live += best_overlaps([item["box"] for item in right], exact[number])
        compensated += best_overlaps([moved.get(item["id"], OUTSIDE) for item in right], exact[number])
    return Result(len(live), fmean(live), fmean(compensated), fmean(synced))


@cache
def exact_boxes() -> list[list[Box]]:
    """Return the boxes of each frame of the clip, from the renderer."""
    content = json.loads(gzip.decompress(sample_clip().with_name("road_boxes.json.gz").read_bytes()))
    return [[(x1, y1, x2, y2) for _, x1, y1, x2, y2, _ in boxes] for boxes in content["frames"]]


@cache
def detections() -> list[dict[str, Any]]:
    """Return the detections messages of the bundled model; each item has an id and the number of its message."""
    detector = load_detector(default_model(), threads=1)
    video = cv2.VideoCapture(str(sample_clip()))
    messages: list[dict[str, Any]] = []
    number = 0
    while video.grab():
        if number % DETECTED_EVERY == 0:
            _, image = video.retrieve()
            found = detector.detect(np.asarray(image, np.uint8), MIN_SCORE).detections
            items = [
                {"id": index, "message": len(messages), "label": each.label, "score": each.score, "box": each.box}
                for index, each in enumerate(found)
            ]
            messages.append({"captured_at": number / CLIP_FPS, "detections": items})
        number += 1
    video.release()
    return messages


def best_overlaps(boxes: list[Any], exact: list[Box]) -> list[float]:
    """Return the IoU of each box with the exact box that it is paired with, 0 without one."""
    pairs = sorted(
        ((iou(box, other), i, j) for i, box in enumerate(boxes) for j, other in enumerate(exact)), reverse=True
    )
    overlaps: dict[int, float] = {}
    taken: set[int] = set()
    for overlap, i, j in pairs:
        if i not in overlaps and j not in taken:
            overlaps[i] = overlap
            taken.add(j)
    return [overlaps.get(i, 0.0) for i in range(len(boxes))]


def iou(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (a, b)]
    return width * height / (sum(areas) - width * height)


def main() -> None:
    """Print a table: a row for each delay of the detections."""
    print("delay, ms    boxes   live   compensated   synced")
    with serving() as server, chromium() as browser:
        page = browser.new_page()
        page.goto(f"http://localhost:{server.port}/")
        for delay_s in DELAYS_S:
            result = replay(page, delay_s)
            figures = f"{result.boxes:8} {result.live:6.3f} {result.compensated:13.3f} {result.synced:8.3f}"
            print(f"{1000 * delay_s:9.0f} {figures}")


if __name__ == "__main__":
    main()
