"""A link on which Zenoh declares nothing is made again, so that subscriptions and tokens are declared."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import zenoh

from tests.support.waiting import PATIENCE_S, wait_until
from tests.zenoh.nodes import closing, options, three_boxes
from zenoh_impl import keys
from zenoh_impl.connections import end_sending
from zenoh_impl.link_check import TRIES, LinkCheck
from zenoh_impl.session import direct, open_router

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


def test_a_node_that_is_restarted_while_the_hub_loses_another_link_sees_the_hub(tmp_path: Path) -> None:
    settings = three_boxes(tmp_path / "certificates")

    @contextmanager
    def node(name: str, run: int = 1) -> Iterator[None]:
        """Run a node; it has the token of the hub when it yields."""
        tokens: queue.Queue[zenoh.Sample] = queue.Queue()
        with (
            closing(open_router(tmp_path / f"{name}{run}.sock", options(settings, name))) as router,
            LinkCheck(TOKEN_S).watching(router),
            router.liveliness().declare_subscriber(keys.alive("hub"), direct(tokens.put), history=True),
        ):
            tokens.get(timeout=PATIENCE_S)
            yield

    with (
        closing(open_router(tmp_path / "hub.sock", options(settings, "hub"))) as hub,
        LinkCheck(TOKEN_S).watching(hub),
        hub.liveliness().declare_token(keys.alive("hub")),
    ):
        with node("gate-box"), node("yard-box"):
            time.sleep(0.5)  # for the hub to compute its routing trees: it does so at once when it loses the yard-box
        with node("gate-box", run=2):
            pass


def test_the_link_of_a_router_that_has_no_token_is_made_again_a_few_times(pair: Pair) -> None:
    made: list[zenoh.LinkEvent] = []

    def on_link(event: "zenoh.LinkEvent") -> None:
        if event.kind == zenoh.SampleKind.PUT:
            made.append(event)

    with pair.node.info.declare_link_events_listener(on_link, history=True), LinkCheck(0.2).watching(pair.hub):
        wait_until(lambda: len(made) > TRIES)
        time.sleep(TOKEN_S)
        assert len(made) == 1 + TRIES
