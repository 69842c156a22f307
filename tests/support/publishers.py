"""Publishers without a server."""

from common.interfaces import StopSignal
from common.messaging.base import Message
from common.messaging.publisher import Ingest, Publisher


class StoppingPublisher(Publisher):
    """Records the messages that it is given. Sets stop after `count` messages."""

    def __init__(self, stop: StopSignal, count: int = 1) -> None:
        super().__init__(Ingest(1, ""))
        self.sent: list[Message] = []
        self._stop = stop
        self._count = count

    def send(self, message: Message) -> None:
        self.sent.append(message)
        if len(self.sent) == self._count:
            self._stop.set()
