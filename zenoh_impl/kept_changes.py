"""Keeps what viewers changed on each node with processors, for a server that is started again while no other runs.

The processors of the node have the changes in force, which such a server would not know.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import zenoh

from common.errors import MessageError

from . import keys
from .access import NodeRights
from .send_thread import SendThread
from .shared_changes import SharedChanges, parse_shared

MAX_UNREAD = 1000  # changes within a period; of more the oldest are lost, until they are repeated
CLOSE_S = 1.0


@contextmanager
def keeping_changes(session: zenoh.Session, rights: NodeRights) -> Iterator[None]:
    """Keep the changes that the node may send, and repeat them once a second, until the context is left."""
    changes = SharedChanges(
        rights.node, lambda change: None, lambda _, text: session.put(keys.changed_by(rights.node), text)
    )
    arrived = session.declare_subscriber(keys.changed_by("*"), zenoh.handlers.RingChannel(MAX_UNREAD))

    def repeat() -> None:
        while (sample := arrived.try_recv()) is not None:
            with suppress(MessageError):
                shared = parse_shared(sample.payload.to_bytes().decode(errors="replace"))
                rights.check_change(shared.change)
                changes.receive(shared)
        changes.share_all()

    thread = SendThread("kept changes", repeat)
    with arrived:
        thread.start()
        yield
        thread.close(CLOSE_S)
