"""The queues into which a provider puts frames for one processor."""

from dataclasses import dataclass

from common.frames import Frame
from common.interfaces import LatestQueue


@dataclass(frozen=True)
class ProviderOutput:
    """The rate of a processor, in frames a second of this camera, and a queue for each of its workers."""

    processor: str
    fps: float
    queues: tuple[LatestQueue, ...]


class WorkerQueues:
    """Distributes frames among the workers of a processor; a worker that is busy or hangs gets no more of them."""

    def __init__(self, queues: tuple[LatestQueue, ...]) -> None:
        self._in_turn = list(queues)

    @property
    def overwritten_count(self) -> int:
        """Frames that were overwritten in any of the queues."""
        return sum(queue.overwritten_count for queue in self._in_turn)

    def put(self, frame: Frame) -> None:
        """Put `frame` into the next queue in turn that is not full; if all are full, overwrite in the next in turn.

        Raises FrameTooLargeError and QueueBrokenError.
        """
        queue = next((each for each in self._in_turn if not each.is_full()), self._in_turn[0])
        self._in_turn.remove(queue)
        self._in_turn.append(queue)
        queue.put(frame)
