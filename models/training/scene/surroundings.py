"""Surroundings of the road: grass, trees, houses, hills and a bus stop."""

import math
import random

import bpy
from mathutils import Vector, noise

from . import materials
from .layout import RoadLayout
from .shapes import MeshBuilder, Point

WALLS = [
    (0.42, 0.36, 0.29),
    (0.5, 0.47, 0.42),
    (0.3, 0.14, 0.1),
    (0.36, 0.36, 0.36),
    (0.45, 0.33, 0.2),
    (0.55, 0.54, 0.5),
]


def build(layout: RoadLayout, rng: random.Random) -> None:
    """Add the surroundings to the scene."""
    _ground()
    _hills(rng)
    _houses(layout, rng)
    _trees(layout, rng)
    _bus_stop(layout)


def _link(name: str, mesh: bpy.types.Mesh) -> bpy.types.Object:
    placed = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(placed)
    return placed


def _ground() -> None:
    shape = MeshBuilder()
    shape.grid(
        [[(-900, -80, -0.02), (900, -80, -0.02)], [(-900, 900, -0.02), (900, 900, -0.02)]], "grass", smooth=False
    )
    _link("ground", shape.to_mesh("ground"))


def _hills(rng: random.Random) -> None:
    shape = MeshBuilder()
    shift = rng.uniform(0, 100)
    rows = []
    for row in range(14):
        distance = 380 + row * 30
        rise = math.sin(math.pi / 2 * row / 13)
        rows.append(
            [
                (
                    x,
                    distance,
                    -2 + rise * (34 + 46 * noise.fractal(Vector((x / 210 + shift, distance / 260, 0)), 0.8, 2.1, 5)),
                )
                for x in range(-800, 801, 16)
            ]
        )
    shape.grid(rows, "hill")
    _link("hills", shape.to_mesh("hills"))


def _houses(layout: RoadLayout, rng: random.Random) -> None:
    for side in (-1, 1):
        along = 24.0 if side > 0 else 34.0
        while along < layout.end - 10:
            width, depth, storeys = rng.uniform(12, 26), rng.uniform(10, 14), rng.randint(2, 5)
            setback = layout.outside + rng.uniform(7, 13) + depth / 2
            x, y, heading = layout.place(along + width / 2, side * setback)
            house = _link("house", _house_mesh(depth, width, storeys * 3.0 + 0.5, pitched=rng.random() < 0.5))
            house.location, house.rotation_euler = (x, y, 0), (0, 0, heading)
            house.color = (*rng.choice(WALLS), 1)
            along += width + rng.choice((1.0, 3.0, 9.0, 14.0))


def _house_mesh(width: float, depth: float, height: float, pitched: bool) -> bpy.types.Mesh:
    """Return a block centred on the origin; its walls have UV coordinates in metres, for the windows."""
    a, b = width / 2, depth / 2
    corners = [(-a, -b), (a, -b), (a, b), (-a, b)]
    vertices = [(x, y, z) for z in (0.0, height) for x, y in corners]
    faces: list[tuple[int, ...]] = [(i, (i + 1) % 4, 4 + (i + 1) % 4, 4 + i) for i in range(4)]
    if pitched:
        ridge = height + width * 0.28
        vertices += [(x * 1.05, y * 1.02, height - 0.1) for x, y in corners] + [(0, -b, ridge), (0, b, ridge)]
        faces += [(8, 11, 13, 12), (9, 12, 13, 10), (4, 5, 12), (6, 7, 13)]
    else:
        vertices += [(x * 1.02, y * 1.02, z) for z in (height - 0.3, height + 0.5) for x, y in corners]
        faces += [(8 + i, 8 + (i + 1) % 4, 12 + (i + 1) % 4, 12 + i) for i in range(4)] + [
            (12, 13, 14, 15),
            (8, 9, 10, 11),
        ]
    mesh = bpy.data.meshes.new("house")
    mesh.from_pydata(vertices, [], faces)
    mesh.materials.append(materials.get("facade"))
    mesh.materials.append(materials.get("roof_tile" if pitched else "roof_flat"))
    mesh.polygons.foreach_set("material_index", [int(number >= 4) for number in range(len(faces))])
    uv = mesh.uv_layers.new(name="UVMap")
    for number, polygon in enumerate(mesh.polygons):
        length = depth if number % 2 else width
        # A whole number of bays: no window is cut at a corner.
        bays = max(1, int(length / 2.6)) * 2.6
        for loop, (u, v) in zip(polygon.loop_indices, ((0, 0), (bays, 0), (bays, height), (0, height)), strict=False):
            uv.data[loop].uv = (u, v)
    return mesh


def _trees(layout: RoadLayout, rng: random.Random) -> None:
    kinds = [_tree(rng, height) for height in (5.5, 7.0, 8.5, 2.2)]
    for side in (-1, 1):
        for number in range(26):
            along = 20 + number * 9 + rng.uniform(-2.5, 2.5)
            # A row along the pavement, but not close to the camera, where leaves would hide the road.
            if along > (60 if side < 0 else 30):
                _plant(rng, rng.choice(kinds[:3]), layout.place(along, side * (layout.outside + rng.uniform(1.5, 3.5))))
            _plant(rng, rng.choice(kinds), layout.place(along, side * (layout.outside + rng.uniform(5, 30))))
            _plant(rng, kinds[3], layout.place(along, side * (layout.outside + rng.uniform(1, 6))))
    for _ in range(130):
        place = (rng.uniform(-260, 320), rng.uniform(250, 400), 0.0)
        _plant(rng, rng.choice(kinds[:3]), place, rng.uniform(1.0, 1.7))


def _plant(rng: random.Random, kind: bpy.types.Mesh, place: tuple[float, float, float], size: float = 1.0) -> None:
    tree = _link("tree", kind)
    tree.location = (place[0], place[1], 0)
    tree.rotation_euler[2] = rng.uniform(0, 2 * math.pi)
    tree.scale = [size * rng.uniform(0.8, 1.2)] * 3


def _tree(rng: random.Random, height: float) -> bpy.types.Mesh:
    """Return a tree: trunk, branches, and leaves as small quads in clumps around the ends of the branches."""
    shape = MeshBuilder()
    trunk = height * 0.35
    shape.tube(
        [(0, 0, -0.1), (0.06, 0.0, trunk * 0.6), (0, 0.05, height * 0.75)],
        [height * 0.026, height * 0.02, height * 0.006],
        "bark",
        8,
    )
    clumps = []
    for _ in range(13):
        turn, reach, rise = (
            rng.uniform(0, 2 * math.pi),
            rng.uniform(0.3, 1) * height * 0.27,
            rng.uniform(0.38, 0.95) * height,
        )
        reach *= 1.15 - 0.75 * abs(rise / height - 0.58)
        tip = (reach * math.cos(turn), reach * math.sin(turn), rise)
        shape.tube([(0, 0, max(trunk * 0.7, rise * 0.6)), tip], [height * 0.008, height * 0.003], "bark", 5)
        clumps.append(tip)
    vertices: list[Point] = []
    faces: list[tuple[int, ...]] = []
    for _ in range(5200):
        centre = Vector(rng.choice(clumps)) + Vector([rng.gauss(0, height * 0.072) for _ in range(3)])
        across, up = (
            Vector([rng.gauss(0, 1) for _ in range(3)]).normalized() * rng.uniform(0.07, 0.16) for _ in range(2)
        )
        first = len(vertices)
        vertices += [
            tuple(centre + corner) for corner in (-across, up * 0.5 - across * 0.2, across, -up * 0.5 + across * 0.2)
        ]
        faces.append((first, first + 1, first + 2, first + 3))
    shape.add(vertices, faces, "leaf", smooth=False)
    return shape.to_mesh("tree")


def _bus_stop(layout: RoadLayout) -> None:
    shape = MeshBuilder()
    x, y, _ = layout.place(41, layout.kerb + 2.2)
    shape.box((x, y, 2.45), (1.5, 4.2, 0.1), "pole")
    for corner in (-2.0, 0.0, 2.0):
        shape.tube([(x + 0.65, y + corner, 0), (x + 0.65, y + corner, 2.4)], [0.04, 0.04], "pole", 6)
    shape.box((x + 0.67, y, 1.3), (0.03, 4.0, 1.9), "glass")
    shape.box((x + 0.3, y, 0.5), (0.4, 2.6, 0.06), "bark")
    _link("bus stop", shape.to_mesh("bus stop"))
