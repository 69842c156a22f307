"""Events reach viewers and /api/events in order, without any sink, and also after the server was killed."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.apps import IMPLEMENTATIONS, PATIENCE_S, App, running, viewing

TICKS = """
from common.processing import Event, Result

class Ticks:
    def __init__(self):
        self.number = 0

    def process(self, frame):
        self.number += 1
        return Result(events=[Event("tick", f"tick {self.number}", {"number": self.number})])
"""


FPS = 5  # 100 events wait for a server: those of 20 s


@pytest.fixture
def flags(tmp_path: Path, small: tuple[str, ...]) -> tuple[str, ...]:
    (tmp_path / "ticks.py").write_text(TICKS)
    return (*small, "--processor", f"{tmp_path}/ticks.py:Ticks", "--queue-fps", str(FPS))


def events(app: App, query: str = "") -> list[dict[str, Any]]:
    return list(json.loads(app.ask(f"/api/events{query}").body)["events"])


def numbers(found: list[dict[str, Any]]) -> list[int]:
    return [each["data"]["number"] for each in found]


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
async def test_every_event_reaches_a_viewer_in_order(flags: tuple[str, ...], implementation: str) -> None:
    with running("--impl", implementation, *flags) as app:
        app.until(lambda: app.ask("/healthz").status == 200, "an answer")
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.messages_of("event")) >= 20)
        received = viewer.messages_of("event")
        assert numbers(received) == list(range(numbers(received)[0], numbers(received)[0] + len(received)))
        assert base64.b64decode(received[0]["thumbnail"]).startswith(b"\xff\xd8")
        kept = events(app)
        assert kept[numbers(kept).index(numbers(received)[0]) :][: len(received)] == received
        since = events(app, f"?since={received[0]['event_id']}&limit=3")
        assert numbers(since) == numbers(received)[1:4]


async def test_events_wait_for_a_server_that_is_restarted(flags: tuple[str, ...]) -> None:
    with running(*flags) as app:
        app.until(lambda: len(events(app)) >= 5, "events")
        server, begun = app.role("server"), time.monotonic()
        before = numbers(events(app))[-1]
        server.kill()
        server.wait(PATIENCE_S)
        sent = FPS * (time.monotonic() - begun)
        found = app.until(lambda: numbers(events(app))[9:] and numbers(events(app)), "events after the restart")
    assert found == list(range(found[0], found[-1] + 1))
    # Those that were on their way to the killed server are lost with it.
    assert found[0] <= before + sent + 10
