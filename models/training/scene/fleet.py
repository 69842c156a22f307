"""Kinds of road users by name, and road users as objects in Blender."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import bpy

from . import cars, large_vehicles, two_wheelers
from .shapes import MeshBuilder

Colour = tuple[float, float, float]
Axle = tuple[Callable[[], MeshBuilder], float, float]  # wheels, y in metres, radius in metres

PAINTS: list[Colour] = [
    (0.62, 0.63, 0.64), (0.6, 0.6, 0.58), (0.33, 0.34, 0.36), (0.12, 0.125, 0.13), (0.014, 0.014, 0.016),
    (0.014, 0.014, 0.016), (0.03, 0.035, 0.05), (0.28, 0.012, 0.012), (0.012, 0.035, 0.13), (0.03, 0.1, 0.2),
    (0.2, 0.18, 0.14), (0.02, 0.05, 0.035),
]  # fmt: skip
LORRY_PAINTS: list[Colour] = [
    (0.6, 0.6, 0.6),
    (0.02, 0.06, 0.22),
    (0.35, 0.02, 0.015),
    (0.03, 0.16, 0.07),
    (0.5, 0.25, 0.02),
]
CLOTHES: list[Colour] = [
    (0.25, 0.03, 0.03),
    (0.03, 0.06, 0.2),
    (0.45, 0.45, 0.42),
    (0.02, 0.02, 0.022),
    (0.3, 0.22, 0.05),
    (0.04, 0.15, 0.08),
]
SWING = 0.42  # radians: amplitude of a leg
STRIDE = 1.45  # m: two steps of a person of size 1


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of road user, in metres. `share` is its relative frequency in the lanes."""

    label: str
    length: float
    share: float
    body: Callable[[], MeshBuilder]
    axles: tuple[Axle, ...]
    colours: list[Colour]


def _car(name: str, share: float) -> Kind:
    car = cars.CARS[name]
    axles = tuple((lambda: cars.axle(car), y, car.wheel_radius) for y in car.axles)
    return Kind("car", car.length, share, lambda: cars.body(car), axles, PAINTS)


def _wheels(half_width: float, radius: float, width: float, *places: float) -> tuple[Axle, ...]:
    return tuple((lambda: large_vehicles.axle(half_width, radius, width), y, radius) for y in places)


def _single(radius: float, width: float, *places: float) -> tuple[Axle, ...]:
    return tuple((lambda: two_wheelers.wheel(radius, width), y, radius) for y in places)


KINDS: dict[str, Kind] = {
    "hatchback": _car("hatchback", 0.22),
    "saloon": _car("saloon", 0.18),
    "estate": _car("estate", 0.12),
    "suv": _car("suv", 0.18),
    "van": Kind("car", 5.4, 0.1, large_vehicles.van, _wheels(0.97, 0.34, 0.22, 1.72, -1.62), PAINTS[:4]),
    "truck": Kind("truck", 9.0, 0.08, large_vehicles.truck, _wheels(1.22, 0.5, 0.3, 3.35, -2.6), LORRY_PAINTS),
    "bus": Kind("bus", 12.0, 0.05, large_vehicles.bus, _wheels(1.24, 0.48, 0.28, 3.3, -3.1), LORRY_PAINTS),
    "motorcycle": Kind("motorcycle", 2.1, 0.09, two_wheelers.motorcycle, _single(0.31, 0.14, 0.72, -0.68), CLOTHES),
    "bicycle": Kind("bicycle", 1.75, 0.0, two_wheelers.bicycle, _single(0.34, 0.04, 0.54, -0.52), CLOTHES),
    "person": Kind("person", 0.5, 0.0, two_wheelers.walker, (), CLOTHES),
}


class RoadUser:
    """A road user in the scene: a body, and wheels or legs that move with the distance travelled."""

    def __init__(self, kind: str, colour: Colour, size: float, number: int) -> None:
        self.label = KINDS[kind].label
        self._size = size
        self._axles: list[tuple[bpy.types.Object, float]] = []
        self._legs: list[tuple[bpy.types.Object, int]] = []
        self.body = self._part(kind, KINDS[kind].body, colour, number)
        self.body.scale = (size, size, size)
        for wheels, y, radius in KINDS[kind].axles:
            axle = self._part(f"{kind} axle", wheels, colour, number)
            axle.parent, axle.location = self.body, (0, y, radius)
            self._axles.append((axle, radius))
        if kind == "person":
            for side in (-1, 1):
                leg = self._part("leg", two_wheelers.leg, colour, number)
                leg.parent, leg.location = self.body, (side * 0.1, 0, 0.93)
                self._legs.append((leg, side))

    @property
    def parts(self) -> list[bpy.types.Object]:
        """All objects of this road user."""
        return [self.body, *self.body.children]

    def put(self, x: float, y: float, z: float, heading: float, way: float) -> None:
        """Move to a place; `way` is the distance travelled, in metres."""
        self.body.location = (x, y, z)
        self.body.rotation_euler[2] = heading
        for axle, radius in self._axles:
            axle.rotation_euler[0] = -(way / (radius * self._size)) % (2 * math.pi)
        for leg, side in self._legs:
            leg.rotation_euler[0] = side * SWING * math.sin(2 * math.pi * way / (STRIDE * self._size))

    def _part(self, name: str, make: Callable[[], MeshBuilder], colour: Colour, number: int) -> bpy.types.Object:
        mesh = bpy.data.meshes.get(name) or make().to_mesh(name)
        part = bpy.data.objects.new(name, mesh)
        part.color = (*colour, 1)
        part.pass_index = number
        bpy.context.scene.collection.objects.link(part)
        return part
