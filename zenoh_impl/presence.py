"""Which nodes are there: the state of a node becomes the state of its cameras and processors."""

import logging
import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from common.config.settings import Settings
from common.messaging.info import NodeInfo
from common.messaging.messages import PROTOCOL, UNNAMED, State, Status, label
from common.pacing import Clock

from . import keys

logger = logging.getLogger(__name__)

AGE_S = 5.0  # after which the age of a frame is no longer that of the newest


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

    def __init__(
        self,
        node: str,
        nodes: Mapping[str, tuple[Component, ...]],
        report: Callable[[Status], None],
        round_trip_s: Callable[[str], float | None],
        clock: Clock = time.monotonic,
    ) -> None:
        """`node` is this one, and `nodes` are the others.

        `report` takes a status whenever a node comes or goes; `round_trip_s` returns the time to a node and back.
        """
        self._node = node
        self._round_trip_s = round_trip_s
        self._clock = clock
        self._frame_ages: dict[str, tuple[float, float]] = {}  # at which time a frame arrived, and its age in s
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
        """Handle the appearance or the disappearance of the token of a node or a role."""
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

    def count_frame(self, camera: str, size: int, age_s: float) -> None:
        """Count the bytes of a frame for viewers, and note its age."""
        node = self._node_of_camera.get(camera, self._node)
        self.received_bytes[node] += size
        self._frame_ages[node] = self._clock(), age_s

    def nodes(self) -> dict[str, NodeInfo]:
        """Return all nodes: this one, and those that the settings name."""
        return {node: self._info(node) for node in sorted(self._nodes.keys() | self._connected)}

    def _info(self, node: str) -> NodeInfo:
        connected = node in self._connected
        arrived_at, age_s = self._frame_ages.get(node, (-math.inf, 0.0))
        has_age = connected and self._clock() - arrived_at < AGE_S
        return NodeInfo(
            connected=connected,
            roles=tuple(sorted(self._roles[node])),
            received_bytes=self.received_bytes[node],
            round_trip_ms=milliseconds(self._round_trip_s(node) if connected else None),
            frame_age_ms=milliseconds(age_s if has_age else None),
        )

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


def milliseconds(seconds: float | None) -> float | None:
    """Return a time in ms, with the precision with which it is shown."""
    return None if seconds is None else round(1000 * seconds, 2)
