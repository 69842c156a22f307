"""The queues of the app: one for each camera and worker of a processor, with one memory for each camera."""

from typing import NamedTuple

from common.capture.outputs import ProviderOutput
from common.config.settings import Settings
from common.interfaces import FrameMemory, FrameReader, LatestQueue, Runtime


class Pair(NamedTuple):
    """A camera and a worker, numbered from 1, of a processor that uses it."""

    camera: str
    processor: str
    worker: int

    @property
    def name(self) -> str:
        """The name of the queue."""
        return f"{self.camera} to {self.processor} {self.worker}"


class Queues:
    """Made in the parent; they outlive the runs of the roles that hold them."""

    def __init__(self, settings: Settings, runtime: Runtime) -> None:
        """Raises ResourceError."""
        self._processors = settings.processors
        self._runtime = runtime
        pairs = [
            Pair(camera, processor.name, worker)
            for processor in settings.processors
            for camera in processor.cameras
            for worker in range(1, processor.workers + 1)
        ]
        cameras = [pair.camera for pair in pairs]
        self._memories = {camera.name: runtime.frame_memory(cameras.count(camera.name)) for camera in settings.cameras}
        self._queues = {pair: self._make(pair) for pair in pairs}

    def replace(self, name: str) -> None:
        """Replace a queue that broke. Raises ResourceError."""
        (pair,) = (pair for pair in self._queues if pair.name == name)
        self._queues[pair] = self._make(pair)

    def of_camera(self, camera: str) -> frozenset[str]:
        """Return the names of the queues of a camera."""
        return frozenset(pair.name for pair in self._queues if pair.camera == camera)

    def of_worker(self, processor: str, worker: int) -> frozenset[str]:
        """Return the names of the queues of a worker."""
        return frozenset(pair.name for pair in self._queues if pair[1:] == (processor, worker))

    def memory(self, camera: str) -> FrameMemory:
        """Return the memory for the frames of a camera."""
        return self._memories[camera]

    def outputs(self, camera: str) -> tuple[ProviderOutput, ...]:
        """Return the queues into which the provider of a camera puts frames, by processor."""
        return tuple(
            ProviderOutput(
                processor=processor.name,
                fps=processor.fps,
                queues=tuple(queue for pair, queue in self._queues.items() if pair[:2] == (camera, processor.name)),
            )
            for processor in self._processors
            if camera in processor.cameras
        )

    def reader(self, processor: str, worker: int) -> FrameReader:
        """Return what a worker reads from: the queues of all its cameras."""
        return self._runtime.queue_reader(
            [queue for pair, queue in self._queues.items() if pair[1:] == (processor, worker)]
        )

    def _make(self, pair: Pair) -> LatestQueue:
        return self._runtime.latest_queue(self._memories[pair.camera], pair.name)
