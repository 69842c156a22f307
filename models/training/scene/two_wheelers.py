"""Motorcycles, bicycles and pedestrians, made of tubes and ellipsoids."""

from math import cos, pi, sin

from .shapes import MeshBuilder, Point


def motorcycle() -> MeshBuilder:
    """Return a motorcycle with its rider, 2.1 m long, without wheels."""
    shape = MeshBuilder()
    shape.tube([(0, 0.72, 0.32), (0, 0.5, 0.85), (0, 0.42, 1.0)], [0.055, 0.06, 0.05], "steel")
    shape.tube([(0, 0.35, 0.86), (0, 0.1, 0.92), (0, -0.15, 0.82)], [0.12, 0.19, 0.13], "paint")
    shape.tube([(0, 0.5, 0.95), (0, 0.62, 0.9)], [0.13, 0.09], "paint")
    shape.ball((0, 0.7, 0.9), (0.1, 0.06, 0.1), "daylight")
    shape.tube([(0, -0.1, 0.82), (0, -0.5, 0.84), (0, -0.8, 0.92)], [0.12, 0.14, 0.07], "leather")
    shape.tube([(0, -0.72, 0.86), (0, -0.88, 0.84)], [0.07, 0.06], "tail_lamp")
    shape.tube([(0, 0.3, 0.45), (0, 0.0, 0.5), (0, -0.25, 0.42)], [0.17, 0.21, 0.15], "chassis")
    shape.tube([(0.16, 0.1, 0.32), (0.18, -0.5, 0.36), (0.18, -0.85, 0.42)], [0.04, 0.06, 0.07], "chrome")
    shape.tube([(0, -0.2, 0.42), (0.09, -0.68, 0.32)], [0.05, 0.05], "steel")
    shape.tube([(-0.36, 0.3, 1.05), (0, 0.42, 1.02), (0.36, 0.3, 1.05)], [0.025, 0.03, 0.025], "black")
    shape.tube([(0, 0.98, 0.5), (0, 0.72, 0.69), (0, 0.5, 0.6)], [0.06, 0.09, 0.06], "paint")
    shape.box((0, -0.93, 0.66), (0.18, 0.02, 0.14), "plate")
    for side in (-1, 1):
        shape.ball((side * 0.36, 0.36, 1.2), (0.07, 0.02, 0.045), "black")
    _rider(
        shape,
        seat=(0, -0.25, 0.97),
        lean=0.24,
        hands=(0.34, 0.28, 1.08),
        feet=(0.2, 0.0, 0.34),
        trousers="leather",
        helmet=True,
    )
    return shape


def bicycle() -> MeshBuilder:
    """Return a bicycle with its rider, 1.75 m long, without wheels."""
    shape = MeshBuilder()
    hub_rear, hub_front, crank, saddle, head = (
        (0, -0.52, 0.34),
        (0, 0.54, 0.34),
        (0, -0.08, 0.3),
        (0, -0.25, 0.92),
        (0, 0.38, 0.86),
    )
    for a, b in (
        (hub_rear, crank),
        (crank, saddle),
        (saddle, head),
        (crank, head),
        (hub_rear, saddle),
        (hub_front, head),
    ):
        shape.tube([a, b], [0.022, 0.022], "paint", 8)
    shape.tube([head, (0, 0.36, 1.02)], [0.02, 0.02], "steel", 8)
    shape.tube([(-0.28, 0.26, 1.04), (0, 0.38, 1.03), (0.28, 0.26, 1.04)], [0.018, 0.018, 0.018], "black", 8)
    shape.tube([(0, -0.36, 0.95), (0, -0.1, 0.95)], [0.08, 0.035], "leather")
    _rider(
        shape,
        seat=(0, -0.25, 1.02),
        lean=0.3,
        hands=(0.27, 0.26, 1.06),
        feet=(0.1, -0.1, 0.22),
        trousers="denim",
        helmet=False,
    )
    return shape


def walker() -> MeshBuilder:
    """Return a pedestrian, without legs."""
    shape = MeshBuilder()
    _torso(shape, (0, 0, 0.93), (0, 0.03, 1.44))
    _head(shape, (0, 0.05, 1.66), helmet=False)
    for side, swing in ((-1, 0.16), (1, -0.14)):
        shape.tube(
            [(side * 0.2, 0.02, 1.42), (side * 0.25, swing * 0.3, 1.16), (side * 0.24, swing + 0.04, 0.92)],
            [0.06, 0.048, 0.035],
            "cloth",
        )
        shape.ball((side * 0.24, swing + 0.06, 0.86), (0.035, 0.04, 0.05), "skin")
    return shape


def leg() -> MeshBuilder:
    """Return a leg, with the hip at the origin."""
    shape = MeshBuilder()
    shape.tube([(0, 0, 0), (0, 0.02, -0.42), (0, -0.02, -0.82)], [0.085, 0.06, 0.045], "denim")
    shape.tube([(0, -0.05, -0.87), (0, 0.14, -0.89)], [0.045, 0.035], "leather")
    return shape


def wheel(radius: float, width: float) -> MeshBuilder:
    """Return a wheel, around the origin."""
    shape = MeshBuilder()
    if width < 0.06:
        turns = [(0.0, radius * y, radius * z) for y, z in _circle(28)]
        shape.tube(turns, [width / 2] * len(turns), "rubber", 6)
        for y, z in _circle(9):
            shape.tube([(0, 0, 0), (0, radius * y, radius * z)], [0.006, 0.006], "steel", 3)
    else:
        shape.wheel((0, 0, 0), radius, width, rim=0.7)
    return shape


def _circle(count: int) -> list[tuple[float, float]]:
    return [(cos(2 * pi * step / (count - 1)), sin(2 * pi * step / (count - 1))) for step in range(count)]


def _rider(
    shape: MeshBuilder, seat: Point, lean: float, hands: Point, feet: Point, *, trousers: str, helmet: bool
) -> None:
    shoulder = (0, seat[1] + lean, seat[2] + 0.48)
    _torso(shape, seat, shoulder)
    _head(shape, (0, shoulder[1] + 0.1, shoulder[2] + 0.21), helmet)
    for side in (-1, 1):
        arm = (side * 0.21, shoulder[1] + 0.01, shoulder[2] - 0.02)
        elbow = (side * 0.29, (arm[1] + hands[1]) / 2 - 0.06, (arm[2] + hands[2]) / 2 - 0.08)
        shape.tube([arm, elbow, (side * hands[0], hands[1], hands[2])], [0.065, 0.055, 0.04], "cloth")
        drop = 0.1 * side if not helmet else 0.0
        knee = (side * 0.17, seat[1] + 0.44, seat[2] - 0.28 + drop)
        foot = (side * feet[0], feet[1] + drop, feet[2] + drop)
        shape.tube([(side * 0.1, seat[1] + 0.02, seat[2]), knee, foot], [0.1, 0.075, 0.05], trousers)
        shape.tube(
            [(foot[0], foot[1] - 0.06, foot[2] - 0.05), (foot[0], foot[1] + 0.16, foot[2] - 0.05)],
            [0.045, 0.035],
            "leather",
        )


def _torso(shape: MeshBuilder, hip: Point, shoulder: Point) -> None:
    middle = tuple((a + b) / 2 for a, b in zip(hip, shoulder, strict=True))
    for x, widths in ((-0.07, (0.12, 0.12, 0.1)), (0.07, (0.12, 0.12, 0.1))):
        shape.tube(
            [(x, hip[1], hip[2]), (x * 1.1, middle[1] - 0.02, middle[2]), (x * 1.5, shoulder[1], shoulder[2])],
            widths,
            "cloth",
            12,
        )


def _head(shape: MeshBuilder, centre: Point, helmet: bool) -> None:
    x, y, z = centre
    shape.tube([(x, y - 0.05, z - 0.16), (x, y - 0.01, z - 0.05)], [0.06, 0.055], "skin")
    if helmet:
        shape.ball(centre, (0.14, 0.165, 0.15), "paint")
        shape.ball((x, y + 0.07, z), (0.115, 0.11, 0.065), "glass")
    else:
        shape.ball(centre, (0.085, 0.1, 0.12), "skin")
        shape.ball((x, y - 0.02, z + 0.03), (0.095, 0.1, 0.11), "hair")
