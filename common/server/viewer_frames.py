"""The newest frames for viewers, to which detections in the frames of another source are assigned."""

from collections import deque

from common.messaging.messages import FrameHeader

KEPT = 128  # frames of a camera: more than arrive while a detector works on one


class ViewerFrames:
    """Keeps the newest viewers' frames of the cameras that have a detect_source."""

    def __init__(self, cameras: frozenset[str]) -> None:
        self._headers: dict[str, deque[FrameHeader]] = {camera: deque(maxlen=KEPT) for camera in cameras}

    def add(self, header: FrameHeader) -> None:
        """Add a frame that viewers get."""
        if header.camera in self._headers:
            self._headers[header.camera].append(header)

    def nearest(self, camera: str, captured_at: float) -> int | None:
        """Return the frame_id of the frame nearest in time; None without frames, and for any other camera."""
        headers = self._headers.get(camera)
        if not headers:
            return None
        return min(headers, key=lambda header: abs(header.captured_at - captured_at)).frame_id
