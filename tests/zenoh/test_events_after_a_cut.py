"""Events of a node whose link to the server is cut and made again: each of them arrives once."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import zenoh

from common.config.settings import LiveSettings
from common.messaging.event import Event
from common.messaging.info import CameraInfo
from common.messaging.messages import Rates
from common.server.hub import Hub
from common.server.options import ServerOptions
from common.telemetry.meter import Meter
from tests.zenoh.nodes import closing, options, three_boxes
from zenoh_impl.access import rights_of
from zenoh_impl.clocks import answering
from zenoh_impl.connections import end_sending
from zenoh_impl.link import Link
from zenoh_impl.link_check import LinkCheck
from zenoh_impl.publisher import Ingest
from zenoh_impl.receiver import Receiver
from zenoh_impl.session import open_router

PATIENCE_S = 60.0
CAMERA = CameraInfo(name="gate", source="road.mp4", capture_fps=30, ui_fps=15, ui_width=0)
RATES = Rates(capture_fps=30, ui_fps=15, queue_fps=5)
COUNT, CUTS = 60, (20, 40)


def event(number: int) -> Event:
    return Event(
        event_id=str(number), camera="gate", processor="vehicles", frame_id=number, captured_at=1.0, kind="tick"
    )


def cut(router: zenoh.Session) -> None:
    """Close the link to the hub; it is made again at once."""
    (link,) = (each for each in router.info.links() if str(each.dst).startswith("tls/"))
    end_sending(link)


def received(hub: Hub) -> list[int]:
    return [json.loads(text)["frame_id"] for text in hub.events.newest(frozenset({"gate"}), 2 * COUNT)]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - other threads make it true
        await asyncio.sleep(0.01)


async def test_no_event_is_lost_with_a_link(tmp_path: Path) -> None:
    settings = three_boxes(tmp_path / "certificates").model_copy(update={"node": "hub"})
    hub = Hub(ServerOptions("zenoh", "road.mp4", RATES, LiveSettings(), cameras=(CAMERA,)), Meter("server"))
    with (
        closing(open_router(tmp_path / "hub.sock", options(settings, "hub"))) as router,
        closing(open_router(tmp_path / "gpu-box.sock", options(settings, "gpu-box"))) as node,
        LinkCheck().watching(router),
        LinkCheck().watching(node),
        answering(node, "gpu-box"),
    ):
        receiver = Receiver(Link("hub", tmp_path / "hub.sock"), rights_of(settings), {})
        ingest = Ingest(Link("gpu-box", tmp_path / "gpu-box.sock"), "processor")
        async with asyncio.timeout(PATIENCE_S), receiver.open(hub):
            with ingest.publisher() as publisher:
                for number in range(COUNT):
                    if number in CUTS:
                        await until(lambda: publisher.connected)
                        cut(node)
                    publisher.send(event(number))
                    await asyncio.sleep(0.02)
                await until(lambda: len(received(hub)) >= COUNT)
    assert sorted(received(hub)) == list(range(COUNT))
