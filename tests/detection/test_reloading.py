"""Reloading of user code: the newest version acts on the next frame, and a faulty one waits for the next change."""

import os
from pathlib import Path

import numpy as np

from common.detection.reloading import ReloadingProcessing
from common.frames import Frame
from common.messaging.base import Message
from common.messaging.messages import Status

FRAME = Frame("gate", 7, 1000.0, np.zeros((4, 6, 3), np.uint8))
CODE = "from common.processing import Result\ndef process(frame): return Result(values={'n': NUMBER})\nNUMBER = "


def test_a_change_acts_on_the_next_frame_also_within_a_second_and_of_the_same_size(tmp_path: Path) -> None:
    file, reports = tmp_path / "mine.py", list[Message]()
    process = ReloadingProcessing(f"{file}:process", {}, reports.append)
    for number in (1, 2, 3):
        file.write_text(f"{CODE}{number}")
        os.utime(file, ns=(1_000_000_000, 1_000_000_000 + number))
        assert process(FRAME).values == {"n": number}
        assert process(FRAME).values == {"n": number}
    assert [each.state for each in reports if isinstance(each, Status)] == ["ok"] * 3


def test_a_fault_is_reported_once_and_the_next_version_runs(tmp_path: Path) -> None:
    file, reports = tmp_path / "mine.py", list[Message]()
    file.write_text(f"{CODE}1")
    process = ReloadingProcessing(f"{file}:process", {}, reports.append)
    process(FRAME)
    file.write_text("def process(frame) return")
    assert [len(process(FRAME).values) for _ in range(3)] == [0, 0, 0]
    file.unlink()
    assert process(FRAME).values == {}
    file.write_text(f"{CODE}22")
    assert process(FRAME).values == {"n": 22}
    statuses = [(each.state, each.message) for each in reports if isinstance(each, Status)]
    assert [state for state, _ in statuses] == ["ok", "degraded", "degraded", "ok"]
    assert "SyntaxError" in statuses[1][1]
    assert statuses[2][1].endswith("is not a file; waiting for the next change")


def test_a_file_that_is_faulty_from_the_start_waits_for_a_change(tmp_path: Path) -> None:
    file, reports = tmp_path / "mine.py", list[Message]()
    file.write_text("import nothing_of_the_kind")
    process = ReloadingProcessing(f"{file}:process", {}, reports.append)
    assert process(FRAME).detections == ()
    file.write_text(f"{CODE}5")
    assert process(FRAME).values == {"n": 5}
