"""Vans, buses and trucks: shells with projected windows, lamps and trim, like cars."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from mathutils.bvhtree import BVHTree

from .shapes import MeshBuilder, Ring


def van() -> MeshBuilder:
    """Return a panel van, 5.4 m long."""
    shape = MeshBuilder()
    half, nose, stern, height, base = 0.98, 2.7, -2.7, 2.15, 0.24
    knots = [stern, stern + 0.15, 1.05, 1.3, 1.95, 2.3, nose - 0.12, nose]
    heights = [height - 0.06, height, height, height - 0.1, 1.3, 1.1, 0.98, 0.9]
    rings = [
        (0.0, 0.92, 0.12),
        (0.07, 0.98, 0.03),
        (0.2, 1.0, 0.0),
        (0.42, 1.0, 0.0),
        (0.6, 0.975, 0.03),
        (0.8, 0.94, 0.08),
        (0.93, 0.9, 0.13),
        (0.98, 0.86, 0.17),
        (1.0, 0.8, 0.22),
    ]
    shape.shell(
        [Ring(h, half * w, stern + end * 0.6, nose - end, 0.4, 4.5) for h, w, end in rings],
        base,
        _through(knots, heights),
        "paint",
        0.04,
    )
    surface = shape.surface()
    shape.end_patch(surface, [(0, 1.2), (0.8, 1.2), (0.72, 1.98), (0, 1.98)], "glass", front=True)
    shape.side_patch(surface, [(0.72, 1.22), (1.82, 1.22), (1.36, 1.86), (0.72, 1.9)], "glass")
    for y in (0.62, -0.75, 1.9):
        shape.side_patch(
            surface,
            [(y - 0.01, 0.4), (y + 0.01, 0.4), (y + 0.01, 1.9 if y < 1 else 1.1), (y - 0.01, 1.9 if y < 1 else 1.1)],
            "seam",
        )
    shape.side_patch(surface, [(-1.4, 0.55), (1.2, 0.55), (1.2, 0.68), (-1.4, 0.68)], "black")
    shape.end_patch(surface, [(0.08, 1.3), (0.7, 1.3), (0.66, 1.88), (0.08, 1.88)], "glass", front=False)
    shape.end_patch(surface, [(0.0, 0.5), (0.008, 0.5), (0.008, 2.0), (0.0, 2.0)], "seam", front=False)
    shape.end_patch(surface, [(0.78, 0.9), (0.95, 0.9), (0.93, 1.35), (0.78, 1.35)], "tail_lamp", front=False)
    _front(shape, surface, half, 0.88, base)
    shape.end_patch(
        surface,
        [(0.3, 0.75), (0.56, 0.75), (0.56, 0.86), (0.3, 0.86)],
        "plate",
        front=False,
        mirrored=False,
        lift=0.015,
    )
    shape.end_patch(surface, [(0, base), (half * 0.95, base), (half * 0.95, 0.5), (0, 0.5)], "black", front=False)
    for side in (-1, 1):
        shape.ball((side * (half + 0.12), 1.62, 1.35), (0.1, 0.08, 0.17), "black")
    for y in (1.72, -1.62):
        shape.side_disc(surface, y, 0.34, 0.41, "arch")
    return shape


def bus() -> MeshBuilder:
    """Return a city bus, 12 m long."""
    shape = MeshBuilder()
    half, nose, stern, height, base = 1.25, 6.0, -6.0, 3.05, 0.28
    rings = [
        (0.0, 0.96, 0.08),
        (0.04, 1.0, 0.02),
        (0.3, 1.0, 0.0),
        (0.6, 1.0, 0.02),
        (0.9, 0.985, 0.08),
        (0.96, 0.96, 0.12),
        (0.99, 0.92, 0.17),
        (1.0, 0.86, 0.25),
    ]
    shape.shell(
        [Ring(h, half * w, stern + end, nose - end, 0.35, 5.5) for h, w, end in rings],
        base,
        lambda _: height,
        "paint",
        0.06,
    )
    surface = shape.surface()
    bays = np.linspace(-5.3, 5.1, 8)
    shape.side_patch(surface, [(-5.5, 1.2), (5.55, 1.2), (5.5, 2.5), (-5.5, 2.5)], "black")
    for left, right in pairwise(bays):
        shape.side_patch(
            surface,
            [(left + 0.04, 1.24), (right - 0.04, 1.24), (right - 0.04, 2.42), (left + 0.04, 2.42)],
            "glass",
            0.014,
        )
    for y in (4.95, 0.3):
        shape.side_patch(surface, [(y - 0.6, 0.4), (y + 0.6, 0.4), (y + 0.6, 2.45), (y - 0.6, 2.45)], "glass", 0.018)
        shape.side_patch(
            surface, [(y - 0.03, 0.4), (y + 0.03, 0.4), (y + 0.03, 2.45), (y - 0.03, 2.45)], "black", 0.022
        )
    shape.side_patch(surface, [(-5.9, 0.3), (5.8, 0.3), (5.8, 0.46), (-5.9, 0.46)], "chassis")
    shape.end_patch(surface, [(0, 1.05), (1.16, 1.05), (1.12, 2.45), (0, 2.45)], "glass", front=True)
    shape.end_patch(surface, [(0, 2.5), (1.08, 2.5), (1.05, 2.86), (0, 2.86)], "black", front=True)
    shape.end_patch(surface, [(0, 2.58), (0.75, 2.58), (0.75, 2.78), (0, 2.78)], "display", front=True, lift=0.02)
    shape.end_patch(surface, [(0, 1.45), (1.05, 1.45), (1.02, 2.4), (0, 2.4)], "glass", front=False)
    shape.end_patch(surface, [(0, 0.55), (0.85, 0.55), (0.85, 1.2), (0, 1.2)], "chassis", front=False)
    shape.end_patch(surface, [(1.0, 0.6), (1.2, 0.6), (1.2, 1.15), (1.0, 1.15)], "tail_lamp", front=False)
    _front(shape, surface, half, 0.78, base)
    for side in (-1, 1):
        shape.tube(
            [(side * 1.2, 5.9, 2.6), (side * 1.45, 6.2, 2.5), (side * 1.45, 6.22, 2.1)], [0.03, 0.04, 0.1], "black"
        )
    for y in (3.3, -3.1):
        shape.side_disc(surface, y, 0.48, 0.58, "arch")
    return shape


def truck() -> MeshBuilder:
    """Return a rigid truck with a box body, 9 m long."""
    shape = MeshBuilder()
    half, nose, base = 1.22, 4.5, 0.45
    rings = [
        (0.0, 0.95, 0.1),
        (0.05, 0.99, 0.02),
        (0.3, 1.0, 0.0),
        (0.55, 0.99, 0.05),
        (0.8, 0.96, 0.16),
        (0.92, 0.92, 0.28),
        (0.98, 0.87, 0.38),
        (1.0, 0.8, 0.46),
    ]
    shape.shell(
        [Ring(h, half * w, 2.4, nose - end, 0.3, 5.0) for h, w, end in rings], base, lambda _: 2.95, "paint", 0.05
    )
    surface = shape.surface()
    shape.end_patch(surface, [(0, 1.62), (1.08, 1.62), (1.02, 2.5), (0, 2.5)], "glass", front=True)
    shape.end_patch(surface, [(0, 2.55), (1.0, 2.55), (0.98, 2.68), (0, 2.68)], "black", front=True)
    shape.side_patch(surface, [(2.95, 1.65), (4.1, 1.6), (3.95, 2.42), (2.95, 2.42)], "glass")
    shape.side_patch(surface, [(2.85, 0.8), (2.87, 0.8), (2.87, 2.5), (2.85, 2.5)], "seam")
    shape.end_patch(surface, [(0, 0.95), (0.85, 0.95), (0.9, 1.4), (0, 1.4)], "black", front=True)
    _front(shape, surface, half, 0.85, base)
    shape.side_disc(surface, 3.35, 0.5, 0.62, "arch")
    for z, width in ((2.3, 2.5), (3.58, 2.5), (1.02, 2.52)):
        size, material = ((width, 6.75, 2.5), "canvas") if z == 2.3 else ((width + 0.03, 6.78, 0.07), "steel")
        shape.box((0, -1.1, z), size, material)
    for x in (-1.25, 1.25):
        for y in (-4.46, 2.26):
            shape.box((x, y, 2.3), (0.06, 0.06, 2.55), "steel")
    shape.box((0, -0.2, 0.8), (0.9, 8.3, 0.35), "chassis")
    for x in (-1.1, 1.1):
        shape.box((x, 0.35, 0.68), (0.25, 2.4, 0.5), "chassis")
        shape.box((x * 0.85, -4.5, 0.72), (0.36, 0.06, 0.16), "tail_lamp")
        shape.tube([(x * 1.12, 4.2, 2.4), (x * 1.25, 4.35, 2.3), (x * 1.25, 4.35, 1.7)], [0.03, 0.06, 0.09], "black")
    shape.box((0, -4.5, 0.55), (2.3, 0.08, 0.14), "chassis")
    shape.box((0, -4.5, 2.3), (0.03, 0.05, 2.4), "seam")
    shape.box((0.5, -4.53, 0.72), (0.52, 0.03, 0.13), "plate")
    return shape


def axle(half_width: float, radius: float, width: float) -> MeshBuilder:
    """Return the two wheels of an axle, around the origin."""
    shape = MeshBuilder()
    for side in (-1, 1):
        shape.wheel((side * (half_width - width / 2), 0, 0), radius, width, spokes=8, rim=0.56)
    return shape


def _through(knots: list[float], heights: list[float]) -> Callable[[float], float]:
    return lambda y: float(np.interp(y, knots, heights))


def _front(shape: MeshBuilder, surface: BVHTree, half: float, z: float, base: float) -> None:
    """Add lamps, grille, bumper and number plate."""
    shape.end_patch(
        surface,
        [(half * 0.62, z - 0.1), (half * 0.97, z - 0.08), (half * 0.96, z + 0.1), (half * 0.64, z + 0.04)],
        "headlamp",
        front=True,
    )
    shape.end_patch(
        surface,
        [(half * 0.7, z - 0.05), (half * 0.86, z - 0.05), (half * 0.86, z), (half * 0.7, z)],
        "daylight",
        front=True,
        lift=0.018,
    )
    shape.end_patch(
        surface, [(0, z - 0.12), (half * 0.54, z - 0.1), (half * 0.54, z + 0.02), (0, z + 0.02)], "black", front=True
    )
    shape.end_patch(
        surface, [(0, base), (half * 0.93, base), (half * 0.95, base + 0.2), (0, base + 0.2)], "black", front=True
    )
    shape.end_patch(
        surface,
        [(0, base + 0.1), (0.26, base + 0.1), (0.26, base + 0.21), (0, base + 0.21)],
        "plate",
        front=True,
        lift=0.03,
    )
