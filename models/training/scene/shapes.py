"""Meshes of shells, projected patches and tubes, with a material for each face."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import bpy
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from . import materials

Point = tuple[float, float, float]
Corners = Sequence[tuple[float, float]]
PIECE = "piece"  # vertex attribute: number of the roughly convex piece of the mesh
ON_SURFACE = -1  # piece number of patches that lie on other pieces
Height = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Ring:
    """A horizontal ring of a shell, in metres; `height` is a fraction of the distance from base to top.

    The ends are rounded over `end_depth` metres and the whole width; `squareness` 2 is an ellipse.
    """

    height: float
    half_width: float
    rear: float
    front: float
    end_depth: float = 0.35
    squareness: float = 3.4


def half_ring(level: Ring, side_steps: int = 14, end_steps: int = 9) -> list[tuple[float, float]]:
    """Return the right half of a ring as x and y, from the centre of the rear to the centre of the front."""
    power = 2 / level.squareness
    end = [
        (math.sin(angle) ** power, 1 - math.cos(angle) ** power)
        for angle in (math.pi / 2 * step / end_steps for step in range(end_steps + 1))
    ]
    rear = [(level.half_width * x, level.rear + level.end_depth * y) for x, y in end]
    front = [(level.half_width * x, level.front - level.end_depth * y) for x, y in reversed(end)]
    first, last = rear[-1][1], front[0][1]
    side = [(level.half_width, first + (last - first) * step / side_steps) for step in range(1, side_steps)]
    return rear + side + front


class MeshBuilder:
    """Builder of a mesh: x to the right, y forward, z up, in metres."""

    def __init__(self) -> None:
        self.vertices: list[Point] = []
        self.faces: list[tuple[int, ...]] = []
        self._materials: list[str] = []
        self._smooth: list[bool] = []
        self._pieces: list[int] = []

    def add(
        self,
        vertices: Sequence[Point],
        faces: Sequence[Sequence[int]],
        material: str,
        smooth: bool = True,
        solid: bool = True,
    ) -> None:
        """Add faces, each a list of indices into `vertices`; faces that are not `solid` lie on a surface."""
        first = len(self.vertices)
        self._pieces += [len(self.faces) if solid else ON_SURFACE] * len(vertices)
        self.vertices += [(float(x), float(y), float(z)) for x, y, z in vertices]
        self.faces += [tuple(first + index for index in face) for face in faces]
        self._materials += [material] * len(faces)
        self._smooth += [smooth] * len(faces)

    def grid(self, rows: Sequence[Sequence[Point]], material: str, smooth: bool = True) -> None:
        """Add a grid of quads through rows of equal length."""
        width = len(rows[0])
        corners = ((row * width + column) for row in range(len(rows) - 1) for column in range(width - 1))
        faces = [(corner, corner + 1, corner + width + 1, corner + width) for corner in corners]
        self.add([point for row in rows for point in row], faces, material, smooth)

    def shell(self, levels: Sequence[Ring], base: float, top: Height, material: str, crown: float = 0.03) -> None:
        """Add a closed, rounded, symmetric body of height `top(y)` at y, with a dome of `crown` metres."""
        rows: list[list[Point]] = []
        for level in levels:
            rows.append([(x, y, base + (top(y) - base) * level.height) for x, y in half_ring(level)])
        for share in (0.93, 0.8, 0.5, 0.2, 0.0):
            rows.append([(x * share, y, z + crown * (1 - share * share)) for x, y, z in rows[len(levels) - 1]])
        rows.insert(0, [(0.0, y, z) for _, y, z in rows[0]])
        self.grid(rows, material)
        self.grid([[(-x, y, z) for x, y, z in row] for row in reversed(rows)], material)

    def box(self, centre: Point, size: Point, material: str) -> None:
        """Add a box with flat sides."""
        corners = [
            (centre[0] + size[0] * x, centre[1] + size[1] * y, centre[2] + size[2] * z)
            for x in (-0.5, 0.5)
            for y in (-0.5, 0.5)
            for z in (-0.5, 0.5)
        ]
        sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
        self.add(corners, sides, material, smooth=False)

    def tube(self, points: Sequence[Point], radii: Sequence[float], material: str, around: int = 10) -> None:
        """Add a tube through `points`, with rounded ends."""
        path = [Vector(point) for point in points]
        tangents = [(path[min(i + 1, len(path) - 1)] - path[max(i - 1, 0)]).normalized() for i in range(len(path))]
        stations = [(path[0] - tangents[0] * radii[0] * 0.6, tangents[0], radii[0] * 0.5)]
        stations += list(zip(path, tangents, radii, strict=True))
        stations += [(path[-1] + tangents[-1] * radii[-1] * 0.6, tangents[-1], radii[-1] * 0.5)]
        rows: list[list[Point]] = []
        for centre, tangent, radius in stations:
            across = tangent.orthogonal().normalized()
            other = tangent.cross(across)
            turns = [2 * math.pi * step / around for step in range(around)]
            ring = [centre + (across * math.cos(turn) + other * math.sin(turn)) * radius for turn in turns]
            rows.append([tuple(point) for point in [*ring, ring[0]]])
        self.grid(rows, material)
        for row in (rows[0], rows[-1]):
            self.add(row[:-1], [range(around)], material)

    def ball(self, centre: Point, size: Point, material: str, around: int = 14) -> None:
        """Add an ellipsoid with the half-axes `size`."""
        rows = []
        for step in range(around // 2 + 1):
            tilt = math.pi * step / (around // 2)
            turns = [2 * math.pi * turn / around for turn in range(around + 1)]
            unit = [
                (math.sin(tilt) * math.cos(turn), math.sin(tilt) * math.sin(turn), math.cos(tilt)) for turn in turns
            ]
            rows.append(
                [(centre[0] + size[0] * x, centre[1] + size[1] * y, centre[2] + size[2] * z) for x, y, z in unit]
            )
        self.grid(rows, material)

    def wheel(self, centre: Point, radius: float, width: float, *, spokes: int = 5, rim: float = 0.66) -> None:
        """Add a wheel with its axle along x: a tyre with round shoulders, and a dished rim with spokes."""
        self._lathe(
            centre,
            [(-0.5, 0.62), (-0.5, 0.9), (-0.36, 1.0), (0.36, 1.0), (0.5, 0.9), (0.5, 0.62)],
            radius,
            width,
            material="rubber",
        )
        for side in (-1, 1):
            self._lathe(
                centre,
                [(side * 0.5, rim), (side * 0.47, rim * 0.93), (side * 0.34, rim * 0.3), (side * 0.4, 0.0)],
                radius,
                width,
                material="rim",
            )
            for spoke in range(spokes):
                turn = 2 * math.pi * (spoke + 0.5) / spokes
                spread = math.pi / spokes * 0.55
                fan = [(0.42, 0.0), (0.86, -spread), (0.86, 0.0), (0.86, spread)]
                points = [
                    (
                        centre[0] + side * width * (0.47 if share < 0.5 else 0.52),
                        centre[1] + radius * rim * share * math.cos(turn + bend),
                        centre[2] + radius * rim * share * math.sin(turn + bend),
                    )
                    for share, bend in fan
                ]
                self.add(points, [(0, 1, 2), (0, 2, 3)], "rubber", smooth=False, solid=False)

    def _lathe(
        self,
        centre: Point,
        profile: Sequence[tuple[float, float]],
        radius: float,
        width: float,
        *,
        material: str,
        around: int = 24,
    ) -> None:
        turns = [2 * math.pi * step / around for step in range(around + 1)]
        rows = [
            [
                (centre[0] + x * width, centre[1] + r * radius * math.cos(t), centre[2] + r * radius * math.sin(t))
                for t in turns
            ]
            for x, r in profile
        ]
        self.grid(rows, material)

    def surface(self) -> BVHTree:
        """Return the current faces, to project patches on."""
        return BVHTree.FromPolygons(self.vertices, self.faces)

    def side_patch(self, surface: BVHTree, corners: Corners, material: str, lift: float = 0.008) -> None:
        """Project a four-cornered patch, given as y and z, on both sides."""
        self._patch(surface, [(9.0, y, z) for y, z in corners], (-1, 0, 0), material, lift=lift, mirrored=True)

    def end_patch(
        self,
        surface: BVHTree,
        corners: Corners,
        material: str,
        *,
        front: bool,
        mirrored: bool = True,
        lift: float = 0.008,
    ) -> None:
        """Project a four-cornered patch, given as x and z, on the front or the rear."""
        start = 19.0 if front else -19.0
        self._patch(
            surface,
            [(x, start, z) for x, z in corners],
            (0, -1 if front else 1, 0),
            material,
            lift=lift,
            mirrored=mirrored,
        )

    def side_disc(self, surface: BVHTree, y: float, z: float, radius: float, material: str) -> None:
        """Project a disc on both sides where there is a surface, as a wheel arch."""
        steps = 20
        for turn in range(steps):
            a, b = (2 * math.pi * (turn + k) / steps for k in (0, 1))
            wedge = [
                (y + radius * r * math.cos(t), z + radius * r * math.sin(t))
                for r, t in ((0.4, a), (1.0, a), (1.0, b), (0.4, b))
            ]
            self._patch(
                surface, [(9.0, *point) for point in wedge], (-1, 0, 0), material, lift=0.006, mirrored=True, steps=3
            )

    def _patch(
        self,
        surface: BVHTree,
        corners: Sequence[Point],
        direction: Point,
        material: str,
        *,
        lift: float,
        mirrored: bool,
        steps: int = 12,
    ) -> None:
        a, b, c, d = (Vector(corner) for corner in corners)
        fall = Vector(direction)
        hits: list[Point | None] = []
        for row in range(steps + 1):
            v = row / steps
            for column in range(steps + 1):
                u = column / steps
                start = (a.lerp(b, u)).lerp(d.lerp(c, u), v)
                hit = surface.ray_cast(start, fall)[0]
                hits.append(None if hit is None else tuple(hit - fall * lift))
        width = steps + 1
        quads = [
            (i, i + 1, i + width + 1, i + width)
            for i in (row * width + column for row in range(steps) for column in range(steps))
        ]
        kept = [quad for quad in quads if all(hits[i] is not None for i in quad)]
        for sign in (1, -1) if mirrored else (1,):
            points = [(0.0, 0.0, 0.0) if hit is None else (sign * hit[0], hit[1], hit[2]) for hit in hits]
            self.add(points, kept, material, solid=False)

    def to_mesh(self, name: str) -> bpy.types.Mesh:
        """Return the mesh for Blender."""
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(self.vertices, [], self.faces)
        names = sorted(set(self._materials))
        for material in names:
            mesh.materials.append(materials.get(material))
        mesh.polygons.foreach_set("material_index", [names.index(material) for material in self._materials])
        mesh.polygons.foreach_set("use_smooth", self._smooth)
        pieces = mesh.attributes.new(PIECE, "INT", "POINT")
        pieces.data.foreach_set("value", self._pieces)
        mesh.update()
        return mesh
