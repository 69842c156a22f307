"""From rendered frames to a clip: composition, grading, camera blur and noise, H.264."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from .images import Ids, Image, read_ids, read_image

TONES = ((0, 30, 90, 160, 215, 255), (4, 24, 96, 186, 240, 255))  # grey levels, before and after
SATURATION = 0.86
CHANGED = 14  # grey levels; denoising varies by less, except in leaves
NOISE = 1.9  # grey levels, standard deviation: a small sensor in daylight
QUALITY = 22  # CRF of x264: artefacts comparable to a webcam stream


def encode(folder: Path, frame_count: int, fps: int, out: Path) -> None:
    """Encode the frames written by `clip.render_frames`."""
    height, width = read_image(folder / "background.png").shape[:2]
    # No B-frames and a key frame every two seconds, as in a camera's encoder; bitexact makes the file reproducible.
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
        for frame in composed(folder, frame_count):
            writer.send(with_noise(graded(frame), rng).tobytes())


def composed(folder: Path, frame_count: int) -> Iterator[Image]:
    """Yield whole frames: the background, and what the traffic changes in it."""
    background, still = read_image(folder / "background.png"), read_image(folder / "still.png")
    left, top, right, bottom = json.loads((folder / "area.json").read_text(encoding="utf-8"))
    area = slice(top, bottom), slice(left, right)
    for number in range(frame_count):
        image, ids = read_image(folder / f"{number:04}.png"), read_ids(folder / f"{number:04}.ids.png")
        share = changed(image, still, ids)[:, :, None]
        frame = background.copy()
        frame[area] = np.rint(image * share + frame[area] * (1 - share))
        yield frame


def changed(image: Image, still: Image, ids: Ids) -> npt.NDArray[np.float32]:
    """Return a soft mask, 0 to 1, of the road users in an image with their shadows and reflections.

    `still` has the same noise as the image; where the two differ more than by denoising, beside a road user, the
    traffic has changed the pixel.
    """
    difference = cv2.GaussianBlur(cv2.absdiff(image, still).max(axis=2), (0, 0), 1)
    unlike = cv2.morphologyEx((difference > CHANGED).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    unlike[ids > 0] = 1
    _, parts = cv2.connectedComponents(unlike)
    beside = np.isin(parts, np.unique(parts[ids > 0])).astype(np.uint8)
    grown = cv2.dilate(beside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    return np.asarray(cv2.GaussianBlur(grown.astype(np.float32), (0, 0), 2))


def graded(image: Image) -> npt.NDArray[np.float32]:
    """Apply the look of a small camera: contrast, lower saturation, blur, sharpening halo and vignetting."""
    # Dark shadows and a nearly white sky, as with an exposure for the road.
    light = cv2.LUT(image, np.interp(np.arange(256), *TONES).astype(np.float32))
    light = SATURATION * light + (1 - SATURATION) * light.mean(axis=2, keepdims=True)
    light *= np.array((1.035, 1.0, 0.985), np.float32)
    soft = cv2.GaussianBlur(light, (0, 0), 0.6)
    light = soft + 0.45 * (soft - cv2.GaussianBlur(soft, (0, 0), 1.6))
    height, width = image.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return np.asarray(light * (1 - 0.06 * (x * x + y * y))[:, :, None], np.float32)


def with_noise(light: npt.NDArray[np.float32], rng: np.random.Generator) -> Image:
    """Add noise, stronger in colour than in brightness, that grows with the light like shot noise."""
    height, width = light.shape[:2]
    grey = rng.standard_normal((height, width, 1), np.float32)
    colour = cv2.GaussianBlur(rng.standard_normal((height, width, 3), np.float32), (0, 0), 0.8)
    strength = NOISE * np.sqrt(0.35 + np.maximum(light, 0) / 255)
    return np.clip(np.rint(light + strength * (0.8 * grey + 1.1 * colour)), 0, 255).astype(np.uint8)
