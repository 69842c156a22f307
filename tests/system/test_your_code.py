"""The whole app with a processor of the user's: values at a viewer, faults, edits while it runs, and bad behaviour."""

from pathlib import Path

import pytest

from tests.support.apps import ViewerClient, running, viewing

IMPLEMENTATIONS = ("multiprocessing", "threading")
COUNT = """\
from common.processing import Detection, Result

class Count:
    def __init__(self):
        self.frames = 0

    def process(self, frame):
        self.frames += 1
        return Result([Detection("all", 1.0, (0, 0, 1, 1))], values={"frames": self.frames})
"""


def flags(file: Path, *more: str) -> tuple[str, ...]:
    return "--processor", f"{file}:Count", *more


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
async def test_a_processor_of_ten_lines_reaches_the_viewers(
    tmp_path: Path, small: tuple[str, ...], implementation: str
) -> None:
    (tmp_path / "mine.py").write_text(COUNT)
    with running("--impl", implementation, *small, *flags(tmp_path / "mine.py")) as app:
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 3)
        found = viewer.messages_of("detections")
        assert [each["detections"][0]["label"] for each in found] == ["all"] * len(found)
        counts = [each["values"]["frames"] for each in found]
        assert counts == sorted(set(counts))
        hellos = [hello["processors"][0] for hello in viewer.messages_of("hello")]
        assert {(each["model"], each["has_model"]) for each in hellos} == {("mine.py:Count", False)}
        times = app.until(
            lambda: app.stats()["percentiles"].get("processing_ms") and app.stats()["percentiles"], "times"
        )
        assert "inference_ms" not in times


async def test_a_viewer_chooses_another_model_while_the_app_runs(small: tuple[str, ...]) -> None:
    with running(*small) as app:
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 1)
            before = viewer.messages_of("hello")[-1]["model"]
            await viewer.choose_model("tiny-yolov3-road")
            await viewer.until(runs_tiny_yolo)
            assert before != "tiny-yolov3-road.onnx"
            assert viewer.messages_of("hello")[-1]["labels"][0] == "person"
            app.role("processor").kill()
            viewer.clear()
            await viewer.until(lambda viewer: viewer.has_status("processor", "ok") and runs_tiny_yolo(viewer))


def runs_tiny_yolo(viewer: ViewerClient) -> bool:
    names = [hello["model"] for hello in viewer.messages_of("hello")]
    return names[-1:] == ["tiny-yolov3-road.onnx"] and viewer.has_status("model", "ok")


async def test_a_fault_is_shown_with_the_users_line_and_an_edit_repairs_it(
    tmp_path: Path, small: tuple[str, ...]
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(COUNT.replace("return Result(", "raise ValueError('too early') or Result("))
    with running(*small, *flags(file, "--reload")) as app:
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: viewer.has_status("your code", "degraded") and len(viewer.frames) > 5)
            (message,) = {m["message"] for m in viewer.messages_of("status") if m["component"] == "your code"}
            assert "mine.py line 9: raise ValueError('too early')" in message
            file.write_text("class Count")
            await viewer.until(lambda viewer: viewer.has_status("reload", "degraded"))
            file.write_text(COUNT)
            await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 1 and len(viewer.frames) > 9)
        assert "Traceback" not in app.stderr


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import os; os._exit(3)", "exit code 3"),
        ("return [bytearray(1 << 62)]", "your code"),
    ],
    ids=["ends the process", "takes all memory"],
)
async def test_misbehaving_processor_does_not_affect_other_roles(
    tmp_path: Path, small: tuple[str, ...], body: str, reason: str
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"class Count:\n    def process(self, frame):\n        {body}\n")
    with running(*small, *flags(file)) as app:
        server = app.role("server").pid
        async with viewing(app) as viewer:
            await viewer.until(
                lambda viewer: any(
                    each["state"] != "ok" and (reason in each["message"] or reason in each["component"])
                    for each in viewer.messages_of("status")
                )
            )
            viewer.clear()
            await viewer.until(lambda viewer: len(viewer.frames) > 10)
        assert app.role("server").pid == server


@pytest.mark.parametrize("code", ["import nothing_of_the_kind", "Count = 3", "class Count: pass"])
def test_code_that_cannot_be_loaded_ends_the_start_in_one_line(
    tmp_path: Path, small: tuple[str, ...], code: str
) -> None:
    (tmp_path / "mine.py").write_text(code)
    with running(*small, *flags(tmp_path / "mine.py")) as app:
        app.ended = True
        assert app.process.wait(20) == 2
        (line,) = [line for line in app.stderr.splitlines() if "error" in line.lower() and "mine.py" in line]
        assert line.startswith("error: ")
        assert "Traceback" not in app.stderr
