"""What the patterns have in common: the producer's side and the consumer's side."""

from contextlib import AbstractContextManager
from typing import Protocol

from common.frames import Frame


class Reader(Protocol):
    """The consumer's side, in its own process."""

    def get(self, timeout_s: float) -> Frame | None:
        """Return the next frame, which the consumer may keep, waiting up to `timeout_s` seconds for one; or None."""


class Endpoint(Protocol):
    """A place for one consumer. Picklable, so that it can be passed to the process of the consumer."""

    def open(self) -> AbstractContextManager[Reader]:
        """Join as a consumer, in the process of the consumer."""


class Pattern(Protocol):
    """The producer's side, created for a number of consumers."""

    def endpoint(self, index: int) -> Endpoint:
        """Return the place of consumer number `index`."""

    def put(self, frame: Frame) -> None:
        """Send `frame` to all consumers."""

    def close(self) -> None:
        """Release what the pattern holds."""
