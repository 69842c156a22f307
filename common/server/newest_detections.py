"""The newest detections of each camera and processor."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from common.messaging.messages import MAX_VALUES, Detections
from common.messaging.report import Subject
from common.pacing import Clock

MAX_LABELS = 50  # of one camera and processor that are counted by their names; objects of others are counted as OTHER
OTHER = "other"
CURRENT_S = 10.0  # detections that are older, and older than three periods of their processor, are of the past
PERIODS = 3
GONE_AT_S = 2.0  # as in static/viewer/overlay.js: older boxes are likely to be off their object


@dataclass
class Newest:
    """The newest message, its text, and the labels and the names of values that were in those before."""

    message: Detections
    text: str
    at: float
    labels: dict[str, None] = field(default_factory=dict)
    values: dict[str, None] = field(default_factory=dict)


class NewestDetections:
    """Keeps one message for each pair of the configured cameras and processors."""

    def __init__(self, cameras: frozenset[str], processors: Mapping[str, float], clock: Clock = time.monotonic) -> None:
        """`processors` are the rates of the processors by their names."""
        self._cameras = cameras
        self._processors = processors
        self._clock = clock
        self._newest: dict[tuple[str, str], Newest] = {}

    def add(self, message: Detections, text: str) -> None:
        """Keep a message, as it is sent to viewers, in place of the one before."""
        if message.camera not in self._cameras or message.processor not in self._processors:
            return
        pair = message.camera, message.processor
        now = self._clock()
        newest = self._newest.setdefault(pair, Newest(message, text, now))
        newest.message, newest.text, newest.at = message, text, now
        add_names(newest.labels, (each.label for each in message.detections), MAX_LABELS)
        add_names(newest.values, iter(message.values), MAX_VALUES)

    def texts(self, cameras: frozenset[str]) -> list[str]:
        """Return the messages of `cameras`, ordered by the names of camera and processor."""
        return [newest.text for (camera, _), newest in sorted(self._newest.items()) if camera in cameras]

    def near(self, camera: str, captured_at: float) -> list[Detections]:
        """Return the newest messages of a camera that are at most GONE_AT_S older than a frame captured then."""
        messages = (newest.message for pair, newest in sorted(self._newest.items()) if pair[0] == camera)
        return [message for message in messages if captured_at - message.captured_at <= GONE_AT_S]

    def objects(self) -> Iterator[tuple[Subject, dict[str, int]]]:
        """Yield the current numbers of objects by label, with 0 for labels that were found before."""
        for subject, newest in self._current():
            counts = Counter(each.label if each.label in newest.labels else OTHER for each in newest.message.detections)
            yield subject, {**dict.fromkeys(newest.labels, 0), **counts}

    def values(self) -> Iterator[tuple[Subject, dict[str, float]]]:
        """Yield the current values; of more than MAX_VALUES names, those that came first."""
        for subject, newest in self._current():
            values = newest.message.values
            yield subject, {name: values[name] for name in newest.values if name in values}

    def _current(self) -> Iterator[tuple[Subject, Newest]]:
        for pair, newest in self._newest.items():
            _, processor = pair
            if self._clock() - newest.at <= max(CURRENT_S, PERIODS / self._processors[processor]):
                yield Subject(*pair), newest


def add_names(known: dict[str, None], names: Iterator[str], limit: int) -> None:
    """Add new names to `known`, up to `limit` of them in all."""
    new = dict.fromkeys(name for name in names if name not in known)
    known.update(islice(((name, None) for name in new), max(0, limit - len(known))))
