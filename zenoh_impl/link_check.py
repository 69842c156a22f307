"""Closes a link on which the other node has declared nothing, so that it is made again.

Zenoh 1.10 declares its subscriptions and tokens to the neighbours that are new in its routing trees, which it computes
again at most every 100 ms. It compares their indexes, and a free index is used again: a node whose link is lost and
made again between two computations is not new, nor one that was restarted, and nothing is declared to it. This happens
where several links are lost at once, as when the hub was suspended. See TreesComputationWorker in
zenoh/src/net/routing/hat/router/mod.rs, and compute_trees() in zenoh/src/net/protocol/network.rs.
"""

import logging
import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import zenoh

from . import keys
from .connections import end_sending, is_of_role
from .link_timers import LinkTimers

logger = logging.getLogger(__name__)

TOKEN_S = 2.0  # after which the token of the other node has arrived on a link that works
TRIES = 3  # with a router that never had a token: it may be a zenohd, or have refused this node


class LinkCheck:
    """Declares a token for the own router, and expects that of the router at the other end of each link."""

    def __init__(self, token_s: float = TOKEN_S, jitter: Callable[[], float] = random.random) -> None:
        self._alive: set[str] = set()  # keys of tokens
        self._tries_left: dict[str, float] = defaultdict(lambda: TRIES)  # no limit once a token has been there
        # Links that are made again at the same time could both be missed again.
        self._timers = LinkTimers(self._check_token, lambda: token_s * (1 + jitter() / 2))

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
        self._timers.close()

    def _on_token(self, sample: zenoh.Sample) -> None:
        token = str(sample.key_expr)
        if sample.kind == zenoh.SampleKind.PUT:
            self._alive.add(token)
            self._tries_left[token] = math.inf
        else:
            self._alive.discard(token)

    def _on_link(self, event: "zenoh.LinkEvent") -> None:
        if not is_of_role(event.link):
            self._timers.follow(event)

    def _check_token(self, link: "zenoh.Link") -> None:
        token = keys.router(str(link.zid))
        if token not in self._alive and self._tries_left[token] > 0:
            self._tries_left[token] -= 1
            logger.info("the link from %s to %s is made again: the other node has declared nothing", link.src, link.dst)
            end_sending(link)
