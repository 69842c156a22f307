"""Captures of OpenCV, opened the way this app wants them: backend named, timeouts set, and silent."""

import logging
import math
import os
import sys
from typing import TypeAlias, cast

import cv2

from common.frames import Image

logger = logging.getLogger(__name__)

Device: TypeAlias = str | int
"""A path or URL, read by FFmpeg; or the index of a camera."""

CAMERA_BACKENDS = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_MSMF}
TEXT_ART = int.from_bytes(b"ansi", "little")  # FFmpeg "plays" any .txt as ANSI art: a picture of its letters
SANE_FPS = (0.1, 1000)
ASSUMED_FPS = 25.0


def open_capture(device: Device, open_timeout_s: float = 5, read_timeout_s: float = 5) -> cv2.VideoCapture:
    """Open `device`. It may have failed: `is_video` says so. A read that takes longer than its timeout fails."""
    # FFmpeg and OpenCV print URLs with the passwords in them. Both levels count from the first capture on.
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    if isinstance(device, int):
        # V4L2 refuses to open when it is given a timeout; it knows this one only, in whole seconds.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(math.ceil(read_timeout_s)))
        capture = cv2.VideoCapture(device, CAMERA_BACKENDS.get(sys.platform, cv2.CAP_ANY))
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # FFmpeg has no such buffer, and refuses the parameter
        return capture
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")  # over UDP pictures come torn
    parameters = {
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: round(open_timeout_s * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: round(read_timeout_s * 1000),
        cv2.CAP_PROP_N_THREADS: 1,  # every further decoding thread holds one more frame back
    }
    return cv2.VideoCapture(device, cv2.CAP_FFMPEG, [number for pair in parameters.items() for number in pair])


def is_video(capture: cv2.VideoCapture) -> bool:
    """Whether `capture` was opened and shows pictures."""
    return capture.isOpened() and capture.get(cv2.CAP_PROP_FOURCC) != TEXT_ART


def frame_rate(capture: cv2.VideoCapture, name: str) -> float:
    """Frames a second as the recording says, or 25 when it says nothing sane."""
    fps = capture.get(cv2.CAP_PROP_FPS)
    slowest, fastest = SANE_FPS
    if slowest <= fps <= fastest:
        return fps
    logger.warning("%s claims %g FPS; %g is assumed", name, fps, ASSUMED_FPS)
    return ASSUMED_FPS


def picture_of(capture: cv2.VideoCapture) -> Image | None:
    """The picture that was grabbed last, None when it cannot be had. It is never written again, and cannot be."""
    try:
        taken, pixels = capture.retrieve()
    except cv2.error:  # such as a picture too large for the memory, out of a damaged stream
        return None
    if not taken or pixels is None or not pixels.size:
        return None
    picture = as_bgr(cast(Image, pixels))
    picture.flags.writeable = False  # it may be handed out again, and to several readers
    return picture


def as_bgr(pixels: Image) -> Image:
    """Grey (h × w, or h × w × 1) and BGRA pixels as BGR; BGR ones as they are."""
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if channels == 1:
        return cast(Image, cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR))
    if channels == 4:
        return cast(Image, cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR))
    return pixels
