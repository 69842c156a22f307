"""The server's end: passes to the hub what roles send, and to roles what the hub sends."""

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial

import zenoh

from common.errors import FrameDroppedError, MessageError, SettingsError
from common.messaging.messages import (
    FrameHeader,
    Model,
    ServerMessage,
    Status,
    kind_to_role,
    pack_frame,
    parse_ingest,
    unpack_frame,
)
from common.pacing import Throttle
from common.transport import Handle, Hub

from . import keys
from .access import NodeRights
from .arrivals import Arrivals
from .link import Link
from .local_time import local_header, local_message
from .presence import Component, Presence
from .send_thread import SendThread
from .session import direct
from .shared_changes import SharedChanges, parse_shared

logger = logging.getLogger(__name__)

MAX_WAITING = 1000  # messages, some seconds of them, for an event loop that is busy; more are dropped
CLOSE_S = 1.0
CONNECT_S = 2.0  # after the start of a server, for the other nodes to be seen
REPEAT_S = 1.0
SERVER, SINKS = "server", "sinks"


@dataclass(frozen=True)
class Receiver:
    """Subscribes to what all roles of all nodes send, each about what the `rights` of its node name."""

    link: Link
    rights: tuple[NodeRights, ...]
    nodes: Mapping[str, tuple[Component, ...]]

    @asynccontextmanager
    async def open(self, hub: Hub) -> AsyncIterator[None]:
        """Pass on messages until the context is left."""
        with ExitStack() as stack:
            Reception(self, hub, asyncio.get_running_loop()).open(stack)
            yield


@dataclass(frozen=True)
class Shown:
    """A subscriber of the hub that passes the messages of viewers to sinks."""

    cameras: frozenset[str]
    put_text: Callable[[str, str], None]
    takes_frames: bool = False
    tile_width: int | None = None
    _event_numbers: Iterator[int] = field(default_factory=itertools.count)

    def put_event(self, text: str) -> None:
        """Pass an event, in order, as a kind of its own."""
        self.put_text(f"event {next(self._event_numbers)}", text)

    def put_frame(self, frame: object) -> None:
        """Sinks get no frames."""


class Reception:
    """Passes on messages between threads of Zenoh and the event loop of the hub."""

    def __init__(self, receiver: Receiver, hub: Hub, loop: asyncio.AbstractEventLoop) -> None:
        self._link = link = receiver.link
        self._presence = Presence(link.node, receiver.nodes, self._report, link.clocks().round_trip_s)
        self._rights = {each.node: each for each in receiver.rights}
        self._session = link.session()
        self._hub = hub
        self._loop = loop
        self._arrivals = Arrivals()
        self._waiting = 0
        self._roles: dict[str, Handle] = {}
        self._unconfirmed: set[str] = set()
        self._outgoing: dict[tuple[str, str], str] = {}
        self._changes = SharedChanges(link.node, hub.change, partial(self._leave, keys.changed_by(link.node)))
        self._shown = Shown(frozenset(hub.cameras), partial(self._leave, keys.shown_by(link.node)))
        self._thread = SendThread("receiver", self._send)
        self._log = Throttle(10)

    def open(self, stack: ExitStack) -> None:
        """Start. What is opened is closed with `stack`."""
        self._hub.nodes = self._presence.nodes
        self._hub.add_role(self._changes.handle)
        self._thread.start()
        stack.callback(self._thread.close, CLOSE_S)
        session, liveliness = self._session, self._session.liveliness()
        for size in keys.SIZES:
            stack.enter_context(session.declare_subscriber(keys.view("*", size), direct(self._on_frame)))
        for key, take in ((keys.sent_by("*", "**"), self._take_message), (keys.changed_by("*"), self._take_change)):
            stack.enter_context(session.declare_subscriber(key, direct(partial(self._on_message, take))))
        stack.enter_context(
            liveliness.declare_subscriber(f"{keys.ANY_VERSION}/alive/**", direct(self._on_token), history=True)
        )
        # Last: a role that sees it sends what lasts.
        stack.enter_context(liveliness.declare_token(keys.alive(self._link.node, "server")))
        stack.callback(self._loop.call_later(CONNECT_S, self._presence.report_missing).cancel)
        self._repeat_changes()
        stack.callback(self._end_repetition)

    # On threads of Zenoh.

    def _on_frame(self, sample: zenoh.Sample) -> None:
        key = str(sample.key_expr)
        if self._arrivals.put(key, sample.payload.to_bytes(), sample.source_info):
            self._loop.call_soon_threadsafe(self._take_frame, key)

    def _on_message(self, take: Callable[[str, str], None], sample: zenoh.Sample) -> None:
        if self._waiting >= MAX_WAITING:
            if self._log.due():
                logger.error("messages are dropped: more than %d wait for the server", MAX_WAITING)
            return
        self._waiting += 1
        self._loop.call_soon_threadsafe(self._take, take, str(sample.key_expr), sample.payload.to_bytes())

    def _on_token(self, sample: zenoh.Sample) -> None:
        self._loop.call_soon_threadsafe(self._follow, str(sample.key_expr), sample.kind == zenoh.SampleKind.PUT)

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
            self._confirm(keys.token_of_sender(key))
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
        if role == SERVER:
            if is_alive:
                self._changes.share_all()
        elif role:
            (self._add_role if is_alive else self._remove_role)(token)

    def _report(self, status: Status) -> None:
        self._hub.handle_message(status.model_dump_json(exclude_none=True))

    def _add_role(self, token: str) -> None:
        self._remove_role(token)
        send = self._roles[token] = partial(self._send_to, keys.sent_to_owner_of(token))
        self._unconfirmed.add(token)
        self._hub.add_role(send)
        if keys.role_of(token) == SINKS:
            self._hub.add_subscriber(self._shown)

    def _confirm(self, token: str) -> None:
        """Send a role the present state again when it sends its own, which it does once it knows this server.

        On a new link there is not yet a way to the role when its token arrives here, and Zenoh drops what has none.
        """
        if token in self._roles and token in self._unconfirmed:
            self._unconfirmed.remove(token)
            self._hub.add_role(self._roles[token])

    def _remove_role(self, token: str) -> None:
        if send := self._roles.pop(token, None):
            self._hub.remove_role(send)
            if not any(keys.role_of(each) == SINKS for each in self._roles):
                self._hub.remove_subscriber(self._shown)

    def _send_to(self, key: str, message: ServerMessage) -> None:
        self._leave(key, kind_to_role(message), message.model_dump_json(exclude_none=True))

    def _leave(self, key: str, kind: str, text: str) -> None:
        """Leave a message to the thread, in place of an unsent one of its kind."""
        if len(self._outgoing) < MAX_WAITING:
            self._outgoing[key, kind] = text
        self._thread.wake()

    # On the thread that sends.

    def _send(self) -> None:
        while self._outgoing:
            key, kind = next(iter(self._outgoing))
            text = self._outgoing.pop((key, kind))
            self._session.put(key, text, congestion_control=zenoh.CongestionControl.BLOCK, attachment=self._link.node)

    @contextmanager
    def _logged(self) -> Iterator[None]:
        try:
            yield
        except (MessageError, SettingsError) as error:
            if self._log.due():
                logger.error("invalid message: %s", error)


def rights_in(rights: Mapping[str, NodeRights], node: str) -> NodeRights:
    """Return the rights of a node. Raises MessageError for one that is not in the settings."""
    if node not in rights:
        raise MessageError(f"node {node} is not in the settings")
    return rights[node]


def check_camera(header: FrameHeader, camera: str) -> None:
    """Raise MessageError for a frame of another camera than that of its key."""
    if header.camera != camera:
        raise MessageError(f"a frame of camera {header.camera} in place of {camera}")
