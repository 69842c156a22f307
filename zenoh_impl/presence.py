"""Which nodes are there: the state of a node becomes the state of its cameras and processors."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from common.config.settings import Settings
from common.messaging.info import NodeInfo
from common.messaging.messages import PROTOCOL, UNNAMED, State, Status, label

from . import keys

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Component:
    """A camera or a processor as a Status names it, and whether other nodes run it as well."""

    component: str
    camera: str | None = None
    processor: str | None = None
    shared: bool = False


def components_of_nodes(settings: Settings) -> dict[str, tuple[Component, ...]]:
    """Return the cameras and the processors of each node but this one."""
    return {node: tuple(_components(settings, node)) for node in settings.nodes if node != settings.node}


def _components(settings: Settings, node: str) -> Iterator[Component]:
    for camera in settings.cameras:
        if camera.node == node:
            yield Component("provider", camera=label(camera.name, settings.cameras))
    for processor in settings.processors:
        if node in processor.node:
            name = label(processor.name, settings.processors)
            yield Component("processor", processor=name, shared=len(set(processor.node)) > 1)


class Presence:
    """Follows the liveliness tokens of nodes."""

    def __init__(self, node: str, nodes: Mapping[str, tuple[Component, ...]], report: Callable[[Status], None]) -> None:
        """`node` is this one, and `nodes` are the others; `report` takes a status whenever a node comes or goes."""
        self._node = node
        self._nodes = nodes
        self._node_of_camera = {
            each.camera or UNNAMED: node
            for node, components in nodes.items()
            for each in components
            if each.component == "provider"
        }
        self._report = report
        self._connected: set[str] = set()
        self._roles: dict[str, set[str]] = defaultdict(set)
        self.received_bytes: Counter[str] = Counter()
        self._lost: set[str] = set()
        self._refused: set[str] = set()

    def follow(self, token: str, *, is_alive: bool) -> None:
        """Take in that the token of a node or a role has appeared or is gone."""
        version, node, *role = keys.parts_of_token(token)
        if version != str(PROTOCOL):
            if is_alive:
                self._refuse(version, node)
        elif role:
            (self._roles[node].add if is_alive else self._roles[node].discard)(" ".join(role))
        elif node not in self._nodes:
            if is_alive:
                self._connected.add(node)
        elif is_alive:
            self._connected.add(node)
            if node in self._lost:
                self._lost.discard(node)
                logger.info("node %s is connected", node)
                self._report_components(node, "ok", f"node {node} is connected")
        else:
            self._connected.discard(node)
            self._lose(node, f"node {node} is gone")

    def count_frame(self, camera: str, size: int) -> None:
        """Count the bytes of a frame for viewers."""
        self.received_bytes[self._node_of_camera.get(camera, self._node)] += size

    def nodes(self) -> dict[str, NodeInfo]:
        """Return all nodes: this one, and those that the settings name."""
        return {
            node: NodeInfo(
                connected=node in self._connected,
                roles=tuple(sorted(self._roles[node])),
                received_bytes=self.received_bytes[node],
            )
            for node in sorted(self._nodes.keys() | self._connected)
        }

    def report_missing(self) -> None:
        """Report the nodes that have not been there yet."""
        for node in self._nodes.keys() - self._connected - self._lost:
            self._lose(node, f"node {node} is not connected")

    def _lose(self, node: str, message: str) -> None:
        self._lost.add(node)
        logger.warning("%s", message)
        self._report_components(node, "lost", message)

    def _refuse(self, version: str, node: str) -> None:
        if node in self._refused:
            return
        self._refused.add(node)
        message = f"node {node} has version {version} of the wire, this one has {PROTOCOL}: install the same release"
        logger.error("%s", message)
        self._report_components(node, "failed", message)

    def _report_components(self, node: str, state: State, message: str) -> None:
        for each in self._nodes.get(node, ()):
            self._report(
                Status(
                    component=each.component,
                    camera=each.camera,
                    processor=each.processor,
                    state="degraded" if each.shared and state != "ok" else state,
                    message=message,
                )
            )
