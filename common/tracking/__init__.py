"""Tracks, line crossings and zones: what follows from the detections of successive frames."""
