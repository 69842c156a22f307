"""The newest detections of each camera and processor."""

from typing import NamedTuple

from common.messaging.messages import Detections


class Pair(NamedTuple):
    """A camera and a processor."""

    camera: str
    processor: str


class NewestDetections:
    """Keeps one message for each pair of the configured cameras and processors."""

    def __init__(self, cameras: frozenset[str], processors: frozenset[str]) -> None:
        self._cameras = cameras
        self._processors = processors
        self._texts: dict[Pair, str] = {}

    def add(self, message: Detections, text: str) -> None:
        """Keep a message, as it is sent to viewers, in place of the one before."""
        if message.camera in self._cameras and message.processor in self._processors:
            self._texts[Pair(message.camera, message.processor)] = text

    def texts(self, cameras: frozenset[str]) -> list[str]:
        """Return the messages of `cameras`, ordered by the names of camera and processor."""
        return [text for pair, text in sorted(self._texts.items()) if pair.camera in cameras]
