"""What each node may publish and receive: the `access_control` of a Zenoh configuration, and the check of messages.

The router of the hub applies it to the links of other nodes, by the common name of their certificates. The roles of its
own node are connected by a Unix socket, and may do everything.

Keys of the section: https://github.com/eclipse-zenoh/zenoh/blob/main/DEFAULT_CONFIG.json5
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from common.config.settings import Settings
from common.errors import MessageError
from common.messaging.messages import Change, IngestMessage, SettingChange, Status
from common.messaging.report import MetricsReport

from . import keys

EVERYTHING = (
    "put",
    "delete",
    "declare_subscriber",
    "query",
    "reply",
    "declare_queryable",
    "liveliness_token",
    "liveliness_query",
    "declare_liveliness_subscriber",
)

Flow: TypeAlias = Literal["ingress", "egress"]
Rule: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class NodeRights:
    """What a node runs: the cameras of its providers, the processors of its workers, and whether it runs a UiServer."""

    node: str
    cameras: tuple[str, ...] = ()
    processors: tuple[str, ...] = ()
    serves: bool = False

    def sent(self) -> Iterator[str]:
        """Yield the keys on which the node may publish."""
        yield keys.sent_by(self.node, "**")
        for camera in self.cameras:
            yield keys.frames(f"{camera} to **")
            yield keys.view(camera)
        for processor in self.processors:
            yield keys.taken(f"* to {processor} **")
        if self.serves:
            yield keys.sent_to("*", "**")
            yield keys.shown_by(self.node)
        if self.serves or self.processors:
            yield keys.changed_by(self.node)

    def received(self) -> Iterator[str]:
        """Yield the keys to which the node may subscribe."""
        yield keys.sent_to(self.node, "**")
        yield keys.shown_by("*")
        for camera in self.cameras:
            yield keys.taken(f"{camera} to **")
        for processor in self.processors:
            yield keys.frames(f"* to {processor} **")
        if self.serves:
            yield keys.sent_by("*", "**")
            yield keys.view("*")
        if self.serves or self.processors:
            yield keys.changed_by("*")

    def check(self, message: IngestMessage) -> None:
        """Raise MessageError for a message about a camera or a processor that the node does not run.

        A Status or MetricsReport that names none is of the node's supervisor, or of the only camera or processor.
        """
        named_camera = isinstance(message, MetricsReport | Status) and message.camera
        if named_camera and named_camera not in self.cameras:
            raise MessageError(f"{self.node} does not run camera {named_camera}")
        if message.processor and message.processor not in self.processors:
            raise MessageError(f"{self.node} does not run processor {message.processor}")

    def check_change(self, change: Change) -> None:
        """Raise MessageError for a change that the node does not keep: it has no server, and runs no such processor."""
        processor = None if isinstance(change, SettingChange) else change.processor
        if not self.serves and (not self.processors or processor not in (None, *self.processors)):
            raise MessageError(f"{self.node} may not send a change of {processor or 'all processors'}")


def rights_of(settings: Settings) -> tuple[NodeRights, ...]:
    """Return the rights of all nodes. Without --node there is one, that of the hub, which runs everything."""

    def runs(node: str, *nodes: str) -> bool:
        return settings.node is None or node in nodes

    return tuple(
        NodeRights(
            node,
            cameras=tuple(camera.name for camera in settings.cameras if runs(node, camera.node)),
            processors=tuple(processor.name for processor in settings.processors if runs(node, *processor.node)),
            serves=runs(node, *settings.server.node),
        )
        for node in (settings.nodes if settings.node else settings.nodes[:1])
    )


def rights_in(rights: Mapping[str, NodeRights], node: str) -> NodeRights:
    """Return the rights of a node. Raises MessageError for one that is not in the settings."""
    if node not in rights:
        raise MessageError(f"node {node} is not in the settings")
    return rights[node]


def access_control(nodes: Iterable[NodeRights]) -> dict[str, Any]:
    """Return the section. Everything else is denied, and everything to a certificate in the name of no node."""
    rules = [_rule("all", EVERYTHING, ("ingress", "egress"), ("**",))]
    subjects: list[dict[str, Any]] = [{"id": "own roles", "link_protocols": ["unixsock-stream"]}]
    policies = [{"rules": ["all"], "subjects": ["own roles"]}]
    for rights in nodes:
        own = list(_rules(rights))
        rules += own
        subjects.append({"id": rights.node, "cert_common_names": [rights.node]})
        policies.append({"rules": [rule["id"] for rule in own], "subjects": [rights.node]})
    return {
        "enabled": True,
        "default_permission": "deny",
        "rules": rules,
        "subjects": subjects,
        "policies": policies,
    }


def _rules(rights: NodeRights) -> Iterator[Rule]:
    """Yield the rules of a node: `ingress` is what the hub receives from it, `egress` what the hub sends to it."""
    node, routers = rights.node, f"{keys.ANY_VERSION}/router/*"
    everyone = (f"{keys.ANY_VERSION}/alive/**", routers)
    own_tokens = (f"{keys.ANY_VERSION}/alive/{node}", f"{keys.ANY_VERSION}/alive/{node}/**", routers)
    yield _rule(f"{node}: publish", ("put", "delete"), ("ingress",), rights.sent())
    yield _rule(f"{node}: subscribe", ("declare_subscriber",), ("ingress",), rights.received())
    yield _rule(f"{node}: receive", ("put", "delete"), ("egress",), rights.received())
    # Which keys have subscribers is no secret. A rule for the keys that the node may publish on would not match the
    # subscription of a server to those of all nodes.
    yield _rule(f"{node}: subscribers", ("declare_subscriber",), ("egress",), ("**",))
    yield _rule(f"{node}: own clock", ("declare_queryable", "reply"), ("ingress",), (keys.clock(node),))
    yield _rule(f"{node}: be asked", ("query",), ("egress",), (keys.clock(node),))
    yield _rule(f"{node}: ask", ("query",), ("ingress",), (keys.clock("*"),))
    yield _rule(f"{node}: clocks", ("declare_queryable", "reply"), ("egress",), (keys.clock("*"),))
    yield _rule(f"{node}: own tokens", ("liveliness_token",), ("ingress",), own_tokens)
    yield _rule(f"{node}: tokens", ("liveliness_token",), ("egress",), everyone)
    watching = ("liveliness_query", "declare_liveliness_subscriber")
    yield _rule(f"{node}: watch tokens", watching, ("ingress", "egress"), everyone)


def _rule(name: str, messages: Iterable[str], flows: Iterable[Flow], expressions: Iterable[str]) -> Rule:
    return {
        "id": name,
        "messages": list(messages),
        "flows": list(flows),
        "permission": "allow",
        "key_exprs": list(expressions),
    }
