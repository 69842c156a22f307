"""The bundled clip: one period of its traffic, rendered so that a second call goes on where the first was stopped."""

import gzip
import json
from pathlib import Path

from . import renderer
from .boxes import CLASSES, MIN_HEIGHT, boxes
from .camera import View
from .encode import encode
from .images import read_ids
from .layout import Layout
from .scene import Scene, Setting
from .sky_and_light import Weather

FPS = 30
PERIOD = 8.0  # s
REPEATS = 3  # of the period in the clip
SAMPLES = 4  # with denoising; what would gain from more is grass and leaves
BACKGROUND_SAMPLES = 40
# The seed was chosen for its traffic: every kind of vehicle, two changes of lane. The road bends away before vehicles
# become too small to be told apart.
SETTING = Setting(
    328,
    Layout(bend_from=50, bend_radius=65),
    Weather(),
    View(lens=50),
    period=PERIOD,
    vehicles=21,
    bicycles=2,
    standing=4,
)


def frame_count() -> int:
    """How many frames a period has."""
    return round(PERIOD * FPS)


def make(folder: Path, frames: Path) -> None:
    """Write road.mp4 and road_boxes.json.gz to `folder`; single frames are kept in `frames`."""
    folder.mkdir(parents=True, exist_ok=True)
    render_frames(frames)
    write_boxes(frames, folder / "road_boxes.json.gz")
    encode(frames, frame_count(), REPEATS, FPS, folder / "road.mp4")


def render_frames(folder: Path) -> None:
    """Render the road without traffic once, then for every frame the part of it where something moves.

    Writes background.png, area.json (left, top, right, bottom in pixels) and per frame NNNN.png and NNNN.ids.png.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scene = Scene(SETTING)
    renderer.set_up(SAMPLES, folder)
    area = renderer.moving_area(scene, [step / 5 for step in range(round(PERIOD * 5))])
    (folder / "area.json").write_text(json.dumps(area), encoding="utf-8")
    renderer.limit_to(area)
    for number in range(frame_count()):
        picture = folder / f"{number:04}.png"
        if not picture.exists():
            scene.move_to(number / FPS)
            renderer.render(picture, folder / f"{number:04}.ids.png")
    if not (folder / "background.png").exists():
        scene.hide_traffic()
        renderer.limit_to(None)
        renderer.set_samples(BACKGROUND_SAMPLES)
        renderer.render(folder / "background.png", folder / "background.ids.png")


def write_boxes(frames: Path, out: Path) -> None:
    """Write the exact boxes of every frame of the clip. The format is described beside the bundled clip."""
    scene = Scene(SETTING)
    area = tuple(json.loads((frames / "area.json").read_text(encoding="utf-8")))
    found = []
    for number in range(frame_count()):
        scene.move_to(number / FPS)
        ids = read_ids(frames / f"{number:04}.ids.png")
        found.append(
            [
                [CLASSES.index(box.label), *(round(side, 4) for side in (box.x1, box.y1, box.x2, box.y2, box.visible))]
                for box in boxes(scene, ids, area)
            ]
        )
    view = SETTING.view
    content = {
        "fps": FPS,
        "width": view.width,
        "height": view.frame_height,
        "min_height_px": MIN_HEIGHT,
        "classes": CLASSES,
        "frames": found * REPEATS,
    }
    # No time stamp inside, so that the same boxes are the same bytes.
    out.write_bytes(gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0))
