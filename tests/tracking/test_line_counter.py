"""LineCounter: each track counts once, with its direction; jitter on the line does not count."""

import pytest

from common.geometry import Point
from common.tracking.line_counter import Direction, LineCounter
from common.tracking.tracked_box import TrackedBox

LEFT, RIGHT = (0.2, 0.5), (0.8, 0.5)


def at(x: float, y: float, track_id: int = 1, label: str = "car") -> TrackedBox:
    """A box of a tenth of the frame whose bottom centre is x, y."""
    return TrackedBox(track_id, label, (x - 0.05, y - 0.1, x + 0.05, y))


def crossings(path: list[Point], start: Point = LEFT, end: Point = RIGHT) -> list[Direction]:
    counter = LineCounter("gate", start, end)
    return [crossing.direction for step, (x, y) in enumerate(path) for crossing in counter.update(step / 5, [at(x, y)])]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([(0.5, 0.4), (0.5, 0.6)], ["in"]),
        ([(0.5, 0.6), (0.5, 0.4)], ["out"]),
        ([(0.5, 0.4), (0.5, 0.5), (0.5, 0.6)], ["in"]),
        ([(0.5, 0.4), (0.5, 0.6), (0.5, 0.4)], ["in", "out"]),
        ([(0.5, 0.4), (0.5, 0.505), (0.5, 0.497), (0.5, 0.508), (0.5, 0.495), (0.5, 0.6)], ["in"]),
        ([(0.5, 0.4), (0.5, 0.505), (0.5, 0.4)], []),
        ([(0.5, 0.6), (0.5, 0.6)], []),
        ([(0.9, 0.4), (0.9, 0.6)], []),  # beside the segment
        ([(0.5, 0.6)], []),  # begins on this side
    ],
)
def test_a_track_counts_when_it_is_clearly_on_the_other_side(path: list[Point], expected: list[Direction]) -> None:
    assert crossings(path) == expected


@pytest.mark.parametrize("start_and_end", [(LEFT, RIGHT), (RIGHT, LEFT)])
def test_the_direction_follows_the_order_of_the_points(start_and_end: tuple[Point, Point]) -> None:
    expected = ["in"] if start_and_end == (LEFT, RIGHT) else ["out"]
    assert crossings([(0.5, 0.4), (0.5, 0.6)], *start_and_end) == expected


def test_in_is_from_left_to_right_of_a_line_that_runs_up() -> None:
    assert crossings([(0.4, 0.5), (0.6, 0.5)], (0.5, 0.9), (0.5, 0.1)) == ["in"]


def test_counts_are_by_direction_and_label() -> None:
    counter = LineCounter("gate", LEFT, RIGHT)
    for step, y in enumerate((0.4, 0.6)):
        counter.update(step, [at(0.4, y, 1, "car"), at(0.5, y, 2, "bus"), at(0.6, 1 - y, 3, "car")])
    assert counter.counts == {("in", "car"): 1, ("in", "bus"): 1, ("out", "car"): 1}


def test_a_crossing_names_the_line_and_the_track() -> None:
    counter = LineCounter("gate", LEFT, RIGHT)
    counter.update(0, [at(0.5, 0.4, 7)])
    (crossing,) = counter.update(1, [at(0.5, 0.6, 7)])
    assert (crossing.line, crossing.track_id, crossing.label) == ("gate", 7, "car")


def test_ended_tracks_use_no_memory() -> None:
    counter = LineCounter("gate", LEFT, RIGHT)
    for step in range(10_000):
        counter.update(step, [at(0.5, 0.4, step)])
    assert len(counter._sides) < 20
