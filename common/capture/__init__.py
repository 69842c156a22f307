"""Capture: from a video source to encoded frames for viewers and the latest frame for the processor."""
