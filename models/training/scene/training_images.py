"""Training images of random roads, weather, cameras and traffic, with boxes as YOLO labels."""

import math
import random
from pathlib import Path

import cv2
import numpy as np

from . import renderer
from .boxes import CLASSES, ExactBox, boxes
from .camera import SENSOR, View
from .encode import graded, with_noise
from .images import read_ids, read_image
from .layout import RoadLayout
from .scene import Scene, Setting
from .sky_and_light import Weather

SAMPLES = 3
IMAGES_PER_SCENE = 4  # building a scene takes as long as rendering one image
PERIOD = 20.0


def make(count: int, folder: Path, seed: int) -> None:
    """Write `count` images to images/, and labels to labels/: class, centre and size as fractions, one line per box.

    Existing images are kept, so that an interrupted run can be resumed.
    """
    images, labels = folder / "images", folder / "labels"
    images.mkdir(parents=True, exist_ok=True)
    labels.mkdir(exist_ok=True)
    for first in range(0, count, IMAGES_PER_SCENE):
        names = [f"scene_{seed}_{number:05}" for number in range(first, min(first + IMAGES_PER_SCENE, count))]
        if all((labels / f"{name}.txt").exists() for name in names):
            continue
        rng = random.Random(f"{seed} {first}")  # noqa: S311 - not used for security
        noise = np.random.default_rng(rng.randrange(2**31))
        scene = Scene(random_setting(rng))
        renderer.set_up(SAMPLES, folder)
        view = scene.setting.view
        for name in names:
            scene.move_to(rng.uniform(0, PERIOD))
            ids = folder / "ids.png"
            renderer.render(folder / "image.png", ids)
            whole = (0, 0, view.width, view.frame_height)
            found = boxes(scene, read_ids(ids), whole)
            image = with_noise(graded(read_image(folder / "image.png")), noise)
            cv2.imwrite(str(images / f"{name}.jpg"), image)
            (labels / f"{name}.txt").write_text("".join(map(yolo_line, found)), encoding="utf-8")
    for temporary in ("image.png", "ids.png", "ids.exr"):
        (folder / temporary).unlink(missing_ok=True)


def yolo_line(box: ExactBox) -> str:
    """Return a box as a line of a YOLO label file."""
    centre, size = ((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2), (box.x2 - box.x1, box.y2 - box.y1)
    return f"{CLASSES.index(box.label)} {centre[0]:.5f} {centre[1]:.5f} {size[0]:.5f} {size[1]:.5f}\n"


def random_setting(rng: random.Random) -> Setting:
    """Return a random road at a random time of day, from a pole beside it or a bridge over it."""
    layout = RoadLayout(
        lanes=rng.choice((1, 2, 2, 3)),
        lane_width=rng.uniform(3.1, 3.7),
        median=rng.uniform(0.8, 3.0),
        cycle_lane=rng.choice((0.0, 1.8, 1.8, 1.8)),
        pavement=rng.uniform(1.2, 4.0),
        bend_from=rng.uniform(50, 120),
        bend_radius=rng.choice((-1, 1)) * rng.uniform(150, 700),
        guard_rail=rng.random() < 0.6,
    )
    weather = Weather(
        sun_elevation=rng.uniform(2, 62),
        sun_heading=rng.uniform(-180, 180),
        clouds=rng.random(),
        exposure=rng.uniform(-0.3, 0.7),
    )
    return Setting(
        rng.randrange(2**31),
        layout,
        weather,
        random_view(rng, layout),
        PERIOD,
        vehicles=rng.randint(12, 24) * layout.lanes,
        bicycles=rng.randint(4, 18) if layout.cycle_lane else 0,
        walking=rng.randint(4, 24),
        standing=rng.randint(2, 12),
    )


def random_view(rng: random.Random, layout: RoadLayout) -> View:
    """Return a random camera that looks along the road at traffic 8 to 70 m away."""
    x = rng.uniform(-layout.carriageway, layout.carriageway)
    if rng.random() < 0.5:
        x = rng.choice((-1, 1)) * (layout.kerb + rng.uniform(0.5, 4.0))
    height, ahead = rng.uniform(2.5, 10.0), math.exp(rng.uniform(math.log(8), math.log(70)))
    lens = rng.uniform(24, 62)
    aim = rng.uniform(-0.5, 0.5) * layout.carriageway
    # Half of the vertical field of view, in degrees: the target is between the centre and the lower third of the frame.
    reach = math.degrees(math.atan(SENSOR / lens / 2 * 9 / 16))
    tilt = math.degrees(math.atan2(height, ahead)) - rng.uniform(0, 0.35) * reach
    pan = math.degrees(math.atan2(aim - x, ahead))
    return View(x=x, height=height, pan=pan, tilt=tilt, roll=rng.gauss(0, 0.7), lens=lens)
