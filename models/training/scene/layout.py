"""The layout of the road: where its lanes run, how it bends, and how a place along it becomes a place on the ground."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """A road that runs away from the camera, straight at first; metres.

    Places are given as `along` (from below the camera) and `offset` (to the right of the middle). Traffic keeps to
    the right: lanes with a positive offset lead away.
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
        """The offset of the outermost lane's edge."""
        return self.median / 2 + self.lanes * self.lane_width

    @property
    def kerb(self) -> float:
        """The offset of the kerb."""
        return self.carriageway + 0.3 + self.cycle_lane

    @property
    def outside(self) -> float:
        """The offset at which the road ends and grass begins."""
        return self.kerb + self.pavement

    def lane(self, number: int, direction: int) -> float:
        """The offset of a lane's middle; lane 0 is beside the median, `direction` 1 leads away, -1 comes."""
        return direction * (self.median / 2 + (number + 0.5) * self.lane_width)

    def place(self, along: float, offset: float) -> tuple[float, float, float]:
        """x and y on the ground, and the heading there (radians, 0 is along y, positive to the left)."""
        beyond = max(0.0, along - self.bend_from)
        turn = beyond / self.bend_radius
        x = self.bend_radius * (1 - math.cos(turn)) + offset * math.cos(turn)
        y = min(along, self.bend_from) + self.bend_radius * math.sin(turn) - offset * math.sin(turn)
        return x, y, -turn
