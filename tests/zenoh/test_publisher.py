"""The publisher's end: a server whose token was lost is known by its messages, and gone with its subscription."""

import time
from collections.abc import Callable
from pathlib import Path

from common.messaging.messages import ServerMessage, ViewerCount
from tests.zenoh.nodes import closing
from zenoh_impl import keys
from zenoh_impl.link import Link
from zenoh_impl.publisher import Ingest
from zenoh_impl.session import RouterOptions, direct, open_client, open_router

PATIENCE_S = 20.0


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_server_is_connected_from_its_first_message_to_the_end_of_its_subscription(tmp_path: Path) -> None:
    socket = tmp_path / "hub.sock"
    received: list[ServerMessage] = []
    with closing(open_router(socket, RouterOptions("hub"))), closing(open_client(socket)) as server:
        with Ingest(Link("gate-box", socket), "provider").publisher(received.append) as publisher:
            with server.declare_subscriber(keys.sent_by("*", "**"), direct(lambda _: None)):

                def reaches() -> bool:
                    text = ViewerCount(count=2).model_dump_json(exclude_none=True)
                    server.put(keys.sent_to("gate-box", "provider"), text, attachment="hub")
                    return publisher.connected

                wait_until(reaches)
                wait_until(lambda: received[-1:] == [ViewerCount(count=2)])
            wait_until(lambda: not publisher.connected)
        assert received[-1] == ViewerCount(count=0)
