"""Processors written by users: loading, permitted results, and errors."""

import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from common.detection.frame_processor import FrameProcessor
from common.detection.outcome import MAX_DETECTIONS
from common.detection.user_code import UserProcessing, load_user_code
from common.errors import ProcessorError
from common.frames import Frame
from common.messaging.base import Message
from common.messaging.messages import Detection, Detections, Status, parse_ingest
from common.messaging.shapes import Line
from common.telemetry.meter import Meter
from tests.support.publishers import StoppingPublisher
from tests.support.reports import merged
from threading_impl.latest_queue import LatestQueue
from threading_impl.stop_signal import StopSignal

FRAME = Frame("gate", 7, 1000.0, np.zeros((4, 6, 3), np.uint8))
IMPORTS = "from common.processing import Detection, Event, Line, Result\n"
CAR = "Detection('car', 0.9, (0.1, 0.2, 0.3, 0.4))"


def loaded(folder: Path, code: str, name: str = "process", **options: Any) -> UserProcessing:
    (folder / "mine.py").write_text(IMPORTS + code)
    return load_user_code(f"{folder / 'mine.py'}:{name}", options)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("def process(frame): return None", []),
        (f"def process(frame): return [{CAR}]", ["car"]),
        (f"def process(frame):\n    yield {CAR}", ["car"]),
        (f"def process(frame): return Result([{CAR}])", ["car"]),
        ("def process(frame): return ()", []),
    ],
)
def test_a_function_returns_detections_a_result_or_nothing(tmp_path: Path, code: str, found: list[str]) -> None:
    assert [each.label for each in loaded(tmp_path, code)(FRAME).detections] == found


def test_a_class_is_created_once_with_its_options(tmp_path: Path) -> None:
    code = (
        "class Count:\n    def __init__(self, step=1):\n        self.count, self.step = 0, step\n"
        "    def process(self, frame):\n        self.count += self.step\n"
        "        return Result(values={'count': self.count})\n"
    )
    process = loaded(tmp_path, code, "Count", step=2)
    assert [process(FRAME).values["count"] for _ in range(3)] == [2, 4, 6]
    assert process.name == "mine.py:Count"


def test_a_function_takes_options_too(tmp_path: Path) -> None:
    process = loaded(tmp_path, "def process(frame, limit): return Result(values={'limit': limit})", limit=3)
    assert process(FRAME).values == {"limit": 3}


def test_a_module_beside_the_file_and_an_installed_one_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "helper_of_mine.py").write_text("NUMBER = 5")
    code = "import helper_of_mine\ndef process(frame): return Result(values={'n': helper_of_mine.NUMBER})"
    assert loaded(tmp_path, code)(FRAME).values == {"n": 5}
    with pytest.raises(ProcessorError, match="helper_of_mine has no function or class missing"):
        load_user_code("helper_of_mine:missing", {})


def test_the_frame_is_whole_and_read_only(tmp_path: Path) -> None:
    code = "def process(frame): return Result(values={'sum': frame.frame_id + frame.captured_at + frame.image.size})"
    assert loaded(tmp_path, code)(FRAME).values == {"sum": 7 + 1000 + 72}
    with pytest.raises(ProcessorError, match=r"mine\.py line 2: .*frame\.image\[0\] = 1; ValueError: .*read-only"):
        loaded(tmp_path, "def process(frame): frame.image[0] = 1")(FRAME)
    assert FRAME.image.flags.writeable


@pytest.mark.parametrize(
    ("code", "name", "options", "complaint"),
    [
        ("def process(frame) return", "process", {}, r"mine\.py cannot be imported: mine\.py line 2; SyntaxError"),
        ("import nothing_of_the_kind", "process", {}, r"cannot be imported: mine\.py line 2: .*ModuleNotFoundError"),
        ("x = 1 / 0", "process", {}, r"cannot be imported: mine\.py line 2: x = 1 / 0; ZeroDivisionError"),
        ("raise SystemExit(3)", "process", {}, r"cannot be imported: .*SystemExit: 3"),
        ("", "process", {}, r"mine\.py has no function or class process"),
        ("process = 3", "process", {}, r"mine\.py has no function or class process"),
        ("class P: pass", "P", {}, r"class .*mine\.py:P has no method process\(frame\)"),
        ("class P:\n    def process(self, frame): pass", "P", {"line": 1}, r"options of .*mine\.py:P: .*'line'"),
        ("def process(frame): pass", "process", {"line": 1}, r"options of .*mine\.py:process: .*'line'"),
        ("def process(): pass", "process", {}, r"options of .*mine\.py:process: too many positional arguments"),
        ("class P:\n    def __init__(self): 1 / 0", "P", {}, r"cannot be created: mine\.py line 3: .*ZeroDivision"),
        ("", "not a name", {}, r"is not FILE\.py:NAME or package\.module:NAME"),
    ],
)
def test_code_that_cannot_be_loaded_is_refused_with_the_users_own_line(
    tmp_path: Path, code: str, name: str, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ProcessorError, match=complaint) as refusal:
        loaded(tmp_path, code, name, **options)
    assert "\n" not in str(refusal.value)


def test_a_file_or_module_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProcessorError, match=r"none\.py is not a file"):
        load_user_code(f"{tmp_path / 'none.py'}:process", {})
    with pytest.raises(ProcessorError, match="no_such_package cannot be imported: ModuleNotFoundError"):
        load_user_code("no_such_package:process", {})


@pytest.mark.parametrize(
    ("returned", "complaint"),
    [
        ("3", "process() returned int; expected detections, a Result, or None"),
        ("'car'", "process() returned str"),
        ("{'car': 1}", "process() returned dict"),
        ("[1]", "process() returned detections[0]"),
        ("iter(int, 1)", "process() returned detections"),
        ("[Detection('car', 0.9, (0.1, 0.2, 1.3, 0.4))]", "less than or equal to 1"),
        ("[Detection('car', float('nan'), (0.1, 0.2, 0.3, 0.4))]", "finite number"),
        ("[Detection('', 0.9, (0.1, 0.2, 0.3, 0.4))]", "at least 1 character"),
        ("Result(values={str(n): n for n in range(1_000_000)})", "at most 50"),
        ("Result(values={'a': float('inf')})", "finite number"),
        ("Result(shapes=[Line([(0, 0)])])", "at least 2 items"),
        ("Result(shapes=[Line([(0, 0), (2, 0)])])", "less than or equal to 1"),
        ("Result(events=[Event('', '')])", "at least 1 character"),
        (f"[{CAR}] * {MAX_DETECTIONS + 1}", f"at most {MAX_DETECTIONS}"),
    ],
)
def test_invalid_result_is_a_fault_of_the_processor(tmp_path: Path, returned: str, complaint: str) -> None:
    with pytest.raises(ProcessorError) as fault:
        loaded(tmp_path, f"def process(frame): return {returned}")(FRAME)
    assert complaint in str(fault.value)
    assert "\n" not in str(fault.value)
    assert "VisionError" not in str(fault.value)


class Frames(LatestQueue):
    """Gives black frames; every third one is white."""

    def __init__(self) -> None:
        super().__init__()
        self._frame_id = 0

    def get(self, timeout_s: float) -> Frame | None:
        self._frame_id += 1
        level = 255 if self._frame_id % 3 else 0
        return Frame("main", self._frame_id, time.time(), np.full((4, 6, 3), level, np.uint8))


def sent_by(process: UserProcessing, count: int) -> tuple[list[Message], Meter]:
    meter, stop = Meter("processor"), StopSignal()
    publisher = StoppingPublisher(stop, count)
    FrameProcessor(process, Frames(), meter).run(publisher, stop)
    return publisher.sent, meter


def test_values_and_shapes_go_out_with_the_detections(tmp_path: Path) -> None:
    code = f"def process(frame): return Result([{CAR}], {{'n': 1}}, [Line([(0, 0), (1, 1)], 'road')])"
    (message,), _ = sent_by(loaded(tmp_path, code), 1)
    found = cast(Detections, message)
    assert (found.values, found.shapes) == ({"n": 1}, (Line(((0, 0), (1, 1)), "road"),))
    assert found.detections == (Detection("car", 0.9, (0.1, 0.2, 0.3, 0.4)),)
    assert parse_ingest(found.model_dump_json()) == found


def test_a_fault_is_shown_once_counted_and_withdrawn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    code = f"def process(frame):\n    if frame.image.any():\n        raise ValueError('too white')\n    return [{CAR}]"
    sent, meter = sent_by(loaded(tmp_path, code), 6)  # white, white, black: a fault, its end, detections
    statuses = [(each.state, each.message) for each in sent if isinstance(each, Status)]
    fault = "mine.py line 4: raise ValueError('too white'); ValueError: too white"
    assert statuses == [("degraded", fault), ("ok", "runs again")] * 2
    assert merged(meter.take_report()).drops == {"processor/failed": 4}
    assert [record.getMessage() for record in caplog.records] == [f"your code failed on a frame: {fault}"] * 2
