"""The road: asphalt, markings, kerbs, pavements, the median with its guard rail, lamp posts and signs."""

import random

import bpy

from .layout import RoadLayout
from .shapes import MeshBuilder

STEP = 4.0  # m between points along the road


def build(layout: RoadLayout, rng: random.Random) -> None:
    """Add the road to the scene."""
    shape = MeshBuilder()
    kerb, outside = layout.kerb, layout.outside
    _strip(shape, layout, -kerb, kerb, z=0.0, material="asphalt")
    for side in (-1, 1):
        if layout.cycle_lane:
            edges = sorted((side * (layout.carriageway + 0.35), side * (kerb - 0.25)))
            _strip(shape, layout, *edges, z=0.006, material="cycle_lane")
        _strip(shape, layout, *sorted((side * kerb, side * (kerb + 0.16))), z=0.13, material="concrete")
        _wall(shape, layout, side * kerb, 0.13)
        _strip(shape, layout, *sorted((side * (kerb + 0.16), side * outside)), z=0.12, material="paving")
        for offset in (side * (layout.carriageway + 0.08), side * (layout.median / 2 + 0.22)):
            _strip(shape, layout, offset - 0.07, offset + 0.07, z=0.012, material="line")
        for lane in range(1, layout.lanes):
            offset = side * (layout.median / 2 + lane * layout.lane_width)
            for number in range(int((layout.end - layout.begin) / 9)):
                ends = (layout.begin + number * 9, layout.begin + number * 9 + 3.2)
                _strip(shape, layout, offset - 0.065, offset + 0.065, z=0.012, material="line", ends=ends, step=1.6)
    if layout.guard_rail:
        _median(shape, layout)
    _lamp_posts(shape, layout)
    _signs(shape, layout, rng)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("road", shape.to_mesh("road")))


def _strip(
    shape: MeshBuilder,
    layout: RoadLayout,
    left: float,
    right: float,
    *,
    z: float,
    material: str,
    ends: tuple[float, float] | None = None,
    step: float = STEP,
) -> None:
    rows = []
    start, end = ends or (layout.begin, layout.end)
    count = max(1, round((end - start) / step))
    for number in range(count + 1):
        along = start + (end - start) * number / count
        rows.append([(*layout.place(along, offset)[:2], z) for offset in (left, right)])
    shape.grid(rows, material, smooth=False)


def _wall(shape: MeshBuilder, layout: RoadLayout, offset: float, height: float) -> None:
    count = round((layout.end - layout.begin) / STEP)
    places = [layout.place(layout.begin + STEP * number, offset) for number in range(count + 1)]
    shape.grid([[(x, y, 0), (x, y, height)] for x, y, _ in places], "concrete", smooth=False)


def _median(shape: MeshBuilder, layout: RoadLayout) -> None:
    """Add a raised concrete strip with a W-beam guard rail on each side."""
    half = layout.median / 2
    _strip(shape, layout, -half, half, z=0.14, material="concrete")
    for side in (-1, 1):
        _wall(shape, layout, side * half, 0.14)
    count = round((layout.end - layout.begin) / STEP)
    fold = [(0.08, 0.5), (0.16, 0.55), (0.16, 0.6), (0.1, 0.65), (0.16, 0.7), (0.16, 0.75), (0.08, 0.8)]
    for side in (-1, 1):
        rows = []
        for number in range(count + 1):
            along = layout.begin + STEP * number
            rows.append([(*layout.place(along, side * out)[:2], z) for out, z in fold])
        shape.grid(rows, "steel", smooth=False)
    for number in range(count):
        x, y, _ = layout.place(layout.begin + STEP * number, 0)
        shape.box((x, y, 0.42), (0.1, 0.08, 0.6), "steel")


def _lamp_posts(shape: MeshBuilder, layout: RoadLayout) -> None:
    for number in range(9):
        for side in (-1, 1):
            along = 27 + number * 28 + (14 if side > 0 else 0)
            (x, y, _), (arm_x, arm_y, _) = (layout.place(along, side * (layout.kerb + out)) for out in (0.7, -1.6))
            shape.tube([(x, y, 0), (x, y, 4), (x, y, 8.2)], [0.11, 0.085, 0.06], "pole", 12)
            middle = ((x * 2 + arm_x) / 3, (y * 2 + arm_y) / 3, 8.6)
            shape.tube([(x, y, 8.1), middle, (arm_x, arm_y, 8.75)], [0.05, 0.045, 0.04], "pole", 8)
            shape.ball((arm_x, arm_y, 8.72), (0.38, 0.16, 0.08), "pole")


def _signs(shape: MeshBuilder, layout: RoadLayout, rng: random.Random) -> None:
    for along, side, material in ((34, 1, "sign_blue"), (62, -1, "sign_white"), (88, 1, "sign_white")):
        x, y, _ = layout.place(along + rng.uniform(-4, 4), side * (layout.kerb + 0.9))
        shape.tube([(x, y, 0), (x, y, 3.1)], [0.035, 0.035], "pole", 8)
        shape.box((x, y, 2.75), (0.62, 0.03, 0.62), material)
        shape.box((x, y - 0.02, 2.75), (0.3, 0.03, 0.3), "sign_white" if material == "sign_blue" else "tail_lamp")
