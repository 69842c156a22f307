"""The server's end: passes to the hub what roles send, and to roles what the hub sends."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial

import zenoh

from common.errors import FrameDroppedError, MessageError, SettingsError
from common.messaging.messages import FrameHeader, Model, Status, pack_frame, parse_ingest, unpack_frame
from common.pacing import Throttle
from common.transport import Hub

from . import keys
from .access import NodeRights, rights_in
from .arrivals import Arrivals
from .connected_roles import ConnectedRoles
from .link import Link
from .local_time import local_header, local_message
from .loop_calls import loop_calls
from .outgoing import Outgoing
from .presence import Component, Presence
from .session import direct
from .shared_changes import SharedChanges, parse_shared

logger = logging.getLogger(__name__)

MAX_WAITING = 1000  # messages, some seconds of them, for an event loop that is busy; more are dropped
CONNECT_S = 2.0  # after the start of a server, for the other nodes to be seen
REPEAT_S = 1.0


@dataclass(frozen=True)
class Receiver:
    """Subscribes to what all roles of all nodes send, each about what the `rights` of its node name."""

    link: Link
    rights: tuple[NodeRights, ...]
    nodes: Mapping[str, tuple[Component, ...]]

    @asynccontextmanager
    async def open(self, hub: Hub) -> AsyncIterator[None]:
        """Pass on messages until the context is left."""
        with loop_calls() as call_soon, ExitStack() as stack:
            Reception(self, hub, asyncio.get_running_loop(), call_soon).open(stack)
            yield


class Reception:
    """Passes on messages between threads of Zenoh and the event loop of the hub."""

    def __init__(
        self, receiver: Receiver, hub: Hub, loop: asyncio.AbstractEventLoop, call_soon: Callable[..., None]
    ) -> None:
        """`call_soon` calls a function on `loop` from any thread."""
        self._link = link = receiver.link
        self._presence = Presence(link.node, receiver.nodes, self._report, link.clocks().round_trip_s)
        self._rights = {each.node: each for each in receiver.rights}
        self._session = link.session()
        self._hub = hub
        self._loop = loop
        self._call_soon = call_soon
        self._arrivals = Arrivals()
        self._waiting = 0
        self._outgoing = Outgoing(self._session, link.node)
        self._roles = ConnectedRoles(hub, link.node, self._outgoing.put)
        self._changes = SharedChanges(link.node, hub.change, partial(self._outgoing.put, keys.changed_by(link.node)))
        self._log = Throttle(10)

    def open(self, stack: ExitStack) -> None:
        """Start. What is opened is closed with `stack`."""
        self._hub.nodes = self._presence.nodes
        self._hub.add_role(self._changes.handle)
        self._outgoing.start()
        stack.callback(self._outgoing.close)
        session, liveliness = self._session, self._session.liveliness()
        for size in keys.SIZES:
            stack.enter_context(session.declare_subscriber(keys.view("*", size), direct(self._on_frame)))
        for key, take in ((keys.sent_by("*", "**"), self._take_message), (keys.changed_by("*"), self._take_change)):
            stack.enter_context(session.declare_subscriber(key, direct(partial(self._on_message, take))))
        stack.enter_context(
            liveliness.declare_subscriber(f"{keys.ANY_VERSION}/alive/**", direct(self._on_token), history=True)
        )
        # Last: a role that sees it sends what lasts.
        stack.enter_context(liveliness.declare_token(keys.alive(self._link.node, keys.SERVER)))
        stack.callback(self._loop.call_later(CONNECT_S, self._presence.report_missing).cancel)
        self._repeat_changes()
        stack.callback(self._end_repetition)

    # On threads of Zenoh.

    def _on_frame(self, sample: zenoh.Sample) -> None:
        key = str(sample.key_expr)
        if self._arrivals.put(key, sample.payload.to_bytes(), sample.source_info):
            self._call_soon(self._take_frame, key)

    def _on_message(self, take: Callable[[str, str], None], sample: zenoh.Sample) -> None:
        if self._waiting >= MAX_WAITING:
            if self._log.due():
                logger.error("messages are dropped: more than %d wait for the server", MAX_WAITING)
            return
        self._waiting += 1
        self._call_soon(self._take, take, str(sample.key_expr), sample.payload.to_bytes())

    def _on_token(self, sample: zenoh.Sample) -> None:
        self._call_soon(self._follow, str(sample.key_expr), sample.kind == zenoh.SampleKind.PUT)

    # On the event loop.

    def _take_frame(self, key: str) -> None:
        (packed, drops), camera = self._arrivals.take(key), keys.camera_of(key)
        with self._logged():
            header, jpeg = unpack_frame(packed)
            check_camera(header, camera)
            try:
                local = local_header(self._link, header)
            except FrameDroppedError as error:
                drops[str(error)] += 1
            else:
                self._presence.count_frame(camera, len(packed), time.time() - local.captured_at)
                self._hub.handle_frame(pack_frame(local, jpeg))
        for cause, count in drops.items():
            if camera in self._hub.cameras:
                self._hub.count_drops(cause, count, camera)

    def _take(self, take: Callable[[str, str], None], key: str, data: bytes) -> None:
        self._waiting -= 1
        self._presence.received_bytes[keys.node_of(key)] += len(data)
        with self._logged():
            take(key, data.decode(errors="replace"))

    def _take_message(self, key: str, text: str) -> None:
        node, message = keys.node_of(key), parse_ingest(text)
        rights_in(self._rights, node).check(message)
        if isinstance(message, Status | Model):
            self._roles.confirm(keys.token_of_sender(key))
        if (local := local_message(self._link, node, message)) is not None:
            self._hub.handle_message(local.model_dump_json(exclude_none=True))

    def _take_change(self, key: str, text: str) -> None:
        shared = parse_shared(text)
        rights_in(self._rights, keys.node_of(key)).check_change(shared.change)
        self._changes.receive(shared)

    def _repeat_changes(self) -> None:
        """Send all changes once a second, for nodes that have started."""
        self._changes.share_all()
        self._repetition = self._loop.call_later(REPEAT_S, self._repeat_changes)

    def _end_repetition(self) -> None:
        self._repetition.cancel()

    def _follow(self, token: str, is_alive: bool) -> None:
        self._presence.follow(token, is_alive=is_alive)
        node, role = keys.node_of(token), keys.role_of(token)
        if is_alive and not role and node != self._link.node:
            self._link.clocks().follow(node)
        if role == keys.SERVER:
            if is_alive:
                self._changes.share_all()
        elif role:
            (self._roles.add if is_alive else self._roles.remove)(token)

    def _report(self, status: Status) -> None:
        self._hub.handle_message(status.model_dump_json(exclude_none=True))

    @contextmanager
    def _logged(self) -> Iterator[None]:
        try:
            yield
        except (MessageError, SettingsError) as error:
            if self._log.due():
                logger.error("invalid message: %s", error)


def check_camera(header: FrameHeader, camera: str) -> None:
    """Raise MessageError for a frame of another camera than that of its key."""
    if header.camera != camera:
        raise MessageError(f"a frame of camera {header.camera} in place of {camera}")
