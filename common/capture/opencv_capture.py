"""OpenCV's VideoCapture with an explicit backend and timeouts, and without output of its own."""

import logging
import math
import os
import sys
from typing import TypeAlias, cast

import cv2

from common.frames import Image

logger = logging.getLogger(__name__)

Device: TypeAlias = str | int
"""A path or URL, read by FFmpeg, or the index of a camera."""
Capture: TypeAlias = cv2.VideoCapture

CAMERA_BACKENDS = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_MSMF}
TEXT_ART = "ansi"  # FFmpeg decodes any .txt as ANSI art: an image of its letters
PLAUSIBLE_FPS = (0.1, 1000)
ASSUMED_FPS = 25.0

# RTSP over TCP, since lost UDP packets tear frames. fpsprobesize (https://ffmpeg.org/ffmpeg-formats.html): without it
# opening an H.264 camera waits for 20 frames more, only to estimate a rate that nothing here needs.
FFMPEG_OPTIONS = "rtsp_transport;tcp|fpsprobesize;0"


def open_capture(
    device: Device, open_timeout_s: float = 5, read_timeout_s: float = 5, decoding_threads: int = 1
) -> Capture:
    """Open `device`; `is_video` returns whether that worked. A read that takes longer than its timeout fails.

    Each decoding thread beyond the first one decodes a frame ahead, which delays a live stream by a frame.
    """
    # FFmpeg and OpenCV print URLs with their passwords. Both levels take effect at the first capture.
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    if isinstance(device, int):
        # V4L2 fails to open when given a timeout parameter; it has this variable only, in whole seconds.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(math.ceil(read_timeout_s)))
        capture = cv2.VideoCapture(device, CAMERA_BACKENDS.get(sys.platform, cv2.CAP_ANY))
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # not supported by FFmpeg, which fails to open with it
        return capture
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", FFMPEG_OPTIONS)
    parameters = {
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: round(open_timeout_s * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: round(read_timeout_s * 1000),
        cv2.CAP_PROP_N_THREADS: decoding_threads,
    }
    return cv2.VideoCapture(device, cv2.CAP_FFMPEG, [number for pair in parameters.items() for number in pair])


def is_video(capture: Capture) -> bool:
    """Return whether `capture` is open and is a video."""
    return capture.isOpened() and codec(capture) != TEXT_ART


def codec(capture: Capture) -> str:
    """Return the four characters that name the codec."""
    return (int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF).to_bytes(4, "little").decode("latin-1")


def declared_fps(capture: Capture) -> float | None:
    """Return the frames per second that the file or stream declares, or None if that is not plausible."""
    fps = capture.get(cv2.CAP_PROP_FPS)
    slowest, fastest = PLAUSIBLE_FPS
    return fps if slowest <= fps <= fastest else None


def frame_rate(capture: Capture, name: str) -> float:
    """Return the frames per second that the recording declares, or 25 if it declares nothing plausible."""
    fps = declared_fps(capture)
    if fps is None:
        logger.warning("%s declares %g FPS; assuming %g", name, capture.get(cv2.CAP_PROP_FPS), ASSUMED_FPS)
        return ASSUMED_FPS
    return fps


def frame_count(capture: Capture) -> int | None:
    """Return the number of frames of a recording, or None for a live stream and where it is unknown."""
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)  # negative if the duration is unknown to FFmpeg
    return int(count) if count > 0 else None


def position_s(capture: Capture) -> float:
    """Return the timestamp of the grabbed frame, in seconds."""
    return capture.get(cv2.CAP_PROP_POS_MSEC) / 1000


def rewind(capture: Capture) -> None:
    """Go to the first frame: the one seek that decodes no other frame."""
    capture.set(cv2.CAP_PROP_POS_FRAMES, 0)


def retrieve_image(capture: Capture, into: Image | None = None) -> Image | None:
    """Return the grabbed frame as a read-only BGR array, or None if it cannot be converted.

    It is `into`, if that has the shape of the frame.
    """
    try:
        retrieved, pixels = capture.retrieve(into)
    except cv2.error:  # such as a frame of a damaged stream that is too large for the memory
        return None
    if not retrieved or pixels is None or not pixels.size:
        return None
    image = as_bgr(cast(Image, pixels))
    image.flags.writeable = False  # it may be passed on more than once, and to several threads
    return image


def as_bgr(pixels: Image) -> Image:
    """Convert grey (h × w or h × w × 1) and BGRA pixels to BGR; return BGR pixels as they are."""
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if channels == 1:
        return cast(Image, cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR))
    if channels == 4:
        return cast(Image, cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR))
    return pixels
