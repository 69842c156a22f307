"""Logs at the hub, once for each name, valid certificates whose owners are refused."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import zenoh

from . import keys
from .access import NodeRights
from .link_timers import LinkTimers

logger = logging.getLogger(__name__)

TOKEN_S = 5.0  # after which a node that is connected has shown its token


class Admission:
    """Compares the links of the router with the tokens of nodes. Access control refuses; this class only logs."""

    def __init__(self, rights: Iterable[NodeRights], token_s: float = TOKEN_S) -> None:
        """`rights` are those of all nodes of the settings."""
        self._nodes = frozenset(each.node for each in rights)
        self._alive: set[str] = set()
        self._logged: set[str] = set()
        self._timers = LinkTimers(self._check_token, lambda: token_s)

    @contextmanager
    def watching(self, router: "zenoh.Session") -> Iterator[None]:
        """Watch until the context is left."""
        with (
            router.liveliness().declare_subscriber(keys.alive("*"), self._on_token, history=True),
            router.info.declare_link_events_listener(self._on_link, history=True),
        ):
            yield
        self._timers.close()

    def _on_token(self, sample: zenoh.Sample) -> None:
        node = str(sample.key_expr).removeprefix(keys.alive(""))
        change = self._alive.add if sample.kind == zenoh.SampleKind.PUT else self._alive.discard
        change(node)

    def _on_link(self, event: "zenoh.LinkEvent") -> None:
        name = event.link.auth_identifier
        if event.kind != zenoh.SampleKind.PUT or name in self._nodes:
            self._timers.follow(event)
        elif name is not None:  # roles of the own node have no certificate
            self._log(name, "no node of the settings has this name")

    def _check_token(self, link: "zenoh.Link") -> None:
        name = str(link.auth_identifier)
        if name not in self._alive:
            self._log(name, "its node has another name")

    def _log(self, name: str, reason: str) -> None:
        if name not in self._logged:
            self._logged.add(name)
            logger.warning("a node with the certificate of %r is refused: %s", name, reason)
