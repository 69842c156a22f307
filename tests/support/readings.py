"""A live source that is read in a thread, as the provider does."""

import threading

from common.capture.live_source import LiveSource
from common.frames import Image
from tests.support.simulation import Statuses
from tests.support.waiting import PATIENCE_S
from threading_impl.stop_signal import StopSignal

Taken = list[tuple[float, Image]]


def live(url: str, statuses: Statuses) -> LiveSource:
    return LiveSource(url, "the camera", statuses, read_timeout_s=0.5)


class Reading:
    """Reads frames in a thread, as the provider does, until the block ends, and keeps them all."""

    def __init__(self, source: LiveSource) -> None:
        self.taken: Taken = []
        self._source = source
        self._stop = StopSignal()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.taken.extend((captured_at, image) for captured_at, image, _ in self._source.frames(self._stop))

    def __enter__(self) -> "Reading":
        self._source.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        self._source.__exit__(None, None, None)
