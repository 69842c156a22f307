"""Cars: hatchback, saloon, estate and SUV, as lofted body and cabin with projected windows, lamps and trim."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from mathutils.bvhtree import BVHTree

from .shapes import MeshBuilder, Ring

BASE = 0.2  # m: height of the sill


@dataclass(frozen=True, slots=True)
class Car:
    """Dimensions in metres; y points forward, with its origin at the centre of the car."""

    length: float
    width: float
    height: float
    belt: float  # height of the lower edge of the windows
    bonnet: float  # height of the front edge of the bonnet
    deck: float  # height of the boot lid, or of the lower edge of the rear window
    cowl: float  # y of the lower edge of the windscreen
    roof_front: float
    roof_rear: float
    tail: float  # y of the lower edge of the rear window
    axles: tuple[float, float]
    wheel_radius: float
    pillars: tuple[float, ...]  # y of the pillars between the side windows
    roof_rails: bool = False


CARS = {
    "hatchback": Car(4.1, 1.76, 1.47, 0.93, 0.74, 0.98, 1.12, 0.32, -1.45, -1.93, (1.25, -1.3), 0.31, (-0.18, -1.08)),
    "saloon": Car(4.75, 1.83, 1.44, 0.92, 0.72, 0.99, 1.12, 0.28, -1.02, -1.72, (1.42, -1.4), 0.33, (-0.25, -1.2)),
    "estate": Car(4.75, 1.83, 1.5, 0.94, 0.74, 1.0, 1.18, 0.38, -1.9, -2.24, (1.42, -1.38), 0.33, (-0.22, -1.15), True),
    "suv": Car(4.55, 1.88, 1.68, 1.07, 0.9, 1.1, 1.1, 0.36, -1.72, -2.13, (1.36, -1.32), 0.36, (-0.25, -1.15), True),
}


def body(car: Car) -> MeshBuilder:
    """Return a car without wheels; the material "paint" takes the colour of the object."""
    shape = MeshBuilder()
    half, nose, stern = car.width / 2, car.length / 2, -car.length / 2
    knots = [stern, stern + 0.12, car.tail, car.cowl - 0.25, car.cowl + 0.15, nose - 0.45, nose - 0.12, nose]
    heights = [
        car.deck - 0.13,
        car.deck - 0.03,
        car.deck,
        car.belt,
        car.belt - 0.02,
        car.bonnet + 0.03,
        car.bonnet - 0.04,
        car.bonnet - 0.1,
    ]

    def top(y: float) -> float:
        return float(np.interp(y, knots, heights))

    rings = [
        (0.0, 0.9, 0.14),
        (0.1, 0.965, 0.05),
        (0.25, 0.99, 0.01),
        (0.45, 1.0, 0.0),
        (0.62, 1.0, 0.02),
        (0.76, 0.985, 0.05),
        (0.88, 0.965, 0.1),
        (0.96, 0.935, 0.16),
        (1.0, 0.88, 0.24),
    ]
    shape.shell([Ring(h, half * w, stern + end, nose - end, 0.62) for h, w, end in rings], BASE, top, "paint", 0.035)
    _cabin(shape, car)
    surface = shape.surface()
    _windows(shape, surface, car)
    _lamps(shape, surface, car)
    for y in car.axles:
        shape.side_disc(surface, y, car.wheel_radius, car.wheel_radius * 1.18, "arch")
    sill = [
        (car.axles[1] + 0.42, BASE - 0.02),
        (car.axles[0] - 0.42, BASE - 0.02),
        (car.axles[0] - 0.42, BASE + 0.12),
        (car.axles[1] + 0.42, BASE + 0.12),
    ]
    shape.side_patch(surface, sill, "black")
    for y in (car.pillars[0], car.cowl - 0.12, car.pillars[1] + 0.06):
        shape.side_patch(
            surface,
            [(y - 0.008, 0.32), (y + 0.008, 0.32), (y + 0.008, car.belt - 0.03), (y - 0.008, car.belt - 0.03)],
            "seam",
        )
    for y in (car.pillars[0] + 0.12, car.pillars[1] + 0.2):
        shape.side_patch(
            surface,
            [(y, car.belt - 0.16), (y + 0.2, car.belt - 0.16), (y + 0.2, car.belt - 0.13), (y, car.belt - 0.13)],
            "black",
            0.02,
        )
    for side in (-1, 1):
        shape.ball((side * (half + 0.05), car.cowl - 0.42, car.belt + 0.08), (0.12, 0.08, 0.08), "paint")
        shape.box((side * (half - 0.02), car.cowl - 0.4, car.belt + 0.02), (0.14, 0.06, 0.05), "black")
        if car.roof_rails:
            x, z = side * half * 0.66, car.height + 0.035
            shape.tube([(x, car.roof_rear + 0.15, z), (x, car.roof_front - 0.2, z)], [0.02, 0.02], "chrome", 6)
    return shape


def axle(car: Car) -> MeshBuilder:
    """Return the two wheels of an axle, around the origin."""
    shape = MeshBuilder()
    for side in (-1, 1):
        shape.wheel((side * (car.width / 2 - 0.1), 0, 0), car.wheel_radius, 0.22)
    return shape


def _cabin(shape: MeshBuilder, car: Car) -> None:
    low_half, roof_half = car.width / 2 * 0.9, car.width / 2 * 0.66
    base = car.belt - 0.06
    rings = [(0.0, 0.0), (0.3, 0.3), (0.6, 0.58), (0.82, 0.8), (0.92, 0.925), (0.975, 1.02), (1.0, 1.18)]
    levels = [
        Ring(
            h,
            low_half + (roof_half - low_half) * (share if share <= 1 else 1 + (share - 1) * 2.2),
            car.tail + (car.roof_rear - car.tail) * share,
            car.cowl + (car.roof_front - car.cowl) * share,
            0.34,
            3.2,
        )
        for h, share in rings
    ]
    shape.shell(levels, base, lambda _: car.height, "paint", 0.035)


def _windows(shape: MeshBuilder, surface: BVHTree, car: Car) -> None:
    low, high = car.belt + 0.025, car.height - 0.11
    rise = (high - car.belt) / (car.height - car.belt)

    def slope(start: float, end: float, z: float) -> float:
        return start + (end - start) * (z - car.belt) / (car.height - car.belt)

    front = [slope(car.cowl, car.roof_front, z) - 0.26 for z in (low, high)]
    rear = [slope(car.tail, car.roof_rear, z) + 0.2 for z in (low, high)]
    edges = [rear, *([y, y] for y in reversed(car.pillars)), front]
    for (back_low, back_high), (fore_low, fore_high) in pairwise(edges):
        if fore_high - back_high > 0.25:
            gap = 0.035
            shape.side_patch(
                surface,
                [(back_low + gap, low), (fore_low - gap, low), (fore_high - gap, high), (back_high + gap, high)],
                "glass",
            )
    half_low, half_high = car.width / 2 * 0.8, car.width / 2 * (0.9 + (0.66 - 0.9) * rise) * 0.92
    pane = [(0.0, car.belt), (half_low, car.belt), (half_high, high + 0.02), (0.0, high + 0.02)]
    shape.end_patch(surface, pane, "glass", front=True)
    rear_pane = [(0.0, car.deck + 0.05), (half_low * 0.95, car.deck + 0.05), (half_high * 0.95, high), (0.0, high)]
    shape.end_patch(surface, rear_pane, "glass", front=False)


def _lamps(shape: MeshBuilder, surface: BVHTree, car: Car) -> None:
    half = car.width / 2
    z = car.bonnet - 0.09
    shape.end_patch(
        surface,
        [(half * 0.55, z - 0.1), (half * 0.98, z - 0.06), (half * 0.98, z + 0.06), (half * 0.52, z + 0.0)],
        "headlamp",
        front=True,
    )
    shape.end_patch(
        surface,
        [(half * 0.66, z - 0.07), (half * 0.84, z - 0.06), (half * 0.84, z - 0.02), (half * 0.66, z - 0.03)],
        "daylight",
        front=True,
        lift=0.016,
    )
    shape.end_patch(
        surface, [(0, z - 0.12), (half * 0.46, z - 0.11), (half * 0.5, z + 0.0), (0, z + 0.0)], "black", front=True
    )
    shape.end_patch(
        surface,
        [(0, BASE + 0.05), (half * 0.62, BASE + 0.05), (half * 0.7, BASE + 0.2), (0, BASE + 0.2)],
        "black",
        front=True,
    )
    shape.end_patch(
        surface,
        [(half * 0.76, BASE + 0.1), (half * 0.92, BASE + 0.12), (half * 0.9, BASE + 0.22), (half * 0.76, BASE + 0.2)],
        "black",
        front=True,
    )
    shape.end_patch(
        surface,
        [(0, BASE + 0.19), (0.26, BASE + 0.19), (0.26, BASE + 0.3), (0, BASE + 0.3)],
        "plate",
        front=True,
        lift=0.02,
    )
    top = car.deck - 0.1
    shape.end_patch(
        surface,
        [(half * 0.52, top - 0.16), (half * 0.99, top - 0.17), (half * 0.98, top), (half * 0.56, top - 0.02)],
        "tail_lamp",
        front=False,
    )
    shape.end_patch(
        surface,
        [(half * 0.7, top - 0.15), (half * 0.85, top - 0.15), (half * 0.85, top - 0.11), (half * 0.7, top - 0.11)],
        "amber",
        front=False,
        lift=0.014,
    )
    shape.end_patch(
        surface,
        [(0, top - 0.24), (0.26, top - 0.24), (0.26, top - 0.13), (0, top - 0.13)],
        "plate",
        front=False,
        lift=0.014,
    )
    shape.end_patch(
        surface,
        [(0, BASE + 0.02), (half * 0.8, BASE + 0.02), (half * 0.85, BASE + 0.17), (0, BASE + 0.17)],
        "black",
        front=False,
    )
