"""Lines and zones that are drawn while the app runs: they count at once, in every worker, and survive kills."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.apps import IMPLEMENTATIONS, App, ViewerClient, running, viewing

# An object that moves up and down in four seconds: a tracker follows it also at a few frames a second.
SWING = """\
import math
from common.processing import Detection

def swing(frame):
    y = 0.5 + 0.3 * math.sin(math.pi / 2 * frame.captured_at)
    return [Detection("ball", 0.9, (0.4, y - 0.2, 0.6, y))]
"""
SETTINGS = """\
[[processors]]
name = "balls"
run = "{folder}/mine.py:swing"
fps = 15
workers = {workers}
"""
LINE = {"name": "middle", "points": [[0.1, 0.5], [0.9, 0.5]]}
ZONE = {"name": "low", "points": [[0.1, 0.5], [0.9, 0.5], [0.9, 1.0], [0.1, 1.0]]}


def flags(folder: Path, small: tuple[str, ...], workers: int = 1) -> tuple[str, ...]:
    (folder / "mine.py").write_text(SWING)
    file = folder / "vision.toml"
    file.write_text(SETTINGS.format(folder=folder, workers=workers))
    return "--config", str(file), *small


def values_of(viewer: ViewerClient) -> dict[str, float]:
    """The values of the newest detections."""
    found = viewer.messages_of("detections")
    return dict(found[-1].get("values", {})) if found else {}


def regions_of(viewer: ViewerClient) -> list[Any]:
    """The lines and zones in the newest hello."""
    processors = [hello["processors"][0] for hello in viewer.messages_of("hello")]
    return [*processors[-1]["lines"], *processors[-1]["zones"]] if processors else []


@pytest.mark.parametrize("implementation", [*IMPLEMENTATIONS, "zenoh"])
async def test_what_is_drawn_counts_at_once(implementation: str, tmp_path: Path, small: tuple[str, ...]) -> None:
    with running("--impl", implementation, *flags(tmp_path, small)) as app:
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 1)
            assert values_of(viewer) == {}
            await viewer.draw("balls", lines=[LINE], zones=[ZONE])
            await viewer.until(lambda viewer: values_of(viewer).get("middle in ball", 0) >= 1)
            await viewer.until(lambda viewer: "low ball" in values_of(viewer))
            assert regions_of(viewer) == [LINE, ZONE]
            await viewer.draw("balls")
            await viewer.until(lambda viewer: values_of(viewer) == {})


async def test_every_worker_counts_at_what_is_drawn(tmp_path: Path, small: tuple[str, ...]) -> None:
    with running(*flags(tmp_path, small, workers=2)) as app:
        async with viewing(app) as viewer:
            await viewer.draw("balls", lines=[LINE])
            await viewer.until(lambda viewer: regions_of(viewer) == [LINE])
            await viewer.until(last_are_tracked)


def last_are_tracked(viewer: ViewerClient) -> bool:
    """Return whether the line counted in the last detections, so many that each worker found some of them."""
    last = viewer.messages_of("detections")[-30:]
    return len(last) == 30 and all(each.get("shapes") for each in last)


@pytest.fixture
def mortal(tmp_path: Path, small: tuple[str, ...]) -> Iterator[App]:
    with running(*flags(tmp_path, small)) as app:
        yield app


@pytest.mark.parametrize("role", ["processor", "server"])
async def test_a_role_that_is_killed_starts_again_with_what_was_drawn(mortal: App, role: str) -> None:
    async with viewing(mortal) as viewer:
        await viewer.draw("balls", lines=[LINE])
        await viewer.until(lambda viewer: values_of(viewer).get("middle in ball", 0) >= 1)
    pid = mortal.role(role).pid
    mortal.role(role).kill()
    mortal.until(lambda: mortal.role(role).pid != pid, f"another {role}")
    async with viewing(mortal) as viewer:
        await viewer.until(lambda viewer: values_of(viewer).get("middle in ball", 0) >= 1)
        assert regions_of(viewer) == [LINE]
