"""The error of a measurement that cannot be completed."""

from common.errors import VisionError


class MeasuringError(VisionError):
    """The app, or a part of it, failed while it was measured; the message states what happened."""
