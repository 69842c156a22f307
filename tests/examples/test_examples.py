"""The examples, run on the bundled clip as the processor role runs them."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from common.detection.outcome import Outcome
from common.detection.user_code import load_user_code
from common.frames import Frame
from common.model_zoo.resolve import ROOT, sample_clip
from common.tracking.line_counter import LineCounter
from models.training.exact_tracks import CLIP_FPS, exact_tracks

EXAMPLES = ROOT / "examples"
FPS = 10
LINE = ((0.2, 0.55), (0.95, 0.55))


def frames(seconds: float) -> Iterator[Frame]:
    """The clip at 10 FPS."""
    video = cv2.VideoCapture(str(sample_clip()))
    for number in range(round(seconds * CLIP_FPS)):
        read, image = video.read()
        if not read:
            return
        if number % (CLIP_FPS // FPS) == 0:
            yield Frame("road", number, 1000 + number / CLIP_FPS, np.asarray(image, np.uint8))


def run(reference: str, seconds: float, **options: Any) -> list[Outcome]:
    process = load_user_code(f"{EXAMPLES / reference}", options)
    return [process(frame) for frame in frames(seconds)]


def test_every_example_is_short_and_run_here() -> None:
    files = {path.name for path in EXAMPLES.glob("*.py")}
    text = Path(__file__).read_text("utf-8")
    assert all(f'"{name}:' in text for name in files)
    assert all(len((EXAMPLES / name).read_text("utf-8").splitlines()) < 60 for name in files)
    assert all(name in (EXAMPLES / "README.md").read_text("utf-8") for name in files)


def test_motion_finds_what_moves() -> None:
    outcomes = run("motion.py:Motion", 3)
    assert outcomes[0].detections == ()
    assert all(outcome.detections for outcome in outcomes[2:])
    assert all(0 < outcome.values["moving %"] < 20 for outcome in outcomes[2:])


def test_crossings_are_counted_to_a_tenth() -> None:
    exact = LineCounter("exact", *LINE)
    for number, tracked in enumerate(exact_tracks()):
        exact.update(number / CLIP_FPS, tracked)
    expected: Counter[str] = Counter()
    for (direction, label), count in exact.counts.items():
        expected[direction] += count * (label != "person")
    outcomes = run("count_crossings.py:Crossings", 20, line=LINE, min_score=0.35)
    events = [event.data for outcome in outcomes for event in outcome.events]
    counted = Counter(event["direction"] for event in events if event["label"] != "person")
    assert min(expected["in"], expected["out"]) >= 10
    for direction in ("in", "out"):
        assert abs(counted[direction] - expected[direction]) <= 0.1 * expected[direction]
    values = outcomes[-1].values
    assert len(events) == values["in"] + values["out"]


def test_long_stays_in_a_zone_are_events() -> None:
    outcomes = run("time_in_zone.py:Stay", 5, alarm_s=2)
    events = [event for outcome in outcomes for event in outcome.events]
    assert events
    ids = [event.data["track_id"] for event in events]
    assert len(ids) == len(set(ids))
    assert max(outcome.values["longest stay s"] for outcome in outcomes) >= 2


def test_a_snapshot_is_saved_for_each_object(tmp_path: Path) -> None:
    outcomes = run("snapshot_on_event.py:Snapshot", 3, label="car", folder=str(tmp_path / "shots"), limit=2)
    files = [event.data["file"] for outcome in outcomes for event in outcome.events]
    assert len(files) == 2
    assert {path.name for path in (tmp_path / "shots").iterdir()} == set(files)
    assert outcomes[-1].values["car seen"] >= 2


@pytest.mark.parametrize("same", [True, False])
def test_two_models_are_compared(same: bool) -> None:
    (outcome,) = run("compare_models.py:Compare", 0.1, min_iou=0.5 if same else 1.5)
    assert outcome.values["both"] == (len(outcome.detections) if same else 0)
    assert outcome.detections
    assert all(each.label.startswith(("first: ", "second: ")) is not same for each in outcome.detections)


def python_blocks(file: Path) -> list[str]:
    """The Python code of a document that defines a processor."""
    blocks = re.findall(r"```python\n(.*?)```", file.read_text("utf-8"), re.DOTALL)
    return [block for block in blocks if "common.processing" in block]


@pytest.mark.parametrize(("document", "count"), [("README.md", 1), ("docs/your-code.md", 2)])
def test_the_processors_of_the_documentation_run(tmp_path: Path, document: str, count: int) -> None:
    blocks = python_blocks(ROOT / document)
    assert len(blocks) == count
    for index, block in enumerate(blocks):
        file = tmp_path / f"mine_{index}.py"
        file.write_text(block)
        process = load_user_code(f"{file}:{'process' if 'def process(frame)' in block else 'Dark'}", {})
        assert all(process(frame).values for frame in frames(0.3))
