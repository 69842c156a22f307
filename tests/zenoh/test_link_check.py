"""A link on which Zenoh declares nothing is made again, so that subscriptions and tokens are declared."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import zenoh

from tests.support.waiting import PATIENCE_S, wait_until
from tests.zenoh.nodes import closing, options, three_boxes
from zenoh_impl import keys
from zenoh_impl.connections import end_sending
from zenoh_impl.link_check import LinkCheck
from zenoh_impl.session import open_router

TOKEN_S = 1.0
SENT = keys.sent_by("gate-box", "provider")


class Pair:
    """The routers of the hub and of a node, and which links and tokens each has."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        settings = three_boxes(folder / "certificates")
        self.alive: set[str] = set()
        self.lost_count = 0
        self.received = threading.Event()
        hub, node = (
            stack.enter_context(closing(open_router(folder / f"{name}.sock", options(settings, name))))
            for name in ("hub", "gate-box")
        )
        self.hub, self.node = hub, node
        for router, other in ((hub, "gate-box"), (node, "hub")):
            stack.enter_context(router.liveliness().declare_subscriber(keys.alive(other), self._on_token, history=True))
        for router, name in ((hub, "hub"), (node, "gate-box")):
            stack.enter_context(router.liveliness().declare_token(keys.alive(name)))
        stack.enter_context(hub.declare_subscriber(SENT, lambda _: self.received.set()))

    def _on_token(self, sample: zenoh.Sample) -> None:
        if sample.kind == zenoh.SampleKind.PUT:
            self.alive.add(str(sample.key_expr))
        else:
            self.alive.discard(str(sample.key_expr))
            self.lost_count += 1

    def is_complete(self) -> bool:
        """Return whether each router has the token of the other."""
        return len(self.alive) == 2

    def link(self) -> "zenoh.Link":
        """Return the link of the node to the hub."""
        (link,) = self.node.info.links()
        return link

    def cut(self) -> None:
        """Close the link; the node makes it again at once."""
        lost_count = self.lost_count + 2
        end_sending(self.link())
        wait_until(lambda: self.lost_count >= lost_count)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(tmp_path, stack)


def test_subscriptions_and_tokens_come_back_after_a_link_that_is_lost_twice(pair: Pair) -> None:
    with LinkCheck(TOKEN_S).watching(pair.hub), LinkCheck(TOKEN_S).watching(pair.node):
        wait_until(pair.is_complete)
        pair.cut()
        wait_until(pair.is_complete)  # now each has computed its routing trees, and does not again for 100 ms
        pair.cut()
        wait_until(pair.is_complete)
        pair.node.put(SENT, b"")
        assert pair.received.wait(PATIENCE_S)


def test_the_link_of_a_node_that_never_had_a_token_stays(pair: Pair) -> None:
    with LinkCheck(TOKEN_S).watching(pair.hub):
        wait_until(pair.is_complete)
        pair.cut()
        wait_until(pair.is_complete)
        source = pair.link().src
        time.sleep(2 * TOKEN_S)
        assert pair.link().src == source
