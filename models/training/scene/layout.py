"""Layout of the road: lanes, bend, and conversion from road coordinates to the ground."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoadLayout:
    """A road that leads away from the camera, first straight and then in a bend; lengths in metres.

    Road coordinates are `along` (distance from the camera) and `offset` (to the right of the centre line). Traffic is
    right-hand: lanes with a positive offset lead away.
    """

    lanes: int = 2  # in each direction
    lane_width: float = 3.4
    median: float = 1.6
    cycle_lane: float = 1.8
    pavement: float = 3.0
    bend_from: float = 95.0
    bend_radius: float = 170.0  # positive bends to the right
    guard_rail: bool = True

    begin: float = -12.0
    end: float = 232.0

    @property
    def carriageway(self) -> float:
        """Offset of the outer edge of the outermost lane."""
        return self.median / 2 + self.lanes * self.lane_width

    @property
    def kerb(self) -> float:
        """Offset of the kerb."""
        return self.carriageway + 0.3 + self.cycle_lane

    @property
    def outside(self) -> float:
        """Offset at which the pavement ends and grass begins."""
        return self.kerb + self.pavement

    def lane(self, number: int, direction: int) -> float:
        """Return the offset of a lane's centre. Lane 0 is beside the median.

        `direction` is 1 for lanes that lead away from the camera, and -1 for lanes towards it.
        """
        return direction * (self.median / 2 + (number + 0.5) * self.lane_width)

    def place(self, along: float, offset: float) -> tuple[float, float, float]:
        """Return x and y on the ground, and the heading (radians, 0 is along y, positive to the left)."""
        beyond = max(0.0, along - self.bend_from)
        turn = beyond / self.bend_radius
        x = self.bend_radius * (1 - math.cos(turn)) + offset * math.cos(turn)
        y = min(along, self.bend_from) + self.bend_radius * math.sin(turn) - offset * math.sin(turn)
        return x, y, -turn
