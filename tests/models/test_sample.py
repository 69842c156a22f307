"""The bundled clip: its format, its loop, and its exact boxes."""

import gzip
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from common.frames import Image

SAMPLE = Path(__file__).resolve().parents[2] / "common" / "sample"
CLIP, BOXES = SAMPLE / "road.mp4", SAMPLE / "road_boxes.json.gz"


@pytest.fixture(scope="module")
def frames() -> list[Image]:
    return [without_noise(frame) for frame in read(CLIP)]


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(gzip.decompress(BOXES.read_bytes()))
    return content


def read(clip: Path) -> Iterator[Image]:
    video = cv2.VideoCapture(str(clip))
    while True:
        decoded, frame = video.read()
        if not decoded:
            return
        yield np.asarray(frame, np.uint8)


def without_noise(frame: Image) -> Image:
    """Return the frame in grey, at half size and blurred, to suppress noise."""
    half = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(half, (0, 0), 1), np.uint8)


def difference(a: Image, b: Image) -> Image:
    """Return the absolute difference in each pixel, in grey levels."""
    return np.asarray(cv2.absdiff(a, b), np.uint8)


def test_the_clip_is_h264_of_at_most_6_mb() -> None:
    video = cv2.VideoCapture(str(CLIP))
    code = int(video.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode()
    assert code in ("h264", "avc1")
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(30, abs=0.01)
    assert CLIP.stat().st_size <= 6_000_000


def test_the_clip_lasts_20_s_and_is_at_least_640_by_360(frames: list[Image]) -> None:
    assert len(frames) >= 20 * 30
    height, width = next(read(CLIP)).shape[:2]
    assert width >= 640
    assert height >= 360


def test_the_clip_loops_without_a_jump(frames: list[Image]) -> None:
    steps = [float(difference(a, b).mean()) for a, b in pairwise(frames[:60])]
    jump = float(difference(frames[0], frames[20]).mean())
    limit = 1.5 * max(steps)
    assert jump > limit  # the next assertion would fail for a jump of this size
    assert float(difference(frames[-1], frames[0]).mean()) < limit


def test_there_are_boxes_for_every_frame(frames: list[Image], truth: dict[str, Any]) -> None:
    assert len(truth["frames"]) == len(frames)
    assert min(map(len, truth["frames"])) >= 5
    assert (truth["height"], truth["width"]) == next(read(CLIP)).shape[:2]
    assert truth["fps"] == 30


def test_the_clip_does_not_repeat(frames: list[Image]) -> None:
    step = max(float(difference(a, b).mean()) for a, b in pairwise(frames[:60]))
    for shift in range(30, len(frames) - 30, 15):  # 1 s and more, in both directions around the loop
        apart = [float(difference(frames[number], frames[number - shift]).mean()) for number in range(0, 600, 75)]
        assert np.mean(apart) > 1.5 * step


def test_an_identity_is_kept_by_one_road_user_over_the_clip(truth: dict[str, Any]) -> None:
    kinds: dict[int, int] = {}
    before: dict[int, tuple[float, float]] = {}
    for boxes, identities in zip(truth["frames"], truth["identities"], strict=True):
        assert len(identities) == len(boxes) == len(set(identities))
        now = {}
        for identity, (kind, x1, y1, x2, y2, _) in zip(identities, boxes, strict=True):
            assert kinds.setdefault(identity, kind) == kind
            now[identity] = (x1 + x2) / 2, (y1 + y2) / 2
            if identity in before:  # a frame later the centre has moved by little
                assert np.hypot(*np.subtract(now[identity], before[identity])) < 0.06
        # Of the road users in view, nearly all are in the next frame as well.
        assert len(before.keys() & now.keys()) >= 0.8 * len(before)
        before = now
    assert sorted(kinds) == list(range(len(kinds)))
    assert len(kinds) >= 80


def test_boxes_are_within_the_frame_and_not_too_small(truth: dict[str, Any]) -> None:
    boxes = np.array([box for frame in truth["frames"] for box in frame])
    kinds, (x1, y1, x2, y2), visible = boxes[:, 0], boxes[:, 1:5].T, boxes[:, 5]
    assert set(kinds) == set(range(len(truth["classes"])))
    assert (boxes[:, 1:5] >= 0).all()
    assert (boxes[:, 1:5] <= 1).all()
    assert (x2 > x1).all()
    # Coordinates are rounded to four decimals: 0.04 px of the height.
    assert ((y2 - y1) * truth["height"] >= truth["min_height_px"] - 0.1).all()
    assert (visible > 0).all()
    assert (visible <= 1).all()


def test_most_of_the_motion_is_within_the_boxes(frames: list[Image], truth: dict[str, Any]) -> None:
    height, width = frames[0].shape[:2]

    def share_inside(number: int, boxes_of: int) -> float:
        inside = np.zeros((height, width), bool)
        for _, x1, y1, x2, y2, _ in truth["frames"][boxes_of] + truth["frames"][boxes_of + 2]:
            inside[round(y1 * height) : round(y2 * height), round(x1 * width) : round(x2 * width)] = True
        moved = difference(frames[number], frames[number + 2]) > 12
        return float(moved[inside].sum() / moved.sum())

    numbers = range(0, len(frames) - 60, 45)
    right = np.mean([share_inside(number, number) for number in numbers])
    late = np.mean([share_inside(number, number + 20) for number in numbers])
    assert right > 0.7
    assert late < right - 0.2
