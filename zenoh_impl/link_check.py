"""Closes a link on which the other node has declared nothing, so that it is made again.

Zenoh 1.10 declares its subscriptions and tokens to the neighbours that are new in its routing trees, which it computes
again at most every 100 ms. A node whose link is lost and made again between two computations is not new, and nothing is
declared to it: TreesComputationWorker in zenoh/src/net/routing/hat/router/mod.rs, compute_trees() in
zenoh/src/net/protocol/network.rs. This happens where several links are lost at once, as when the hub was suspended.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import zenoh

from . import keys
from .connections import end_sending

logger = logging.getLogger(__name__)

TOKEN_S = 2.0  # after which the token of the other node has arrived on a link that works


class LinkCheck:
    """Declares a token for the own router, and expects that of the router at the other end of each link.

    Of routers that never had one, as those of an older release and of refused nodes, none is expected.
    """

    def __init__(self, token_s: float = TOKEN_S, jitter: Callable[[], float] = random.random) -> None:
        self._token_s = token_s
        self._jitter = jitter
        self._alive: set[str] = set()  # keys of tokens
        self._known: set[str] = set()
        self._checks: dict[tuple[str, str], threading.Timer] = {}  # of links that have just been made, by their ends

    @contextmanager
    def watching(self, router: "zenoh.Session") -> Iterator[None]:
        """Watch until the context is left."""
        liveliness = router.liveliness()
        with (
            liveliness.declare_subscriber(keys.router("*"), self._on_token, history=True),
            router.info.declare_link_events_listener(self._on_link, history=True),
            liveliness.declare_token(keys.router(str(router.info.zid()))),
        ):
            yield
        while self._checks:
            self._checks.popitem()[1].cancel()

    def _on_token(self, sample: zenoh.Sample) -> None:
        token = str(sample.key_expr)
        if sample.kind == zenoh.SampleKind.PUT:
            self._known.add(token)
            self._alive.add(token)
        else:
            self._alive.discard(token)

    def _on_link(self, event: "zenoh.LinkEvent") -> None:
        ends = event.link.src, event.link.dst
        if check := self._checks.pop(ends, None):
            check.cancel()
        if event.kind == zenoh.SampleKind.PUT and keys.router(str(event.link.zid)) in self._known:
            # Links that are made again at the same time could both be missed again.
            delay_s = self._token_s * (1 + self._jitter() / 2)
            check = self._checks[ends] = threading.Timer(delay_s, self._check_token, (event.link,))
            check.daemon = True
            check.start()

    def _check_token(self, link: "zenoh.Link") -> None:
        self._checks.pop((link.src, link.dst), None)
        if keys.router(str(link.zid)) not in self._alive:
            logger.info("the link from %s to %s is made again: the other node has declared nothing", link.src, link.dst)
            end_sending(link)
