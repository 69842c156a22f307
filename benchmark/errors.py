"""The error of a measurement that cannot be finished."""

from common.errors import VisionError


class MeasuringError(VisionError):
    """The app, or a part of it, did not do what is to be measured; the message says what it did instead."""
