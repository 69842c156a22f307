"""From rendered frames to a clip: put together, graded, given a camera's softness and noise, and coded as H.264."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from .images import Picture, read_picture

TONES = ((0, 30, 90, 160, 215, 255), (4, 24, 96, 186, 240, 255))  # grey levels, before and after
SATURATION = 0.86
FEATHER = 6  # px over which the moving part fades into the background
NOISE = 1.9  # grey levels, standard deviation: a small sensor in daylight
QUALITY = 22  # x264's CRF: about the blocks and softness of a webcam's stream


def encode(folder: Path, frame_count: int, repeats: int, fps: int, out: Path) -> None:
    """Code the frames that `clip.render_frames` left in `folder`, `repeats` times over, each time with other noise."""
    height, width = read_picture(folder / "background.png").shape[:2]
    # No B-frames and a key frame every two seconds, as a camera's encoder does it; no date inside, so that the same
    # pictures are the same bytes.
    options = ["-preset", "slow", "-crf", str(QUALITY), "-bf", "0", "-g", str(2 * fps)]
    options += ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709"]
    options += ["-color_primaries", "bt709", "-color_trc", "bt709", "-movflags", "+faststart", "-fflags", "+bitexact"]
    writer = imageio_ffmpeg.write_frames(
        str(out),
        (width, height),
        pix_fmt_in="bgr24",
        fps=fps,
        codec="libx264",
        quality=None,
        macro_block_size=2,
        output_params=options,
    )
    writer.send(None)
    rng = np.random.default_rng(1)
    with closing(writer):
        for _ in range(repeats):
            for picture in composed(folder, frame_count):
                writer.send(with_noise(graded(picture), rng).tobytes())


def composed(folder: Path, frame_count: int) -> Iterator[Picture]:
    """The whole frames: the background with the moving part laid over it."""
    background = read_picture(folder / "background.png")
    height, width = background.shape[:2]
    left, top, right, bottom = json.loads((folder / "area.json").read_text(encoding="utf-8"))
    across = _fade(right - left, left > 0, right < width)
    down = _fade(bottom - top, top > 0, bottom < height)
    share = (down[:, None] * across)[:, :, None]
    for number in range(frame_count):
        part = read_picture(folder / f"{number:04}.png")
        frame = background.copy()
        frame[top:bottom, left:right] = np.rint(part * share + frame[top:bottom, left:right] * (1 - share))
        yield frame


def graded(picture: Picture) -> npt.NDArray[np.float32]:
    """As a small camera would show it: contrast, paler colours, soft with the halo of sharpening, darker corners."""
    # Shadows go down and the sky nearly to white, as where a camera chooses its exposure for the road.
    light = cv2.LUT(picture, np.interp(np.arange(256), *TONES).astype(np.float32))
    light = SATURATION * light + (1 - SATURATION) * light.mean(axis=2, keepdims=True)
    light *= np.array((1.035, 1.0, 0.985), np.float32)
    soft = cv2.GaussianBlur(light, (0, 0), 0.6)
    light = soft + 0.45 * (soft - cv2.GaussianBlur(soft, (0, 0), 1.6))
    height, width = picture.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return np.asarray(light * (1 - 0.06 * (x * x + y * y))[:, :, None], np.float32)


def with_noise(light: npt.NDArray[np.float32], rng: np.random.Generator) -> Picture:
    """Noise that is stronger in colour than in brightness and grows where there is more light, as photons do."""
    height, width = light.shape[:2]
    grey = rng.standard_normal((height, width, 1), np.float32)
    colour = cv2.GaussianBlur(rng.standard_normal((height, width, 3), np.float32), (0, 0), 0.8)
    strength = NOISE * np.sqrt(0.35 + np.maximum(light, 0) / 255)
    return np.clip(np.rint(light + strength * (0.8 * grey + 1.1 * colour)), 0, 255).astype(np.uint8)


def _fade(length: int, at_start: bool, at_end: bool) -> npt.NDArray[np.float32]:
    ramp = np.linspace(0, 1, FEATHER + 2, dtype=np.float32)[1:-1]
    share = np.ones(length, np.float32)
    if at_start:
        share[:FEATHER] = ramp
    if at_end:
        share[-FEATHER:] = ramp[::-1]
    return share
