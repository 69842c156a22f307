"""Traffic without collisions that repeats after a period."""

import math
import random
from dataclasses import dataclass

from .fleet import KINDS, Colour
from .layout import RoadLayout

TRIES = 25  # for a road user, until its way is clear
SPACE = {"bicycle": (3.0, 0.8), "person": (4.0, 0.7)}  # m: gap ahead and width that a road user keeps clear
VEHICLE_SPACE = (5.0, 2.3)


@dataclass(frozen=True, slots=True)
class Trip:
    """A way along the road from one end to the other, or a standing place if `speed` (m/s) is 0.

    `entered_at` is the time of entry in seconds; a copy enters every `period` seconds. At `change_at` metres from the
    entry the road user changes from the first offset to the second, over `change_length` metres.
    """

    kind: str
    colour: Colour
    direction: int
    speed: float
    entered_at: float
    offsets: tuple[float, float]
    change_at: float = 0.0
    change_length: float = 45.0
    surge: float = 0.0  # m: amplitude of a longitudinal oscillation with the period
    along: float = 0.0  # place of a standing road user
    height: float = 0.0
    size: float = 1.0  # scale


@dataclass(frozen=True, slots=True)
class RoadUserState:
    """Position of a road user: `heading` is relative to the road, `way` is the distance travelled."""

    along: float
    offset: float
    heading: float
    way: float


def copies(trip: Trip, layout: RoadLayout, period: float) -> int:
    """Return the maximum number of copies of a trip on the road: a slow one is still there when the next one enters."""
    return 1 if trip.speed == 0 else math.ceil((layout.end - layout.begin) / (trip.speed * period))


def passage(trip: Trip, copy: int, time: float, period: float) -> int:
    """Return which passage of a trip a copy makes at `time`: from entry to exit this number stays the same.

    When a copy has moved on for a period, it becomes the next one, and the passage with it.
    """
    return 0 if trip.speed == 0 else math.floor((time - trip.entered_at) / period) - copy


def state(trip: Trip, copy: int, time: float, layout: RoadLayout, period: float) -> RoadUserState:
    """Return the state of copy number `copy` of a trip at `time`, in seconds."""
    if trip.speed == 0:
        return RoadUserState(
            trip.along, trip.offsets[0], math.pi / 2 * trip.direction + 0.1 * math.sin(2 * math.pi * time / period), 0.0
        )
    way = trip.speed * ((time - trip.entered_at) % period + copy * period)
    way += trip.surge * math.sin(2 * math.pi * (time - trip.entered_at) / period)
    done = min(1.0, max(0.0, (way - trip.change_at) / trip.change_length))
    smooth, slope = done**3 * (10 - 15 * done + 6 * done * done), 30 * done**2 * (1 - done) ** 2 / trip.change_length
    start, end = trip.offsets
    along = layout.begin + way if trip.direction > 0 else layout.end - way
    heading = -math.atan((end - start) * slope * trip.direction) + (0.0 if trip.direction > 0 else math.pi)
    return RoadUserState(along, start + (end - start) * smooth, heading, way)


def plan(
    layout: RoadLayout, rng: random.Random, *, period: float, vehicles: int, bicycles: int, walking: int, standing: int
) -> list[Trip]:
    """Return the traffic of a period, with fewer road users if there is no room for all."""
    trips: list[Trip] = []
    tracks: list[list[list[tuple[float, float]]]] = []
    for make, count in ((_drive, vehicles), (_cycle, bicycles), (_stand, standing), (_walk, walking)):
        for _ in range(count):
            for _ in range(TRIES):
                trip = make(rng, layout, period)
                track = _track(trip, layout, period)
                if all(_keep_clear(trip, track, other, past) for other, past in zip(trips, tracks, strict=True)):
                    trips.append(trip)
                    tracks.append(track)
                    break
    return trips


def _drive(rng: random.Random, layout: RoadLayout, period: float) -> Trip:
    kind = rng.choices(list(KINDS), [each.share for each in KINDS.values()])[0]
    direction, lane = rng.choice((-1, 1)), rng.randrange(layout.lanes)
    slow = KINDS[kind].label in ("truck", "bus")
    if slow:
        lane = layout.lanes - 1
    other = lane
    if layout.lanes > 1 and not slow and rng.random() < 0.15:
        other = lane + 1 if lane == 0 else lane - 1
    wander = rng.uniform(-0.25, 0.25)
    return Trip(
        kind,
        _colour(rng, kind),
        direction,
        (14.6 - 1.3 * min(lane, other)) * rng.uniform(0.97, 1.03) - 0.4 * slow,
        rng.uniform(0, period),
        (layout.lane(lane, direction) + wander, layout.lane(other, direction) + wander),
        # Within view: 20 to 100 m ahead of the camera.
        rng.uniform(60, 110) if direction > 0 else rng.uniform(150, 210),
        rng.uniform(38, 55),
        rng.uniform(-1.5, 1.5),
    )


def _cycle(rng: random.Random, layout: RoadLayout, period: float) -> Trip:
    direction = rng.choice((-1, 1))
    offset = direction * ((layout.carriageway + layout.kerb) / 2 + rng.uniform(-0.25, 0.25))
    speed, size = rng.uniform(4.8, 5.6), rng.uniform(0.88, 1.04)
    entered_at, colour = rng.uniform(0, period), _colour(rng, "bicycle")
    return Trip("bicycle", colour, direction, speed, entered_at, (offset, offset), size=size)


def _walk(rng: random.Random, layout: RoadLayout, period: float) -> Trip:
    """Return a pedestrian on one of the pavements, in one strip of it for each direction."""
    side, direction = rng.choice((-1, 1)), rng.choice((-1, 1))
    strip = 1.2 if side == direction else 2.0
    offset = side * (layout.kerb + min(strip + rng.uniform(-0.05, 0.05), layout.pavement - 0.3))
    speed, size = rng.uniform(1.32, 1.38), _stature(rng)  # nearly equal, since a strip has no room to overtake
    entered_at, colour = rng.uniform(0, period), _colour(rng, "person")
    return Trip("person", colour, direction, speed, entered_at, (offset, offset), height=0.12, size=size)


def _stand(rng: random.Random, layout: RoadLayout, _period: float) -> Trip:
    """Return a person at the bus stop, who faces the road."""
    offset, along = layout.kerb + rng.uniform(1.95, 2.25), rng.uniform(36, 46)
    colour, size = _colour(rng, "person"), _stature(rng)
    return Trip("person", colour, 1, 0.0, 0.0, (offset, offset), along=along, height=0.12, size=size)


def _stature(rng: random.Random) -> float:
    """Return the size of a person: every fifth is a child."""
    return rng.uniform(0.62, 0.85) if rng.random() < 0.2 else rng.uniform(0.9, 1.08)


def _colour(rng: random.Random, kind: str) -> Colour:
    return rng.choice(KINDS[kind].colours)


def _track(trip: Trip, layout: RoadLayout, period: float) -> list[list[tuple[float, float]]]:
    """Return along and offset of every copy, four times per second."""
    moments = [step / 4 for step in range(round(period * 4))]
    return [
        [(seen.along, seen.offset) for seen in (state(trip, copy, time, layout, period) for time in moments)]
        for copy in range(copies(trip, layout, period))
    ]


def _keep_clear(
    a: Trip, track: list[list[tuple[float, float]]], b: Trip, past: list[list[tuple[float, float]]]
) -> bool:
    (gap_a, width_a), (gap_b, width_b) = (SPACE.get(trip.kind, VEHICLE_SPACE) for trip in (a, b))
    gap, width = (KINDS[a.kind].length + KINDS[b.kind].length + gap_a + gap_b) / 2, (width_a + width_b) / 2
    if max(min(a.offsets) - max(b.offsets), min(b.offsets) - max(a.offsets)) >= width:
        return True
    return not any(
        abs(here[0] - there[0]) < gap and abs(here[1] - there[1]) < width
        for mine in track
        for theirs in past
        for here, there in zip(mine, theirs, strict=True)
    )
