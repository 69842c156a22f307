"""Lines and zones that a viewer draws: the server checks, keeps and distributes them, or refuses them."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from common.messaging.messages import Status
from tests.support.servers import PATIENCE_S, Server, next_text, send, serving

LINE = {"name": "road", "points": [[0.2, 0.5], [0.9, 0.5]]}
ZONE = {"name": "yard", "points": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(processors=("vehicles", "people")) as server:
        yield server


def regions(processor: str = "vehicles", **regions: Any) -> str:
    return json.dumps({"type": "regions", "processor": processor, **regions})


async def test_hello_has_the_lines_and_zones_of_each_processor(server: Server) -> None:
    async with server.viewer() as viewer, server.viewer() as other:
        before = (await next_text(other, "hello"))["processors"]
        assert [(each["track"], each["lines"], each["zones"]) for each in before] == [(False, [], [])] * 2
        await viewer.send(regions(lines=[LINE], zones=[ZONE]))
        vehicles, people = (await next_text(other, "hello"))["processors"]
        assert (vehicles["lines"], vehicles["zones"]) == ([LINE], [ZONE])
        assert (people["lines"], people["zones"]) == ([], [])


async def test_roles_get_them_also_when_they_connect_later(server: Server) -> None:
    async with server.viewer() as viewer, server.role() as early:
        await viewer.send(regions(lines=[LINE]))
        await viewer.send(regions("people", zones=[ZONE]))
        expected = [
            {"type": "regions", "processor": "vehicles", "lines": [LINE], "zones": []},
            {"type": "regions", "processor": "people", "lines": [], "zones": [ZONE]},
        ]
        assert [await next_text(early, "regions") for _ in expected] == expected
        async with server.role() as late:
            assert [await next_text(late, "regions") for _ in expected] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (regions("nobody", lines=[LINE]), "no processor nobody; the processors are vehicles, people"),
        (regions(lines=[LINE, LINE]), "lines[1].name (road) must differ from lines[0].name"),
        (regions(lines=[LINE | {"points": [[0, 0]]}]), "lines[0].points: at least 2 are needed"),
        (regions(zones=[ZONE | {"name": "<b>"}]), "zones[0].name: '<b>' is not a name of 1 to 40 letters"),
    ],
)
async def test_invalid_ones_are_refused_to_the_viewer_that_sent_them_and_change_nothing(
    server: Server, text: str, message: str
) -> None:
    async with server.viewer() as viewer, server.viewer() as other, server.role() as role:
        await viewer.send(text)
        refusal = await next_text(viewer, "refusal")
        assert refusal["request"] == "regions"
        assert refusal["message"].startswith(message)
        await send(role, Status(component="mark", state="ok"))
        while (received := json.loads(await asyncio.wait_for(other.recv(), PATIENCE_S)))["type"] != "status":
            assert received["type"] in ("hello", "stats")
            if received["type"] == "hello":
                assert [each["lines"] for each in received["processors"]] == [[], []]


async def test_as_many_as_the_settings_allow_fit_into_a_message(server: Server) -> None:
    points = [[round(0.1 + 0.7654 * step / 50, 4), round(0.1234 + 0.2 * (step % 2), 4)] for step in range(48)]
    zone = [*points, [0.9876, 0.9876], [0.0123, 0.9876]]
    lines = [{"name": f"line-{number}", "points": [[0.1234, 0.1234], [0.9876, 0.9876]]} for number in range(32)]
    zones = [{"name": f"zone-{number}", "points": zone} for number in range(32)]
    async with server.viewer() as viewer:
        await viewer.send(regions(lines=lines, zones=zones))
        while not (found := (await next_text(viewer, "hello"))["processors"][0])["lines"]:
            pass
        assert (len(found["lines"]), len(found["zones"])) == (32, 32)
