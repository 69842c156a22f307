"""The bundled clip: a period of traffic, rendered frame by frame, and resumable."""

import gzip
import json
from pathlib import Path

from . import renderer
from .boxes import CLASSES, MIN_HEIGHT, boxes
from .camera import View
from .encode import encode
from .images import read_ids
from .layout import RoadLayout
from .scene import Scene, Setting
from .sky_and_light import Weather

FPS = 30
PERIOD = 20.0  # s
SAMPLES = 1  # with denoising; only pixels that the traffic changes are taken from the frames, see encode.composed
BACKGROUND_SAMPLES = 40
# The seed was chosen for its traffic: every kind of vehicle and two lane changes. The road bends out of view before
# vehicles become too small to be distinguished.
SETTING = Setting(
    328,
    RoadLayout(bend_from=50, bend_radius=65),
    Weather(),
    View(lens=50),
    period=PERIOD,
    vehicles=58,
    bicycles=8,
    walking=8,
    standing=5,
)


def frame_count() -> int:
    """Return the number of frames."""
    return round(PERIOD * FPS)


def make(folder: Path, frames: Path) -> None:
    """Write road.mp4 and road_boxes.json.gz to `folder`, and single frames to `frames`."""
    folder.mkdir(parents=True, exist_ok=True)
    render_frames(frames)
    write_boxes(frames, folder / "road_boxes.json.gz")
    encode(frames, frame_count(), FPS, folder / "road.mp4")


def render_frames(folder: Path) -> None:
    """Render in every frame the area in which traffic moves, and that area and the whole frame without traffic.

    Writes area.json (left, top, right, bottom in pixels), NNNN.png and NNNN.ids.png for each frame, still.png with the
    samples of the frames, and background.png with more. Existing files are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scene = Scene(SETTING)
    renderer.set_up(SAMPLES, folder)
    area = renderer.moving_area(scene, [step / 5 for step in range(round(PERIOD * 5))])
    (folder / "area.json").write_text(json.dumps(area), encoding="utf-8")
    renderer.limit_to(area)
    for number in range(frame_count()):
        scene.move_to(number / FPS)
        _render(folder, f"{number:04}")
    scene.hide_traffic()
    _render(folder, "still")
    renderer.limit_to(None)
    renderer.set_samples(BACKGROUND_SAMPLES)
    _render(folder, "background")


def _render(folder: Path, name: str) -> None:
    image = folder / f"{name}.png"
    if not image.exists():
        renderer.render(image, folder / f"{name}.ids.png")


def write_boxes(frames: Path, out: Path) -> None:
    """Write the exact boxes of every frame, in the format described in common/sample/README.md."""
    scene = Scene(SETTING)
    area = tuple(json.loads((frames / "area.json").read_text(encoding="utf-8")))
    found: list[list[list[float]]] = []
    identities: list[list[int]] = []
    passages: dict[tuple[int, int], int] = {}
    for number in range(frame_count()):
        scene.move_to(number / FPS)
        ids = read_ids(frames / f"{number:04}.ids.png")
        exact = boxes(scene, ids, area)
        found.append(
            [
                [CLASSES.index(box.label), *(round(side, 4) for side in (box.x1, box.y1, box.x2, box.y2, box.visible))]
                for box in exact
            ]
        )
        identities.append([passages.setdefault(box.passage, len(passages)) for box in exact])
    view = SETTING.view
    content = {
        "fps": FPS,
        "width": view.width,
        "height": view.frame_height,
        "min_height_px": MIN_HEIGHT,
        "classes": CLASSES,
        "frames": found,
        "identities": identities,
    }
    # mtime=0 makes the file reproducible.
    out.write_bytes(gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0))
