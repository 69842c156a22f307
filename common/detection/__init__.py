"""From a frame to detections."""
