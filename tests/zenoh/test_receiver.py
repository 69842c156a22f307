"""The server's end: a role that was not reached at first gets the present state when it sends its own."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import zenoh

from common.config.settings import LiveSettings
from common.messaging.info import CameraInfo
from common.messaging.messages import Rates, Status, ViewerCount, parse_server
from common.server.hub import Hub
from common.server.options import ServerOptions
from common.telemetry.meter import Meter
from tests.zenoh.nodes import closing
from zenoh_impl import keys
from zenoh_impl.access import NodeRights
from zenoh_impl.link import Link
from zenoh_impl.receiver import Receiver
from zenoh_impl.session import RouterOptions, direct, open_client, open_router

PATIENCE_S = 30.0
CAMERA = CameraInfo(name="gate", source="road.mp4", capture_fps=30, ui_fps=15, ui_width=0)


@pytest.fixture
def socket(tmp_path: Path) -> Iterator[Path]:
    """That of the router of a node."""
    with closing(open_router(tmp_path / "hub.sock", RouterOptions("hub"))):
        yield tmp_path / "hub.sock"


class Messages(asyncio.Queue[str]):
    """What the server sends to a role, as one session receives it."""

    def subscribed(self, session: zenoh.Session) -> zenoh.Subscriber[None]:
        loop = asyncio.get_running_loop()

        def put(sample: zenoh.Sample) -> None:
            loop.call_soon_threadsafe(self.put_nowait, sample.payload.to_string())

        return session.declare_subscriber(keys.sent_to("hub", "provider"), direct(put))


async def test_a_role_that_subscribes_after_its_token_gets_the_state_with_its_first_status(socket: Path) -> None:
    rates = Rates(capture_fps=30, ui_fps=15, queue_fps=5)
    hub = Hub(ServerOptions("zenoh", "road.mp4", rates, LiveSettings(), cameras=(CAMERA,)), Meter("server"))
    receiver = Receiver(Link("hub", socket), (NodeRights("hub", cameras=("gate",), serves=True),), {})
    status = Status(component="source", camera="gate", state="ok").model_dump_json(exclude_none=True)
    sent, received = Messages(), Messages()
    with closing(open_client(socket)) as probe, closing(open_client(socket)) as role, sent.subscribed(probe):
        async with asyncio.timeout(PATIENCE_S), receiver.open(hub):
            with role.liveliness().declare_token(keys.alive("hub", "provider")):
                await sent.get()
                with received.subscribed(role):
                    role.put(keys.sent_by("hub", "provider"), status)
                    assert isinstance(parse_server(await received.get()), ViewerCount)
