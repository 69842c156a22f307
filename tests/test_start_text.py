"""The lines at the start: those of one camera, and by name what a node or several roles run."""

from typing import Any

import pytest

from common.config.settings import Settings
from common.start_text import start_text

NODES: dict[str, Any] = {
    "impl": "zenoh",
    "server": {"node": "hub"},
    "cameras": [
        {"name": "gate", "node": "gate-box", "source": "0"},
        {"name": "yard", "node": "yard-box", "source": "yard.mp4"},
    ],
    "processors": [{"name": "vehicles", "node": "gpu-box", "model": "cars.onnx"}],
    "zenoh": {"hub": "tls/localhost:7447", "certificates": "certificates"},
}


def lines(links: tuple[str, ...] = (), **settings: Any) -> list[list[str]]:
    """Return the name and the value of each line between the first and the last one."""
    text = start_text("run", Settings.model_validate(settings), links).splitlines()
    assert text[-1] == "Press Ctrl-C to stop."
    return [line.split(maxsplit=1) for line in text[1:-1]]


def test_one_camera_has_a_line_for_its_source_its_model_and_its_rates() -> None:
    assert lines(("http://localhost:7001/",), source="road.mp4") == [
        ["implementation", "multiprocessing"],
        ["source", "road.mp4"],
        ["model", "default"],
        ["rates", "capture 30, UI 15, queue 5 FPS"],
    ]


def test_code_of_the_user_is_named_instead_of_a_model() -> None:
    assert ["processor", "mine.py:process"] in lines(("http://localhost:7001/",), processor="/home/me/mine.py:process")


@pytest.mark.parametrize(
    ("node", "runs"),
    [
        ("hub", []),
        ("gate-box", [["camera", "gate     camera 0, capture 30, UI 15 FPS"]]),
        ("yard-box", [["camera", "yard     yard.mp4, capture 30, UI 15 FPS"]]),
        ("gpu-box", [["processor", "vehicles  cars.onnx, 5 FPS of gate, yard"]]),
    ],
)
def test_a_node_names_only_what_it_runs(node: str, runs: list[list[str]]) -> None:
    assert lines(node=node, **NODES) == [["implementation", "zenoh"], *runs]
